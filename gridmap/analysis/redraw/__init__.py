"""Redrawing a tiling: one edit at a time, neighbours always edge to edge."""
