"""Addresses of tiles of the intranet: what is taken, what is refused, and what goes into the policy of pages."""

import pytest
from pydantic import ValidationError

from gridmap.intranet import origin_of
from gridmap.settings import Settings


@pytest.mark.parametrize(
    ("template", "origin"),
    [
        ("http://tiles.city:8080/{z}/{x}/{y}.png", "http://tiles.city:8080"),
        ("https://T1.City/wmts?tk=a;b'c&m={TileMatrix}&r={TileRow}&c={TileCol}", "https://t1.city"),
        ("http://10.1.2.3/{z-1}/{-y}/{x}", "http://10.1.2.3"),
        ("http://[fd00::1]:81/{z}/{x}/{y}", "http://[fd00::1]:81"),
    ],
)
def test_the_origin_is_scheme_host_and_port(template: str, origin: str) -> None:
    assert origin_of(template) == origin


@pytest.mark.parametrize(
    "template",
    [
        "http://tiles.city/{z}/{x}",  # no row
        "http://tiles.city/{z}/{x}/{y}/{s}",
        "http://{x}.city/{z}/{y}",
        "http://a;script-src*/{z}/{x}/{y}",
        "http://a,b/{z}/{x}/{y}",
        "http://*/{z}/{x}/{y}",
        "http://name:word@tiles.city/{z}/{x}/{y}",
        "http://tiles.city/{z}/{x}/{y}#part",
        "http:\\\\tiles.city/{z}/{x}/{y}",
        "ftp://tiles.city/{z}/{x}/{y}",
        "//tiles.city/{z}/{x}/{y}",
        "/{z}/{x}/{y}",
        "http://tiles.city:x/{z}/{x}/{y}",
        "javascript:{z}{x}{y}",
        "http:///{z}/{x}/{y}",
    ],
)
def test_what_is_no_address_of_tiles_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"an address of tiles|[Pp]ort"):
        origin_of(template)
    with pytest.raises(ValidationError):
        Settings(basemap_url=template, basemap_datum="wgs84")


def test_the_datum_must_be_stated_and_origins_are_named_once() -> None:
    template = "http://tiles.city/{z}/{x}/{y}"
    with pytest.raises(ValidationError, match="basemap_datum"):
        Settings(basemap_url=template)
    with pytest.raises(ValidationError):
        Settings(basemap_url=template, basemap_datum="bd09")
    both = Settings(basemap_url=f"{template} {template}?names  http://b.city/{{z}}/{{x}}/{{y}}", basemap_datum="gcj02")
    assert both.image_origins == ("http://tiles.city", "http://b.city")
    assert Settings().image_origins == ()
