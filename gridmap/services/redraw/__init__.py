"""Redrawing a draft: edits, taking them back, what others did meanwhile, locks, comments, and what a plan does."""
