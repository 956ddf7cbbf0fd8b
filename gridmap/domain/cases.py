"""A case: what may be done with it, by whom, and what became of it. The record is the truth; it tells the status.

The loop is 发现 > 立案 > 派遣 > 处置 > 核查 > 结案. Supervision files, verifies and closes; command dispatches; whoever
handled a case never verifies it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from gridmap.domain.access import Role
from gridmap.errors import Conflict, InvalidInput


class CaseStatus(StrEnum):
    """Where a case stands."""

    REPORTED = "reported"
    FILED = "filed"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    HANDLED = "handled"
    VERIFIED = "verified"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    REJECTED = "rejected"
    MERGED = "merged"


class Act(StrEnum):
    """What somebody does with a case.

    ``return_``: whoever was sent says that it is not theirs. ``rework``: what was handled does not hold. ``join``:
    another one handles it too. ``whistle``: a street calls departments together. ``appeal``: whoever was late says that
    it was not theirs to prevent; two people have to ``grant`` it, one to ``refuse`` it.
    """

    REPORT = "report"
    FILE = "file"
    REJECT = "reject"
    DISPATCH = "dispatch"
    ACCEPT = "accept"
    RETURN = "return"
    HANDLE = "handle"
    VERIFY = "verify"
    REWORK = "rework"
    CLOSE = "close"
    REOPEN = "reopen"
    SUSPEND = "suspend"
    RESUME = "resume"
    EXTEND = "extend"
    APPEAL = "appeal"
    GRANT = "grant"
    REFUSE = "refuse"
    JOIN = "join"
    WHISTLE = "whistle"
    MERGE = "merge"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Transition:
    """What an act makes of a case.

    Attributes
    ----------
    to : CaseStatus or None
        None: it stays where it is.
    roles : frozenset of Role
        Who may do it.
    reason : bool
        It says why.
    assignee : bool
        Only whoever the case was sent to may do it.
    outsider : bool
        Nobody who handled the case, or answers for whom it was sent to, may do it.
    names : bool
        It names a unit, a department or another case.
    """

    to: CaseStatus | None
    roles: frozenset[Role]
    reason: bool = False
    assignee: bool = False
    outsider: bool = False
    names: bool = False


_COMMAND = frozenset({Role.DISPATCHER})
_SUPERVISION = frozenset({Role.SUPERVISOR})
_DESK = _COMMAND | _SUPERVISION
_HANDLER = frozenset({Role.FIELD, Role.DISPATCHER})
_ALL = _DESK | {Role.FIELD}
_S = CaseStatus
#: Where something is still to be done.
OPEN = (_S.REPORTED, _S.FILED, _S.DISPATCHED, _S.HANDLING, _S.HANDLED, _S.VERIFIED, _S.SUSPENDED)
_AT_WORK = (_S.DISPATCHED, _S.HANDLING)

#: The most extensions of one case, how often it may be suspended, and how many have to grant an appeal.
EXTENSIONS, SUSPENSIONS, GRANTS = 2, 1, 2


def _table() -> dict[tuple[CaseStatus, Act], Transition]:
    found = {
        (_S.REPORTED, Act.FILE): Transition(_S.FILED, _SUPERVISION),
        (_S.REPORTED, Act.REJECT): Transition(_S.REJECTED, _SUPERVISION, reason=True),
        (_S.FILED, Act.DISPATCH): Transition(_S.DISPATCHED, _COMMAND, names=True),
        (_S.FILED, Act.REJECT): Transition(_S.REJECTED, _SUPERVISION, reason=True),
        (_S.DISPATCHED, Act.DISPATCH): Transition(_S.DISPATCHED, _COMMAND, reason=True, names=True),
        (_S.DISPATCHED, Act.ACCEPT): Transition(_S.HANDLING, _HANDLER, assignee=True),
        (_S.DISPATCHED, Act.RETURN): Transition(_S.FILED, _HANDLER, reason=True, assignee=True),
        (_S.HANDLING, Act.RETURN): Transition(_S.FILED, _HANDLER, reason=True, assignee=True),
        (_S.HANDLING, Act.HANDLE): Transition(_S.HANDLED, _HANDLER, reason=True, assignee=True),
        (_S.HANDLED, Act.VERIFY): Transition(_S.VERIFIED, _SUPERVISION, outsider=True),
        (_S.HANDLED, Act.REWORK): Transition(_S.HANDLING, _SUPERVISION, reason=True, outsider=True),
        (_S.VERIFIED, Act.CLOSE): Transition(_S.CLOSED, _SUPERVISION, outsider=True),
        (_S.VERIFIED, Act.REWORK): Transition(_S.HANDLING, _SUPERVISION, reason=True, outsider=True),
        (_S.CLOSED, Act.REOPEN): Transition(_S.FILED, _SUPERVISION, reason=True),
        (_S.REJECTED, Act.REOPEN): Transition(_S.REPORTED, _SUPERVISION, reason=True),
        (_S.CLOSED, Act.APPEAL): Transition(None, _HANDLER, reason=True, assignee=True),
        (_S.CLOSED, Act.GRANT): Transition(None, _SUPERVISION, outsider=True),
        (_S.CLOSED, Act.REFUSE): Transition(None, _SUPERVISION, reason=True, outsider=True),
    }
    for status in _AT_WORK:
        found[status, Act.SUSPEND] = Transition(_S.SUSPENDED, _COMMAND, reason=True)
        found[status, Act.EXTEND] = Transition(None, _COMMAND, reason=True)
        found[status, Act.JOIN] = Transition(None, _COMMAND, names=True)
        found[status, Act.WHISTLE] = Transition(None, _DESK, reason=True, names=True)
    found[_S.SUSPENDED, Act.RESUME] = Transition(None, _COMMAND)
    for status in (_S.REPORTED, _S.FILED, _S.DISPATCHED, _S.HANDLING):
        found[status, Act.MERGE] = Transition(_S.MERGED, _DESK, names=True)
    for status in OPEN:
        found[status, Act.NOTE] = Transition(None, _ALL, reason=True)
    return found


#: What may be done in which status; what is not here is not possible.
TRANSITIONS: Mapping[tuple[CaseStatus, Act], Transition] = _table()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record of a case.

    Attributes
    ----------
    act : Act
    by : str
        The account.
    role : Role
        In which it was done.
    at : datetime
        With its offset.
    reason : str
    names : str
        The unit or department it was sent to or that joins, or the case it was merged into.
    """

    act: Act
    by: str
    role: Role
    at: datetime
    reason: str = ""
    names: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the record of a case says.

    ``version`` counts its lines: a timer is armed for one version, and dies with it. ``before`` is the status that a
    suspended case returns to. ``handlers`` are all accounts that ever accepted or handled it.
    """

    status: CaseStatus
    version: int = 1
    assignee: str = ""
    joined: frozenset[str] = frozenset()
    handlers: frozenset[str] = frozenset()
    extensions: int = 0
    suspensions: int = 0
    reworks: int = 0
    returns: int = 0
    appealed: bool = False
    granted_by: frozenset[str] = frozenset()
    refused: bool = False
    before: CaseStatus | None = None
    merged_into: str = ""
    last_at: datetime | None = None

    @property
    def appeal_granted(self) -> bool:
        """It is left out of rates; what happened stays in the record."""
        return len(self.granted_by) >= GRANTS

    @property
    def is_open(self) -> bool:
        """Something is still to be done."""
        return self.status in OPEN


def allowed(status: CaseStatus, role: Role | None = None) -> tuple[Act, ...]:
    """Give what may be done in a status, in the order of ``Act``; with a role only what that role may do."""
    return tuple(
        act
        for act in Act
        if (found := TRANSITIONS.get((status, act))) is not None and (role is None or role in found.roles)
    )


def advance(standing: Standing | None, entry: Entry, units: Iterable[str] = ()) -> Standing:
    """Do one act.

    Parameters
    ----------
    standing : Standing or None
        None: there is no case yet, and the act is ``report``.
    units : iterable of str
        The units and departments that the account answers for; the account itself is one of them.

    Raises
    ------
    Conflict
        ``illegal_transition`` with what may be done now; ``not_assigned``: it was sent to somebody else;
        ``handler_verifies``, ``extensions_used``, ``suspensions_used``, ``appealed_before``.
    InvalidInput
        ``case_reason_missing``, ``case_name_missing``, ``case_time_backwards``.
    """
    if standing is None:
        if entry.act is not Act.REPORT:
            raise Conflict("illegal_transition", status="-", allowed=Act.REPORT.value)
        return Standing(CaseStatus.REPORTED, last_at=entry.at)
    rule = TRANSITIONS.get((standing.status, entry.act))
    if rule is None or entry.role not in rule.roles:
        now = ", ".join(allowed(standing.status, entry.role)) or "-"
        raise Conflict("illegal_transition", status=standing.status.value, allowed=now)
    if rule.reason and not entry.reason.strip():
        raise InvalidInput("case_reason_missing")
    if rule.names and not entry.names.strip():
        raise InvalidInput("case_name_missing")
    if standing.last_at is not None and entry.at < standing.last_at:
        raise InvalidInput("case_time_backwards")
    mine = {entry.by, *units}
    if rule.assignee and not mine & {standing.assignee, *standing.joined}:
        raise Conflict("not_assigned")
    if rule.outsider and mine & {*standing.handlers, standing.assignee, *standing.joined}:
        raise Conflict("handler_verifies")
    left = {"status": rule.to or standing.status, "version": standing.version + 1, "last_at": entry.at}
    return replace(standing, **{**left, **_left_by(standing, entry)})


def _left_by(old: Standing, entry: Entry) -> Mapping[str, Any]:
    """Give what an act leaves beside the status."""
    match entry.act:
        case Act.DISPATCH:
            return {"assignee": entry.names, "joined": frozenset()}
        case Act.ACCEPT | Act.HANDLE:
            return {"handlers": old.handlers | {entry.by}}
        case Act.RETURN:
            return {"assignee": "", "joined": frozenset(), "returns": old.returns + 1}
        case Act.REWORK:
            return {"reworks": old.reworks + 1}
        case Act.REOPEN:
            return {"assignee": "", "joined": frozenset()}
        case Act.JOIN | Act.WHISTLE:
            return {"joined": old.joined | {entry.names}}
        case Act.MERGE:
            return {"merged_into": entry.names}
        case Act.EXTEND:
            _require(old.extensions < EXTENSIONS, "extensions_used", EXTENSIONS)
            return {"extensions": old.extensions + 1}
        case Act.SUSPEND:
            _require(old.suspensions < SUSPENSIONS, "suspensions_used", SUSPENSIONS)
            return {"suspensions": old.suspensions + 1, "before": old.status}
        case Act.RESUME:
            assert old.before is not None
            return {"status": old.before, "before": None}
        case Act.APPEAL:
            _require(not old.appealed, "appealed_before", 1)
            return {"appealed": True}
        case Act.GRANT:
            _require(old.appealed and not old.refused and not old.appeal_granted, "appeal_not_open", 1)
            _require(entry.by not in old.granted_by, "appeal_second_person", GRANTS)
            return {"granted_by": old.granted_by | {entry.by}}
        case Act.REFUSE:
            _require(old.appealed and not old.refused and not old.appeal_granted, "appeal_not_open", 1)
            return {"refused": True}
    return {}


def _require(holds: bool, code: str, limit: int) -> None:
    if not holds:
        raise Conflict(code, limit=limit)


def history_of(record: Sequence[Entry]) -> list[Standing]:
    """Read where a case stood after each line of its record, each line by the rules (errors as of ``advance``).

    What an account answers for may have changed since, so that only its own name is asked here; a line that was let in
    by its unit is let in again.
    """
    found: list[Standing] = []
    standing: Standing | None = None
    for entry in record:
        answers_for = (standing.assignee, *standing.joined) if standing is not None else ()
        standing = advance(standing, entry, answers_for if _needs_unit(standing, entry) else ())
        found.append(standing)
    return found


def standing_of(record: Sequence[Entry]) -> Standing:
    """Read where a case stands from its whole record; see ``history_of``."""
    found = history_of(record)
    if not found:
        raise InvalidInput("case_empty")
    return found[-1]


def _needs_unit(standing: Standing | None, entry: Entry) -> bool:
    rule = TRANSITIONS.get((standing.status, entry.act)) if standing is not None else None
    return rule is not None and rule.assignee
