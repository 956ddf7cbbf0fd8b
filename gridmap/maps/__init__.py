"""Folium layers and pages from frames."""
