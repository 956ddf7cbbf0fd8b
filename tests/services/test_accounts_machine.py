"""Accounts under random acts, held against a model of plain dictionaries."""

from datetime import UTC, datetime, timedelta

from fake_store import FakeStore
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from gridmap.domain.access import OPERATOR, Grant, Kind, Role
from gridmap.errors import GridmapError
from gridmap.services.access import Access
from gridmap.services.trail import verify
from gridmap.settings import Settings

PASSWORD = "one long password 7"
NAMES = st.sampled_from(["zhao", "qian", "sun", "li"])
ROLES = st.sampled_from([Role.ADMINISTRATOR, Role.LEADER, Role.FIELD])
CHEAP = Settings(password_memory_kib=64, password_passes=1, session_idle_s=1e6, session_max_s=1e7)


class Machine(RuleBasedStateMachine):
    """Each rule does an act, and says what must have come of it."""

    accounts = Bundle("accounts")
    tokens = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        self.present = datetime(2026, 3, 1, tzinfo=UTC)
        self.store = FakeStore()
        self.access = Access.over(self.store, self, CHEAP)
        self.roles: dict[str, list[Role]] = {}
        self.kinds: dict[str, Kind] = {}
        self.names: dict[str, str] = {}
        self.out: set[str] = set()
        self.good: dict[str, str] = {}
        self.acts = 0

    def now(self):
        return self.present

    def done(self, code, call):
        """Do something; give what came of it, or None where it was refused with this code."""
        found = refused = None
        try:
            found = call()
            self.acts += 1
        except GridmapError as error:
            refused = error.code
        assert refused == code
        return found

    def administrators(self):
        persons = (a for a in self.roles if self.kinds[a] is Kind.PERSON and a not in self.out)
        return [a for a in persons if Role.ADMINISTRATOR in self.roles[a]]

    def knows(self, made, kind, grants):
        self.roles[made.account_id] = [g.role for g in grants]
        self.kinds[made.account_id], self.names[made.account_id] = kind, made.name
        return made.account_id

    @rule(target=accounts, name=NAMES, roles=st.lists(ROLES, max_size=2, unique=True))
    def add_person(self, name, roles):
        taken = "account_name_taken" if name in self.names.values() else None
        grants = [Grant(r) for r in roles]
        made = self.done(taken, lambda: self.access.accounts.add_person(OPERATOR, name, PASSWORD, grants=grants))
        return multiple() if made is None else self.knows(made, Kind.PERSON, grants)

    @rule(target=tokens, name=NAMES, kind=st.sampled_from([Kind.KEY, Kind.DEVICE]))
    def make_key(self, name, kind):
        taken = "account_name_taken" if name in self.names.values() else None
        made = self.done(taken, lambda: self.access.accounts.make_key(OPERATOR, name, kind=kind))
        if made is None:
            return multiple()
        self.good[made.token] = self.knows(made.account, kind, [])
        return made.token

    @rule(target=tokens, account=accounts)
    def sign_in(self, account):
        code = "sign_in_failed" if account in self.out else None
        if code:  # a failure is an act, too, and makes a wait
            self.acts += 1
            self.present += timedelta(hours=1)
        found = self.done(code, lambda: self.access.sessions.sign_in(self.names[account], PASSWORD))
        if found is None:
            return multiple()
        self.good[found.token] = account
        return found.token

    @rule(token=consumes(tokens))
    def sign_out(self, token):
        account = self.good.get(token)
        self.access.sessions.sign_out(token)
        if account is not None and self.kinds[account] is Kind.PERSON:
            del self.good[token]
            self.acts += 1

    @rule(account=accounts, role=ROLES)
    def grant(self, account, role):
        self.done(None, lambda: self.access.accounts.grant(OPERATOR, account, Grant(role)))
        self.roles[account] = [*(r for r in self.roles[account] if r is not role), role]

    @rule(account=accounts, role=ROLES)
    def revoke(self, account, role):
        last = role is Role.ADMINISTRATOR and self.administrators() == [account]
        code = "grant_not_held" if role not in self.roles[account] else "last_administrator" if last else None
        self.done(code, lambda: self.access.accounts.revoke(OPERATOR, account, Grant(role)))
        if code is None:
            self.roles[account].remove(role)

    @rule(account=accounts)
    def disable(self, account):
        code = "last_administrator" if self.administrators() == [account] else None
        self.done(code, lambda: self.access.accounts.disable(OPERATOR, account))
        if code is None:
            self.out.add(account)
            self.good = {token: a for token, a in self.good.items() if a != account}

    @rule(account=accounts)
    def enable(self, account):
        self.done(None, lambda: self.access.accounts.enable(OPERATOR, account))
        self.out.discard(account)

    @rule(account=accounts)
    def set_password(self, account):
        self.done(None, lambda: self.access.accounts.set_password(OPERATOR, account, PASSWORD))
        self.good = {token: a for token, a in self.good.items() if a != account}

    @rule(token=tokens)
    def ask(self, token):
        found = self.access.sessions.find_principal(token)
        account = self.good.get(token)
        if account is None:
            assert found is None
        else:
            assert found is not None
            assert found.account_id == account
            assert sorted(g.role for g in found.grants) == sorted(self.roles[account])

    @invariant()
    def nobody_is_locked_out_and_the_trail_is_whole(self):
        report = verify(self.store)
        assert report.clean
        assert report.facts["entries"] == self.acts


TestAccounts = Machine.TestCase
TestAccounts.settings = settings(max_examples=25, stateful_step_count=25)
