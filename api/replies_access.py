"""What the routes of sessions, accounts and the trail give."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from api.replies import Out
from gridmap.domain.access import Grant, Kind, Permission, Role
from gridmap.services.ports import Account, Entry


class GrantOut(Out):
    """A role in an area: in everything, in a set, or in an area of a set with all below it."""

    role: Role
    set: str | None = Field(description="null: everything")
    code: str | None = Field(description="null: the whole set")
    valid_from: date | None
    valid_to: date | None = Field(description="first day after; null: no end")

    @classmethod
    def of(cls, grant: Grant) -> "GrantOut":
        """Give the grant of the domain as an answer."""
        area = grant.area
        return cls(
            role=grant.role,
            set=area.set_name,
            code=area.code,
            valid_from=grant.valid_from,
            valid_to=grant.valid_to,
        )


class AccountOut(Out):
    """An account; nothing of its secrets."""

    account: str = Field(description="its id")
    kind: Kind
    name: str
    title: str
    grants: list[GrantOut]
    totp: bool = Field(description="signs in with an authenticator as well")
    issuer: str | None = Field(description="identity service by which the person comes in as well")
    subject: str | None = Field(description="who the person is there")
    created_at: datetime | None
    disabled_at: datetime | None

    @classmethod
    def of(cls, account: Account) -> "AccountOut":
        """Give the account as an answer."""
        return cls(
            account=account.account_id,
            kind=account.kind,
            name=account.name,
            title=account.title,
            grants=[GrantOut.of(grant) for grant in account.grants],
            totp=account.totp_secret is not None,
            issuer=account.issuer,
            subject=account.subject,
            created_at=account.created_at,
            disabled_at=account.disabled_at,
        )


class SessionAnswer(Out):
    """Who asks, and how one comes in."""

    access: Literal["open", "accounts"] = Field(description="open: nobody signs in, and everybody may do everything")
    set_up_needed: bool = Field(description="there is no administrator yet")
    account: AccountOut | None = Field(description="null: nobody signed in")
    permissions: list[Permission] = Field(description="what may be done somewhere, today")
    sso: str | None = Field(description="what the identity service is called; null: one signs in only here")
    time_zone: str


class DoneAnswer(Out):
    """It is done."""

    done: Literal[True] = True


class SsoAnswer(Out):
    """Where the browser goes to sign in."""

    address: str


class TotpAnswer(Out):
    """What an authenticator needs; it counts once a code of it was shown."""

    secret: str
    uri: str


class AccountsAnswer(Out):
    """All accounts by name."""

    accounts: list[AccountOut]


class AccountAnswer(Out):
    """An account and, this once, what it shows to come in."""

    account: AccountOut
    secret: str | None = Field(description="token of a key or device, or first password of a person: shown only here")


class EntryOut(Out):
    """Who did what when."""

    number: int
    at: datetime
    action: str
    outcome: Literal["done", "denied", "failed"]
    actor_id: str | None
    actor: str
    subject: str
    request_id: str
    detail: Mapping[str, Any]
    hash: str

    @classmethod
    def of(cls, entry: Entry) -> "EntryOut":
        """Give the entry of the trail as an answer."""
        act = entry.act
        return cls(
            number=entry.number,
            at=act.at,
            action=act.action,
            outcome=act.outcome.value,
            actor_id=act.actor_id,
            actor=act.actor,
            subject=act.subject,
            request_id=act.request_id,
            detail=act.detail,
            hash=entry.hash,
        )


class TrailAnswer(Out):
    """A page of the trail, newest first."""

    entries: list[EntryOut]
    next_before: int | None = Field(description="where the next page begins; null: this is the last one")


class TrailFaultOut(Out):
    """Something that is wrong with the trail."""

    rule: str
    message: str


class TrailCheckAnswer(Out):
    """Whether the trail is whole, from its first entry to its last."""

    entries: int
    whole: bool
    faults: list[TrailFaultOut] = Field(description="what is wrong with it, the first hundred")
    hash: str = Field(description="of the last entry; compare it with one that was anchored outside")
