"""One transaction of several principals: what each adds is cut down to his own reach and told in his own name."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from gridmap.services.guarded.cases import CutCases
from gridmap.services.guarded.guard import Guard
from gridmap.services.guarded.points import CutIncidents, CutPatrols
from gridmap.services.guarded.store import GuardedStore, GuardedUnitOfWork
from gridmap.services.guarded.table import RULES
from gridmap.services.ports import NewPoint, PointOwner, PointsOf, Store, UnitOfWork, Verdict

Owned = tuple[NewPoint, PointOwner]
#: Points with their owners, and the unit of work of who adds them.
Part = tuple[UnitOfWork, Sequence[Owned]]


class _Cut(Protocol):
    def within_reach(self, points: Sequence[Any]) -> list[bool]: ...


_CUTS: dict[PointsOf, Callable[[Guard], _Cut]] = {"incidents": CutIncidents, "patrols": CutPatrols, "cases": CutCases}


class Group:
    """Puts the points of several principals into a store at once.

    Parameters
    ----------
    raw : UnitOfWork
        Of the store behind those of the principals; it is this group's to commit.
    """

    def __init__(self, raw: UnitOfWork) -> None:
        self._raw = raw
        self._guards: list[Guard] = []

    def member(self, store: Store) -> UnitOfWork:
        """Give the transaction as one more principal sees it; in a store that is nobody's, as it is."""
        if not isinstance(store, GuardedStore):
            return self._raw
        made = GuardedUnitOfWork(store, self._raw)
        self._guards.append(made.guard)
        return made

    def take(self, kind: PointsOf, parts: Sequence[Part]) -> list[list[Verdict]]:
        """Add points of one kind; give what became of them, part by part, each in order."""
        mine = [_within_reach(kind, work, points) for work, points in parts]
        wanted: list[tuple[Any, PointOwner]] = []
        for (_, points), kept in zip(parts, mine, strict=True):
            wanted += [point for point, k in zip(points, kept, strict=True) if k]
        repository = getattr(self._raw, kind)
        said = iter(repository.take(wanted) if wanted else ())
        verdicts = [[next(said) if k else Verdict.BEYOND for k in kept] for kept in mine]
        rule = RULES[kind]["take"]
        for (work, points), found in zip(parts, verdicts, strict=True):
            if isinstance(work, GuardedUnitOfWork):
                work.guard.note(rule, {"points": points}, found)
        return verdicts

    def commit(self) -> None:
        """Make everything last, with what the trail says of it: one entry a principal and request, in their order."""
        acts = [act for guard in self._guards for act in guard.told()]
        if acts:
            self._raw.trail.add(acts)
        self._raw.commit()


def _within_reach(kind: PointsOf, work: UnitOfWork, points: Sequence[Owned]) -> list[bool]:
    permission = RULES[kind]["take"].permission
    assert permission is not None
    if not isinstance(work, GuardedUnitOfWork) or work.guard.reach(permission).everywhere:
        return [True] * len(points)
    return _CUTS[kind](work.guard).within_reach(points)
