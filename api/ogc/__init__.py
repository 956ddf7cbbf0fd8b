"""OGC API under ``/ogc``: what is here as collections that every GIS reads."""
