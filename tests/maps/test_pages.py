"""The three maps as data: complete, small, and without people."""

import json
import re
from datetime import timedelta

import city
import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap import i18n
from gridmap.analysis.coverage import coverage_gaps
from gridmap.analysis.density import density
from gridmap.errors import ColumnError, GeometryError
from gridmap.maps import localise, pages
from gridmap.maps.drawing import surface_shapes

WINDOW = (city.NEWEST - timedelta(days=30), city.NEWEST + timedelta(seconds=1))


def data_of(drawn: folium.Map) -> dict:
    html = drawn.get_root().render()
    return json.loads(re.search(r'id="gridmap-data">(.*?)</script>', html, re.DOTALL)[1])


@pytest.fixture(scope="module")
def town() -> city.City:
    return city.build(9, 9)


@pytest.fixture(scope="module")
def covered(town: city.City) -> gpd.GeoDataFrame:
    return coverage_gaps(town.grids, town.incidents, town.fixes)


def draw(town: city.City, kind: str, language: i18n.Language = "zh") -> folium.Map:
    common = {"upper": (town.streets, town.areas), "context": town.context, "language": language}
    if kind == "grids":
        return pages.grid_map(town.grids, **common)
    if kind == "hotspots":
        cells = density(town.incidents, town.grids, bandwidth_m=250)
        return pages.hotspot_map(
            town.grids, cells, incidents_shown=len(town.incidents), window=WINDOW, bandwidth_m=250, **common
        )
    found = coverage_gaps(town.grids, town.incidents, town.fixes)
    return pages.coverage_map(town.grids, found, window=WINDOW, **common)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", ["grids", "hotspots", "coverage"])
def test_each_map_is_a_folium_map_with_every_grid_and_a_legend(town, kind, language) -> None:
    drawn = draw(town, kind, language)
    data = data_of(drawn)
    assert isinstance(drawn, folium.Map)
    assert data["grids"]["code"] == town.grids["code"].tolist()
    assert len(data["grids"]["geom"]) == len(town.grids)
    assert [len(level["code"]) for level in data["levels"]] == [len(town.streets), len(town.areas)]
    assert data["legend"]["title"] == i18n.text(f"legend.{kind}_title", language)
    assert all(row["text"] for row in data["legend"]["rows"])
    assert {thing["kind"] for thing in data["context"]} == {"water", "green", "road"}
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in drawn.get_root().render()


def test_a_map_of_1333_grids_stays_under_a_megabyte_and_a_half() -> None:
    town = city.build(31, 43)
    html, _ = localise.page(draw(town, "hotspots"))
    assert len(town.grids) == 1333
    assert len(html.encode()) < 1_500_000


def test_the_chain_of_each_grid_is_in_the_page(town) -> None:
    data = data_of(draw(town, "grids"))
    streets, areas = data["levels"]
    for row, parent in enumerate(town.grids["parent_code"]):
        assert areas["code"][areas["of"][row]] == parent
        above = town.areas.set_index("code").loc[parent, "parent_code"]
        assert streets["code"][streets["of"][row]] == above


def test_the_coverage_map_shows_the_figures_of_each_grid(town, covered) -> None:
    data = data_of(draw(town, "coverage"))
    order = ["gap", "quiet", "low_found", "low_clear", "covered_found", "covered_clear"]
    ends = {"seen_found": "_found", "seen_clear": "_clear", "not_seen": ""}
    words = [f"{s}{ends[c]}" for s, c in zip(covered["status"], covered["sight"], strict=True)]
    assert [order[i] for i in data["grids"]["fill"]] == words
    assert data["grids"]["incidents"] == covered["incidents"].tolist()
    assert data["grids"]["fixes"] == covered["fixes"].tolist()
    counts = [row["count"] for row in data["legend"]["rows"][:6]]
    assert counts == [str(words.count(s)) for s in order]
    # the three colours by themselves
    assert all(str(n) in data["legend"]["foot"] for n in covered["sight"].value_counts())
    never = [last is None for last in data["grids"]["last"]]
    assert never == covered["last_fix_at"].isna().tolist()


def test_not_looked_is_hatched_and_no_data_is_a_dotted_outline(town, covered) -> None:
    some = covered.iloc[3:]
    data = data_of(pages.coverage_map(town.grids, some, window=WINDOW))
    styles = data["styles"]
    # the pattern alone tells the three apart
    assert [style.get("pattern") for style in styles[:6]] == ["hatch", "thin", None, "dots", None, "dots"]
    assert data["grids"]["fill"][:3] == [6, 6, 6]
    assert styles[6]["dash"]
    assert styles[6]["opacity"] == 0
    assert any(row["look"].get("dash") == "dotted" and row["count"] == "3" for row in data["legend"]["rows"])


def test_without_any_fix_every_grid_is_without_data(town) -> None:
    found = coverage_gaps(town.grids, town.incidents, town.fixes.iloc[:0])
    data = data_of(pages.coverage_map(town.grids, found, window=WINDOW))
    assert set(data["grids"]["fill"]) == {6}


def test_the_hotspot_map_gives_the_peak_density_of_each_grid(town) -> None:
    cells = density(town.incidents, town.grids, bandwidth_m=250)
    data = data_of(draw(town, "hotspots"))
    middles = cells.to_crs(4326).representative_point()
    inside = middles.within(town.grids.geometry[40])
    assert data["grids"]["peak"][40] == pytest.approx(cells.loc[inside, "density_per_km2"].max(), abs=0.06)


def test_the_hotspot_legend_names_window_unit_and_bandwidth(town) -> None:
    legend = data_of(draw(town, "hotspots"))["legend"]
    assert legend["title"] == "每平方公里事件数"
    assert "30 天" in legend["note"]
    assert "带宽 250 米" in legend["note"]
    assert f"{len(town.incidents):,}" in legend["foot"]


def test_a_hotspot_map_without_incidents_says_so(town) -> None:
    none = town.incidents.iloc[:0]
    cells = density(none, town.grids, bandwidth_m=250)
    drawn = pages.hotspot_map(town.grids, cells, incidents_shown=0, window=WINDOW, bandwidth_m=250)
    data = data_of(drawn)
    assert data["surface"] == []
    assert data["legend"]["rows"][0]["text"] == i18n.text("legend.no_incidents", "zh")
    assert set(data["grids"]["peak"]) <= {None, 0.0}


def test_no_person_is_ever_part_of_a_page(town) -> None:
    grids = town.grids.assign(attributes=[{"head": "王网格长", "phone": "13900000000"}] * len(town.grids))
    html = pages.grid_map(grids, upper=(town.streets, town.areas)).get_root().render()
    assert "王网格长" not in html
    assert "13900000000" not in html


@pytest.mark.parametrize("kind", ["grids", "hotspots", "coverage"])
def test_hostile_names_are_inert_in_the_source_of_every_map(town, kind) -> None:
    hostile = city.City(
        town.streets.assign(name=city.CANARIES[0], level=city.CANARIES[2]),
        town.areas.assign(name=city.CANARIES[5], level=city.CANARIES[4]),
        city.with_canaries(town.grids),
        town.context.assign(kind="<script>alert(1)</script>"),
        town.incidents,
        town.fixes,
        (),
    )
    html = draw(hostile, kind).get_root().render()
    data = json.loads(re.search(r'id="gridmap-data">(.*?)</script>', html, re.DOTALL)[1])
    assert data["grids"]["name"][: len(city.CANARIES)] == list(city.CANARIES)
    assert "{{ 7*7 }}" not in html
    assert "<img src=x" not in html
    assert "${alert" not in html
    assert html.count("<script") == html.count("</script>")
    assert "alert(1)</script>" not in html


def test_a_map_needs_only_codes_and_shapes() -> None:
    bare = city.build(6, 6).grids[["code", "geometry"]]
    data = data_of(pages.grid_map(bare))
    assert data["levels"] == []
    assert data["grids"]["name"] == [None] * len(bare)
    assert data["grids"]["households"] == [None] * len(bare)


def test_missing_names_and_households_stay_missing(town) -> None:
    grids = town.grids.assign(
        households=pd.array([None] * len(town.grids), dtype="Int64"), name=[np.nan, *town.grids["name"][1:]]
    )
    data = data_of(pages.grid_map(grids))
    assert data["grids"]["name"][0] is None
    assert set(data["grids"]["households"]) == {None}


def test_a_frame_without_grids_or_codes_is_refused(town) -> None:
    with pytest.raises(GeometryError) as none:
        pages.grid_map(town.grids.iloc[:0])
    assert none.value.code == "map_without_grids"
    with pytest.raises(ColumnError):
        pages.grid_map(town.grids.drop(columns="code"))


def test_every_text_the_pages_use_is_in_the_catalogue() -> None:
    """Keys named in our scripts and in the markup exist, so nobody ever reads a key."""
    from pathlib import Path

    root = Path(pages.__file__).resolve().parents[2]
    used = set()
    for file in (root / "gridmap/maps/assets").glob("*.js"):
        used |= {f"map.{k}" for k in re.findall(r'gm\.text\("([a-z_]+)"', file.read_text(encoding="utf-8"))}
    for file in (root / "api/web/js").glob("*.js"):
        used |= {f"page.{k}" for k in re.findall(r'\bt\("([a-z_]+)"[,)]', file.read_text(encoding="utf-8"))}
    used |= {f"page.{k}" for k in re.findall(r'data-text="(\w+)"', (root / "api/web/index.html").read_text("utf-8"))}
    assert len(used) > 50
    assert not sorted(key for key in used if not i18n.has(key))


def test_cells_that_a_coast_cuts_so_that_they_touch_themselves_are_joined_all_the_same() -> None:
    whole = shapely.box(0, 0, 1, 1)
    # two halves that meet in a point, and a neighbour with a corner that the other side does not have
    cut = shapely.MultiPolygon([shapely.box(1, 0, 1.5, 0.5), shapely.box(1.5, 0.5, 2, 1)])
    other = shapely.Polygon([(1, 0.4), (1.3, 0.2), (1.3, 0.7), (1, 1)])
    cells = np.array([whole, cut, other], dtype=object)
    with pytest.raises(shapely.GEOSException):
        shapely.coverage_union_all(cells)
    (joined,) = surface_shapes(cells, np.zeros(3, dtype=int), 1)
    assert shapely.area(shapely.symmetric_difference(joined, shapely.union_all(cells))) < 1e-4
