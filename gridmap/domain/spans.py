"""Days on which something holds, as half-open spans ``[start, end)``, and changing what holds from a day on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Span:
    """The days from ``start`` up to, but not with, ``end``; None: without end."""

    start: date
    end: date | None = None

    def holds_at(self, day: date) -> bool:
        """Tell whether this span has a day in it."""
        return self.start <= day and (self.end is None or day < self.end)


def next_change(spans: Iterable[Span], day: date) -> date | None:
    """Give the first day after a day on which one of the spans begins or ends; None where nothing changes any more.

    Examples
    --------
    >>> next_change([Span(date(2026, 1, 1), date(2026, 7, 1))], date(2026, 3, 1))
    datetime.date(2026, 7, 1)
    """
    days = {at for span in spans for at in (span.start, span.end) if at is not None and at > day}
    return min(days, default=None)


def lay(spans: Sequence[Span], count: int, start: date, end: date | None) -> list[Span]:
    """Let ``count`` equal things hold in ``[start, end)``, and as many as before on every other day.

    Parameters
    ----------
    spans : sequence of Span
        When each of the equal things holds now.
    count : int
        How many shall hold in the days given; 0 for none.

    Returns
    -------
    list of Span
        The fewest that say so, by start: spans that meet are one.

    Examples
    --------
    >>> lay([Span(date(2026, 1, 1))], 0, date(2026, 3, 1), date(2026, 5, 1))  # doctest: +NORMALIZE_WHITESPACE
    [Span(start=datetime.date(2026, 1, 1), end=datetime.date(2026, 3, 1)),
     Span(start=datetime.date(2026, 5, 1), end=None)]
    """
    new = Span(start, end)
    edges = {at for span in (*spans, new) for at in (span.start, span.end) if at is not None}
    laid: list[Span] = []
    running: list[date] = []
    for day in sorted(edges):
        here = count if new.holds_at(day) else sum(span.holds_at(day) for span in spans)
        running += [day] * (here - len(running))
        while len(running) > here:
            laid.append(Span(running.pop(), day))
    laid += [Span(day) for day in running]
    return sorted(laid, key=lambda span: (span.start, span.end or date.max))
