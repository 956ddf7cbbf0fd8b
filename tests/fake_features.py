"""Layers of the store in memory: each a list of what it was from which day on, until the next entry."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import geopandas as gpd
import shapely
from fake_people import value_at, without_repeats

from gridmap.domain.features import FeatureLayer, FeatureState
from gridmap.errors import Conflict, NotFound
from gridmap.store import columns as col
from gridmap.store.features import feature_counts, feature_frame, shape_array


@dataclass(frozen=True)
class FakeLayer:
    """A layer, its features by the day from which on they were so, and who owned what began on which day."""

    layer: FeatureLayer
    steps: dict[date, dict[str, tuple]] = field(default_factory=dict)
    owners: dict[tuple[str, date], tuple] = field(default_factory=dict)

    def rows(self, day):
        """Every feature of a day with the days around it in which it was the same."""
        days = sorted(self.steps)
        found = []
        for code, content in sorted(value_at(self.steps, day, {}).items()):
            same = [at for at in days if self.steps[at].get(code) == content]
            start = max(at for at in days if at <= day)
            while days.index(start) > 0 and days[days.index(start) - 1] in same:
                start = days[days.index(start) - 1]
            end = next((at for at in days if at > day and at not in same), None)
            found.append((code, content, start, end))
        return found


class FakeFeatures:
    """Facilities and thematic zones."""

    def __init__(self, work: Any) -> None:
        self._work = work

    def _layers(self):
        return self._work.read().layers

    def list_layers(self):
        return [held.layer for _, held in sorted(self._layers().items())]

    def find_layer(self, name):
        return self._layers()[name].layer if name in self._layers() else None

    def put_layer(self, layer):
        col.require_storable("name", [layer.name, layer.title])
        layers = self._work.write().layers
        layers[layer.name] = replace(layers.get(layer.name, FakeLayer(layer)), layer=layer)

    def replace(self, layer, frame, *, valid_from, owners):
        shapes = col.simple_shapes(frame)
        codes = col.texts(frame, "code", required=True)
        if len(set(codes)) < len(codes):
            raise Conflict("code_not_unique")
        columns = (
            col.texts(frame, "name"),
            col.texts(frame, "state", required=True),
            col.json_texts(frame, "attributes"),
            [shapely.to_wkb(shape) for shape in shapes],
        )
        layers = self._work.write().layers
        if layer not in layers:
            raise NotFound("feature_layer_unknown", known=", ".join(sorted(layers)))
        if not set(columns[1]) <= set(FeatureState):
            raise Conflict("store_refused")
        content = dict(zip(codes, zip(*columns, strict=True), strict=True))
        old = layers[layer]
        steps = without_repeats({**old.steps, valid_from: content}, lambda rows: sorted(rows.items()), {})
        new = replace(old, steps=steps, owners={})
        for day in steps:
            for code, row, start, _ in new.rows(day):
                whose = next((o for c, at, o in _begun(old) if (c, at) == ((code, row), start)), None)
                new.owners[code, start] = whose or _asked(owners, row, start)
        layers[layer] = new
        return len(codes)

    def next_change(self, layer, day):
        steps = self._layers()[layer].steps if layer in self._layers() else {}
        return min((at for at in steps if at > day), default=None)

    def counts(self, day, within=None):
        rows = [
            (name, row[1])
            for name, held in self._layers().items()
            for code, row, start, _ in held.rows(day)
            if _mine(held.owners[code, start], within)
        ]
        return feature_counts([(*key, rows.count(key)) for key in sorted(set(rows))])

    def frame(self, where):
        held = self._layers().get(where.layer)
        rows, shapes = [], []
        for code, (name, state, attributes, body), start, end in held.rows(where.day) if held else []:
            shape = shapely.from_wkb(body)
            x0, y0, x1, y1 = shape.bounds
            box = where.bbox or (x0, y0, x1, y1)
            outside = x0 > box[2] or x1 < box[0] or y0 > box[3] or y1 < box[1]
            if where.code is not None and code != where.code:
                continue
            if outside or (where.states is not None and state not in where.states):
                continue
            if not _mine(held.owners[code, start], where.within):
                continue
            attributes = col.json.loads(attributes)
            rows.append((code, name, state, start, end, *held.owners[code, start], attributes))
            shapes.append(shape)
        return feature_frame(rows, shape_array(shapes))

    def page(self, where, *, limit, after_code=None):
        frame = self.frame(where)
        if after_code is not None:
            frame = frame[frame["code"] > after_code]
        return frame.head(limit).reset_index(drop=True)


def _mine(owner, within) -> bool:
    return within is None or any(owner[0] == name and (codes is None or owner[2] in codes) for name, codes in within)


def _begun(held):
    """What began when, and whose it was."""
    for day in held.steps:
        for code, row, start, _ in held.rows(day):
            yield (code, row), start, held.owners[code, start]


def _asked(owners, row, start):
    frame = gpd.GeoDataFrame({"valid_from": [start]}, geometry=[shapely.from_wkb(row[3])], crs=4326)
    found = owners(frame)
    return col.texts(found, "set_name")[0], col.integers(found, "version_number")[0], col.texts(found, "grid_code")[0]
