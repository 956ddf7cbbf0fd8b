"""Accounts, their tokens, and the trail of who did what, as the use cases ask for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gridmap.domain.access import Grant, Kind
from gridmap.domain.trail import Act, Entry


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody, or some program or device, that signs in.

    ``name`` is what a person types, or what a key or a device is called: no other account has or had it. ``title`` is
    how it is shown. ``password_hash`` and ``totp_secret`` are for persons; neither is ever shown or logged.
    ``totp_step`` is the last step of time whose code was used, so that none is taken twice. ``issuer`` and ``subject``
    say who it is at an identity service of the city, for life; no two accounts are the same one there.
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
    totp_step: int = 0
    issuer: str | None = None
    subject: str | None = None


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


@dataclass(frozen=True, slots=True)
class Attempts:
    """Failed attempts to sign in under one name in a row, whether there is such an account or not."""

    failures: int
    last_at: datetime


class AccountRepository(Protocol):
    """Accounts with their grants and tokens. An account is never deleted: the trail names it."""

    def begin_change(self) -> None:
        """Keep others from changing accounts until this unit of work is over; what is read from here on is final."""
        ...

    def add(self, account: Account) -> None:
        """Add an account.

        Raises
        ------
        Conflict
            ``account_name_taken``, ``identity_taken``.
        TextError
            ``text_unstorable``.
        """
        ...

    def find(self, account_id: str) -> Account | None: ...
    def find_named(self, name: str) -> Account | None: ...
    def find_identity(self, issuer: str, subject: str) -> Account | None:
        """Give the account that is linked with somebody at an identity service."""
        ...

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
        Conflict
            ``identity_taken``.
        """
        ...

    def add_token(self, token: Token) -> None: ...
    def find_token(self, token_hash: str) -> tuple[Token, Account] | None:
        """Give a token, good or not, and whose it is."""
        ...

    def tokens_of(self, account_id: str) -> list[Token]:
        """Give the tokens of an account, good or not, oldest first."""
        ...

    def touch_token(self, token_hash: str, *, seen_at: datetime, expires_at: datetime | None) -> None: ...
    def revoke_token(self, token_hash: str, *, at: datetime) -> None: ...
    def revoke_tokens(self, account_id: str, *, at: datetime) -> int:
        """Revoke all tokens of an account; give how many still were good."""
        ...

    def forget_tokens(self, account_id: str, before: datetime) -> int:
        """Forget tokens of an account that ended, by time or by being revoked, before a time; give how many."""
        ...

    def get_secret(self, name: str) -> str | None:
        """Give a small secret of the service (the hash of the set-up code), if there is one."""
        ...

    def put_secret(self, name: str, value: str | None) -> None:
        """Keep a small secret of the service, or with None forget it."""
        ...

    def find_attempts(self, key: str) -> Attempts | None:
        """Give the failed attempts under a name, by the hash of the name."""
        ...

    def put_attempts(self, key: str, attempts: Attempts | None, *, keep: int) -> None:
        """Keep the failed attempts under a name, or with None forget them; of all names, the ``keep`` latest stay."""
        ...


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


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that was answered, and how, so that the same request again gets the same answer and does nothing."""

    account_id: str
    key: str
    route: str
    request_hash: str
    status: int
    body: str
    at: datetime


class IdempotencyRepository(Protocol):
    """Answers by the key that the caller chose for a request; each caller (``""``: nobody by name) has its own keys."""

    def find(self, account_id: str, key: str) -> Answered | None: ...
    def add(self, answered: Answered) -> None:
        """Keep an answer, in the transaction of what it tells of.

        Another one with the same key that is not yet over is waited for.

        Raises
        ------
        Conflict
            ``idempotency_key_taken``.
        TextError
            ``text_unstorable``.
        """
        ...

    def forget_before(self, at: datetime) -> int:
        """Forget older answers; give how many."""
        ...
