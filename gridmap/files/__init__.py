"""Boundaries and points in and out; untrusted files are read in a child process."""
