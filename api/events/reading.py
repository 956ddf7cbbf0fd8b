"""Reading events for one reader: a page from the store, cut to their sight, and how an event is shown."""

from dataclasses import dataclass

from api.deps import Context
from api.events.places import Places
from api.replies import EventOut
from gridmap.domain.access import Principal
from gridmap.domain.events import Audience, Happened
from gridmap.errors import Conflict
from gridmap.services.guarded import GuardedStore
from gridmap.services.guarded.events import sight_of
from gridmap.services.ports import EventMark


@dataclass(frozen=True, slots=True)
class Page:
    """Events within sight; all up to ``last`` were looked at."""

    events: list[Happened]
    last: int
    mark: EventMark


def reader_of(principal: Principal) -> str:
    """Give the name under which places are sealed."""
    return principal.account_id or ""


def sight(whole: Context, principal: Principal) -> Audience:
    """Give what somebody is to hear of today."""
    store = GuardedStore(whole.store, principal, clock=whole.clock, day=whole.day(None), kin=whole.kin)
    return sight_of(store)


def start(whole: Context, principal: Principal, place: str | None) -> tuple[int, EventMark]:
    """Give the number of the event from which a reader goes on (without a place, that of the newest), and the mark.

    Raises
    ------
    InvalidInput
        ``bad_cursor``.
    Conflict
        ``events_forgotten``.
    """
    with whole.store.unit_of_work() as work:
        mark, newest = work.events.mark(), work.events.newest()
    if place is None:
        return newest, mark
    after = Places(mark.key, reader_of(principal)).read(place)
    # after a restore, a place may lie ahead of what there is
    if 0 < after < mark.forgotten_to or after > newest:
        raise Conflict("events_forgotten")
    return after, mark


def page(whole: Context, mine: Audience, after: int, limit: int) -> Page:
    """Read a page after an event."""
    with whole.store.unit_of_work() as work:
        newest = work.events.newest()  # first: what comes after it may lie behind the page
        found = work.events.page(mine, after=after, limit=limit)
        mark = work.events.mark()
    last = found[-1].number if len(found) == limit else max(newest, after, *(h.number for h in found[-1:]))
    return Page(found, last, mark)


def shown(happened: Happened, places: Places) -> EventOut:
    """Give an event as an answer."""
    event = happened.event
    return EventOut(
        id=places.seal(happened.number),
        at=happened.at,
        kind=event.kind,
        set=event.set_name,
        code=event.code,
        subject=event.subject,
        count=event.count,
    )
