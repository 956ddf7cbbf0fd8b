"""What is known of the people of each grid, and when."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gridmap.domain.boundaries import ALWAYS, BoundarySet
from gridmap.domain.people import GridProfile
from gridmap.domain.rules import Finding, Report, Severity, report
from gridmap.services.grids import station_needed
from gridmap.services.ports import Store
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings


@dataclass(frozen=True, slots=True)
class ProfilesOutcome:
    """What an import of profiles did, or would do; each holds from ``valid_from`` until the next one of its grid."""

    report: Report
    profiles: int
    committed: bool
    valid_from: date


def import_profiles(
    store: Store,
    plans: Plans,
    boundary_set: BoundarySet,
    profiles: Sequence[GridProfile],
    *,
    today: date,
    settings: Settings,
    valid_from: date | None = None,
    commit: bool = False,
) -> ProfilesOutcome:
    """Note what is known of these grids from a day on; other grids keep what was noted of them.

    A grid that does not exist or comes twice stops the commit. A grid of which nothing is said, and one whose floating
    residents need a service station, are named.

    Parameters
    ----------
    today : date
    valid_from : date, optional
        First day; the grids are those of that day. Without it: ``today``, or always where nothing was noted before.

    Raises
    ------
    NotFound
        ``no_version_at``.
    """
    plan = plans.at(boundary_set, valid_from or today)
    times = Counter(p.grid_code for p in profiles)
    found = report(
        [
            *(
                Finding("grid_unknown", Severity.ERROR, (code,), fields={"count": n})
                for code, n in times.items()
                if code not in plan.refs
            ),
            *(
                Finding("profile_repeated", Severity.ERROR, (code,), fields={"count": n})
                for code, n in times.items()
                if n > 1
            ),
            *(
                Finding("profile_empty", Severity.WARNING, (p.grid_code,))
                for p in profiles
                if p == GridProfile(p.grid_code)
            ),
            *(
                Finding(
                    "station_needed",
                    Severity.NOTE,
                    (p.grid_code,),
                    fields={"count": p.floating_residents, "limit": settings.floating_residents_per_station},
                )
                for p in profiles
                if station_needed(p.floating_residents, settings)
            ),
        ]
    )
    committed = commit and not found.errors
    with store.unit_of_work() as work:
        start = valid_from or (today if work.profiles.any_of(boundary_set.name) else ALWAYS)
        if committed:
            work.profiles.put(boundary_set.name, profiles, valid_from=start)
            work.commit()
    return ProfilesOutcome(found, len(profiles), committed, start)
