"""Staff and profiles of the store in memory: what held from which day on, until the next entry."""

from collections import Counter
from datetime import date
from typing import Any

from gridmap.errors import Conflict, NotFound
from gridmap.store import columns as col
from gridmap.store.people import staff_counts


class FakeStaff:
    """For each set, the whole staff by the day from which on it held."""

    def __init__(self, work: Any) -> None:
        self._work = work

    def replace(self, set_name, members, *, valid_from):
        for name in ("grid_code", "role", "name", "phone", "department"):
            col.require_storable(name, [getattr(m, name) for m in members])
        state = self._work.write()
        if set_name not in state.sets:
            raise NotFound("set_not_found")
        if any(m.role not in ("head", "worker") for m in members):
            raise Conflict("store_refused")
        steps = state.staff.get(set_name, {})
        state.staff[set_name] = without_repeats({**steps, valid_from: tuple(members)}, Counter, ())
        return len(members)

    def _on(self, set_name, day):
        return value_at(self._work.read().staff.get(set_name, {}), day, ())

    def any_of(self, set_name):
        return any(self._work.read().staff.get(set_name, {}).values())

    def next_change(self, set_name, day):
        return min((at for at in self._work.read().staff.get(set_name, {}) if at > day), default=None)

    def of_grid(self, set_name, code, day):
        members = [m for m in self._on(set_name, day) if m.grid_code == code]
        return sorted(members, key=lambda m: (m.role != "head", m.name, m.phone, m.department))

    def of_day(self, set_name, day):
        codes = sorted({m.grid_code for m in self._on(set_name, day)})
        return [member for code in codes for member in self.of_grid(set_name, code, day)]

    def counts(self, set_name, day, *, code=None):
        members = [m for m in self._on(set_name, day) if code is None or m.grid_code == code]
        return staff_counts(
            [
                (
                    code,
                    sum(m.grid_code == code and m.role == "head" for m in members),
                    sum(m.grid_code == code and m.role == "worker" for m in members),
                )
                for code in sorted({m.grid_code for m in members})
            ]
        )

    def numbers_of(self, set_name, code, day):
        roles = [m.role for m in self._on(set_name, day) if m.grid_code == code]
        return roles.count("head"), roles.count("worker")

    def headed(self, set_name, day):
        return {m.grid_code for m in self._on(set_name, day) if m.role == "head"}


class FakeProfiles:
    """For each grid of a set, its profile by the day from which on it held."""

    def __init__(self, work: Any) -> None:
        self._work = work

    def put(self, set_name, profiles, *, valid_from):
        if len({p.grid_code for p in profiles}) < len(profiles):
            raise Conflict("code_not_unique")
        for name in ("grid_code", "department", "phone"):
            col.require_storable(name, [getattr(p, name) for p in profiles])
        state = self._work.write()
        if set_name not in state.sets:
            raise NotFound("set_not_found")
        if any(n is not None and n < 0 for p in profiles for n in (p.households, p.floating_residents)):
            raise Conflict("store_refused")
        for profile in profiles:
            key = (set_name, profile.grid_code)
            state.profiles[key] = without_repeats({**state.profiles.get(key, {}), valid_from: profile}, repr, None)
        return len(profiles)

    def of_grid(self, set_name, code, day):
        return value_at(self._work.read().profiles.get((set_name, code), {}), day, None)

    def any_of(self, set_name):
        return any(name == set_name and steps for (name, _), steps in self._work.read().profiles.items())

    def of_day(self, set_name, day):
        codes = sorted(code for name, code in self._work.read().profiles if name == set_name)
        found = (self.of_grid(set_name, code, day) for code in codes)
        return [profile for profile in found if profile is not None]


def value_at(steps: dict[date, Any], day: date, nothing: Any) -> Any:
    """Give what was entered last on or before a day."""
    days = [at for at in steps if at <= day]
    return steps[max(days)] if days else nothing


def without_repeats(steps: dict[date, Any], content: Any, nothing: Any) -> dict[date, Any]:
    """Drop entries that change nothing."""
    kept: dict[date, Any] = {}
    last = nothing
    for day, value in sorted(steps.items()):
        if content(value) != content(last):
            kept[day] = value
        last = value
    return kept
