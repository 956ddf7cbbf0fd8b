"""Two streets in worlds that differ only in what somebody may not see: who sees a difference sees too much."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import geopandas as gpd
import pandas as pd
from builders import tiling

from gridmap.crs import WGS84
from gridmap.domain.access import Area, Grant, Principal, Role
from gridmap.domain.access import Kind as AccountKind
from gridmap.domain.boundaries import ALWAYS, BoundarySet, Level
from gridmap.domain.cases import Act as CaseAct
from gridmap.domain.cases import Entry as CaseEntry
from gridmap.domain.events import Event, EventKind
from gridmap.domain.features import FeatureLayer
from gridmap.domain.incidents import StaffMember
from gridmap.domain.people import GridProfile
from gridmap.domain.trail import Act
from gridmap.services.features import import_layer
from gridmap.services.incidents import record_incidents
from gridmap.services.intake.owners import asked_of, owners_of
from gridmap.services.patrols import record_fixes
from gridmap.services.ports import Book, CaseChange, NewCase, Store
from gridmap.services.public_heat import KIND as RELEASE
from gridmap.services.publishing import publish_frame
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

NOW = datetime(2026, 5, 20, 4, tzinfo=UTC)
REDRAW = date(2026, 5, 1)
LATER = date(2026, 9, 1)
CELL = 2.0**-8
X0, Y0 = 120.0, 36.0

#: The word in everything of the street that is seen, and in everything beyond it.
HERE = "QUAIL"
STREET = f"{HERE}-S"


@dataclass(frozen=True)
class Beyond:
    """What lies beyond: the word in its names and codes, and how many and where things are.

    ``ground``: areas, profiles, context and a further set. ``points``: incidents, fixes and features. ``people``:
    staff beyond; ``people_here``: names of staff in the street itself.
    """

    ground: str = "ZEBRA"
    points: str = "ZEBRA"
    people: str = "ZEBRA"
    people_here: str = HERE


WORLD = Beyond()
#: Another world for who sees one street; for who sees all ground, but the points of one street; all but people.
OTHER_GROUND = Beyond("YETI9", "YETI9", "YETI9")
OTHER_POINTS = Beyond(points="YETI9", people="YETI9")
OTHER_PEOPLE = Beyond(people="YETI9", people_here="OKAPI")

_EAST = {"ZEBRA": ("TTU\nTTU\nUUU", "TTU\nTUU\nUUU"), "YETI9": ("VVV\nVWW\nWXX", "VVX\nVWX\nWXX")}
_WEST = ("AAB\nACB\nCCB", "AAB\nDCB\nCCB")
_SIZES = {"ZEBRA": 13, "YETI9": 5}


def code(letter: str, word: str = HERE) -> str:
    """Give the code of a letter of the map."""
    return f"{word}-{letter}"


def at(column: float, row: float) -> tuple[float, float]:
    """Give the lon and lat of a place in cells from the south-west corner; the street's columns are 0 to 3."""
    return X0 + CELL * column, Y0 + CELL * row


def _drawn(west: str, east: str) -> str:
    return "\n".join(a + b for a, b in zip(west.split("\n"), east.split("\n"), strict=True))


def _district(west: str, east: str, word: str, *, new: str = "") -> gpd.GeoDataFrame:
    """Give all levels; the letter of a grid tells on which side it lies."""
    letters = set(west)
    named = {c: code(c, HERE if c in letters else word) for c in set(_drawn(west, east)) - {"\n"}}
    grids = tiling(_drawn(west, east), cell=CELL, origin=(X0, Y0))
    mine = grids["code"].isin(list(letters))
    grids = grids.assign(
        name=["名" + named[c] + new for c in grids["code"]],
        parent_code=[STREET if m else code("S", word) for m in mine],
        households=[
            100 + ord(c) if m else 70_000 + ord(c) * len(word) for c, m in zip(grids["code"], mine, strict=True)
        ],
    )
    grids["code"] = [named[c] for c in grids["code"]]
    streets = tiling("SSSTTT\nSSSTTT\nSSSTTT", cell=CELL, origin=(X0, Y0)).assign(level="street", households=None)
    streets["code"] = [STREET, code("S", word)]
    streets["name"] = ["街" + c for c in streets["code"]]
    streets["parent_code"] = "D0"
    top = tiling("DDDDDD\nDDDDDD\nDDDDDD", cell=CELL, origin=(X0, Y0)).assign(level="district", households=None)
    top["code"], top["name"] = "D0", "全区"
    frame = pd.concat([top, streets, grids], ignore_index=True)
    return gpd.GeoDataFrame(frame.assign(attributes=None, kind=None), geometry="geometry", crs=WGS84)


def fill(store: Store, beyond: Beyond = WORLD) -> None:
    """Put a world into a store; equal but for what ``beyond`` says."""
    settings = Settings(default_set="urban")
    _fill_ground(store, beyond)
    plans = Plans(store)
    _fill_people(store, beyond)
    _fill_points(store, plans, beyond, settings)
    _fill_cases(store, plans, beyond, settings)
    _fill_layers(store, plans, beyond, settings)
    _fill_events(store, beyond)
    _fill_release(store)


def _fill_release(store: Store) -> None:
    """Release a month: by decision it tells of all ground, so it is the same in all worlds.

    What it tells is for ``test_public_heat`` to attack; here nothing of it may hang on who asks.
    """
    west, south = X0 + CELL, Y0 + CELL
    held = {
        "after": "2026-05-01", "place": "全区", "gaps": [], "epsg": 4549, "cell_m": 500.0, "least": 10, "total": 40,
        "outline": f"POLYGON (({west} {south}, {west + CELL} {south}, {west} {south + CELL}, {west} {south}))",
        "cells": [["r000c000", 1000, 7970, 12], ["r000c001", 1001, 7970]],
        "kinds": [["E1-01", False, 40], ["E5-01", True]],
    }  # fmt: skip
    with store.unit_of_work() as work:
        work.books.put(Book(RELEASE, date(2026, 4, 1), json.dumps(held), "", NOW))
        work.commit()


def _fill_events(store: Store, beyond: Beyond) -> None:
    """Tell of incidents here and beyond, and of a version, as if each had come by itself."""
    size = _SIZES[beyond.points]
    told = [Event(EventKind.INCIDENT_ADDED, "urban", code("A"), f"{HERE}-i{n:02d}") for n in range(4)]
    there = code(_letters(beyond.ground), beyond.ground)
    told[2:2] = [Event(EventKind.INCIDENT_ADDED, "urban", there, f"{beyond.points}-i{n:02d}") for n in range(size)]
    told[1:1] = [Event(EventKind.INCIDENT_ADDED, None, None, f"{beyond.points}-n{n:02d}") for n in range(size // 3)]
    told.append(Event(EventKind.VERSION_PUBLISHED, "urban", subject="2"))
    told.append(Event(EventKind.VERSION_PUBLISHED, "health" if beyond.ground == "ZEBRA" else "school", subject="1"))
    with store.unit_of_work() as work:
        for event in told:
            work.trail.add([Act(NOW, "told", events=(event,))])
        work.commit()


def _fill_ground(store: Store, beyond: Beyond) -> None:
    word = beyond.ground
    before, after = ((w, e) for w, e in zip(_WEST, _EAST[word], strict=True))
    levels = (Level("district", 0), Level("street", 1), Level("grid", 2))
    other = "health" if word == "ZEBRA" else "school"
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("urban", levels, "城市管理"))
        for n, (drawn, day) in enumerate(((before, ALWAYS), (after, REDRAW)), 1):
            frame = _district(*drawn, word)
            publish_frame(work, "urban", frame, valid_from=day, published_at=NOW, note=f"{word} {n}")
        lineage = pd.DataFrame(
            {
                "level": "grid",
                "old_code": [code("A"), code("A"), code("B"), code(after[1][0], word), code("B")],
                "new_code": [code("A"), code("D"), code("B"), code(after[1][-1], word), code(after[1][0], word)],
                "kind": ["split", "split", "unchanged", "reshaped", "transferred"],
                "area_m2": [10.0, 20.0, 30.0, 4.0 * len(word), 5.0],
                "old_share": [0.3, 0.7, 1.0, 0.5, 0.1],
                "new_share": [1.0, 1.0, 1.0, 0.5, 0.1],
                "households": [None, None, None, 77.0, None],
            }
        )
        draft = work.boundaries.add_draft(
            "urban", _district(*after, word), valid_from=LATER, content_hash=f"{word}-3", note=word, based_on=2
        )
        work.boundaries.add_lineage("urban", draft.number, lineage)
        work.boundaries.publish("urban", draft.number, valid_from=LATER, published_at=NOW, note=f"{word} scheduled")
        drawn = _district(*after, word, new="新")
        work.boundaries.add_draft("urban", drawn, valid_from=LATER, content_hash=f"{word}-4", note=word, based_on=2)
        gone = publish_frame(work, "urban", _district(*before, word), valid_from=date(2027, 1, 1), published_at=NOW)
        work.boundaries.withdraw("urban", gone.number)
        # a set that nobody here sees
        work.boundaries.put_set(BoundarySet(other, (Level("zone", 0),), f"{word} 体系"))
        zones = tiling("Z" if word == "ZEBRA" else "YX", cell=CELL * 6, origin=(X0, Y0))
        zones = zones.assign(level="zone", code=[code(c, word) for c in zones["code"]], kind=None, attributes=None)
        zones = zones.assign(name=zones["code"], households=None)
        publish_frame(work, other, zones, valid_from=ALWAYS, published_at=NOW)
        x, y = at(4.5, 1.5)
        waters = {HERE: at(1.5, 1.5), word: (x + len(word) * 1e-5, y)}
        context = gpd.GeoDataFrame(
            {"kind": "water", "name": [f"{w} 河" for w in waters]},
            geometry=gpd.points_from_xy(*zip(*waters.values(), strict=True)).buffer(1e-4),
            crs=WGS84,
        )
        work.context.replace(context)
        work.commit()


def _letters(word: str) -> str:
    return _EAST[word][1][0]


def _fill_people(store: Store, beyond: Beyond) -> None:
    there = code(_letters(beyond.ground), beyond.ground)
    words = ((code("A"), beyond.people_here, 2), (code("B"), beyond.people_here, 1), (there, beyond.people, 3))
    staff = [
        StaffMember(grid, "worker" if n else "head", f"{word} 人{n}", f"0532-{len(word)}{n}77", f"{word} 科")
        for grid, word, count in words
        for n in range(count)
    ]
    size = _SIZES[beyond.ground]
    profiles = [
        GridProfile(code("A"), 120, 30, "东科", "0532-1000"),
        GridProfile(there, 7_000 + size, 9_000 + size, f"{beyond.ground} 科", f"0532-{beyond.ground}"),
    ]
    with store.unit_of_work() as work:
        work.staff.replace("urban", staff, valid_from=ALWAYS)
        work.profiles.put("urban", profiles, valid_from=ALWAYS)
        work.commit()


def _fill_points(store: Store, plans: Plans, beyond: Beyond, settings: Settings) -> None:
    size = _SIZES[beyond.points]
    places = [(HERE, at(0.5 + n % 3, 0.5 + n // 3)) for n in range(9)]
    places += [(beyond.points, at(3.3 + n * 0.2, 1.4)) for n in range(size)]
    places += [(beyond.points, at(-2.0, -2.0 - n)) for n in range(size // 3)]  # these lie in no grid
    days = [n % 9 if word == HERE else n % 4 + (0.3 if word == "ZEBRA" else 0.6) for n, (word, _) in enumerate(places)]
    lon, lat = zip(*(place for _, place in places), strict=True)
    when = pd.to_datetime([NOW - timedelta(days=d, hours=2 if d >= 1 else 0) for d in days], utc=True)
    words = [word for word, _ in places]
    incidents = gpd.GeoDataFrame(
        {
            "incident_id": [f"{word}-i{n:02d}" for n, word in enumerate(words)],
            "occurred_at": when,
            "category": [f"{word}_{'litter' if n % 3 else 'noise'}" for n, word in enumerate(words)],
            "channel": [f"{word}-app" for word in words],
            "note": [f"{word} 报案人" for word in words],
        },
        geometry=gpd.points_from_xy(lon, lat),
        crs=WGS84,
    )
    fixes = gpd.GeoDataFrame(
        {"unit_id": [f"{word}-u{n % 2}" for n, word in enumerate(words)], "fixed_at": when, "accuracy_m": 5.0},
        geometry=gpd.points_from_xy(lon, lat),
        crs=WGS84,
    )
    taken = record_incidents(store, plans, incidents, settings=settings, now=NOW)
    taken += record_fixes(store, plans, fixes, settings=settings, now=NOW)
    assert {result.status for result in taken} == {"accepted"}


def _fill_cases(store: Store, plans: Plans, beyond: Beyond, settings: Settings) -> None:
    """Open cases here, beyond and where no grid is, some of them near each other, and move some of them on."""
    size = _SIZES[beyond.points]
    places = [(HERE, at(0.5 + n % 3, 0.5)) for n in range(4)]
    places += [(beyond.points, at(3.02 + n * 0.2, 0.5)) for n in range(size)] + [(beyond.points, at(-2.0, -2.0))]
    new = []
    for n, (word, (lon, lat)) in enumerate(places):
        when = NOW - timedelta(minutes=n)
        first = CaseEntry(CaseAct.REPORT, f"{word}-who", Role.FIELD, when)
        said = f"{word}-app", f"{word} 报案人"
        rest = {"address": f"{word} 路", "reporter": f"{word}-r", "proposed": "dept:城管", "rule": "grid"}
        until = when + timedelta(minutes=15)
        key = f"{word}-c{n:02d}"
        new.append(
            NewCase(key, when, f"{word}_noise", lon, lat, *said, first, f"{word} 人", stage_due_at=until, **rest)
        )
    with store.unit_of_work() as work:
        home = work.boundaries.find_set("urban")
        assert home is not None
        owners = owners_of(asked_of(work, plans, new, settings=settings, home=home), settings)
        verdicts = work.cases.take(list(zip(new, owners, strict=True)))
        assert {verdict.value for verdict in verdicts} == {"accepted"}
        for case, owner in list(zip(new, owners, strict=True))[::2]:
            word = case.incident_id.split("-")[0]
            filed = CaseEntry(CaseAct.FILE, f"{word}-sun", Role.SUPERVISOR, NOW, f"{word} 因")
            change = CaseChange(
                status="filed", unit=f"dept:{word}", due_at=None, stage_due_at=NOW, handling_limit="4 working_hour",
                open=True, extensions=0, returns=0, reworks=0, appealed=False, merged_into=None, filed_at=NOW,
                dispatched_at=None, handled_at=None, closed_at=None,
            )  # fmt: skip
            work.cases.append(case.incident_id, 2, filed, f"{word} 孙", change, owner)
        work.commit()


def _fill_layers(store: Store, plans: Plans, beyond: Beyond, settings: Settings) -> None:
    size = _SIZES[beyond.points]
    places = [(HERE, at(0.5 + n, 1.5)) for n in range(3)] + [
        (beyond.points, at(3.5 + n * 0.2, 1.5)) for n in range(size)
    ]
    lon, lat = zip(*(place for _, place in places), strict=True)
    frame = gpd.GeoDataFrame(
        {
            "code": [f"{word}-f{n:02d}" for n, (word, _) in enumerate(places)],
            "name": [f"{word} 公厕" for word, _ in places],
            "state": ["open" if n % 2 else "built" for n in range(len(places))],
            "attributes": None,
        },
        geometry=gpd.points_from_xy(lon, lat),
        crs=WGS84,
    )
    urban = plans.resolve_set("urban")
    layer = FeatureLayer("toilets", "公厕")
    done = import_layer(store, plans, urban, layer, frame, today=NOW.date(), settings=settings, commit=True)
    assert done.committed


_S = Area("urban", STREET)


def _of(name: str, *grants: Grant) -> Principal:
    return Principal(name, name, AccountKind.PERSON, grants)


_PAST = Grant(Role.PLANNER, valid_to=date(2026, 5, 20))
_FUTURE = Grant(Role.PLANNER, valid_from=date(2026, 5, 21))

#: Who sees no more than the street, by the world that must look the same to them.
READERS: dict[Beyond, list[Principal]] = {
    OTHER_GROUND: [
        *(_of(f"{role}-of-street", Grant(role, _S)) for role in Role if role not in (Role.ADMINISTRATOR, Role.AUDITOR)),
        _of("keeper-of-street", Grant(Role.ADMINISTRATOR, _S), Grant(Role.ANALYST, _S)),
        _of("of-one-grid", Grant(Role.LEADER, Area("urban", code("A")))),
        _of("of-two-grids", *(Grant(Role.SUPERVISOR, Area("urban", code(c))) for c in "BD")),
        _of("formerly-all", Grant(Role.DISPATCHER, _S), _PAST, _FUTURE),
        _of("auditor", Grant(Role.AUDITOR), Grant(Role.ANALYST, _S)),
        _of("of-nothing", Grant(Role.PLANNER, Area("urban", "NOWHERE"))),
        _of("of-no-set", Grant(Role.PLANNER, Area("nowhere"))),
    ],
    OTHER_POINTS: [
        _of("administrator", Grant(Role.ADMINISTRATOR)),
        _of("administrator-of-street", Grant(Role.ADMINISTRATOR), Grant(Role.DISPATCHER, _S)),
        _of("administrator-in-field", Grant(Role.ADMINISTRATOR, Area("urban")), Grant(Role.FIELD, _S)),
    ],
    OTHER_PEOPLE: [
        _of("analyst", Grant(Role.ANALYST)),
        _of("analyst-of-set", Grant(Role.ANALYST, Area("urban"))),
    ],
}
