"""Folium maps from frames, for notebooks and for the service; nothing on them comes from another machine."""
