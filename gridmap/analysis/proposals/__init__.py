"""Proposals: unit grids from a fishnet, and grids of even weight made of them."""
