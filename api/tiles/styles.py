"""How layers of tiles look: a style for MapLibre, and a layer with its look for QGIS.

Neither has letters: MapLibre would fetch their shapes from somewhere, and names are on our own pages.
"""

from typing import Any
from xml.sax.saxutils import quoteattr

from api.tiles.documents import FIRST, LAST, template_of
from api.tiles.layers import Layer
from gridmap.tiles.matrix import WEB_MERCATOR

_LINE, _FILL, _POINT = "#5b6b7a", "#dfe6ea", "#b3541e"
#: Hours of patrols from which each colour holds; the scale of our own map of effort.
_HOURS = ((0.0, "#f1eeea"), (1.0, "#d9e3ea"), (4.0, "#b4cbdb"), (8.0, "#86abc6"), (16.0, "#5586a8"), (32.0, "#2f6084"))


def maplibre(root: str, layer: Layer, when: str | None, title: str) -> dict[str, Any]:
    """Give a style (MapLibre style specification, version 8) that needs nothing beside the tiles."""
    source: dict[str, Any] = {
        "type": "vector",
        "tiles": [template_of(root, layer, WEB_MERCATOR, when, ("z", "y", "x"))],
        "minzoom": FIRST,
        "maxzoom": LAST,
    }
    style: dict[str, Any] = {"version": 8, "name": title, "sources": {layer.name: source}, "layers": _looks(layer)}
    if layer.box is not None:
        west, south, east, north = layer.box
        source["bounds"] = [west, south, east, north]
        style |= {"center": [(west + east) / 2, (south + north) / 2], "zoom": 12}
    return style


def _looks(layer: Layer) -> list[dict[str, Any]]:
    of = {"source": layer.name, "source-layer": layer.name}
    if layer.shapes == "point":
        radius = ["interpolate", ["linear"], ["sqrt", ["coalesce", ["get", "count"], 1]], 1, 4, 32, 22]
        paint = {
            "circle-color": _POINT,
            "circle-opacity": 0.75,
            "circle-radius": radius,
            "circle-stroke-color": "#ffffff",
            "circle-stroke-width": 1,
        }
        return [{"id": layer.name, "type": "circle", **of, "paint": paint}]
    fill: Any = _FILL
    if "dwell_hours" in layer.fields:
        stops = [part for hours, colour in _HOURS[1:] for part in (hours, colour)]
        fill = ["step", ["coalesce", ["get", "dwell_hours"], 0], _HOURS[0][1], *stops]
    return [
        {"id": f"{layer.name}-fill", "type": "fill", **of, "paint": {"fill-color": fill, "fill-opacity": 0.7}},
        {
            "id": f"{layer.name}-line",
            "type": "line",
            **of,
            "paint": {"line-color": _LINE, "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.4, 14, 1.2]},
        },
    ]


def qgis(root: str, layer: Layer, when: str | None, title: str) -> str:
    """Give a layer definition (.qlr) that QGIS opens: where the tiles are, and how they look."""
    address = template_of(root, layer, WEB_MERCATOR, when, ("z", "y", "x"))
    # of the source, only what would end a part of it is written otherwise
    part = address.replace("%", "%25").replace("&", "%26").replace("=", "%3D")
    source = f"type=xyz&url={part}&zmin={FIRST}&zmax={LAST}"
    styles = "".join(_qgis_style(layer, *look) for look in _qgis_looks(layer))
    name = quoteattr(f"gridmap_{layer.version}")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE qgis-layer-definition>\n<qlr>'
        f'<layer-tree-group name="" expanded="1" checked="Qt::Checked"><layer-tree-layer id={name} '
        f'name={quoteattr(title)} providerKey="" checked="Qt::Checked" expanded="1" source={quoteattr(source)}/>'
        "</layer-tree-group><maplayers>"
        '<maplayer type="vector-tile" autoRefreshEnabled="0" hasScaleBasedVisibilityFlag="0">'
        f"<id>{name[1:-1]}</id><datasource>{_text(source)}</datasource><layername>{_text(title)}</layername>"
        "<srs><spatialrefsys><authid>EPSG:3857</authid></spatialrefsys></srs>"
        f'<renderer type="basic"><styles>{styles}</styles></renderer>'
        "<blendMode>0</blendMode><layerOpacity>1</layerOpacity></maplayer></maplayers></qlr>\n"
    )


def _text(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _qgis_looks(layer: Layer) -> list[tuple[str, str, str]]:
    """Give name, expression and colour of each look."""
    if layer.shapes == "point":
        return [("incidents", "", _POINT)]
    if "dwell_hours" not in layer.fields:
        return [("areas", "", _FILL)]
    ends = [hours for hours, _ in _HOURS[1:]] + [None]
    return [
        (
            f"{low:g} h",
            f'coalesce("dwell_hours",0) >= {low:g}'
            + ("" if high is None else f' AND coalesce("dwell_hours",0) < {high:g}'),
            colour,
        )
        for (low, colour), high in zip(_HOURS, ends, strict=True)
    ]


def _qgis_style(layer: Layer, name: str, expression: str, colour: str) -> str:
    kind, geometry = ("marker", 0) if layer.shapes == "point" else ("fill", 2)
    rgb = ",".join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    inner = "SimpleMarker" if kind == "marker" else "SimpleFill"
    options = {"color": f"{rgb},200", "outline_color": "91,107,122,255", "outline_width": "0.2"}
    options |= {"name": "circle", "size": "2"} if kind == "marker" else {"style": "solid", "outline_style": "solid"}
    said = "".join(f'<Option name="{key}" type="QString" value="{value}"/>' for key, value in options.items())
    sized = ""
    if kind == "marker":
        sized = (
            '<data_defined_properties><Option type="Map"><Option name="properties" type="Map">'
            '<Option name="size" type="Map"><Option name="active" type="bool" value="true"/>'
            '<Option name="expression" type="QString" value="1.5 + sqrt(coalesce(&quot;count&quot;,1))"/>'
            '<Option name="type" type="int" value="3"/></Option></Option></Option></data_defined_properties>'
        )
    return (
        f"<style name={quoteattr(name)} layer={quoteattr(layer.name)} expression={quoteattr(expression)} "
        f'geometry="{geometry}" enabled="1" min-zoom="-1" max-zoom="-1"><symbols>'
        f'<symbol type="{kind}" name="0" alpha="1" clip_to_extent="1">'
        f'<layer class="{inner}" enabled="1" locked="0" pass="0">'
        f'<Option type="Map">{said}</Option>{sized}</layer></symbol></symbols></style>'
    )
