"""The collections that a reader has: areas of each level, drafts, incidents, layers, gaps of coverage."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from api.deps import Context
from gridmap.analysis.cql2.judging import Kind
from gridmap.domain.access import Permission
from gridmap.domain.boundaries import ALWAYS, BoundarySet, VersionState, in_time_order
from gridmap.domain.features import FeatureLayer
from gridmap.domain.privacy import require_columns
from gridmap.errors import NotFound
from gridmap.i18n import Language, has, text
from gridmap.services.case_books import provision_at
from gridmap.services.guarded import GuardedStore
from gridmap.services.ports import UnitOfWork


class Sort(StrEnum):
    """What a collection is of."""

    AREAS = "areas"
    DRAFT = "draft"
    INCIDENTS = "incidents"
    LAYER = "layer"
    GAPS = "gaps"


def _named(**kinds: Kind) -> Mapping[str, Kind]:
    require_columns(*kinds)
    return MappingProxyType(kinds)


_T, _I, _N, _D = Kind.TEXT, Kind.INTEGER, Kind.NUMBER, Kind.DAY
#: What is told of the features of each sort. Never attributes as imported, or notes: they may name people.
PROPERTIES: Mapping[Sort, Mapping[str, Kind]] = {
    Sort.AREAS: _named(
        code=_T, name=_T, level=_T, kind=_T, parent_code=_T, households=_I, area_m2=_N, version_number=_I,
        valid_from=_D, valid_to=_D,
    ),
    Sort.DRAFT: _named(code=_T, name=_T, level=_T, kind=_T, parent_code=_T, households=_I, area_m2=_N),
    Sort.INCIDENTS: _named(
        incident_id=_T, occurred_at=Kind.TIME, category=_T, channel=_T, grid_code=_T, method=_T, version_number=_I
    ),
    Sort.LAYER: _named(code=_T, name=_T, state=_T, valid_from=_D, valid_to=_D, grid_code=_T),
    Sort.GAPS: _named(gap=_I, area_m2=_N, households=_N, grids=_T),
}  # fmt: skip

#: The column that holds when a feature is: an instant, or the first of two that hold from when until before when.
TEMPORAL: Mapping[Sort, tuple[str, ...]] = {
    Sort.AREAS: ("valid_from", "valid_to"),
    Sort.INCIDENTS: ("occurred_at",),
    Sort.LAYER: ("valid_from", "valid_to"),
}
_NEEDS: Mapping[Sort, Permission] = {
    Sort.AREAS: Permission.GRIDS_READ,
    Sort.DRAFT: Permission.DRAFTS_WRITE,
    Sort.INCIDENTS: Permission.INCIDENTS_READ,
    Sort.LAYER: Permission.LAYERS_READ,
    Sort.GAPS: Permission.LAYERS_READ,
}


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection.

    Attributes
    ----------
    id : str
        Its name in addresses.
    sort : Sort
    title, description : str
        In the language of the reader.
    set_name, level, draft, layer : str or int, optional
        What it is of.
    since : date or None
        First day of which it tells; None: no beginning is known, or it does not live in time.
    """

    id: str
    sort: Sort
    title: str
    description: str
    set_name: str | None = None
    level: str | None = None
    draft: int | None = None
    layer: str | None = None
    since: date | None = None

    @property
    def properties(self) -> Mapping[str, Kind]:
        """What is told of each feature."""
        return PROPERTIES[self.sort]

    @property
    def shapes(self) -> str:
        """What its geometries are: areas, points, or any."""
        if self.sort is Sort.INCIDENTS:
            return "point"
        return "any" if self.sort is Sort.LAYER else "polygon"


def collections_of(ctx: Context, language: Language) -> list[Collection]:
    """Give all collections that the reader has, by what they are of."""
    with ctx.store.unit_of_work() as work:
        found = [c for s in work.boundaries.list_sets() for c in _of_set(ctx, work, s, language)]
        if _may(ctx, Sort.INCIDENTS):
            found.append(_incidents(language))
        if _may(ctx, Sort.LAYER):
            book = provision_at(work, ctx.day(None))
            layers = work.features.list_layers()
            found += [_layer(layer, language) for layer in layers]
            found += [_gaps(layer, language) for layer in layers if book.service_of(layer.name) is not None]
    return list({c.id: c for c in reversed(found)}.values())[::-1]


def find_collection(ctx: Context, name: str, language: Language) -> Collection:
    """Find a collection that the reader has.

    Raises
    ------
    NotFound
        ``collection_unknown``.
    """
    for collection in collections_of(ctx, language):
        if collection.id == name:
            return collection
    raise NotFound("collection_unknown")


def _may(ctx: Context, sort: Sort, set_name: str | None = None) -> bool:
    assert isinstance(ctx.store, GuardedStore)
    reach = ctx.store.rights[_NEEDS[sort]]
    return not reach.nowhere if set_name is None else reach.whole(set_name) or bool(reach.codes(set_name))


def _of_set(ctx: Context, work: UnitOfWork, boundary_set: BoundarySet, language: Language) -> list[Collection]:
    name, found = boundary_set.name, []
    versions = work.boundaries.list_versions(name)
    lived = in_time_order(versions)
    since = lived[0].valid_from if lived and lived[0].valid_from != ALWAYS else None
    titled = boundary_set.title or name
    levels = sorted(boundary_set.levels, key=lambda x: x.order)
    for level in levels if lived else ():
        title = text("ogc.areas", language, set=titled, level=level_title(level.name, language))
        said = text("ogc.areas_about", language)
        found.append(Collection(f"{name}.{level.name}", Sort.AREAS, title, said, name, level.name, since=since))
    drafts = [v.number for v in versions if v.state is VersionState.DRAFT] if _may(ctx, Sort.DRAFT, name) else []
    for number in drafts:
        for level in levels:
            title = text("ogc.draft", language, set=titled, level=level_title(level.name, language), number=number)
            said = text("ogc.draft_about", language)
            id_ = f"{name}.draft{number}.{level.name}"
            found.append(Collection(id_, Sort.DRAFT, title, said, name, level.name, draft=number))
    return found


def level_title(name: str, language: Language) -> str:
    """Give the word for a level; one that the catalogue does not know goes by its own name."""
    return text(f"map.level_{name}", language) if has(f"map.level_{name}") else name


def _incidents(language: Language) -> Collection:
    said = text("ogc.incidents_about", language)
    return Collection("incidents", Sort.INCIDENTS, text("ogc.incidents", language), said)


def _layer(layer: FeatureLayer, language: Language) -> Collection:
    said = text("ogc.layer_about", language)
    return Collection(f"layer.{layer.name}", Sort.LAYER, layer.title or layer.name, said, layer=layer.name)


def _gaps(layer: FeatureLayer, language: Language) -> Collection:
    title = text("ogc.gaps", language, layer=layer.title or layer.name)
    return Collection(f"gaps.{layer.name}", Sort.GAPS, title, text("ogc.gaps_about", language), layer=layer.name)
