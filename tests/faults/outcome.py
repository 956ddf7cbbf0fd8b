"""What an experiment saw, as a row of the report."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """One experiment: how often something was done to the service, and how often a promise was broken."""

    name: str
    store: str
    tried: int
    broken: int
    seen: str

    def row(self, seconds: float) -> str:
        """Give the row of a Markdown table."""
        return f"| {self.name} | {self.store} | {self.tried:,} | {self.broken} | {self.seen} | {seconds:,.0f} |"
