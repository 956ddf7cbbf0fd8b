"""SQLAlchemy 2 and GeoAlchemy2 behind services.ports: one GeoPackage file, or PostGIS."""
