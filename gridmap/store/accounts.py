"""Accounts with their grants and tokens, as ``services.ports`` asks for them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gridmap.domain.access import EVERYTHING, Area, Grant, Kind, Role
from gridmap.errors import Conflict, NotFound
from gridmap.services.ports import Account, Attempts, Token
from gridmap.store import columns as col
from gridmap.store.access_tables import AccountRow, AttemptRow, GrantRow, SecretRow, TokenRow
from gridmap.store.unit_of_work import Work

_ACCOUNT = tuple(f.name for f in fields(Account) if f.name != "grants")
#: What of an account may change.
_CHANGING = ("title", "disabled_at", "password_hash", "totp_secret", "totp_step", "issuer", "subject")
_TOKEN = tuple(f.name for f in fields(Token) if f.name != "account_id")
_GRANT = ("role", "set_name", "code", "valid_from", "valid_to")
_CHANGE_LOCK = 0x6163636F756E74  # "account"
#: A token with its account and a row for each of its grants. Every request asks this, so it is put together once.
_SHOWN = (
    sa.select(
        *(getattr(TokenRow, name).label(f"token_{name}") for name in _TOKEN),
        *(getattr(AccountRow, name) for name in _ACCOUNT),
        *(getattr(GrantRow, name) for name in _GRANT),
    )
    .join(AccountRow, AccountRow.id == TokenRow.owner_id)
    .outerjoin(GrantRow, GrantRow.owner_id == AccountRow.id)
    .where(TokenRow.token_hash == sa.bindparam("shown"))
    .order_by(GrantRow.id)
)


class Accounts:
    """Accounts, their grants, and the hashes of what they show."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def begin_change(self) -> None:
        """Keep others from changing accounts until this unit of work is over; what is read from here on is final."""
        self._work.begin_writing()
        if self._work.engine.dialect.name == "postgresql":
            self._work.rows(sa.select(sa.func.pg_advisory_xact_lock(_CHANGE_LOCK)))

    def add(self, account: Account) -> None:
        """Add an account (Conflict ``account_name_taken``)."""
        _require_storable(account)
        self.begin_change()
        if self.find_named(account.name) is not None:
            raise Conflict("account_name_taken")
        self._require_own_identity(account)
        row = {name: getattr(account, name) for name in _ACCOUNT}
        self._work.write(sa.insert(AccountRow).values({**row, "kind": account.kind.value}))
        self._put_grants(self._row_of(account.account_id), account.grants)

    def find(self, account_id: str) -> Account | None:
        """Give an account by its id."""
        return self._one(AccountRow.account_id == account_id) if col.is_storable(account_id) else None

    def find_named(self, name: str) -> Account | None:
        """Give an account by its name."""
        return self._one(AccountRow.name == name) if col.is_storable(name) else None

    def _one(self, where: sa.ColumnElement[bool]) -> Account | None:
        found = self._accounts(where)
        return found[0] if found else None

    def find_identity(self, issuer: str, subject: str) -> Account | None:
        """Give the account that is linked with somebody at an identity service."""
        return self._one((AccountRow.issuer == issuer) & (AccountRow.subject == subject))

    def list_accounts(self) -> list[Account]:
        """Give all accounts by name."""
        return self._accounts(sa.true())

    def _accounts(self, where: sa.ColumnElement[bool]) -> list[Account]:
        rows = self._work.rows(
            sa.select(AccountRow.id, *(getattr(AccountRow, name) for name in _ACCOUNT))
            .where(where)
            .order_by(AccountRow.name)
        )
        grants: dict[int, list[Grant]] = defaultdict(list)
        if rows:
            held = sa.select(GrantRow).join(AccountRow, AccountRow.id == GrantRow.owner_id).where(where)
            for row in self._work.rows(held.order_by(GrantRow.id)):
                grants[row.owner_id].append(_grant(row))
        return [_account(row, grants[row.id]) for row in rows]

    def any_administrator(self, now: datetime) -> bool:
        """Tell whether a person who is not disabled may keep the accounts."""
        # the day differs by zone: who is it on either day is one
        days = {(now + timedelta(hours=h)).date() for h in (-12, 14)}
        return any(
            grant.role is Role.ADMINISTRATOR and grant.area == EVERYTHING and any(grant.holds_on(d) for d in days)
            for account in self._accounts((AccountRow.kind == "person") & AccountRow.disabled_at.is_(None))
            for grant in account.grants
        )

    def put(self, account: Account) -> None:
        """Replace what is known of an account, grants included.

        Raises
        ------
        NotFound
            ``account_unknown``.
        Conflict
            ``identity_taken``.
        """
        _require_storable(account)
        self.begin_change()
        owner = self._row_of(account.account_id)
        self._require_own_identity(account)
        values = {name: getattr(account, name) for name in _CHANGING}
        self._work.write(sa.update(AccountRow).where(AccountRow.id == owner).values(values))
        former = self.find(account.account_id)
        if former is not None and former.grants != account.grants:
            self._work.write(sa.delete(GrantRow).where(GrantRow.owner_id == owner))
            self._put_grants(owner, account.grants)

    def _require_own_identity(self, account: Account) -> None:
        if account.issuer is None or account.subject is None:
            return
        holder = self.find_identity(account.issuer, account.subject)
        if holder is not None and holder.account_id != account.account_id:
            raise Conflict("identity_taken")

    def _row_of(self, account_id: str) -> int:
        rows = self._work.rows(sa.select(AccountRow.id).where(AccountRow.account_id == account_id))
        if not rows:
            raise NotFound("account_unknown")
        return int(rows[0].id)

    def _put_grants(self, owner: int, grants: Sequence[Grant]) -> None:
        rows = [
            {
                "owner_id": owner, "role": grant.role.value, "set_name": grant.area.set_name, "code": grant.area.code,
                "valid_from": grant.valid_from, "valid_to": grant.valid_to,
            }
            for grant in grants
        ]  # fmt: skip
        if rows:
            self._work.write(sa.insert(GrantRow), rows)

    def add_token(self, token: Token) -> None:
        """Keep a token of an account (NotFound ``account_unknown``)."""
        row = {name: getattr(token, name) for name in _TOKEN}
        self._work.begin_writing()
        self._work.write(sa.insert(TokenRow).values(owner_id=self._row_of(token.account_id), **row))

    def find_token(self, token_hash: str) -> tuple[Token, Account] | None:
        """Give a token, good or not, and whose it is."""
        rows = self._work.rows(_SHOWN, {"shown": token_hash})
        if not rows:
            return None
        first = rows[0]
        token = Token(account_id=first.account_id, **{name: getattr(first, f"token_{name}") for name in _TOKEN})
        return token, _account(first, [_grant(row) for row in rows if row.role is not None])

    def tokens_of(self, account_id: str) -> list[Token]:
        """Give the tokens of an account, good or not, oldest first."""
        rows = self._work.rows(self._tokens().where(AccountRow.account_id == account_id).order_by(TokenRow.id))
        return [Token(**row._mapping) for row in rows]

    def _tokens(self) -> sa.Select[Any]:
        columns = (getattr(TokenRow, name) for name in _TOKEN)
        return sa.select(AccountRow.account_id, *columns).join(AccountRow, AccountRow.id == TokenRow.owner_id)

    def touch_token(self, token_hash: str, *, seen_at: datetime, expires_at: datetime | None) -> None:
        """Note that a token was shown, and until when it now holds."""
        where = sa.update(TokenRow).where(TokenRow.token_hash == token_hash)
        self._work.write(where.values(seen_at=seen_at, expires_at=expires_at))

    def revoke_token(self, token_hash: str, *, at: datetime) -> None:
        """End a token; one that was ended stays as it is."""
        where = (TokenRow.token_hash == token_hash, TokenRow.revoked_at.is_(None))
        self._work.write(sa.update(TokenRow).where(*where).values(revoked_at=at))

    def revoke_tokens(self, account_id: str, *, at: datetime) -> int:
        """Revoke all tokens of an account; give how many still were good."""
        self._work.begin_writing()
        good = sum(token.holds_at(at) for token in self.tokens_of(account_id))
        owner = sa.select(AccountRow.id).where(AccountRow.account_id == account_id).scalar_subquery()
        where = (TokenRow.owner_id == owner, TokenRow.revoked_at.is_(None))
        self._work.write(sa.update(TokenRow).where(*where).values(revoked_at=at))
        return good

    def forget_tokens(self, account_id: str, before: datetime) -> int:
        """Forget tokens of an account that ended, by time or by being revoked, before a time; give how many."""
        ended = sa.or_(TokenRow.expires_at < before, TokenRow.revoked_at < before)
        where = (TokenRow.owner_id == self._row_of(account_id), ended)
        return int(self._work.write(sa.delete(TokenRow).where(*where)).rowcount)

    def get_secret(self, name: str) -> str | None:
        """Give a small secret of the service, if there is one."""
        rows = self._work.rows(sa.select(SecretRow.value).where(SecretRow.name == name))
        return str(rows[0].value) if rows else None

    def put_secret(self, name: str, value: str | None) -> None:
        """Keep a small secret of the service, or with None forget it."""
        self.begin_change()
        self._work.write(sa.delete(SecretRow).where(SecretRow.name == name))
        if value is not None:
            self._work.write(sa.insert(SecretRow).values(name=name, value=value))

    def find_attempts(self, key: str) -> Attempts | None:
        """Give the failed attempts under a name, by the hash of the name."""
        rows = self._work.rows(sa.select(AttemptRow.failures, AttemptRow.last_at).where(AttemptRow.key == key))
        return Attempts(rows[0].failures, rows[0].last_at) if rows else None

    def put_attempts(self, key: str, attempts: Attempts | None, *, keep: int) -> None:
        """Keep the failed attempts under a name, or with None forget them; of all names, the ``keep`` latest stay."""
        self.begin_change()
        self._work.write(sa.delete(AttemptRow).where(AttemptRow.key == key))
        if attempts is not None:
            row = {"key": key, "failures": attempts.failures, "last_at": attempts.last_at}
            self._work.write(sa.insert(AttemptRow).values(row))
        newest = (AttemptRow.last_at.desc(), AttemptRow.id.desc())
        surplus = self._work.rows(sa.select(AttemptRow.id).order_by(*newest).offset(keep))
        if surplus:
            self._work.write(sa.delete(AttemptRow).where(AttemptRow.id.in_([row.id for row in surplus])))


def _grant(row: Any) -> Grant:
    return Grant(Role(row.role), Area(row.set_name, row.code), row.valid_from, row.valid_to)


def _account(row: Any, grants: Sequence[Grant]) -> Account:
    values = {name: getattr(row, name) for name in _ACCOUNT}
    return Account(**{**values, "kind": Kind(row.kind)}, grants=tuple(grants))


def _require_storable(account: Account) -> None:
    col.require_storable("name", [account.name])
    col.require_storable("title", [account.title])
    col.require_storable("identity", [account.issuer or "", account.subject or ""])
    areas = [grant.area for grant in account.grants]
    col.require_storable("area", [text or "" for area in areas for text in (area.set_name, area.code)])
