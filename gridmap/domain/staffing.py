"""How many people a grid needs, and how it stands with those it has."""

import math
from dataclasses import dataclass
from enum import StrEnum

#: One worker for each begun so many households.
HOUSEHOLDS_PER_WORKER = 150
#: More floating residents than this ask for a station.
FLOATING_PER_STATION = 2_000
#: Every grid has a head.
HEADS = 1


class StaffStatus(StrEnum):
    """``under``: a head or a worker is missing; ``over``: more workers than needed; ``enough``: just these."""

    UNDER = "under"
    ENOUGH = "enough"
    OVER = "over"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StaffRules:
    """The numbers that a city sets.

    ``head_counts``: a head counts as a worker, too; strict by default, so that he does not.
    """

    households_per_worker: int = HOUSEHOLDS_PER_WORKER
    floating_per_station: int = FLOATING_PER_STATION
    head_counts: bool = False


@dataclass(frozen=True, slots=True)
class Staffed:
    """How one grid stands.

    Attributes
    ----------
    workers_needed : int or None
        None where households are unknown.
    heads_short, workers_short, workers_spare : int or None
    load : float or None
        Households for each worker on duty; None without households known, infinite without a worker for them.
    station_needed : bool or None
        None where floating residents are unknown.
    station_short : bool
        A station is needed and there is none.
    """

    heads: int
    workers: int
    workers_needed: int | None
    heads_short: int
    workers_short: int | None
    workers_spare: int | None
    load: float | None
    station_needed: bool | None
    station_short: bool
    status: StaffStatus


def workers_needed(households: int | None, households_per_worker: int = HOUSEHOLDS_PER_WORKER) -> int | None:
    """Give the workers that households ask for: one for each begun ``households_per_worker``; 0 need none.

    >>> [workers_needed(n) for n in (0, 1, 149, 150, 151, 300, 1600)]
    [0, 1, 1, 1, 2, 2, 11]
    """
    return None if households is None else -(-households // households_per_worker)


def station_needed(floating_residents: int | None, floating_per_station: int = FLOATING_PER_STATION) -> bool | None:
    """Tell whether floating residents ask for a service station of their own: 2,000 do not, 2,001 do."""
    return None if floating_residents is None else floating_residents > floating_per_station


def staffed(
    households: int | None,
    floating_residents: int | None,
    heads: int,
    workers: int,
    stations: int = 0,
    rules: StaffRules = StaffRules(),
) -> Staffed:
    """Compare the people of a grid with those it needs."""
    needed = workers_needed(households, rules.households_per_worker)
    counted = workers + (heads if rules.head_counts else 0)
    heads_short = max(0, HEADS - heads)
    short = None if needed is None else max(0, needed - counted)
    spare = None if needed is None else max(0, counted - needed)
    load = None
    if households is not None:
        load = households / counted if counted else (math.inf if households else 0.0)
    if heads_short or short:
        status = StaffStatus.UNDER
    elif needed is None:
        status = StaffStatus.UNKNOWN
    else:
        status = StaffStatus.OVER if spare else StaffStatus.ENOUGH
    station = station_needed(floating_residents, rules.floating_per_station)
    return Staffed(
        heads, workers, needed, heads_short, short, spare, load, station, bool(station) and not stations, status
    )
