"""What everybody may see, attacked over HTTP: by every question that is answered, by asking again, by late records."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import pairwise

import city
import geopandas as gpd
import numpy as np
import page_service
import pandas as pd
import pytest
import shapely
from api_world import check_problem
from fastapi import FastAPI
from fastapi.testclient import TestClient
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from api.app import create_app
from gridmap import crs
from gridmap.domain.access import Kind, Principal
from gridmap.errors import Conflict, InvalidInput
from gridmap.services.clock import FixedClock
from gridmap.services.incidents import import_incidents
from gridmap.services.ports import Store
from gridmap.services.public_heat import Releases, count_month, read_month, release_month
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings
from gridmap.store import open_store

BASE = "/api/v1/public-heat"
MONTHS = (date(2026, 8, 1), date(2026, 9, 1))
#: Two open kinds, a rare one, one that the catalogue does not know, sensitive ones, and one that nobody knows.
KINDS = ("E1-01", "E2-02", "C3-02", "X9-07", "E5-01", "E7-02", "E7-99")
SHARES = (0.55, 0.3, 0.02, 0.02, 0.09, 0.01, 0.01)
OPEN = Settings(
    default_set="demo", public_heat="everybody", public_cell_m=500, requests_per_s=1e9, network_requests_per_s=1e9
)


@dataclass
class Town:
    """A store with two released months, and what lies in it."""

    store: Store
    client: TestClient
    grids: gpd.GeoDataFrame
    incidents: gpd.GeoDataFrame


def happened(town: city.City, seed: int, count: int = 900) -> gpd.GeoDataFrame:
    """Incidents in heaps and in ones and twos over two months, some of them beyond the borders."""
    draw = np.random.default_rng(seed)
    x0, y0, x1, y1 = town.grids.to_crs(city.EPSG).total_bounds
    heaps = draw.uniform((x0, y0), (x1, y1), (4, 2))[draw.integers(0, 4, count // 2)] + draw.normal(
        0, 150, (count // 2, 2)
    )
    xy = np.r_[heaps, draw.uniform((x0 - 90, y0 - 90), (x1 + 90, y1 + 90), (count - len(heaps), 2))]
    at = datetime(2026, 7, 31, 16, tzinfo=UTC) + pd.to_timedelta(draw.uniform(0, 61 * 86_400, count), unit="s")
    return gpd.GeoDataFrame(
        {
            "incident_id": [f"p{seed}-{i}" for i in range(count)],
            "occurred_at": pd.Series(at).dt.floor("s"),
            "category": draw.choice(KINDS, count, p=SHARES),
            "channel": "report",
            "note": "",
        },
        geometry=crs.from_metric(shapely.points(xy), city.EPSG),
        crs="EPSG:4326",
    )


@pytest.fixture(scope="module", params=["embedded", "fake"])
def town(request, tmp_path_factory):
    built = city.build(7, 7)
    incidents = happened(built, 1)
    if request.param == "fake":
        from fake_store import FakeStore

        store = FakeStore()
    else:
        store = open_store(f"sqlite:///{tmp_path_factory.mktemp('public') / 'public.gpkg'}")
    page_service.fill(store, OPEN, replace(built, incidents=incidents))
    for month in MONTHS:
        released(store, month, note="局务会 9 号")
    with TestClient(create_app(OPEN, store, FixedClock(page_service.NOW))) as client:
        yield Town(store, client, built.grids, incidents)
    store.close()


def released(store: Store, month: date, **more):
    return release_month(store, Plans(store), month, settings=OPEN, clock=FixedClock(page_service.NOW), **more)


def asked(client: TestClient, query: str = "") -> dict:
    answer = client.get(f"{BASE}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def of_month(town: Town, month: date) -> gpd.GeoDataFrame:
    at = town.incidents["occurred_at"].dt.tz_convert("Asia/Shanghai")
    return town.incidents[(at.dt.year == month.year) & (at.dt.month == month.month)]


def inside(town: Town, answer: dict, found: gpd.GeoDataFrame) -> np.ndarray:
    """The number of the cell of each incident; -1 beyond all: by the corners of cells, not by the code under test."""
    epsg = crs.metric_epsg_of(town.grids.geometry.to_numpy())
    corners = np.array([cell["box"] for cell in answer["cells"]])
    x0, y0 = np.rint(np.array(crs.xy_to_metric(corners[:, 0], corners[:, 1], epsg)) / 500).astype(int)
    number = {pair: k for k, pair in enumerate(zip(x0.tolist(), y0.tolist(), strict=True))}
    x, y = crs.xy_to_metric(found.geometry.x.to_numpy(), found.geometry.y.to_numpy(), epsg)
    squares = zip((x // 500).astype(int).tolist(), (y // 500).astype(int).tolist(), strict=True)
    return np.array([number.get(pair, -1) for pair in squares])


def hushed(kinds: pd.Series) -> np.ndarray:
    return kinds.str.match(r"E5|E7|E11").to_numpy()


def everything(town: Town) -> dict[str, dict]:
    """All different answers that a reader can get."""
    found = {}
    for month in asked(town.client)["months"]:
        answers = [asked(town.client, f"month={month}&lang={lang}") for lang in ("zh", "en")]
        for answer in answers:
            for kind in answer["kinds"]:
                kind.pop("title")
            answer.pop("said")
        assert answers[0] == answers[1]
        found[month] = answers[0]
    return found


def test_what_is_shown_is_true_and_never_small(town) -> None:
    for month, answer in everything(town).items():
        of = of_month(town, read_month(month))
        cell = inside(town, answer, of)
        counted = (cell >= 0) & ~hushed(of["category"])
        assert answer["total"] == counted.sum()
        true = np.bincount(cell[counted], minlength=len(answer["cells"]))
        shown = [(n, t) for n, t in zip((c["incidents"] for c in answer["cells"]), true, strict=True) if n is not None]
        assert len(shown) > 5
        assert all(n == t >= 10 for n, t in shown)
        assert sum(c["incidents"] is None for c in answer["cells"]) > 5
        for kind in answer["kinds"]:
            of_kind = of["category"] == kind["category"]
            if kind["category"] == "":
                of_kind = of["category"] == "X9-07"
            if kind["incidents"] is not None:
                assert kind["incidents"] == (of_kind if kind["sensitive"] else of_kind & counted).sum() >= 10
    # a kind that nobody recorded stands there like one that happened twice
    assert {k["category"]: k["incidents"] for k in answer["kinds"]}["E1-07"] is None
    assert not {"E7-99", "X9-07"} & {k["category"] for k in answer["kinds"]}


def rows_of(answers: list[dict], cells: int, kinds: list[str]) -> tuple[csr_array, np.ndarray]:
    """Every shown figure as an equation over the incidents of each cell and each open kind."""
    rows, sums = [], []
    blank = np.zeros((cells, len(kinds)))
    for answer in answers:
        wholes = [(np.s_[k, :], c["incidents"]) for k, c in enumerate(answer["cells"])]
        wholes += [
            (np.s_[:, kinds.index(k["category"])], k["incidents"]) for k in answer["kinds"] if not k["sensitive"]
        ]
        for part, count in [*wholes, (np.s_[:, :], answer["total"])]:
            if count is not None:
                one = blank.copy()
                one[part] = 1
                rows.append(csr_array(one.reshape(1, -1)))
                sums.append(count)
    return vstack(rows), np.array(sums)


def bounds_of(part, rows: csr_array, sums: np.ndarray, shape: tuple[int, int]) -> tuple[float, float]:
    """The least and the most that the incidents of some cells and kinds can be, by all that is shown."""
    goal = np.zeros(shape)
    goal[part] = 1
    ends = [linprog(s * goal.ravel(), A_eq=rows, b_eq=sums, bounds=(0, 2_000), method="highs") for s in (1, -1)]
    assert all(end.status == 0 for end in ends)
    return ends[0].fun, -ends[1].fun


def test_differencing_all_answers_recovers_no_figure_below_ten(town) -> None:
    """Months share no day, so what one of them tells says nothing of another; each is attacked with all it tells."""
    answers = everything(town)
    windows = [Releases(town.store).one(read_month(month)).window(OPEN.time_zone) for month in answers]
    assert all(one[1] <= later[0] for one, later in pairwise(windows))
    for answer in answers.values():
        kinds = [k["category"] for k in answer["kinds"] if not k["sensitive"]]
        shape = (len(answer["cells"]), len(kinds))
        rows, sums = rows_of([answer], shape[0], kinds)
        hidden = [np.s_[k, :] for k, c in enumerate(answer["cells"]) if c["incidents"] is None][:6]
        hidden += [
            np.s_[:, kinds.index(k["category"])]
            for k in answer["kinds"] if not k["sensitive"] and k["incidents"] is None
        ][:6]  # fmt: skip
        assert len(hidden) > 8
        for part in hidden:
            low, high = bounds_of(part, rows, sums, shape)
            assert low <= 1e-6
            assert high >= 10 - 1e-6


def test_a_count_made_anew_after_a_late_record_would_tell_it(town) -> None:
    """The negative control: what is refused here, a second count, tells a single incident."""
    before = json.dumps(everything(town), sort_keys=True)
    answer = everything(town)["2026-09"]
    busy = next(k for k, c in enumerate(answer["cells"]) if c["incidents"] is not None)
    west, south, east, north = answer["cells"][busy]["box"]
    late = gpd.GeoDataFrame(
        {
            "incident_id": ["late"], "occurred_at": [pd.Timestamp("2026-09-12T04:00:00Z")], "category": ["E1-01"],
            "channel": ["report"], "note": [""],
        },
        geometry=gpd.points_from_xy([(west + east) / 2], [(south + north) / 2]), crs="EPSG:4326",
    )  # fmt: skip
    import_incidents(town.store, Plans(town.store), [late], settings=OPEN, commit=lambda: True)
    with pytest.raises(Conflict) as refused:
        released(town.store, MONTHS[1])
    assert refused.value.code == "release_exists"
    assert json.dumps(everything(town), sort_keys=True) == before
    both = pd.concat([of_month(town, MONTHS[1]), late], ignore_index=True)
    again = count_month(
        gpd.GeoDataFrame(both, geometry="geometry", crs="EPSG:4326"), town.grids, ["E5", "E7", "E11"], 500
    )
    assert again.cells["incidents"].iloc[busy] - answer["cells"][busy]["incidents"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "start=2026-09-02", "end=2026-09-30", "category=E1-01", "set=canary", "at=2026-01-01", "bbox=1,2,3,4",
        "least=2", "cell_m=100", "area=S1", "by=households",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", [BASE, "/maps/public"])
def test_nothing_but_a_month_can_be_asked_for(town, path, query) -> None:
    check_problem(town.client.get(f"{path}?{query}"), 422, "unknown_parameter")


def test_months_that_are_none_or_were_not_released(town) -> None:
    for value in ("2026", "2026-13", "2026-08-01", "2026-8", "X", "٢٠٢٦-08"):
        check_problem(town.client.get(f"{BASE}?month={value}"), 422, "month_wrong")
    check_problem(town.client.get(f"{BASE}?month=2026-07"), 404, "release_unknown")
    assert asked(town.client)["month"] == "2026-09"
    with pytest.raises(InvalidInput) as early:
        released(town.store, date(2026, 10, 1))
    assert early.value.code == "release_too_early"
    assert early.value.fields["day"] == "2026-11-08"
    # tried only: nothing is kept
    released(town.store, date(2026, 7, 1), commit=False)
    assert Releases(town.store).months() == list(MONTHS)


def test_the_map_holds_the_same_figures_and_nothing_of_a_grid(town) -> None:
    page = town.client.get("/maps/public?month=2026-08&lang=en")
    assert page.status_code == 200
    data = json.loads(page.text.split('id="gridmap-data">')[1].split("</script>")[0])
    answer = asked(town.client, "month=2026-08")
    assert data["grids"]["value"] == [c["incidents"] for c in answer["cells"]]
    assert data["grids"]["code"] == [c["cell"] for c in answer["cells"]]
    assert [level["code"] for level in data["levels"]] == [["ground"]]
    assert data["context"] == []
    assert data["locate"] is data["gridUrl"] is None
    text = page.text + town.client.get("/maps/public?month=2026-08&file=true").text
    assert not [code for code in town.grids["code"] if code in text]
    again = town.client.get("/maps/public?month=2026-08&lang=en", headers={"If-None-Match": page.headers["etag"]})
    assert again.status_code == 304


def test_the_house_decides_who_comes_in_and_everybody_in_it_sees_the_same(town) -> None:
    def app_of(public_heat: str, who: Principal | None) -> FastAPI:
        own = OPEN.model_copy(update={"public_heat": public_heat, "access": "accounts"})
        app = create_app(own, town.store, FixedClock(page_service.NOW))
        if who is not None:
            app.state.doors._find = lambda token: who
        return app

    wanted = asked(town.client)
    for path in (BASE, "/maps/public"):
        closed = TestClient(app_of("members", None)).get(path)
        check_problem(closed, 401, "not_signed_in")
    # an account without any right sees what everybody sees
    nobody = TestClient(app_of("members", Principal("a", "a", Kind.KEY, ())))
    answer = nobody.get(BASE, headers={"Authorization": "Bearer " + "x" * 43})
    assert answer.json() == wanted
