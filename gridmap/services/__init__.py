"""Use cases: one function, one job, one transaction."""
