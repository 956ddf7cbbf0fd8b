"""A draft beside another draft and beside a version, on the page Plan."""

import pytest
from plan_draft import Draft, inner_corner
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def base_url(plan_url: str) -> str:
    """The service over the town that is redrawn."""
    return plan_url


def test_two_drafts_are_compared_in_sentences_figures_and_on_the_map(draft: Draft, middle: str) -> None:
    page = draft.page
    made = page.request.post("/api/v1/sets/demo/drafts", data={"note": "另一方案"}).json()["draft"]["number"]
    corner = inner_corner(draft.before, middle)
    to = [corner[0] + 3e-4, corner[1] + 2e-4]
    other = f"/api/v1/sets/demo/drafts/{made}/redraw"
    done = page.request.post(
        f"{other}/edits", data={"verb": "move_vertex", "at": list(corner), "to": to}, headers={"If-Match": '"0"'}
    )
    assert done.ok, done.text()
    page.reload()
    page.locator("#compare-with").select_option(str(made))
    rows = page.request.get(f"{draft.base}/compare?with={made}").json()["rows"]
    grids = {row["code"]: row for row in rows if row["level"] == "grid"}
    assert len(grids) >= 3
    sentences = page.locator(".sentences li")
    expect(sentences).to_have_count(len(rows))
    told = page.request.get(f"{draft.base}/compare?with={made}", headers={"Accept-Language": "zh"}).json()["rows"]
    for row in told:
        expect(page.locator(f'.sentences li[data-code="{row["code"]}"]')).to_have_text(row["sentence"])
        cells = page.locator(f'.before-after tr[data-code="{row["code"]}"] td')
        expect(cells.first).to_have_text(f"{round(row['area_before_m2']):,}")
    # what the sum of the figures says is nothing: ground only changed hands
    assert sum(r["gained_m2"] - r["lost_m2"] for r in grids.values()) == pytest.approx(0, abs=0.1)
    expect(page.locator("path.compared-border")).to_have_count(1)
    assert page.locator("path.compared-piece").count() >= 2
    expect(page.get_by_text("还没有改动")).to_be_hidden()
    page.locator("#compare-with").select_option("1")
    expect(page.locator(".compared")).to_contain_text("两者完全相同")
    expect(page.locator("path.compared-border")).to_have_count(0)
    page.locator("#compare-with").select_option("")
    expect(page.get_by_text("还没有改动")).to_be_visible()
