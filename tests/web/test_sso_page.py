"""Signing in at the identity service of the city, as readers meet it: there, and back to where they wanted to go."""

import re
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import city
import page_service
import pandas as pd
import pytest
import uvicorn
from doors_world import ADMINISTRATOR, PASSWORD, Staffed, staff
from issuer import CLIENT, SECRET, Issuer, serving
from playwright.sync_api import Page, expect

from api.credentials import ATTEMPT, COOKIE
from gridmap.domain.boundaries import BoundarySet
from gridmap.services.clock import FixedClock
from gridmap.services.publishing import publish_frame
from gridmap.store import open_store

pytestmark = pytest.mark.browser

NOW = page_service.NOW


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """The identity service."""
    with serving(Issuer(lambda: NOW)) as found:
        yield found


@pytest.fixture(scope="session")
def made(town: city.City, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Staffed, str]]:
    """A service whose people sign in there, and where it listens."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('sso') / 'pages.gpkg'}")
    whole = pd.concat([town.streets, town.areas, town.grids], ignore_index=True)
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("demo", page_service.LEVELS, "青屿区网格"))
        publish_frame(work, "demo", whole, valid_from=date(2025, 1, 1), published_at=NOW)
        work.commit()
    # the identity service must know beforehand where readers are sent back to
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        options = {
            "default_set": "demo", "sign_ins_per_minute": 1_000.0, "oidc_issuer": issuer.url, "public_url": url,
            "oidc_client_id": CLIENT, "oidc_client_secret": SECRET, "oidc_title": "青屿区统一身份认证",
            "oidc_new_accounts": "create",
        }  # fmt: skip
        found = staff(store, FixedClock(NOW), set_name="demo", street=town.streets["code"][0], options=options)
        server = uvicorn.Server(uvicorn.Config(found.app, log_level="warning"))
        with page_service.started(server, [taken]):
            yield found, url
    store.close()


@pytest.fixture(scope="session")
def base_url(made: tuple[Staffed, str]) -> str:
    return made[1]


@pytest.fixture(autouse=True)
def clean(page: Page, base_url: str, issuer: Issuer) -> Iterator[None]:
    """Fail on uncaught errors, and on any request to others than the service and the identity service."""
    left: list[str] = []
    said: list[str] = []

    def route(r) -> None:
        if r.request.url.startswith((base_url, issuer.url, "data:")):
            r.continue_()
        else:
            left.append(r.request.url)
            r.abort()

    page.context.route("**/*", route)
    page.on("pageerror", lambda e: said.append(f"uncaught: {e}"))
    yield
    assert (left, said) == ([], [])


def sign_in_there(page: Page, subject: str) -> None:
    """Fill the form of the identity service."""
    expect(page.get_by_role("heading", name="城市统一身份认证")).to_be_visible()
    page.locator("input[name=sub]").fill(subject)
    page.get_by_role("button", name="登录").click()


def test_a_reader_signs_in_there_and_comes_back_to_where_they_wanted_to_go(
    page: Page, made: tuple[Staffed, str], issuer: Issuer
) -> None:
    # an administrator links the account, on the page of accounts
    page.goto("/accounts?lang=zh")
    page.locator("input[name=name]").fill(ADMINISTRATOR)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    page.get_by_role("button", name="陈规划").click()
    page.get_by_label("统一身份标识").fill("b1946ac9-2d8f")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".good-message")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("可用统一身份认证登录")
    page.wait_for_load_state("networkidle")
    page.goto("about:blank")  # nothing of that page may ask any more, and lead back there
    page.context.clear_cookies()

    page.goto("/history?set=demo&lang=zh")
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))
    there = page.get_by_role("button", name="用青屿区统一身份认证登录")
    expect(there).to_be_focused()
    there.click()
    sign_in_there(page, "b1946ac9-2d8f")
    expect(page.locator("#who summary")).to_have_attribute("aria-label", "账号菜单：陈规划")
    assert page.url == made[1] + "/history?set=demo&lang=zh"
    names = {cookie["name"] for cookie in page.context.cookies()}
    assert COOKIE in names
    assert ATTEMPT not in names
    assert page.evaluate("sessionStorage.length") == 0
    # signing out here, and coming in once more
    page.locator("#who summary").click()
    page.locator("#who").get_by_role("button", name="退出").click()
    expect(page.get_by_role("button", name="用青屿区统一身份认证登录")).to_be_visible()


def test_a_first_visit_makes_an_account_that_sees_nothing_yet(page: Page, issuer: Issuer) -> None:
    issuer.people["new-1"] = {"preferred_username": "qian.duo", "name": "钱多"}
    page.goto("/sign-in?lang=en&next=%2Faccount%3Flang%3Den")
    page.get_by_role("button", name="Sign in with 青屿区统一身份认证").click()
    sign_in_there(page, "new-1")
    expect(page.locator("#who summary")).to_have_attribute("aria-label", "Menu of 钱多")
    expect(page.locator("main")).to_contain_text("qian.duo")


def test_who_breaks_off_or_is_refused_is_told_and_may_try_again(page: Page, issuer: Issuer, screenshots: Path) -> None:
    page.goto("/sign-in/return?error=access_denied&error_description=%3Cb%3Eevil%3C%2Fb%3E&state=x&lang=zh")
    expect(page.locator(".wrong-message")).to_contain_text("统一身份认证没有完成")
    expect(page.locator("body")).not_to_contain_text("evil")
    assert page.url.endswith("/sign-in/return"), "what came back does not stay in the address"
    page.goto("/sign-in/return?code=guessed&state=guessed&lang=zh")
    expect(page.locator(".wrong-message")).to_contain_text("统一身份认证没有通过")
    assert page.url.endswith("/sign-in/return")
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=screenshots / f"sign-in-elsewhere-{width}.png")
    # the form here works there as well
    page.locator("input[name=name]").fill("planner")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.locator("#who")).to_be_visible()
    assert page.url.split("?")[0].endswith("/")


def test_an_identity_service_that_is_away_is_told_on_the_page(page: Page, issuer: Issuer, made) -> None:
    made[0].app.state.desk.provider._endpoints = None
    issuer.replies["/.well-known/openid-configuration"] = (500, {}, b"{}")
    try:
        page.goto("/sign-in?lang=en")
        page.get_by_role("button", name="Sign in with 青屿区统一身份认证").click()
        expect(page.locator(".wrong-message")).to_contain_text("does not answer")
        expect(page.locator("button.action.wide")).to_be_enabled()
    finally:
        issuer.replies.clear()
