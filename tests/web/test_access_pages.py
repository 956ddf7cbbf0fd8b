"""The pages of coming in, as readers meet them: signing in and out, accounts, the trail; how open access is told."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import city
import page_service
import pandas as pd
import pyotp
import pytest
from doors_world import ADMINISTRATOR, CHEAP, PASSWORD, staff
from playwright.sync_api import Browser, Page, expect

from api.app import create_app
from api.credentials import COOKIE
from gridmap.domain.boundaries import BoundarySet
from gridmap.services.clock import FixedClock
from gridmap.services.ports import Store
from gridmap.services.publishing import publish_frame
from gridmap.settings import Settings
from gridmap.store import open_store

pytestmark = pytest.mark.browser

NOW = page_service.NOW


@pytest.fixture(scope="session")
def access_store(town: city.City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The grids of the city: all that these pages need of it."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('access') / 'pages.gpkg'}")
    whole = pd.concat([town.streets, town.areas, town.grids], ignore_index=True)
    with store.unit_of_work() as work:
        work.boundaries.put_set(BoundarySet("demo", page_service.LEVELS, "青屿区网格"))
        publish_frame(work, "demo", whole, valid_from=date(2025, 1, 1), published_at=NOW)
        work.commit()
    yield store
    store.close()


@pytest.fixture(scope="session")
def base_url(access_store: Store, town: city.City) -> Iterator[str]:
    """A service with accounts over the city."""
    options = {"default_set": "demo", "sign_ins_per_minute": 1_000.0}
    street = town.streets["code"][0]
    made = staff(access_store, FixedClock(NOW), set_name="demo", street=street, options=options)
    with page_service.running(made.app) as url:
        yield url


@pytest.fixture
def expected_errors() -> list[str]:
    """Chromium tells of every answer that is an error; which of them may come is said by the tests themselves."""
    return ["status of 401", "status of 403", "status of 422", "Framing"]


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill the form of the page of signing in."""
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.locator("button[type=submit]").click()


def enter(page: Page, name: str, path: str) -> None:
    """Go to a page that wants somebody, as somebody."""
    page.goto(path)
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))
    sign_in(page, name)


def test_a_reader_is_led_to_sign_in_and_back_to_where_they_wanted_to_go(page: Page, base_url: str) -> None:
    page.goto("/?page=coverage&set=demo&lang=zh#v=36.1/120.1/13")
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    sign_in(page, "planner", "not the password")
    expect(page.locator(".wrong-message")).to_contain_text("账号、密码或验证码不正确")
    assert page.locator("input[name=name]").input_value() == "planner", "what was typed is kept"
    sign_in(page, "planner")
    expect(page.locator("#pages a[aria-current]")).to_have_text("覆盖")
    assert "page=coverage" in page.url
    assert "#v=36.1" in page.url
    # plain HTTP, on loopback: the browser took the cookie, and no script sees it
    cookie = next(c for c in page.context.cookies() if c["name"] == COOKIE)
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/")
    assert page.evaluate("document.cookie") == ""


ELSEWHERE = (
    *("//evil.example/", "https://evil.example/", "/\\evil.example", "/\t/evil.example", "\\\\evil", "///evil.example"),
    *("javascript:alert(1)", "data:text/html,x", "evil.example", "", "/sign-in?next=/", "/set-up", "/\n/evil.example"),
)


def test_no_address_leads_to_another_site(page: Page, base_url: str) -> None:
    page.goto("/sign-in?lang=en")
    ask = """async next => {
      history.replaceState(null, "", "/sign-in?lang=en&next=" + encodeURIComponent(next));
      return (await import("/assets/js/access/parts.js")).nextAddress();
    }"""
    for address in ELSEWHERE:
        assert page.evaluate(ask, address) == "/", address
    for address in ("/", "/history?set=a&lang=zh", "/maps/grids?next=//evil.example"):
        assert page.evaluate(ask, address) == address
    page.goto("/sign-in?lang=en&next=%2F%2Fevil.example%2F")
    sign_in(page, "planner")
    expect(page.locator("#who")).to_be_visible()
    assert page.url.split("?")[0] == base_url + "/"


def test_who_is_signed_in_stands_in_the_bar_and_signing_out_ends_it(page: Page, base_url: str) -> None:
    enter(page, "planner", "/history?lang=en")
    who = page.locator("#who")
    expect(who.locator("summary")).to_have_attribute("aria-label", "Menu of 陈规划")
    who.locator("summary").press("Enter")
    expect(who.get_by_role("link")).to_have_text(["My account"])
    page.keyboard.press("Escape")
    expect(who.get_by_role("link")).to_be_hidden()
    who.locator("summary").click()
    who.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert not [c for c in page.context.cookies() if c["name"] == COOKIE]
    page.goto("/history?lang=en")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_only_pages_that_are_open_to_the_reader_are_offered(page: Page, base_url: str) -> None:
    """Who keeps the accounts sees no incidents; that there are none would be another thing to say."""
    enter(page, ADMINISTRATOR, "/?lang=zh")
    links = page.locator("#pages a")
    expect(links).to_have_text(["地图", "沿革"])
    expect(page.locator(".holdings dt")).to_have_text(["网格"])
    page.goto("/history?lang=zh")
    expect(links).to_have_text(["地图", "沿革"])
    page.goto("/?page=hotspots&lang=zh")
    expect(page.get_by_role("heading", name="没有查看此页的权限")).to_be_visible()
    page.context.clear_cookies()
    enter(page, "planner", "/?lang=zh")
    expect(links).to_have_text(["地图", "热点", "覆盖", "服务", "人员", "沿革", "区划"])
    expect(page.locator(".holdings dt")).to_have_count(3)


def test_a_session_that_ended_leads_to_sign_in_from_the_open_page(page: Page, base_url: str) -> None:
    enter(page, "dispatcher", "/?set=demo&lang=zh")
    expect(page.frame_locator("#frame").locator("html[data-ready=true]")).to_be_attached()
    page.context.clear_cookies()
    page.locator("#pages").get_by_text("覆盖").click()
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    assert "next=%2F%3Fpage%3Dcoverage" in page.url
    sign_in(page, "dispatcher")
    expect(page.locator("#pages a[aria-current]")).to_have_text("覆盖")


def test_an_administrator_adds_a_person_who_then_sees_their_street(page: Page, browser: Browser, base_url: str) -> None:
    enter(page, ADMINISTRATOR, "/accounts?lang=zh")
    expect(page.locator("tbody tr")).to_have_count(7)
    expect(page.get_by_text("海云街道 (S1)")).to_have_count(2)
    page.get_by_role("button", name="添加账号").click()
    panel = page.locator(".detail")
    expect(panel.get_by_role("heading", name="添加账号")).to_be_focused()
    panel.get_by_label("账号", exact=True).fill("sun.li")
    panel.get_by_label("姓名或名称").fill("<b>孙丽</b>")
    panel.get_by_label("范围").select_option("demo")
    panel.get_by_label("街道或区域编码").fill("S2")
    panel.get_by_role("button", name="添加账号").click()
    first = panel.locator(".secret").inner_text()
    expect(panel.get_by_role("heading", name="<b>孙丽</b>")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(8)
    page.locator("input[name=find]").fill("孙丽")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("调度员 · 青屿区网格：")
    # shown once: it is not there when the account is opened again
    panel.get_by_role("button", name="关闭").click()
    page.get_by_role("button", name="<b>孙丽</b>").click()
    expect(page.locator(".detail .secret")).to_have_count(0)
    other = browser.new_context(base_url=base_url, locale="en-GB").new_page()
    enter(other, "sun.li", "/account")
    sign_in_again = other.locator("#who")
    if not sign_in_again.is_visible():
        sign_in(other, "sun.li", first)
    expect(other.get_by_role("heading", name="My account")).to_be_visible()
    expect(other.locator(".grants")).to_contain_text("Dispatcher")
    other.context.close()


def test_a_grant_is_changed_and_an_account_disabled(page: Page, base_url: str) -> None:
    enter(page, ADMINISTRATOR, "/accounts?lang=en")
    page.get_by_role("button", name="phone 7").click()
    panel = page.locator(".detail")
    expect(panel.get_by_text("Field device")).to_be_visible()
    panel.get_by_role("button", name="Remove").click()
    expect(panel.get_by_text("No grant: this account sees nothing.")).to_be_visible()
    panel.get_by_role("button", name="Add a grant").click()
    panel.get_by_label("Role").select_option("auditor")
    expect(panel.get_by_label("Where")).to_be_disabled()
    panel.get_by_label("Role").select_option("analyst")
    panel.get_by_role("button", name="Save").click()
    expect(panel.locator(".good-message")).to_have_text("Saved, and in force at once.")
    expect(page.locator("tr", has_text="phone 7")).to_contain_text("Analyst · Everywhere")
    panel.get_by_role("button", name="New token").click()
    assert panel.locator(".secret").inner_text().startswith("gm_d_")
    panel.get_by_role("button", name="Disable").click()
    expect(page.locator("tr", has_text="phone 7")).to_contain_text("Disabled")
    panel.get_by_role("button", name="Put back to use").click()
    expect(page.locator("tr", has_text="phone 7")).to_contain_text("In use")


def test_a_password_is_changed_and_an_authenticator_switched_on(page: Page, browser: Browser, base_url: str) -> None:
    enter(page, "street", "/account?lang=zh")
    card = page.locator(".card", has_text="修改密码")
    card.get_by_label("当前密码").fill(PASSWORD)
    card.get_by_label("新密码", exact=True).fill("换一句好记的话 42")
    card.get_by_label("再次输入新密码").fill("不一样")
    card.get_by_role("button", name="修改密码").click()
    expect(card.locator(".wrong-message")).to_have_text("两次输入的新密码不一致。")
    card.get_by_label("再次输入新密码").fill("换一句好记的话 42")
    card.get_by_role("button", name="修改密码").click()
    expect(card.locator(".good-message")).to_contain_text("密码已修改")
    page.get_by_role("button", name="启用两步验证").click()
    picture = page.get_by_role("img", name="身份验证器的二维码")
    expect(picture).to_be_visible()
    secret = page.locator(".secret").inner_text()
    page.locator(".card", has_text="两步验证").get_by_label("动态验证码").fill(pyotp.TOTP(secret).at(NOW))
    page.get_by_role("button", name="确认启用").click()
    expect(page.get_by_text("两步验证已启用，下次登录时生效。")).to_be_visible()
    other = browser.new_context(base_url=base_url, locale="zh-CN").new_page()
    other.goto("/sign-in")
    expect(other.get_by_label("动态验证码")).to_be_hidden()
    sign_in(other, "street", "换一句好记的话 42")
    code = other.get_by_label("动态验证码")
    expect(code).to_be_focused()
    code.fill("000000")
    other.get_by_role("button", name="登录").click()
    expect(other.locator(".wrong-message")).to_be_visible()
    other.context.close()


def test_the_picture_holds_the_address_of_the_authenticator(page: Page, base_url: str) -> None:
    """What is dark was compared with two other programs; here it is read back by hand: format, then the text."""
    page.goto("/sign-in")
    text = "otpauth://totp/gridmap:li.na?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=gridmap"
    cells = page.evaluate("async text => (await import('/assets/js/access/qr.js')).qrCells(text)", text)
    assert read_qr(cells) == text


def test_an_auditor_reads_and_checks_the_trail(page: Page, base_url: str) -> None:
    enter(page, "auditor", "/trail?lang=zh")
    expect(page.locator("table.trail tbody tr").first).to_contain_text("登录")
    page.get_by_role("button", name="校验完整性").click()
    expect(page.locator(".good-message")).to_contain_text("完整：共")
    page.get_by_label("操作", exact=True).fill("account.add")
    page.get_by_role("button", name="筛选").click()
    expect(page.locator("table.trail tbody tr").first).to_contain_text("添加账号")
    expect(page.get_by_role("link", name="账号管理")).to_have_count(0)
    page.goto("/accounts?lang=zh")
    expect(page.get_by_text("只有管理员可以管理账号。")).to_be_visible()


def test_the_first_administrator_is_made_on_the_page(
    page: Page, browser: Browser, base_url: str, tmp_path: Path, screenshots: Path
) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'new.gpkg'}")
    app = create_app(Settings(**CHEAP), store, FixedClock(NOW))
    code = app.state.desk.access.set_up.new_code()
    with page_service.running(app) as url:
        first = browser.new_context(base_url=url, locale="zh-CN").new_page()
        first.goto("/")
        expect(first.get_by_role("heading", name="初次设置")).to_be_visible()
        first.screenshot(path=screenshots / "set-up.png")
        for name, value in (
            ("code", code),
            ("name", "li.na"),
            ("title", "李娜"),
            ("password", PASSWORD),
            ("again", PASSWORD),
        ):
            first.locator(f"input[name={name}]").fill(value)
        first.get_by_role("button", name="创建管理员并登录").click()
        expect(first.get_by_role("heading", name="账号管理")).to_be_visible()
        expect(first.locator("tbody tr")).to_have_count(1)
        first.goto("/set-up")
        expect(first.get_by_text("已经设置完成")).to_be_visible()
        first.context.close()
    store.close()


def test_open_access_is_told_on_every_page_once(
    page: Page, browser: Browser, base_url: str, access_store: Store
) -> None:
    told = {"zh": "开放访问：无需登录", "en": "Open access: nobody signs in"}
    with page_service.running(create_app(Settings(access="open"), access_store, FixedClock(NOW))) as url:
        reader = browser.new_context(base_url=url, locale="zh-CN").new_page()
        for lang, path in (("zh", "/history"), ("en", "/account"), ("zh", "/trail"), ("en", "/accounts"), ("zh", "/")):
            reader.goto(f"{path}?lang={lang}")
            expect(reader.locator("#open-access")).to_contain_text(told[lang])
        frame = reader.frame_locator("#frame")
        expect(frame.locator("html[data-ready=true]")).to_be_attached()
        expect(frame.locator("#open-access")).to_be_hidden()
        reader.goto("/maps/grids?lang=en")
        expect(reader.locator("#open-access")).to_contain_text(told["en"])
        expect(reader.locator("#open-access")).to_be_visible()
        reader.context.close()


@pytest.mark.parametrize("lang", ["en", pytest.param("zh", marks=pytest.mark.slow)])  # English is the wider
def test_pages_fit_the_screen(page: Page, base_url: str, screenshots: Path, lang: str) -> None:
    page.goto(f"/sign-in?lang={lang}")
    expect(page.locator("#form input").first).to_be_visible()
    look(page, screenshots, "sign-in", lang)
    for name, path in PAGES:
        body = {"name": name, "password": PASSWORD}
        assert page.request.post("/api/v1/session", data=body, headers={"Origin": base_url}).ok
        page.goto(f"{path}?lang={lang}")
        expect(page.locator("#who")).to_be_visible()
        expect(page.locator("main h1, #frame").first).to_be_visible()
        look(page, screenshots, path.strip("/") or "front", lang)
    page.goto(f"/accounts?lang={lang}")
    page.get_by_role("button", name="周审").click()
    expect(page.locator(".grant-row").first).to_be_visible()
    look(page, screenshots, "detail", lang)


PAGES = (("planner", "/"), ("auditor", "/trail"), (ADMINISTRATOR, "/account"), (ADMINISTRATOR, "/accounts"))


def look(page: Page, screenshots: Path, name: str, lang: str) -> None:
    """Look at a page on both screens, its menu open: nothing may stand out of it."""
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        menu = page.locator("#who summary")
        if menu.count():
            menu.click()
            expect(page.locator(".who-list")).to_be_visible()
        assert overflow(page) == []
        page.screenshot(path=screenshots / f"access-{name}-{width}-{lang}.png")
        page.keyboard.press("Escape")


def overflow(page: Page) -> list[str]:
    """List what stands out of the screen at its sides."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter((node) => {
          const box = node.getBoundingClientRect();
          const out = box.width && (box.right > innerWidth + 1 || box.left < -1);
          return out && !node.closest(".table-box, .pages > *, #frame, .skip");
        }).map((node) => node.tagName + "." + node.className)"""
    )
    return found


def read_qr(cells: list[list[bool]]) -> str:
    """Read a QR code of a version up to 6 in byte mode with correction M, without correcting anything."""
    size = len(cells)
    version = (size - 17) // 4
    told = "".join(str(int(cells[8][c])) for c in (0, 1, 2, 3, 4, 5, 7, 8))
    level, mask = int(told[:2], 2) ^ 0b10, int(told[2:5], 2) ^ 0b101
    assert level == 0, "correction M"
    blocks: dict[int, int] = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4}
    words: dict[int, int] = {1: 16, 2: 28, 3: 44, 4: 64, 5: 86, 6: 108}
    middle = size - 7

    def held(r: int, c: int) -> bool:
        corner = (r < 9 and c < 9) or (r < 9 and c >= size - 8) or (r >= size - 8 and c < 9)
        aligned = version > 1 and abs(r - middle) <= 2 and abs(c - middle) <= 2
        return corner or aligned or r == 6 or c == 6

    flips: list[Any] = [
        lambda r, c: (r + c) % 2 == 0,
        lambda r, c: r % 2 == 0,
        lambda r, c: c % 3 == 0,
        lambda r, c: (r + c) % 3 == 0,
        lambda r, c: (r // 2 + c // 3) % 2 == 0,
        lambda r, c: r * c % 2 + r * c % 3 == 0,
        lambda r, c: (r * c % 2 + r * c % 3) % 2 == 0,
        lambda r, c: ((r + c) % 2 + r * c % 3) % 2 == 0,
    ]
    bits = []
    right, up = size - 1, True
    while right > 0:
        right -= right == 6
        for i in range(size):
            r = size - 1 - i if up else i
            bits += [str(int(cells[r][c] != flips[mask](r, c))) for c in (right, right - 1) if not held(r, c)]
        right, up = right - 2, not up
    data = [int("".join(bits[i : i + 8]), 2) for i in range(0, words[version] * 8, 8)]
    each = blocks[version]
    plain = "".join(f"{word:08b}" for block in range(each) for word in data[block::each])
    assert plain[:4] == "0100", "byte mode"
    length = int(plain[4:12], 2)
    return bytes(int(plain[12 + 8 * i : 20 + 8 * i], 2) for i in range(length)).decode()
