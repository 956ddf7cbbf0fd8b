"""Who is responsible for this point: the one use case that every edge asks."""

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from gridmap.analysis.locator import Answers, Located, Locator, LocatorPart
from gridmap.analysis.responsibility import owner_codes
from gridmap.crs import widened
from gridmap.domain.boundaries import BoundarySet, BoundaryVersion
from gridmap.domain.incidents import GridRef, Method, Responsibility, StaffMember
from gridmap.domain.people import GridProfile
from gridmap.errors import InvalidInput, NotFound
from gridmap.services.ports import Store, UnitOfWork

log = logging.getLogger("gridmap.services")


@dataclass(frozen=True, slots=True)
class Plan:
    """One version ready to answer: its grids, the index of its leaves, and an index of each coarser level."""

    boundary_set: BoundarySet
    version: BoundaryVersion
    frame: gpd.GeoDataFrame
    locator: Locator
    refs: dict[str, GridRef]
    parents: dict[str, str | None]
    upper: tuple[Locator, ...]
    #: Where a code stands in ``frame``.
    rows: dict[str, int]
    #: West, south, east, north of all of it.
    box: tuple[float, float, float, float]
    #: Of a part: areas that are not in it, but above those that are; they are shown as links of a chain alone.
    above: Mapping[str, GridRef] = field(default_factory=dict)
    #: Of a part: what tells it from other parts of the same version.
    part: str = ""

    @property
    def key(self) -> tuple[str, int, str]:
        """What tells this plan from every other: a number that was rolled back may come again with another content."""
        return self.boundary_set.name, self.version.number, self.version.content_hash + self.part

    def make_ready(self) -> None:
        """Build what the first questions would build, so that each is answered in microseconds."""
        self.locator.build()
        middle = [(low + high) / 2 for low, high in ((self.box[0], self.box[2]), (self.box[1], self.box[3]))]
        self.locator.border_m(middle[:1], middle[1:], [0])

    def chain(self, code: str) -> tuple[GridRef, ...]:
        """Give the areas from the coarsest down to, and with, this one."""
        links: list[GridRef] = []
        seen: set[str] = set()
        here: str | None = code
        while here is not None and here not in seen:
            link = self.refs.get(here) or self.above.get(here)
            if link is None:
                break
            seen.add(here)
            links.append(link)
            here = self.parents[here]
        return tuple(reversed(links))

    def desk(self, lon: float, lat: float) -> GridRef | None:
        """Give the smallest area that holds a point which no grid holds."""
        for locator in self.upper:
            held = locator.holders_of(lon, lat)
            if held:
                return self.refs[held[0]]
        return None

    def part_of(self, codes: Collection[str], name: str) -> "Plan | None":
        """Give the plan as far as it is about some areas; None where none of them is a grid that answers for points.

        ``name`` tells these codes from others.
        """
        frame = self.frame[self.frame["code"].isin(codes)].reset_index(drop=True)
        locator = LocatorPart(self.locator, codes)
        if not len(locator):
            return None
        refs = {code: ref for code, ref in self.refs.items() if code in codes}
        above = {ref.code: ref for code in refs for ref in self.chain(code) if ref.code not in refs}
        rows: dict[str, int] = {}
        for position, code in enumerate(frame["code"]):
            rows.setdefault(str(code), position)
        west, south, east, north = (float(v) for v in frame.total_bounds)
        return Plan(
            self.boundary_set,
            self.version,
            frame,
            locator,
            refs,
            {code: self.parents[code] for code in (*refs, *above)},
            tuple(LocatorPart(upper, codes) for upper in self.upper),
            rows,
            (west, south, east, north),
            above,
            f"/{name}",
        )


def shared_locator(grids: gpd.GeoDataFrame, content_hash: str, *, points: bool, folder: Path | None) -> Locator:
    """Index the leaves of a version; with a folder, one index for all processes that are given the same one.

    What cannot be used or written there is no reason not to answer: then this process has an index of its own.
    """
    if folder is None:
        return Locator.from_frame(grids, points=points)
    key = hashlib.sha256(f"{content_hash}/{points}".encode()).hexdigest()
    try:
        return Locator.open(folder / key, key=key)
    except InvalidInput:
        made = Locator.from_frame(grids, points=points)
    try:
        made.save(folder / key, key=key)
        return Locator.open(folder / key, key=key)
    except (OSError, InvalidInput) as error:
        log.warning("the index of a version is not shared: %s", type(error).__name__)
        return made


def build_plan(
    boundary_set: BoundarySet, version: BoundaryVersion, frame: gpd.GeoDataFrame, index_dir: Path | None = None
) -> Plan:
    """Index a version's frame of all levels; ``index_dir`` as ``shared_locator`` takes it."""
    order = {level.name: level.order for level in boundary_set.levels}
    present = sorted({str(v) for v in frame["level"]}, key=lambda name: order.get(name, -1))
    if not present:
        raise InvalidInput("no_grids")
    points = {level.name for level in boundary_set.levels if level.shapes == "any"}
    by_level = [Locator.from_frame(frame[frame["level"] == name], points=name in points) for name in present[:-1]]
    leaves = frame[frame["level"] == present[-1]]
    by_level.append(shared_locator(leaves, version.content_hash, points=present[-1] in points, folder=index_dir))
    refs = {
        str(c): GridRef(str(c), str(n or ""), str(v))
        for c, n, v in zip(frame["code"], frame["name"], frame["level"], strict=True)
    }
    parents = {
        str(c): (str(p) if isinstance(p, str) and p else None)
        for c, p in zip(frame["code"], frame["parent_code"], strict=True)
    }
    rows: dict[str, int] = {}
    for position, code in enumerate(frame["code"]):
        rows.setdefault(str(code), position)
    west, south, east, north = (float(v) for v in frame.total_bounds)
    upper = tuple(reversed(by_level[:-1]))
    return Plan(boundary_set, version, frame, by_level[-1], refs, parents, upper, rows, (west, south, east, north))


def choose_set(sets: Sequence[BoundarySet], name: str | None, default: str | None = None) -> BoundarySet:
    """Find the set that a call names, or means by naming none.

    Raises
    ------
    NotFound
        ``set_unknown`` (with the known ones) or ``no_sets``.
    InvalidInput
        ``set_needed``: several sets exist and none was named.
    """
    known = {s.name: s for s in sets}
    if not known:
        raise NotFound("no_sets")
    wanted = name or default
    if wanted is None:
        if len(sets) > 1:
            raise InvalidInput("set_needed", known=", ".join(sorted(known)))
        return sets[0]
    if wanted not in known:
        raise NotFound("set_unknown", known=", ".join(sorted(known)))
    return known[wanted]


def owning_set(work: UnitOfWork, default: str | None) -> BoundarySet | None:
    """Give the set that owns stored points: the default one, or the only one.

    It is the same for everybody; None in a store without sets, and for whom it is out of reach.

    Raises
    ------
    NotFound
        ``set_unknown``: there is no set of the default's name.
    InvalidInput
        ``set_needed``: several sets exist and none is the default.
    """
    names = work.boundaries.set_names()
    if not names:
        return None
    if default is None and len(names) > 1:
        raise InvalidInput("set_needed", known=", ".join(s.name for s in work.boundaries.list_sets()) or "-")
    wanted = default or names[0]
    if wanted not in names:
        raise NotFound("set_unknown", known=", ".join(s.name for s in work.boundaries.list_sets()) or "-")
    return work.boundaries.find_set(wanted)


class Plans:
    """Plans of a store, built when first asked for and kept, a few at most. Safe for threads."""

    _store: Store

    def __init__(self, store: Store, *, keep: int = 8, index_dir: Path | None = None) -> None:
        self._store = store
        self._index_dir = index_dir
        self._keep = keep
        self._plans: OrderedDict[tuple[str, int, str], Plan] = OrderedDict()
        self._lock = threading.Lock()

    def sets(self) -> list[BoundarySet]:
        """Give the sets of the store, by name."""
        with self._store.unit_of_work() as work:
            return work.boundaries.list_sets()

    def owner_of_points(self, default: str | None) -> BoundarySet | None:
        """Give the set that owns stored points; see ``owning_set``."""
        with self._store.unit_of_work() as work:
            return owning_set(work, default)

    def resolve_set(self, name: str | None, default: str | None = None) -> BoundarySet:
        """Find the set that a call names, or means by naming none; see ``choose_set``."""
        return choose_set(self.sets(), name, default)

    def at(self, boundary_set: BoundarySet, day: date) -> Plan:
        """Give the plan in force on a day.

        Raises
        ------
        NotFound
            ``no_version_at``.
        """
        with self._store.unit_of_work() as work:
            version = work.boundaries.version_at(boundary_set.name, day)
        if version is None:
            raise NotFound("no_version_at", day=day.isoformat())
        return self.of(boundary_set, version)

    def in_force(self, work: UnitOfWork, name: str | None, default: str | None, day: date) -> Plan:
        """Give the plan in force on a day of the set that a call names, or means by naming none; in one unit of work.

        Raises
        ------
        NotFound
            ``no_version_at``. As ``choose_set``.
        """
        found = choose_set(work.boundaries.list_sets(), name, default)
        version = work.boundaries.version_at(found.name, day)
        if version is None:
            raise NotFound("no_version_at", day=day.isoformat())
        return self.of(found, version, work)

    def of(self, boundary_set: BoundarySet, version: BoundaryVersion, work: UnitOfWork | None = None) -> Plan:
        """Give the plan of a version; ``work`` is the unit of work to read it in where one is open."""
        # with the content: a number that was rolled back may come again with another one
        key = (boundary_set.name, version.number, version.content_hash)
        with self._lock:
            if key in self._plans:
                self._plans.move_to_end(key)
                return self._plans[key]
            # built under the lock: two threads must not spend the same seconds twice
            if work is not None:
                frame = work.boundaries.grids(version)
            else:
                with self._store.unit_of_work() as own:
                    frame = own.boundaries.grids(version)
            plan = build_plan(boundary_set, version, frame, self._index_dir)
            self._plans[key] = plan
            while len(self._plans) > self._keep:
                self._plans.popitem(last=False)
            return plan


@dataclass(frozen=True, slots=True)
class People:
    """Who is on duty in a grid on a day, and what is known of those who live there."""

    staff: tuple[StaffMember, ...] = ()
    profile: GridProfile | None = None


NOBODY = People()


def people_of(store: Store, plan: Plan, code: str, day: date) -> People:
    """Read who is on duty in a grid of a plan on a day."""
    with store.unit_of_work() as work:
        return People(
            tuple(work.staff.of_grid(plan.boundary_set.name, code, day)),
            work.profiles.of_grid(plan.boundary_set.name, code, day),
        )


def locate(
    store: Store,
    plan: Plan,
    lon: float,
    lat: float,
    *,
    day: date,
    nearest_within_m: float = 0.0,
    with_staff: bool = True,
    confirmed: str | None = None,
) -> Responsibility:
    """Say who is responsible for one point (WGS 84), and who was, is or will be on duty there on a day.

    ``confirmed``: the grid in which somebody said that it lies, where it could be several.
    """
    found = plan.locator.locate(lon, lat, nearest_within_m=nearest_within_m)
    if confirmed is not None and confirmed in plan.refs and confirmed != found.code:
        found = replace(found, code=confirmed, method=Method.BORDER)
    people = people_of(store, plan, found.code, day) if found.code is not None and with_staff else NOBODY
    return responsibility(plan, found, plan.desk(lon, lat) if found.method is Method.NONE else None, people)


#: Directions in which the circle of an uncertain place is looked at, and the largest such circle that says anything.
_AROUND, MOST_UNCERTAIN_M = 32, 5_000.0


def sides_of(
    plan: Plan, lon: float, lat: float, accuracy_m: float = 0.0, *, nearest_within_m: float = 0.0
) -> tuple[str, ...]:
    """Give the grids in which a place (WGS 84) may lie, the owner first: those whose border it is on, and all that the
    circle of its accuracy touches.
    """
    found = plan.locator.locate(lon, lat, nearest_within_m=nearest_within_m)
    codes = [] if found.code is None else [found.code]
    codes += found.holders if len(found.holders) > 1 else ()
    if accuracy_m > 0:
        turn = np.linspace(0.0, 2 * np.pi, _AROUND, endpoint=False)
        _, _, east, north = widened((lon, lat, lon, lat), min(accuracy_m, MOST_UNCERTAIN_M)).tolist()
        across, up = east - lon, north - lat
        answers = plan.locator.locate_many(lon + across * np.cos(turn), lat + up * np.sin(turn))
        codes += [str(plan.locator.codes[i]) for i in answers.owner.tolist() if i >= 0]
    return tuple(dict.fromkeys(codes))


def people_of_all(store: Store, plan: Plan, day: date) -> dict[str, People]:
    """Read who is on duty in every grid of a plan on a day: what ``people_of`` says of each, in one question."""
    name = plan.boundary_set.name
    with store.unit_of_work() as work:
        profiles = {profile.grid_code: profile for profile in work.profiles.of_day(name, day)}
        staff: dict[str, list[StaffMember]] = {}
        for member in work.staff.of_day(name, day):
            staff.setdefault(member.grid_code, []).append(member)
    return {code: People(tuple(staff.get(code, ())), profiles.get(code)) for code in plan.locator.codes}


def responsibility(plan: Plan, found: Located, desk: GridRef | None, people: People) -> Responsibility:
    """Put together what the index, the duty desk and the people of a plan say of one point."""
    code = found.code
    return Responsibility(
        grid=None if code is None else plan.refs[code],
        chain=() if code is None else plan.chain(code),
        method=found.method,
        border_m=found.border_m,
        candidates=tuple(plan.refs[c] for c in found.holders) if len(found.holders) > 1 else (),
        desk=desk,
        staff=people.staff,
        profile=people.profile,
        set_name=plan.boundary_set.name,
        version_number=plan.version.number,
    )


def locate_many(
    plan: Plan, lon: npt.ArrayLike, lat: npt.ArrayLike, *, nearest_within_m: float = 0.0
) -> tuple[npt.NDArray[np.object_], Answers]:
    """Give the owners' codes and the full answers for arrays of points (WGS 84)."""
    answers = plan.locator.locate_many(lon, lat, nearest_within_m=nearest_within_m)
    return owner_codes(plan.locator, answers), answers
