"""Accounts, the trail and answers of the store in memory."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, timedelta
from typing import Any

from gridmap.domain.access import Role
from gridmap.domain.events import Happened
from gridmap.domain.trail import Entry
from gridmap.errors import Conflict, NotFound
from gridmap.services.ports import EventMark
from gridmap.store import columns as col


@dataclass
class AccessState:
    """What is known of who may come in, and of what they did. Copied as a whole before it is changed."""

    accounts: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    attempts: dict[str, Any] = field(default_factory=dict)
    trail: tuple[Entry, ...] = ()
    events: tuple[Any, ...] = ()
    event_key: str | None = None
    answers: dict[tuple[str, str], Any] = field(default_factory=dict)

    def __copy__(self) -> "AccessState":
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return AccessState(**{name: dict(v) if isinstance(v, dict) else v for name, v in values.items()})


class FakeAccounts:
    def __init__(self, work: Any) -> None:
        self._work = work

    def begin_change(self):
        self._work.write()

    def add(self, account):
        for text in (account.name, account.title):
            col.require_storable("name", [text])
        accounts = self._work.write().access.accounts
        if any(a.name == account.name for a in accounts.values()):
            raise Conflict("account_name_taken")
        if account.account_id in accounts:
            raise Conflict("store_refused")
        self._require_own_identity(account)
        accounts[account.account_id] = account

    def find(self, account_id):
        return self._work.read().access.accounts.get(account_id)

    def find_named(self, name):
        return next((a for a in self._work.read().access.accounts.values() if a.name == name), None)

    def find_identity(self, issuer, subject):
        accounts = self._work.read().access.accounts.values()
        return next((a for a in accounts if (a.issuer, a.subject) == (issuer, subject)), None)

    def _require_own_identity(self, account):
        if account.issuer is not None:
            holder = self.find_identity(account.issuer, account.subject)
            if holder is not None and holder.account_id != account.account_id:
                raise Conflict("identity_taken")

    def list_accounts(self):
        return sorted(self._work.read().access.accounts.values(), key=lambda a: a.name)

    def any_administrator(self, now):
        first, last = (now - timedelta(hours=12)).date(), (now + timedelta(hours=14)).date()
        return any(
            (g.valid_from or date.min) <= last
            and first < (g.valid_to or date.max)
            and g.role is Role.ADMINISTRATOR
            and g.area.set_name is None
            for a in self._work.read().access.accounts.values()
            if a.kind == "person" and a.disabled_at is None
            for g in a.grants
        )

    def put(self, account):
        for text in (account.name, account.title):
            col.require_storable("name", [text])
        accounts = self._work.write().access.accounts
        if account.account_id not in accounts:
            raise NotFound("account_unknown")
        self._require_own_identity(account)
        former = accounts[account.account_id]
        accounts[account.account_id] = replace(
            account, kind=former.kind, name=former.name, created_at=former.created_at
        )

    def add_token(self, token):
        access = self._work.write().access
        if token.account_id not in access.accounts:
            raise NotFound("account_unknown")
        if token.token_hash in access.tokens:
            raise Conflict("store_refused")
        access.tokens[token.token_hash] = token

    def find_token(self, token_hash):
        token = self._work.read().access.tokens.get(token_hash)
        return None if token is None else (token, self.find(token.account_id))

    def tokens_of(self, account_id):
        return [t for t in self._work.read().access.tokens.values() if t.account_id == account_id]

    def touch_token(self, token_hash, *, seen_at, expires_at):
        tokens = self._work.write().access.tokens
        if token_hash in tokens:
            tokens[token_hash] = replace(tokens[token_hash], seen_at=seen_at, expires_at=expires_at)

    def revoke_token(self, token_hash, *, at):
        tokens = self._work.write().access.tokens
        if token_hash in tokens and tokens[token_hash].revoked_at is None:
            tokens[token_hash] = replace(tokens[token_hash], revoked_at=at)

    def revoke_tokens(self, account_id, *, at):
        self._work.write()
        mine = self.tokens_of(account_id)
        for token in mine:
            self.revoke_token(token.token_hash, at=at)
        return sum(t.revoked_at is None and (t.expires_at is None or t.expires_at > at) for t in mine)

    def forget_tokens(self, account_id, before):
        tokens = self._work.write().access.tokens
        if account_id not in self._work.read().access.accounts:
            raise NotFound("account_unknown")
        ended = [t for t in self.tokens_of(account_id) if any(e and e < before for e in (t.expires_at, t.revoked_at))]
        for token in ended:
            del tokens[token.token_hash]
        return len(ended)

    def get_secret(self, name):
        return self._work.read().access.secrets.get(name)

    def put_secret(self, name, value):
        secrets = self._work.write().access.secrets
        secrets.pop(name, None)
        if value is not None:
            secrets[name] = value

    def find_attempts(self, key):
        return self._work.read().access.attempts.get(key)

    def put_attempts(self, key, attempts, *, keep):
        held = self._work.write().access.attempts
        held.pop(key, None)
        if attempts is not None:
            held[key] = attempts
        while len(held) > keep:
            del held[min(held, key=lambda k: held[k].last_at)]


class FakeTrail:
    def __init__(self, work: Any) -> None:
        self._work = work

    def add(self, acts):
        if not acts:
            raise ValueError("no act")
        access = self._work.write().access
        for act in acts:
            texts = (act.action, act.actor_id or "", act.actor, act.subject, act.request_id)
            col.require_storable("act", texts)
            number, before = self.head()
            access.trail = (*access.trail, Entry(number + 1, act, _hash(number + 1, act, before)))
            if act.events:
                access.event_key = access.event_key or "ab" * 32
            access.events += tuple(
                Happened(((number + 1) << 20) + place, act.at, event) for place, event in enumerate(act.events)
            )
        return access.trail[-1]

    def head(self):
        trail = self._work.read().access.trail
        return (trail[-1].number, trail[-1].hash) if trail else (0, "0" * 64)

    def entries(self, *, after=0, limit=None):
        yield from [e for e in self._work.read().access.trail if e.number > after][:limit]

    def page(self, *, before, limit, actor_id, action):
        found = [
            e
            for e in reversed(self._work.read().access.trail)
            if (before is None or e.number < before)
            and (actor_id is None or e.act.actor_id == actor_id)
            and (action is None or e.act.action == action)
        ]
        return found[:limit]


class FakeEvents:
    def __init__(self, work: Any) -> None:
        self._work = work

    def page(self, sight, *, after, limit):
        found = [h for h in self._work.read().access.events if h.number > after]
        return [h for h in found if sight is None or sight.shows(h.event)][:limit]

    def newest(self):
        events = self._work.read().access.events
        return events[-1].number if events else 0

    def mark(self):
        return EventMark(0, self._work.read().access.event_key)

    def begin_anew(self):
        access = self._work.write().access
        access.events, access.event_key = (), None


def _hash(number, act, before):
    """Hash an entry, written apart from the code under test."""
    at = act.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    parts = {
        "action": act.action, "actor": act.actor, "actor_id": act.actor_id, "at": at, "before": before,
        "detail": dict(act.detail), "number": number, "outcome": str(act.outcome), "request_id": act.request_id,
        "subject": act.subject,
    }  # fmt: skip
    try:
        text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except TypeError as error:
        raise ValueError("not plain JSON") from error
    if json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) != text:
        raise ValueError("not plain JSON")
    return hashlib.sha256(text.encode("ascii")).hexdigest()


class FakeIdempotency:
    def __init__(self, work: Any) -> None:
        self._work = work

    def find(self, account_id, key):
        return self._work.read().access.answers.get((account_id, key))

    def add(self, answered):
        texts = (answered.account_id, answered.key, answered.route, answered.request_hash, answered.body)
        col.require_storable("key", texts)
        answers = self._work.write().access.answers
        if (answered.account_id, answered.key) in answers:
            raise Conflict("idempotency_key_taken")
        answers[answered.account_id, answered.key] = answered

    def forget_before(self, at):
        answers = self._work.write().access.answers
        old = [key for key, answered in answers.items() if answered.at < at]
        for key in old:
            del answers[key]
        return len(old)
