"""Accounts, their tokens, and the trail of who did what, as the use cases ask for them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from gridmap.domain.access import Grant, Kind


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody, or some program or device, that signs in.

    ``name`` is what a person types, or what a key or a device is called: no other account has or had it. ``title`` is
    how it is shown. ``password_hash`` and ``totp_secret`` are for persons; neither is ever shown or logged.
    """

    account_id: str
    kind: Kind
    name: str
    title: str = ""
    grants: tuple[Grant, ...] = ()
    created_at: datetime | None = None
    disabled_at: datetime | None = None
    password_hash: str | None = field(default=None, repr=False)
    totp_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """What a caller shows instead of a password: a session, a key, the token of a device. Only its hash is stored."""

    token_hash: str = field(repr=False)
    account_id: str
    begun_at: datetime
    expires_at: datetime | None = None
    seen_at: datetime | None = None
    revoked_at: datetime | None = None

    def holds_at(self, now: datetime) -> bool:
        """Tell whether the token is good at a time."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class AccountRepository(Protocol):
    """Accounts with their grants and tokens. An account is never deleted: the trail names it."""

    def add(self, account: Account) -> None:
        """Add an account.

        Raises
        ------
        Conflict
            ``account_name_taken``.
        """
        ...

    def find(self, account_id: str) -> Account | None: ...
    def find_named(self, name: str) -> Account | None: ...
    def list_accounts(self) -> list[Account]:
        """Give all accounts by name."""
        ...

    def any_administrator(self, now: datetime) -> bool:
        """Tell whether a person who is not disabled may keep the accounts."""
        ...

    def put(self, account: Account) -> None:
        """Replace what is known of an account, grants included; its id, kind, name and birth stay.

        Raises
        ------
        NotFound
            ``account_unknown``.
        """
        ...

    def add_token(self, token: Token) -> None: ...
    def find_token(self, token_hash: str) -> tuple[Token, Account] | None:
        """Give a token, good or not, and whose it is."""
        ...

    def touch_token(self, token_hash: str, *, seen_at: datetime, expires_at: datetime | None) -> None: ...
    def revoke_token(self, token_hash: str, *, at: datetime) -> None: ...
    def revoke_tokens(self, account_id: str, *, at: datetime) -> int:
        """Revoke all tokens of an account; give how many still were good."""
        ...

    def get_secret(self, name: str) -> str | None:
        """Give a small secret of the service (the hash of the set-up code), if there is one."""
        ...

    def put_secret(self, name: str, value: str | None) -> None:
        """Keep a small secret of the service, or with None forget it."""
        ...


class Outcome(StrEnum):
    """How an act ended."""

    DONE = "done"
    DENIED = "denied"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Act:
    """Who did what when. ``detail`` holds counts, codes, numbers and names of fields; never what people wrote."""

    at: datetime
    action: str
    outcome: Outcome = Outcome.DONE
    actor_id: str | None = None
    actor: str = ""
    subject: str = ""
    request_id: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """An act as it stands in the trail: numbered without a hole, its hash made of its content and the hash before."""

    number: int
    act: Act
    hash: str


class TrailRepository(Protocol):
    """The trail: entries are added in the transaction of what they tell of, and never change."""

    def add(self, acts: Sequence[Act]) -> Entry:
        """Add acts in this order; give the last entry. Others who add wait until this unit of work is over."""
        ...

    def head(self) -> tuple[int, str]:
        """Give the number and the hash of the last entry; 0 and the hash of nothing where there is none."""
        ...

    def entries(self, *, after: int = 0, limit: int | None = None) -> Iterator[Entry]:
        """Give the entries after a number, in order."""
        ...

    def page(self, *, before: int | None, limit: int, actor_id: str | None, action: str | None) -> list[Entry]:
        """Give up to ``limit`` entries, newest first, of one account or one action where these are named."""
        ...
