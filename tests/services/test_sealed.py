"""Secrets of authenticators: sealed under a key that a stolen database does not hold."""

from datetime import UTC, datetime

import pyotp
import pytest
from fake_store import FakeStore

from gridmap.domain.access import OPERATOR, Area, Grant, Role
from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.errors import NotFound, StoreUnavailable
from gridmap.services.access import Access
from gridmap.services.clock import FixedClock
from gridmap.services.sealed import Sealer
from gridmap.services.sessions import principal_of
from gridmap.settings import Settings

NOW = datetime(2026, 5, 20, 4, tzinfo=UTC)
PASSWORD = "三号渡口 is quiet at 5"
KEY = "0123456789abcdef0123456789abcdef"


def settings(key: str | None) -> Settings:
    return Settings(password_memory_kib=64, password_passes=1, secret_key=key)


def test_what_is_sealed_opens_with_its_key_and_for_its_account_alone() -> None:
    sealer = Sealer(settings(KEY))
    kept = sealer.seal("JBSWY3DPEHPK3PXP", "a_1")
    assert "JBSWY3DP" not in kept
    assert sealer.seal("JBSWY3DPEHPK3PXP", "a_1") != kept
    assert sealer.open(kept, "a_1") == "JBSWY3DPEHPK3PXP"
    for other, account in ((sealer, "a_2"), (Sealer(settings(KEY[::-1])), "a_1"), (Sealer(settings(None)), "a_1")):
        with pytest.raises(StoreUnavailable, match="GRIDMAP_SECRET_KEY"):
            other.open(kept, account)
    with pytest.raises(StoreUnavailable):
        sealer.open(kept[:-4] + "AAAA", "a_1")
    with pytest.raises(ValueError, match="validation error"):
        settings("short")


def test_a_secret_that_lay_open_is_sealed_at_the_next_sign_in() -> None:
    store, clock = FakeStore(), FixedClock(NOW)
    plain, sealed = (Access.over(store, clock, settings(key)) for key in (None, KEY))
    account = plain.accounts.add_person(OPERATOR, "li.na", PASSWORD)
    secret, _ = plain.authenticator.begin(principal_of(account))
    code = pyotp.HOTP(secret).at(int(NOW.timestamp()) // 30 - 1)
    plain.authenticator.confirm(principal_of(account), code)

    def kept() -> str:
        with store.unit_of_work() as work:
            found = work.accounts.find(account.account_id)
        assert found is not None
        return found.totp_secret or ""

    assert kept() == secret
    sealed.sessions.sign_in("li.na", PASSWORD, pyotp.HOTP(secret).at(int(NOW.timestamp()) // 30))
    assert secret not in kept()
    assert kept().startswith("gcm:")
    sealed.sessions.sign_in("li.na", PASSWORD, pyotp.HOTP(secret).at(int(NOW.timestamp()) // 30 + 1))
    sealed.accounts.drop_totp(OPERATOR, account.account_id)
    again, _ = sealed.authenticator.begin(principal_of(account))
    with store.unit_of_work() as work:
        assert again not in (work.accounts.get_secret(f"totp {account.account_id}") or "")
    sealed.authenticator.confirm(principal_of(account), pyotp.HOTP(again).at(int(NOW.timestamp()) // 30))
    assert again not in kept()


def test_a_grant_in_a_set_with_plans_names_an_area_of_it() -> None:
    from api_world import fill

    store = FakeStore()
    fill(store)
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("new", (Level("street", 0), Level("grid", 1))))
        work.commit()
    accounts = Access.over(store, FixedClock(NOW), settings(None)).accounts
    account = accounts.add_person(OPERATOR, "li.na", PASSWORD, grants=[Grant(Role.FIELD, Area("urban", "S"))])
    accounts.grant(OPERATOR, account.account_id, Grant(Role.FIELD, Area("new", "not drawn yet")))
    with pytest.raises(NotFound, match="code"):
        accounts.grant(OPERATOR, account.account_id, Grant(Role.FIELD, Area("urban", "S9")))
