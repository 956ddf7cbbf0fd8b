"""The demonstration's planted neglect is found from its fixes, and nothing else is called neglected."""

from pathlib import Path

from gridmap.analysis.cleaning import clean_fixes
from gridmap.analysis.effort import effort_of_grids, overdue_list, patrol_effort, recency
from gridmap.analysis.locator import Locator
from gridmap.analysis.segments import Borders
from gridmap.analysis.tracks import split_fixes
from gridmap.demo.files import read_district
from gridmap.demo.patrols import make_fixes

DATA = Path(__file__).resolve().parents[2] / "data" / "boundaries"


def test_the_planted_neglect_is_found_and_nothing_else() -> None:
    district = read_district(DATA)
    fixes, locator = make_fixes(district), Locator.from_frame(district.grids)
    now = fixes["fixed_at"].max().to_pydatetime()
    cleaned = clean_fixes(fixes, now=now, ground=locator).attrs["cleaned"]
    verdicts = cleaned.summary.verdicts
    assert verdicts["kept"] + verdicts["jitter"] > 0.9999 * len(fixes)
    pieces = split_fixes(cleaned.used, Borders(locator))
    effort = patrol_effort(pieces)
    whole = pieces.attrs["summary"]
    assert abs(effort["minutes"].sum() - whole.seconds / 60) < 1e-6 * whole.seconds
    assert abs(effort["km"].sum() - whole.length_m / 1000) < 1e-6

    neglect = district.truth["neglect"]
    never, once = set(neglect["gaps"]) | set(neglect["quiet"]), set(neglect["once"])
    table = recency(district.grids, effort, at=now)
    assert set(table.loc[table["status"] == "never", "code"]) == never
    assert set(table.loc[table["status"] == "overdue", "code"]) == once
    assert overdue_list(table)["code"].tolist()[: len(never)] == sorted(never, key=lambda c: _by_norm(table, c))
    # ways between two fixes do cut corners of neglected grids: passing through is not looking
    some = effort_of_grids(effort, sorted(never))
    assert some["dwells"].sum() == 0
    assert some["passes"].sum() > 0


def _by_norm(table, code):  # type: ignore[no-untyped-def]
    row = table[table["code"] == code].iloc[0]
    return row["norm_days"], code
