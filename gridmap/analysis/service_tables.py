"""Service coverage, gaps, staffing and provision as tables for people, in their language."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import geopandas as gpd
import pandas as pd

from gridmap.domain.provision import ProvisionBook
from gridmap.domain.tabular import Cell, FigureTable, TableColumn
from gridmap.i18n import Language, text

#: Column of the frame to how many digits are told, and what it is multiplied with.
_COVERAGE = (
    ("area_m2", 1, 1), ("covered_m2", 1, 1), ("area_share", 2, 100), ("households", 1, 1),
    ("covered_households", 1, 1), ("household_share", 2, 100), ("facilities", 0, 1), ("nearest_m", 1, 1),
)  # fmt: skip
_STAFF = (
    ("households", 0), ("floating_residents", 0), ("heads", 0), ("workers", 0), ("workers_needed", 0),
    ("heads_short", 0), ("workers_short", 0), ("workers_spare", 0), ("load", 1),
)  # fmt: skip
_PLACES = ("serves", "newly", "only_here", "mean_m")


def coverage_table(grids: gpd.GeoDataFrame, title: str, language: Language) -> FigureTable:
    """Give frames.SERVICE_COVERAGE, one row a grid."""
    figures = [cells_of(grids[name], digits, times) for name, digits, times in _COVERAGE]
    status = [text(f"services.status_{s}", language) for s in grids["status"]]
    columns = (
        *name_columns(language),
        *(TableColumn(text(f"services.{name}", language), digits=digits) for name, digits, _ in _COVERAGE),
        TableColumn(text("services.status", language), "text"),
    )
    rows = zip(grids["code"], grids["name"], *figures, status, strict=True)
    return FigureTable(text("services.coverage_title", language, layer=title), columns, tuple(rows))


def gap_table(gaps: gpd.GeoDataFrame, title: str, language: Language) -> FigureTable:
    """Give frames.SERVICE_GAPS, one row a gap."""
    columns = (
        TableColumn(text("services.gap", language)),
        TableColumn(text("services.area_m2", language), digits=1),
        TableColumn(text("services.gap_households", language), digits=1),
        TableColumn(text("services.gap_grids", language), "text"),
    )
    figures = (cells_of(gaps[name], 1) for name in ("area_m2", "households"))
    codes = [" ".join(mine) for mine in gaps["grids"]]
    rows = zip(gaps["gap"].tolist(), *figures, codes, strict=True)
    return FigureTable(text("services.gaps_title", language, layer=title), columns, tuple(rows))


def staff_table(found: pd.DataFrame, language: Language) -> FigureTable:
    """Give frames.STAFFING, one row a grid."""
    columns = (
        *name_columns(language),
        *(TableColumn(text(f"services.{name}", language), digits=digits) for name, digits in _STAFF),
        TableColumn(text("services.station", language), "text"),
        TableColumn(text("services.status", language), "text"),
    )
    figures = [cells_of(found[name], digits) for name, digits in _STAFF]
    station = [
        None
        if pd.isna(needed)
        else text(f"services.station_{'short' if short else 'there' if needed else 'no'}", language)
        for needed, short in zip(found["station_needed"], found["station_short"], strict=True)
    ]
    status = [text(f"services.staff_{s}", language) for s in found["status"]]
    rows = zip(found["code"], found["name"], *figures, station, status, strict=True)
    return FigureTable(text("services.staffing_title", language), columns, tuple(rows))


def provision_table(found: pd.DataFrame, book: ProvisionBook, language: Language) -> FigureTable:
    """Give frames.PROVISION, one row an area and need."""
    titles = {need.id: need.title[language] for need in book.needs}
    columns = (
        *name_columns(language),
        TableColumn(text("services.level", language), "text"),
        TableColumn(text("services.need", language), "text"),
        *(TableColumn(text(f"services.{name}", language), digits=2) for name in ("required", "present", "lacking")),
        TableColumn(text("services.status", language), "text"),
    )
    cells: list[list[Any]] = found[["code", "name", "level"]].to_numpy(dtype=object).tolist()
    amounts = found[["required", "present", "lacking"]].to_numpy(dtype=object).tolist()
    told = zip(found["need"], found["status"], strict=True)
    rows = tuple(
        (*names, titles[str(need)], *held, text(f"services.provision_{status}", language))
        for names, held, (need, status) in zip(cells, amounts, told, strict=True)
    )
    return FigureTable(text("services.provision_title", language), columns, rows, (book.source[language],))


@dataclass(frozen=True)
class Reach:
    """How far new posts reach: metres in a straight line, or minutes on foot; neither: as far as it takes.

    ``m_per_min`` is None where ways are straight.
    """

    radius_m: float | None = None
    minutes: float | None = None
    m_per_min: float | None = None


def place_reason(row: Any, households: float, reach: Reach, language: Language) -> str:
    """Say in words why a place was chosen: a row of ``analysis.siting``'s ``chosen``, of so many households in all."""
    mean = 0.0 if pd.isna(row.mean_m) else float(row.mean_m)
    told = {"serves": f"{row.serves:,.0f}", "all": f"{households:,.0f}"}
    if reach.m_per_min is None:
        by, far = "", "" if reach.radius_m is None else f"{reach.radius_m:,.0f}"
        told["mean"] = f"{mean:,.0f}"
    else:
        by, far = "_walk", "" if reach.minutes is None else f"{reach.minutes:g}"
        told["mean"] = f"{mean / reach.m_per_min:,.1f}"
    if not far:
        return text(f"places.why_shorter{by}", language, **told)
    parts = [text(f"places.why_serves{by}", language, **told)]
    if row.newly > 0:
        parts.append(text(f"places.why_newly{by}", language, newly=f"{row.newly:,.0f}", reach=far))
        if row.only_here > 0:
            parts.append(text("places.why_only", language, only=f"{row.only_here:,.0f}"))
    else:
        parts.append(text("places.why_none_newly", language))
    return text("places.mark", language).join(parts)


def place_table(
    chosen: gpd.GeoDataFrame, households: float, reach: Reach, title: str, language: Language
) -> FigureTable:
    """Give the places that were chosen, one row each, with their reasons; on foot with minutes as well."""
    figures = [(name, cells_of(chosen[name], 1)) for name in _PLACES]
    if reach.m_per_min is not None:
        figures.append(("mean_minutes", cells_of(chosen["mean_m"] / reach.m_per_min, 1)))
    columns = (
        TableColumn(text("places.rank", language)),
        *(TableColumn(text(f"places.{name}", language), "text") for name in ("place", "grid")),
        TableColumn(text("services.name", language), "text", share=2.0),
        *(TableColumn(text(f"places.{name}", language), digits=6) for name in ("lon", "lat")),
        *(TableColumn(text(f"places.{name}", language), digits=1) for name, _ in figures),
        TableColumn(text("places.reason", language), "text", share=4.0),
    )
    places = (cells_of(values, 6) for values in (chosen.geometry.x, chosen.geometry.y))
    reasons = [place_reason(row, households, reach, language) for row in chosen.itertuples()]
    rows = zip(
        chosen["rank"].tolist(), chosen["code"], chosen["grid_code"], chosen["name"], *places,
        *(cells for _, cells in figures), reasons, strict=True,
    )  # fmt: skip
    return FigureTable(text("places.title", language, layer=title), columns, tuple(rows))


def name_columns(language: Language) -> tuple[TableColumn, TableColumn]:
    """Give the columns of code and name."""
    return (
        TableColumn(text("services.code", language), "text"),
        TableColumn(text("services.name", language), "text", share=2.0),
    )


def cells_of(values: Any, digits: int, times: int = 1) -> list[Cell]:
    """Give numbers to so many digits; nothing where there is none, or no end to it."""
    told: list[Cell] = []
    for value in values.tolist():
        if pd.isna(value) or value in (float("inf"),):
            told.append(None)
        else:
            told.append(round(Decimal(repr(float(value))) * times, digits) if digits else int(value))
    return told
