"""Numbers over arrays and GeoDataFrames; no I/O, no clock, no global random state."""
