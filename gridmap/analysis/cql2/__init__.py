"""Filters in CQL2 (OGC 21-065r2): read from text or JSON into one form, and judged over columns."""

from gridmap.analysis.cql2.judging import Column, Kind, judge
from gridmap.analysis.cql2.reading import Filter, read_json, read_shape, read_text

__all__ = ["Column", "Filter", "Kind", "judge", "read_json", "read_shape", "read_text"]
