"""What can go wrong, as one tree.

::

    GridmapError
    ├── InvalidInput            the call or the data breaks a rule
    │   ├── CrsError            no CRS, a wrong one, or coordinates that do not fit it
    │   ├── GeometryError       a geometry is not what the rule asks
    │   ├── ColumnError         a column is missing, doubled or of the wrong type
    │   ├── TextError           text that is not UTF-8, or has control characters
    │   ├── FileError           a file cannot be read, or is not what it claims
    │   └── TooLarge            over a stated limit
    ├── NotFound                no such set, version, grid
    ├── Conflict                the state does not allow it
    │   ├── StaleVersion        somebody else was first
    │   ├── RedrawConflict      somebody else drew the same border meanwhile
    │   ├── IllegalTransition   that step is not possible from here
    │   ├── NotPublishable      findings stand in the way
    │   └── EncodingAmbiguous   the text could be UTF-8 or GBK: ask
    ├── NotSignedIn             nobody signed in, or what was shown is no longer good
    ├── NotAllowed              whoever asks may not do that
    ├── TooManyRequests         too much in too short a time
    ├── IdentityUnavailable     the identity service does not answer
    └── StoreUnavailable        the database is away, full or locked

Every instance has a stable ``code`` and ``fields``; its text comes from the catalogue entry ``error.<code>``, which
says what was wanted, what came and what to do. Fields never hold raw input from outside: names of columns, counts,
positions and limits are fine, values and file contents are not.
"""

from typing import Any

from gridmap.i18n import Language, text


class GridmapError(Exception):
    """Anything gridmap refuses or cannot do.

    Parameters
    ----------
    code : str
        Stable, snake_case; the catalogue must have ``error.<code>``.
    **fields
        What the text of that code needs.
    """

    def __init__(self, code: str, /, **fields: Any) -> None:
        self.code = code
        self.fields = fields
        super().__init__(code)

    def message(self, language: Language = "en") -> str:
        """Say what was wanted, what came and what to do, in a language."""
        return text(f"error.{self.code}", language, **self.fields)

    def __str__(self) -> str:
        return self.message()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.code, self.fields)


def _rebuild(kind: type[GridmapError], code: str, fields: dict[str, Any]) -> GridmapError:
    return kind(code, **fields)


class InvalidInput(GridmapError):
    """The call or the data breaks a rule."""


class CrsError(InvalidInput):
    """No CRS, a wrong one, or coordinates that do not fit it."""


class GeometryError(InvalidInput):
    """A geometry is not what the rule asks."""


class ColumnError(InvalidInput):
    """A column is missing, doubled or of the wrong type."""


class TextError(InvalidInput):
    """Text that cannot be stored or shown."""


class FileError(InvalidInput):
    """A file cannot be read, or is not what it claims to be."""


class TooLarge(InvalidInput):
    """Over a stated limit."""


class NotFound(GridmapError):
    """No such set, version, grid or record."""


class Conflict(GridmapError):
    """The present state does not allow it."""


class StaleVersion(Conflict):
    """Somebody else changed it first."""


class RedrawConflict(Conflict):
    """Somebody else changed the same border or area since the planner looked; ``numbers`` of edits, ``codes``."""


class IllegalTransition(Conflict):
    """That step is not possible from this state."""


class NotPublishable(Conflict):
    """Findings stand in the way of publishing."""


class EncodingAmbiguous(Conflict):
    """The text could be in more than one encoding: ask, never guess."""


class NotSignedIn(GridmapError):
    """Nobody signed in, or what was shown is no longer good."""


class TooManyRequests(GridmapError):
    """Too much in too short a time; ``retry_after_s`` says when it may go on."""


class NotAllowed(GridmapError):
    """Whoever asks may not do that, wherever it is."""


class IdentityUnavailable(GridmapError):
    """The identity service of the city does not answer, or not as it should."""


class StoreUnavailable(GridmapError):
    """The database is away, full, locked or damaged."""
