"""Nothing on a page comes from another machine."""

import hashlib
import json
import re

import city
import folium
import pytest
from folium.plugins import HeatMap

from gridmap.maps import localise as local
from gridmap.maps import pages

REMOTE = re.compile(
    r"""<(?:script|link|img|iframe)\b[^>]*(?:src|href)\s*=\s*["'](?:https?:)?//|url\(\s*["']?(?:https?:)?//"""
)


@pytest.fixture(scope="module")
def drawn() -> folium.Map:
    town = city.build(6, 6)
    return pages.grid_map(town.grids, upper=(town.streets, town.areas), context=town.context)


def test_every_vendored_file_is_the_one_in_the_manifest() -> None:
    manifest = json.loads((local.VENDOR / "vendor.json").read_text(encoding="utf-8"))
    listed = {"vendor.json"}
    for package in manifest["packages"]:
        files = {file["path"]: file["sha256"] for file in package["files"]}
        assert any(name.startswith("LICENSE") for name in files), f"{package['name']} has no licence"
        for name, digest in files.items():
            data = (local.VENDOR / package["folder"] / name).read_bytes()
            assert hashlib.sha256(data).hexdigest() == digest, name
            listed.add(f"{package['folder']}/{name}")
    present = {p.relative_to(local.VENDOR).as_posix() for p in local.VENDOR.rglob("*") if p.is_file()}
    assert present == listed


def test_a_page_names_only_vendored_files(drawn: folium.Map) -> None:
    html = local.localise(drawn.get_root().render())
    assert not REMOTE.search(html)
    named = re.findall(r'(?:src|href)="(/assets/vendor/[^"]+)"', html)
    assert named
    for path in named:
        assert (local.VENDOR / path.removeprefix("/assets/vendor/")).is_file()


def test_the_script_that_colour_maps_ask_for_is_vendored() -> None:
    html = '<script src="https://cdnjs.cloudflare.com/ajax/libs/d3/3.5.5/d3.min.js"></script>'
    assert local.localise(html) == '<script src="/assets/vendor/d3@3.5.5/d3.min.js"></script>'


@pytest.mark.parametrize(
    "tag",
    [
        '<script src="https://cdn.example/new-plugin.js"></script>',
        "<script async src='//cdn.example/new-plugin.js'></script>",
        '<link rel="stylesheet" href="https://cdn.example/new.css"/>',
        '<LINK HREF="HTTPS://cdn.example/new.css">',
    ],
)
def test_an_unknown_script_or_style_sheet_is_refused(tag: str) -> None:
    with pytest.raises(LookupError, match=r"scripts/vendor\.py"):
        local.localise(tag)


def test_a_plug_in_that_is_not_vendored_is_refused(drawn: folium.Map) -> None:
    plain = folium.Map(tiles=None)
    HeatMap([[35.9, 120.1]]).add_to(plain)
    with pytest.raises(LookupError):
        local.localise(plain.get_root().render())


def test_our_maps_leave_other_folium_maps_alone(drawn: folium.Map) -> None:
    assert {name for name, _ in drawn.default_js} == {"leaflet"}
    assert {"leaflet", "jquery", "bootstrap"} <= {name for name, _ in folium.Map(tiles=None).default_js}


def test_a_standalone_page_holds_every_asset(drawn: folium.Map) -> None:
    html = local.standalone(drawn)
    assert not REMOTE.search(html)
    assert not re.search(r"<script[^>]+src=|<link[^>]+stylesheet", html)
    assert "L.Control.FullScreen" in html or "leaflet.fullscreen" in html
    assert not re.search(r"url\((?!data:|#)", html)


def test_a_notebook_and_save_get_the_standalone_page(drawn: folium.Map, tmp_path) -> None:
    assert "cdn.jsdelivr" not in drawn._repr_html_()
    drawn.save(str(tmp_path / "map.html"))
    assert "cdn.jsdelivr" not in (tmp_path / "map.html").read_text(encoding="utf-8")


def test_each_serving_has_its_own_nonce_on_every_script(drawn: folium.Map) -> None:
    html, policy = local.page(drawn)
    again, _ = local.page(drawn)
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)[1]
    tags = re.findall(r"<(?:script|style)\b[^>]*>", html)
    assert len(tags) >= 5
    assert all(f'nonce="{nonce}"' in tag for tag in tags)
    assert nonce not in again
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "unsafe-inline" not in policy.split("style-src")[0]
