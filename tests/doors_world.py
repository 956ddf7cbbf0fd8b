"""A service with accounts over a store, for the tests of the doors and of their pages; passwords cost little."""

from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI

from api.app import create_app
from gridmap.domain.access import OPERATOR, Area, Grant, Kind, Role
from gridmap.services.ports import Clock, Store
from gridmap.settings import Settings

#: Argon2id at its cheapest: what it costs is not what these tests are about.
CHEAP: dict[str, Any] = {
    "password_memory_kib": 64,
    "password_passes": 1,
    "access": "accounts",
    "cursor_key": "for tests",
}
PASSWORD = "三号渡口 is quiet at 5"
ADMINISTRATOR = "wang.min"


def people(set_name: str, street: str) -> dict[str, tuple[str, tuple[Grant, ...]]]:
    """Give who works in a district: name to title and grants."""
    return {
        ADMINISTRATOR: ("王敏", (Grant(Role.ADMINISTRATOR),)),
        "planner": ("陈规划", (Grant(Role.PLANNER),)),
        "dispatcher": ("李娜", (Grant(Role.DISPATCHER, Area(set_name)),)),
        "street": ("赵强", (Grant(Role.SUPERVISOR, Area(set_name, street)),)),
        "auditor": ("周审", (Grant(Role.AUDITOR),)),
    }


@dataclass
class Staffed:
    """An app with accounts: persons with one password, a key and a device."""

    app: FastAPI
    ids: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)


def staff(store: Store, clock: Clock, *, set_name: str, street: str, options: dict[str, Any] | None = None) -> Staffed:
    """Make an app over a store, and its accounts."""
    settings = Settings(**{**CHEAP, **(options or {})})
    made = Staffed(create_app(settings, store, clock))
    accounts = made.app.state.desk.accounts
    for name, (title, grants) in people(set_name, street).items():
        made.ids[name] = accounts.add_person(OPERATOR, name, PASSWORD, title=title, grants=grants).account_id
    for kind, name, grant in (
        (Kind.KEY, "statistics", Grant(Role.ANALYST)),
        (Kind.DEVICE, "phone 7", Grant(Role.FIELD, Area(set_name, street))),
    ):
        done = accounts.make_key(OPERATOR, name, kind=kind, grants=[grant])
        made.ids[name], made.tokens[name] = done.account.account_id, done.token
    return made
