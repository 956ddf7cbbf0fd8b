"""Checks and draws of the store in memory."""

from dataclasses import dataclass, replace
from typing import Any

from gridmap.errors import Conflict, NotFound
from gridmap.store import columns as col


@dataclass
class InspectionState:
    checks: tuple[tuple[str, Any], ...] = ()
    draws: tuple[tuple[str, Any], ...] = ()


class FakeInspections:
    def __init__(self, work: Any) -> None:
        self._work = work

    def _state(self, layer):
        state = self._work.write()
        if layer not in state.layers:
            raise NotFound("feature_layer_unknown", known=", ".join(sorted(state.layers)))
        return state.inspections

    def add_checks(self, layer, checks):
        col.require_storable("note", [text for c in checks for text in (c.code, c.note)])
        state = self._state(layer)
        new = list(state.checks)
        for check in checks:
            same = [c for name, c in new if (name, c.code, c.at) == (layer, check.code, check.at)]
            if any((c.outcome, c.note) != (check.outcome, check.note) for c in same):
                raise Conflict("inspection_check_differs")
            if not same:
                new.append((layer, check))
        added, state.checks = len(new) - len(state.checks), tuple(new)
        return added

    def newest(self, layer, day):
        found = {}
        for check in sorted((c for name, c in self._work.read().inspections.checks if name == layer), key=_time):
            if check.checked_on <= day:
                found[check.code, check.outcome] = check
        return sorted(found.values(), key=lambda c: (c.code, c.at))

    def add_draw(self, layer, draw):
        col.require_storable("seed", [draw.held.seed, draw.author, *draw.ids])
        state = self._state(layer)
        if any((name, d.held.seed) == (layer, draw.held.seed) for name, d in state.draws):
            raise Conflict("inspection_seed_used")
        made = replace(draw, number=len(state.draws) + 1)
        state.draws += ((layer, made),)
        return made

    def draws(self, layer):
        return [draw for name, draw in reversed(self._work.read().inspections.draws) if name == layer]


def _time(check):
    return check.at
