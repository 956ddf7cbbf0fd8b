"""Drafts by who has a part of a set: the part changes, the rest stays as it is."""

import geopandas as gpd
import pandas as pd

from gridmap.analysis.content import content_hash
from gridmap.domain.access import Permission
from gridmap.domain.boundaries import BoundaryVersion
from gridmap.errors import NotAllowed, NotFound, StaleVersion
from gridmap.services.guarded.guard import Guard
from gridmap.services.guarded.kin import Codes

_DRAFT = Permission.DRAFTS_WRITE


def merged_draft(
    guard: Guard, base: BoundaryVersion, part: gpd.GeoDataFrame, *, expected_hash: str | None = None
) -> tuple[gpd.GeoDataFrame, str]:
    """Lay a part into a version or draft; give the whole and its hash.

    In the part there may be codes within reach, and new ones below them; none may be moved under a parent beyond it.
    What lies beyond may be in it as well, unchanged: somebody may see more than he may draw.

    Raises
    ------
    NotAllowed
        ``outside_reach``.
    StaleVersion
        ``draft_stale``: the draft is not the one that was read.
    """
    if expected_hash is not None and base.content_hash != expected_hash:
        raise StaleVersion("draft_stale")
    raw = guard.raw.boundaries
    codes = guard.codes_of(_DRAFT, base) or frozenset()
    whole = raw.grids(base)
    mine = whole["code"].isin(codes)
    rest = whole[~mine]
    taken = {str(code) for code in rest["code"]} | _elsewhere(guard, base, codes)
    part = _without_the_rest(part, rest)
    former = dict(zip(whole["code"], whole["parent_code"], strict=True))
    given = {str(code) for code in part["code"]}
    for code, parent in zip(part["code"], part["parent_code"], strict=True):
        if code in taken:
            raise NotAllowed("outside_reach")
        held = isinstance(parent, str) and (parent in codes or (parent in given and parent not in taken))
        if not held and not (code in codes and _same(former.get(code), parent)):
            raise NotAllowed("outside_reach")
    merged = gpd.GeoDataFrame(pd.concat([rest, part], ignore_index=True), geometry="geometry", crs=whole.crs)
    return merged, content_hash(merged)


def _without_the_rest(part: gpd.GeoDataFrame, rest: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Leave out of a part what lies beyond reach, where it is given as it is; changed, it stays and is refused."""
    beyond = part["code"].isin(rest["code"])
    given = part[beyond]
    if not len(given) or content_hash(given) != content_hash(rest[rest["code"].isin(given["code"])]):
        return part
    return part[~beyond]


def _elsewhere(guard: Guard, base: BoundaryVersion, codes: Codes) -> set[str]:
    """Give the codes that published versions know beyond reach: an area's code is its own for life."""
    raw = guard.raw.boundaries
    published = [v for v in raw.list_versions(base.set_name) if v.ever_in_force]
    return {str(code) for v in published for code in raw.tree(v)["code"]} - codes


def _same(a: object, b: object) -> bool:
    return a == b or (not isinstance(a, str) and not isinstance(b, str))


def require_own_draft(guard: Guard, set_name: str, number: int) -> None:
    """Check that a draft says of all beyond reach what the version says that it was drawn from.

    Raises
    ------
    NotFound
        ``version_unknown``.
    NotAllowed
        ``outside_reach``.
    """
    raw = guard.raw.boundaries
    draft = raw.find_version(set_name, number)
    if draft is None:
        raise NotFound("version_unknown")
    base = None if draft.based_on is None else raw.find_version(set_name, draft.based_on)
    if base is None or _beyond(guard, draft) != _beyond(guard, base):
        raise NotAllowed("outside_reach")


def _beyond(guard: Guard, version: BoundaryVersion) -> str:
    codes = guard.codes_of(_DRAFT, version) or frozenset()
    grids = guard.raw.boundaries.grids(version)
    return content_hash(grids[~grids["code"].isin(codes)])
