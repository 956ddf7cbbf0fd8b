"""What an experiment saw."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Outcome:
    """One experiment: how often something was done to the service, and how often a promise was broken.

    ``seen`` says in words what was there beside the promise, ``counts`` in numbers, which add up over several runs.
    """

    name: str
    store: str
    tried: int
    broken: int
    seen: str
    counts: Mapping[str, int] = field(default_factory=dict)
