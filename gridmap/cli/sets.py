"""``gridmap set``: what a boundary set and its levels are."""

import typer

from gridmap.cli import common
from gridmap.cli.common import CommitOption, DbOption, FileArgument
from gridmap.i18n import text

app = typer.Typer(no_args_is_help=True, help="Boundary sets and what is asked of their levels. 边界集与层级。")


@app.command()
def put(file: FileArgument, commit: CommitOption = False, db: DbOption = None) -> None:
    """Add a set from a TOML file, or change the one with that name. 建立或修改边界集。"""
    from gridmap.files.sets import read_set
    from gridmap.services.boundaries import put_set

    with common.refusing():
        settings = common.settings()
        asked = read_set(file, settings=settings)
        with common.opened(db, rehearsal=not commit) as store:
            put_set(store, asked, settings=settings, commit=commit)
    common.say("set.put", set=asked.name, levels=" > ".join(level.name for level in asked.levels))
    common.say("committed" if commit else "rehearsal")


@app.command("list")
def list_(db: DbOption = None) -> None:
    """List the sets with their levels and the version in force. 列出边界集。"""

    with common.refusing():
        today = common.today(common.settings())
        with common.opened(db, existing=True) as store, store.unit_of_work() as work:
            sets = work.boundaries.list_sets()
            current = [work.boundaries.version_at(s.name, today) for s in sets]
    for found, version in zip(sets, current, strict=True):
        common.say(
            "set.line",
            set=found.name,
            title=found.title,
            version=version.number if version else common.word("none"),
            revision=found.revision,
            scheme=found.code_scheme or common.word("none"),
        )
        for level in found.levels:
            said = [word for word, held in (("tiles", level.tiles_parent), ("contiguous", level.contiguous)) if held]
            said += ["points"] if level.shapes == "any" else []
            words = ", ".join(text(f"cli.set.{word}", common.language()) for word in said)
            common.say("set.level", order=level.order, level=level.name, words=words)
