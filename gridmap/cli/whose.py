"""Whose grids a command asks: those of a boundary file, or of a version in a store."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridmap.cli import common
from gridmap.errors import InvalidInput

if TYPE_CHECKING:
    from gridmap.analysis.locator import Locator
    from gridmap.domain.rules import Finding
    from gridmap.settings import Settings

GridsOption = Annotated[Path | None, typer.Option("--grids", "--boundaries", help="Boundary file instead of a store.")]
CodeColumnOption = Annotated[str | None, typer.Option("--code-column", help="Column of codes in it.")]
LayerOption = Annotated[str | None, typer.Option("--layer", help="Layer of a boundary file with several.")]
BoundariesDatumOption = Annotated[
    str | None, typer.Option("--boundaries-datum", help="What degrees of the boundary file mean.", metavar="DATUM")
]
VersionOption = Annotated[int | None, typer.Option("--version", help="Number of a version instead of a day.")]


def chosen_locator(
    grids: Path | None,
    code_column: str | None,
    layer: str | None,
    crs: str | None,
    datum: str | None,
    db: str | None,
    set_name: str | None,
    at: str | None,
    version: int | None,
    strict: bool,
    settings: "Settings",
) -> "Locator":
    """Index the grids that the options of a command name.

    Raises
    ------
    InvalidInput
        ``join_grids_twice``: a file and a version were named; ``join_at_or_version``: a day and a number were;
        ``boundaries_overlap`` where it is ``strict``.
    GridmapError
        As reading the file, or opening the store, raises.
    """
    if grids is None:
        return _of_store(db, set_name, at, version, strict, settings)
    if set_name or at or version is not None:
        raise InvalidInput("join_grids_twice")
    from gridmap.crs import parse_datum
    from gridmap.files.locators import read_locator

    stated = parse_datum(datum) if datum else None
    return read_locator(
        grids, code_column=code_column, layer=layer, crs=crs, datum=stated, strict=strict, settings=settings
    )


def _of_store(
    db: str | None, set_name: str | None, at: str | None, number: int | None, strict: bool, settings: "Settings"
) -> "Locator":
    from gridmap.analysis.topology import require_no_overlap
    from gridmap.services.history import require_version
    from gridmap.services.responsibility import Plans

    if at is not None and number is not None:
        raise InvalidInput("join_at_or_version")
    day = common.parse_day(at) or common.today(settings)
    with common.opened(db, existing=True) as store:
        plans = Plans(store)
        boundary_set = plans.resolve_set(set_name, settings.default_set)
        if number is None:
            plan = plans.at(boundary_set, day)
        else:
            plan = plans.of(boundary_set, require_version(store, boundary_set.name, number))
        if strict:
            require_no_overlap(plan.frame[plan.frame["level"] == plan.boundary_set.leaf.name])
        return plan.locator


def say_examples(examples: "Mapping[str, Finding]") -> None:
    """Print one example of each kind of fault in a file."""
    for finding in examples.values():
        common.say("join.example", rule=finding.rule, message=finding.message(common.language()))
