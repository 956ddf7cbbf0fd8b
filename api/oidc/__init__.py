"""Signing in at an identity service of the city (OpenID Connect): how it is asked, and what of its word is believed."""
