"""Sheets and plans as PDF: paper, type, maps at a stated scale, tables."""
