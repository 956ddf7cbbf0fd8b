"""The last whole months of the demonstration, released to everybody."""

from datetime import datetime, timedelta

from gridmap.services.clock import FixedClock, day_in
from gridmap.services.ports import Store
from gridmap.services.public_heat import SETTLED, release_month
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

#: How many months are released.
MONTHS = 3


def release_months(store: Store, settings: Settings, now: datetime) -> None:
    """Release the last months that incidents cover from their first day to their last."""
    with store.unit_of_work() as work:
        span = work.incidents.time_span()
    if span is None:
        return
    begun = day_in(span[0], settings.time_zone)
    # days of the window are whole: the day of the last incident is covered
    after = min(day_in(span[1], settings.time_zone) + timedelta(days=1), day_in(now - SETTLED, settings.time_zone))
    plans, last = Plans(store), after.replace(day=1)
    for _ in range(MONTHS):
        first = (last - timedelta(days=1)).replace(day=1)
        if first < begun:
            return
        release_month(store, plans, first, settings=settings, clock=FixedClock(now), note="demonstration")
        last = first
