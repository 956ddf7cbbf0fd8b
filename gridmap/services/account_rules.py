"""What holds for every account: its name, its grants, and that somebody always keeps the accounts."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from secrets import token_hex
from typing import Any

from gridmap.domain.access import EVERYTHING, Grant, Kind, Principal, Role
from gridmap.errors import Conflict, InvalidInput, NotFound
from gridmap.services.clock import day_in
from gridmap.services.ports import Account, Act, Outcome, UnitOfWork

MAX_NAME = 64
#: Marks that a name may have beside letters and digits.
_MARKS = frozenset("._-@ ")


def normal_name(name: str) -> str:
    """Give the name of an account in the one form in which it is kept: Unicode NFKC, small letters.

    Raises
    ------
    InvalidInput
        ``account_name_bad``.
    """
    known = unicodedata.normalize("NFKC", name[: MAX_NAME * 4]).casefold().strip()
    if not 1 <= len(known) <= MAX_NAME or not all(c.isalnum() or c in _MARKS for c in known):
        raise InvalidInput("account_name_bad", most=MAX_NAME)
    return known


def new_account(
    kind: Kind,
    name: str,
    title: str,
    grants: Iterable[Grant],
    now: datetime,
    *,
    longest: int,
    password: str | None = None,
) -> Account:
    """Put an account together under an id that tells nothing; ``name`` is normal, ``password`` is what is kept of it.

    Raises
    ------
    InvalidInput
        ``account_title_bad``, ``grant_days``, ``grant_for_persons``.
    """
    require_title(title, longest)
    held = tuple(dict.fromkeys(grants))
    require_fitting(kind, held)
    return Account(f"a_{token_hex(8)}", kind, name, title, held, now, password_hash=password)


def require_title(title: str, longest: int) -> None:
    """Check how an account is shown (InvalidInput ``account_title_bad``)."""
    if len(title) > longest or any(unicodedata.category(c) in ("Cc", "Cs") for c in title):
        raise InvalidInput("account_title_bad", most=longest)


def require_fitting(kind: Kind, grants: Iterable[Grant]) -> None:
    """Check that grants have days, and that only persons keep accounts.

    Raises
    ------
    InvalidInput
        ``grant_days``, ``grant_for_persons``.
    """
    for grant in grants:
        if grant.valid_from is not None and grant.valid_to is not None and grant.valid_to <= grant.valid_from:
            raise InvalidInput("grant_days")
        if grant.role is Role.ADMINISTRATOR and kind is not Kind.PERSON:
            raise InvalidInput("grant_for_persons")


class Keeping:
    """A change after which somebody must still keep the accounts; it is committed at the end of the block."""

    def __init__(self, work: UnitOfWork, now: datetime, zone: str) -> None:
        self._work, self._now, self._zone = work, now, zone
        self._before = self._anybody()

    def __enter__(self) -> datetime:
        return self._now

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        if kind is not None:
            return
        if self._before and not self._anybody():
            raise Conflict("last_administrator")
        self._work.commit()

    def _anybody(self) -> bool:
        """Tell whether a person with a password keeps the accounts from today on without end."""
        day = day_in(self._now, self._zone)
        return any(
            account.kind is Kind.PERSON and account.disabled_at is None and account.password_hash is not None
            for account in self._work.accounts.list_accounts()
            for grant in account.grants
            if grant.role is Role.ADMINISTRATOR and grant.area == EVERYTHING
            if grant.valid_to is None and grant.holds_on(day)
        )


def act_of(by: Principal, at: datetime, action: str, subject: str, request_id: str = "", **detail: Any) -> Act:
    """Make an act of somebody."""
    return Act(at, action, Outcome.DONE, by.account_id, by.name, subject, request_id, detail)


def told(grant: Grant) -> dict[str, Any]:
    """Give what the trail says of a grant."""
    days = {"from": grant.valid_from, "to": grant.valid_to}
    found = {"role": grant.role.value, "set": grant.area.set_name, "code": grant.area.code}
    return {**found, **{name: None if day is None else day.isoformat() for name, day in days.items()}}


def account_of(work: UnitOfWork, account_id: str) -> Account:
    """Give an account (NotFound ``account_unknown``)."""
    account = work.accounts.find(account_id)
    if account is None:
        raise NotFound("account_unknown")
    return account


def person_of(work: UnitOfWork, account_id: str) -> Account:
    """Give the account of a person (NotFound ``account_unknown``, InvalidInput ``account_not_person``)."""
    account = account_of(work, account_id)
    if account.kind is not Kind.PERSON:
        raise InvalidInput("account_not_person")
    return account


def require_set(work: UnitOfWork, grant: Grant) -> None:
    """Check that the set of a grant is there, and its area in some version of it.

    Codes of a set that has no version yet are taken as they are: rights may be given before the first plan is there.

    Raises
    ------
    NotFound
        ``set_not_found``, ``grant_code_unknown``.
    """
    name, code = grant.area.set_name, grant.area.code
    if name is None:
        return
    if work.boundaries.find_set(name) is None:
        raise NotFound("set_not_found")
    if code is not None and work.boundaries.lives(name, code).empty:
        versions = work.boundaries.list_versions(name)
        drafts = (v for v in versions if not v.ever_in_force)
        if versions and all(work.boundaries.grids(v, codes=[code]).empty for v in drafts):
            raise NotFound("grant_code_unknown")
