"""The written seed of the demonstration district: one small file from which everything follows."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from gridmap import crs
from gridmap.errors import FileError


@dataclass(frozen=True, slots=True)
class Seed:
    """What the generator is told.

    Attributes
    ----------
    name_zh, name_en, code
        The invented district; ``code`` has 6 digits.
    lon, lat : float
        Degrees (WGS 84) on which the drawing is centred.
    number : int
        Seed of every random stream.
    streets, areas, grids, workers, patrol_units, incidents : int
        How many of each.
    first_day, last_day : date
        Local days of the incident window, both included.
    patrol_days : int
        Patrols cover that many days up to and with ``last_day``.
    zone : ZoneInfo
        Where days begin and end.
    posts_apart_m : float
        Least distance of two health posts.
    without_post, stations, stations_missing : int
        Areas without a health post; grids that need a station for floating residents, and those that have none.
    lacking : mapping
        How many areas or streets lack each need of the book of provision.
    """

    name_zh: str
    name_en: str
    code: str
    lon: float
    lat: float
    number: int
    streets: int
    areas: int
    grids: int
    workers: int
    patrol_units: int
    incidents: int
    first_day: date
    last_day: date
    patrol_days: int
    zone: ZoneInfo
    posts_apart_m: float
    without_post: int
    stations: int
    stations_missing: int
    lacking: Mapping[str, int] = field(hash=False)

    @property
    def epsg(self) -> int:
        """The metric CRS in which everything is drawn and measured."""
        return crs.metric_epsg(self.lon, self.lat)

    @property
    def first_patrol_day(self) -> date:
        """The first local day with patrols."""
        return self.last_day - timedelta(days=self.patrol_days - 1)

    def stream(self, subject: str) -> np.random.Generator:
        """Give the random stream of a subject; a change in one subject leaves the others as they were."""
        return np.random.default_rng([self.number, *subject.encode()])


def written_seed() -> str:
    """Give the text of the seed file that comes with the package."""
    return (resources.files("gridmap.demo") / "seed.toml").read_text(encoding="utf-8")


def read_seed(path: Path | None = None) -> Seed:
    """Read a seed file; without a path the one that comes with the package.

    Raises
    ------
    FileError
        ``demo_seed_unreadable``: not TOML, or an entry is missing.
    """
    try:
        raw = tomllib.loads(written_seed() if path is None else path.read_text(encoding="utf-8"))
        district, counts, time, services = (raw[part] for part in ("district", "counts", "time", "services"))
        return Seed(
            name_zh=district["name_zh"],
            name_en=district["name_en"],
            code=district["code"],
            lon=district["lon"],
            lat=district["lat"],
            number=district["seed"],
            streets=counts["streets"],
            areas=counts["areas"],
            grids=counts["grids"],
            workers=counts["workers"],
            patrol_units=counts["patrol_units"],
            incidents=counts["incidents"],
            first_day=time["first_day"],
            last_day=time["last_day"],
            patrol_days=time["patrol_days"],
            zone=ZoneInfo(time["zone"]),
            posts_apart_m=services["posts_apart_m"],
            without_post=services["without_post"],
            stations=services["stations"],
            stations_missing=services["stations_missing"],
            lacking=services["lacking"],
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError):
        raise FileError("demo_seed_unreadable") from None
