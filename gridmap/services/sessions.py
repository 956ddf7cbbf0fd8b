"""Signing in and out, and finding out who shows a token.

A name is let in by a password, and where its person wants that, a code of an authenticator beside it.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gridmap.domain.access import Kind, Principal
from gridmap.errors import InvalidInput, NotAllowed, NotSignedIn, StoreUnavailable, TextError
from gridmap.services import secret_words
from gridmap.services.account_rules import act_of, normal_name
from gridmap.services.passwords import Passwords, normal, require_good
from gridmap.services.ports import Account, Clock, Store, Token, UnitOfWork
from gridmap.services.sealed import Sealer
from gridmap.services.waits import Waits, attempts_key
from gridmap.settings import Settings

log = logging.getLogger("gridmap.access")

#: How often it is noted at most that a token was shown.
_NOTED_EVERY = timedelta(minutes=1)
#: For how long a session is kept that has ended; the trail tells of it for ever.
_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session; its token is given once and is not kept. ``expires_at``: when it ends even if it is in use."""

    principal: Principal
    token: str
    expires_at: datetime


def principal_of(account: Account) -> Principal:
    """Give who asks when an account does."""
    return Principal(account.account_id, account.name, account.kind, account.grants)


class Sessions:
    """What anybody may do about themselves."""

    def __init__(
        self, store: Store, clock: Clock, settings: Settings, passwords: Passwords, waits: Waits, sealer: Sealer
    ) -> None:
        self._store = store
        self._clock = clock
        self._passwords = passwords
        self._idle = timedelta(seconds=settings.session_idle_s)
        self._longest = timedelta(seconds=settings.session_max_s)
        self._waits = waits
        self._sealer = sealer

    def sign_in(self, name: str, password: str, code: str | None = None, *, request_id: str = "") -> SignedIn:
        """Begin a session.

        Raises
        ------
        NotSignedIn
            ``sign_in_failed``: unknown, disabled, or wrong, all alike. ``code_needed``: right, but the account wants
            a code as well.
        TooManyRequests
            ``sign_in_wait``, ``sign_in_busy``.
        """
        return self._sign_in(name, password, code, None, request_id)

    def change_password(
        self, by: Principal, password: str, new: str, code: str | None = None, *, request_id: str = ""
    ) -> SignedIn:
        """Change one's own password; all sessions end, and a new one begins.

        Raises
        ------
        NotSignedIn, TooManyRequests
            As ``sign_in``.
        InvalidInput, TextError
            As ``passwords.require_good``.
        """
        kept = self._passwords.hash(require_good(new, by.name))
        return self._sign_in(by.name, password, code, kept, request_id)

    def _sign_in(self, name: str, password: str, code: str | None, kept: str | None, request_id: str) -> SignedIn:
        key = attempts_key(name)
        with self._store.unit_of_work() as work:
            self._waits.require_none(work, key)
            asked = _usable(work, name)
        try:
            good = self._passwords.check(password, None if asked is None else asked.password_hash)
        except (InvalidInput, TextError):
            good = False
        renewed = kept
        if good and asked is not None and kept is None and self._passwords.outdated(asked.password_hash or ""):
            renewed = self._passwords.hash(normal(password))
        with self._store.unit_of_work() as work:
            work.accounts.begin_change()
            # of many guesses at once one is answered
            now = self._waits.require_none(work, key)
            account = _usable(work, name)
            if not good or account is None or asked is None or account.password_hash != asked.password_hash:
                raise self._waits.failed(work, key, asked, now, request_id)
            if account.totp_secret is not None:
                if not code:
                    raise NotSignedIn("code_needed")
                secret = self._sealer.open(account.totp_secret, account.account_id)
                step = secret_words.totp_step(secret, code, now, after=account.totp_step)
                if step is None:
                    raise self._waits.failed(work, key, account, now, request_id)
                # also one that was stored before there was a key
                sealed = self._sealer.seal(secret, account.account_id)
                account = replace(account, totp_secret=sealed, totp_step=step)
            account = replace(account, password_hash=renewed or account.password_hash)
            who = principal_of(account)
            work.accounts.put(account)
            self._waits.forget(work, key)
            acts = []
            if kept is not None:
                ended = work.accounts.revoke_tokens(account.account_id, at=now)
                acts.append(act_of(who, now, "account.password", account.account_id, request_id, ended=ended))
            signed_in = self._begin(work, account, now)
            work.trail.add([*acts, act_of(who, now, "session.begin", account.account_id, request_id)])
            work.commit()
        return signed_in

    def sign_in_as(self, issuer: str, subject: str, *, request_id: str = "") -> SignedIn:
        """Begin a session of whom an identity service vouches for; it asked for whatever else it wanted to see.

        Raises
        ------
        NotAllowed
            ``identity_unknown``: linked with no account, or with a disabled one.
        """
        with self._store.unit_of_work() as work:
            work.accounts.begin_change()
            now = self._clock.now()
            account = work.accounts.find_identity(issuer, subject)
            if account is None or account.kind is not Kind.PERSON or account.disabled_at is not None:
                raise NotAllowed("identity_unknown")
            signed_in = self._begin(work, account, now)
            work.trail.add(
                [act_of(signed_in.principal, now, "session.begin", account.account_id, request_id, way="oidc")]
            )
            work.commit()
        return signed_in

    def _begin(self, work: UnitOfWork, account: Account, now: datetime) -> SignedIn:
        """Make the token of a session."""
        work.accounts.forget_tokens(account.account_id, now - _KEPT)
        token, token_hash = secret_words.new_token(Kind.PERSON)
        work.accounts.add_token(Token(token_hash, account.account_id, now, now + min(self._idle, self._longest), now))
        return SignedIn(principal_of(account), token, now + self._longest)

    def sign_out(self, token: str, *, request_id: str = "") -> None:
        """End a session; what is no session, or was ended, is left as it is."""
        if secret_words.kind_of(token) is not Kind.PERSON:
            return
        token_hash = secret_words.hash_of(token)
        with self._store.unit_of_work() as work:
            work.accounts.begin_change()
            now = self._clock.now()
            found = work.accounts.find_token(token_hash)
            if found is None or not found[0].holds_at(now):
                return
            work.accounts.revoke_token(token_hash, at=now)
            work.trail.add([act_of(principal_of(found[1]), now, "session.end", found[1].account_id, request_id)])
            work.commit()

    def sign_out_everywhere(self, by: Principal, *, request_id: str = "") -> int:
        """End all sessions of one's own; give how many."""
        if by.account_id is None:
            return 0
        with self._store.unit_of_work() as work:
            work.accounts.begin_change()
            now = self._clock.now()
            ended = work.accounts.revoke_tokens(by.account_id, at=now)
            work.trail.add([act_of(by, now, "session.end", by.account_id, request_id, ended=ended)])
            work.commit()
        return ended

    def find_principal(self, token: str) -> Principal | None:
        """Give whose a token is; None where it is not, or no longer, good.

        A session lasts while it is used. That it was is noted once a minute; where the store cannot be written, it
        lasts as long as it did before.
        """
        if secret_words.kind_of(token) is None:
            return None
        token_hash, now = secret_words.hash_of(token), self._clock.now()
        with self._store.unit_of_work() as work:
            found = work.accounts.find_token(token_hash)
        if found is None:
            return None
        shown, account = found
        if not shown.holds_at(now) or account.disabled_at is not None or shown.begun_at > now + self._idle:
            return None
        if account.kind is Kind.PERSON and now >= shown.begun_at + self._longest:
            return None
        if shown.seen_at is None or now - shown.seen_at >= min(_NOTED_EVERY, self._idle / 4):
            self._note(shown, account.kind, now)
        return principal_of(account)

    def _note(self, shown: Token, kind: Kind, now: datetime) -> None:
        expires_at = shown.expires_at
        if kind is Kind.PERSON:
            expires_at = min(now + self._idle, shown.begun_at + self._longest)
        try:
            with self._store.unit_of_work() as work:
                work.accounts.touch_token(shown.token_hash, seen_at=now, expires_at=expires_at)
                work.commit()
        except StoreUnavailable as error:
            log.info("not noted that a token was shown: %s", error.code)


def _usable(work: UnitOfWork, name: str) -> Account | None:
    """Give the account that a name lets in, if there is one."""
    try:
        account = work.accounts.find_named(normal_name(name))
    except InvalidInput:
        return None
    usable = account is not None and account.kind is Kind.PERSON and account.disabled_at is None
    return account if usable and account is not None and account.password_hash is not None else None
