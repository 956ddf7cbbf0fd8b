"""Accounts: who may come in, and what each may do where. Every change stands in the trail, in the same transaction."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gridmap.domain.access import Grant, Kind, Permission, Principal
from gridmap.errors import Conflict, InvalidInput, NotAllowed, NotFound
from gridmap.services import secret_words
from gridmap.services.account_rules import (
    Keeping,
    account_of,
    act_of,
    new_account,
    normal_name,
    person_of,
    require_fitting,
    require_set,
    require_title,
    told,
)
from gridmap.services.clock import day_in
from gridmap.services.passwords import Passwords, require_good
from gridmap.services.ports import Account, Clock, Store, Token, UnitOfWork
from gridmap.services.waits import MAX_NAMES, attempts_key
from gridmap.settings import Settings


@dataclass(frozen=True, slots=True)
class Made:
    """A key or a device that was made; its token is shown once and is not kept."""

    account: Account
    token: str


class Accounts:
    """What administrators do, and the command line. ``by`` needs the right to keep accounts, over everything."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, passwords: Passwords) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._passwords = passwords

    def list_accounts(self, by: Principal) -> list[Account]:
        """Give all accounts by name."""
        self.require_keeper(by)
        with self._store.unit_of_work() as work:
            return work.accounts.list_accounts()

    def find(self, by: Principal, account_id: str) -> Account:
        """Give an account (NotFound ``account_unknown``)."""
        self.require_keeper(by)
        with self._store.unit_of_work() as work:
            return account_of(work, account_id)

    def add_person(
        self,
        by: Principal,
        name: str,
        password: str,
        *,
        title: str = "",
        grants: Iterable[Grant] = (),
        request_id: str = "",
    ) -> Account:
        """Add a person who signs in with a password.

        Raises
        ------
        NotAllowed
            ``not_allowed``.
        InvalidInput
            ``account_name_bad``, ``account_title_bad``, ``password_length``, ``password_guessable``, ``grant_days``.
        TextError
            ``password_unstorable``.
        NotFound
            ``set_not_found``: of a grant.
        Conflict
            ``account_name_taken``.
        """
        self.require_keeper(by)
        known = normal_name(name)
        kept = self._passwords.hash(require_good(password, known))
        with self._store.unit_of_work() as work:
            now = self._begin(work)
            account = self._new(Kind.PERSON, known, title, grants, now, password=kept)
            self._add(work, by, account, now, request_id)
            work.commit()
        return account

    def make_key(
        self,
        by: Principal,
        name: str,
        *,
        kind: Kind = Kind.KEY,
        title: str = "",
        grants: Iterable[Grant] = (),
        expires_at: datetime | None = None,
        request_id: str = "",
    ) -> Made:
        """Make a key for a program, or with ``Kind.DEVICE`` the token of a device; the token is shown once.

        Raises
        ------
        InvalidInput
            As ``add_person``; ``grant_for_persons``: only persons keep accounts. ``expiry_past``.
        """
        self.require_keeper(by)
        known = normal_name(name)
        token, token_hash = secret_words.new_token(kind)
        with self._store.unit_of_work() as work:
            now = self._begin(work)
            if expires_at is not None and expires_at <= now:
                raise InvalidInput("expiry_past")
            account = self._new(kind, known, title, grants, now)
            self._add(work, by, account, now, request_id)
            work.accounts.add_token(Token(token_hash, account.account_id, now, expires_at))
            work.commit()
        return Made(account, token)

    def make_device(self, by: Principal, name: str, **options: Any) -> Made:
        """Make the token of a device; as ``make_key``."""
        return self.make_key(by, name, kind=Kind.DEVICE, **options)

    def renew_token(
        self, by: Principal, account_id: str, *, expires_at: datetime | None = None, request_id: str = ""
    ) -> Made:
        """Give a key or a device a new token; the former ones end at once.

        Raises
        ------
        InvalidInput
            ``account_is_person``, ``expiry_past``.
        Conflict
            ``account_disabled``.
        """
        self.require_keeper(by)
        with self._store.unit_of_work() as work:
            now = self._begin(work)
            account = account_of(work, account_id)
            if account.kind is Kind.PERSON:
                raise InvalidInput("account_is_person")
            if account.disabled_at is not None:
                raise Conflict("account_disabled")
            if expires_at is not None and expires_at <= now:
                raise InvalidInput("expiry_past")
            token, token_hash = secret_words.new_token(account.kind)
            ended = work.accounts.revoke_tokens(account_id, at=now)
            work.accounts.add_token(Token(token_hash, account_id, now, expires_at))
            work.trail.add([act_of(by, now, "token.renew", account_id, request_id, ended=ended)])
            work.commit()
        return Made(account, token)

    def grant(self, by: Principal, account_id: str, grant: Grant, *, request_id: str = "") -> Account:
        """Give an account a role in an area; one that it has already is not doubled."""
        return self._change_grants(by, account_id, "account.grant", grant, request_id)

    def revoke(self, by: Principal, account_id: str, grant: Grant, *, request_id: str = "") -> Account:
        """Take a role in an area from an account, whatever days it was for.

        Raises
        ------
        NotFound
            ``grant_not_held``.
        Conflict
            ``last_administrator``.
        """
        return self._change_grants(by, account_id, "account.revoke", grant, request_id)

    def _change_grants(self, by: Principal, account_id: str, action: str, grant: Grant, request_id: str) -> Account:
        self.require_keeper(by)
        with self._store.unit_of_work() as work, self._keeping_an_administrator(work) as now:
            account = account_of(work, account_id)
            held = list(account.grants)
            if action == "account.grant":
                require_fitting(account.kind, [grant])
                require_set(work, grant)
                held += [] if grant in held else [grant]
            else:
                held = [g for g in held if (g.role, g.area) != (grant.role, grant.area)]
                if len(held) == len(account.grants):
                    raise NotFound("grant_not_held")
            account = replace(account, grants=tuple(held))
            work.accounts.put(account)
            work.trail.add([act_of(by, now, action, account_id, request_id, **told(grant))])
        return account

    def change(
        self,
        by: Principal,
        account_id: str,
        *,
        title: str | None = None,
        grants: Iterable[Grant] | None = None,
        request_id: str = "",
    ) -> Account:
        """Give an account another title, or other grants in the place of those it has; None: it stays.

        Raises
        ------
        InvalidInput
            ``account_title_bad``, ``grant_days``, ``grant_for_persons``.
        NotFound
            ``account_unknown``, ``set_not_found``.
        Conflict
            ``last_administrator``.
        """
        self.require_keeper(by)
        with self._store.unit_of_work() as work, self._keeping_an_administrator(work) as now:
            account = account_of(work, account_id)
            title = account.title if title is None else title
            held = account.grants if grants is None else tuple(dict.fromkeys(grants))
            require_title(title, self._settings.max_text)
            require_fitting(account.kind, held)
            for grant in held:
                require_set(work, grant)
            acts = [
                *(
                    act_of(by, now, "account.revoke", account_id, request_id, **told(g))
                    for g in account.grants
                    if g not in held
                ),
                *(
                    act_of(by, now, "account.grant", account_id, request_id, **told(g))
                    for g in held
                    if g not in account.grants
                ),
            ]
            if title != account.title:
                acts.append(act_of(by, now, "account.title", account_id, request_id))
            account = replace(account, title=title, grants=held)
            if acts:
                work.accounts.put(account)
                work.trail.add(acts)
        return account

    def disable(self, by: Principal, account_id: str, *, request_id: str = "") -> Account:
        """Let nobody come in by an account any more; its tokens end at once.

        Raises
        ------
        Conflict
            ``last_administrator``.
        """
        self.require_keeper(by)
        with self._store.unit_of_work() as work, self._keeping_an_administrator(work) as now:
            account = account_of(work, account_id)
            account = replace(account, disabled_at=account.disabled_at or now)
            work.accounts.put(account)
            ended = work.accounts.revoke_tokens(account_id, at=now)
            work.trail.add([act_of(by, now, "account.disable", account_id, request_id, ended=ended)])
        return account

    def enable(self, by: Principal, account_id: str, *, request_id: str = "") -> Account:
        """Let a disabled account in again; its tokens stay ended."""
        self.require_keeper(by)
        with self._store.unit_of_work() as work, self._keeping_an_administrator(work) as now:
            account = replace(account_of(work, account_id), disabled_at=None)
            work.accounts.put(account)
            work.trail.add([act_of(by, now, "account.enable", account_id, request_id)])
        return account

    def set_password(self, by: Principal, account_id: str, password: str, *, request_id: str = "") -> Account:
        """Give a person a new password; whoever is signed in with the former one is signed out.

        Raises
        ------
        InvalidInput
            ``account_not_person``, ``password_length``, ``password_guessable``.
        """
        self.require_keeper(by)
        name = self.find(by, account_id).name
        kept = self._passwords.hash(require_good(password, name))
        with self._store.unit_of_work() as work:
            now = self._begin(work)
            account = person_of(work, account_id)
            account = replace(account, password_hash=kept)
            work.accounts.put(account)
            work.accounts.put_attempts(attempts_key(name), None, keep=MAX_NAMES)
            ended = work.accounts.revoke_tokens(account_id, at=now)
            work.trail.add([act_of(by, now, "account.password", account_id, request_id, ended=ended)])
            work.commit()
        return account

    def drop_totp(self, by: Principal, account_id: str, *, request_id: str = "") -> Account:
        """Let a person sign in without a code again, for instance when the telephone is lost."""
        self.require_keeper(by)
        with self._store.unit_of_work() as work:
            now = self._begin(work)
            account = replace(person_of(work, account_id), totp_secret=None)
            work.accounts.put(account)
            work.trail.add([act_of(by, now, "account.totp_off", account_id, request_id)])
            work.commit()
        return account

    # --- what they share

    def require_keeper(self, by: Principal) -> None:
        """Check that somebody keeps the accounts (NotAllowed ``not_allowed``)."""
        day = day_in(self._clock.now(), self._settings.time_zone)
        if not by.reach(Permission.ACCOUNTS_MANAGE, day).everywhere:
            raise NotAllowed("not_allowed")

    def _begin(self, work: UnitOfWork) -> datetime:
        work.accounts.begin_change()
        return self._clock.now()

    def _keeping_an_administrator(self, work: UnitOfWork) -> Keeping:
        return Keeping(work, self._begin(work), self._settings.time_zone)

    def _new(
        self, kind: Kind, name: str, title: str, grants: Iterable[Grant], now: datetime, password: str | None = None
    ) -> Account:
        return new_account(kind, name, title, grants, now, longest=self._settings.max_text, password=password)

    def _add(self, work: UnitOfWork, by: Principal, account: Account, now: datetime, request_id: str) -> None:
        for grant in account.grants:
            require_set(work, grant)
        work.accounts.add(account)
        grants = [told(grant) for grant in account.grants]
        added = act_of(by, now, "account.add", account.account_id, request_id, kind=account.kind.value, grants=grants)
        work.trail.add([added])
