// The map: context, ghost of the version before, every level of the draft, marks, and what is drawn on top.
import { addBasemap } from "../basemap.js";
import { el, t } from "../texts.js";
import { labelPlace, startLabels } from "../history/labels.js";
import { boxOf, boxesMeet, partsOf } from "./geometry.js";

const CONTEXT = {
  water: { color: "#a9c8db", fillColor: "#cfe1ec", weight: 1, fillOpacity: 1 },
  green: { color: "#c3d8bb", fillColor: "#dbe8d4", weight: 1, fillOpacity: 1 },
  road: { color: "#dcd6c8", weight: 3, fill: false },
  layer: { color: "#8b7a55", weight: 1.2, fillColor: "#efe7d2", fillOpacity: 0.5 },
};
/** Borders from the coarsest level that is drawn to the finest. */
const BORDERS = [{ color: "#1b2530", weight: 2.5 }, { color: "#3b4a58", weight: 1.5 }, { color: "#5d6a76", weight: 1 }];
const KEPT = { fillColor: "#ffffff", fillOpacity: 0.5 };
const CHANGED = { fillColor: "#8fd0d4", fillOpacity: 0.38 };
const CHOSEN = "#0b2230";
const PANES = ["context", "units", "finest", "upper", "locks", "ghost", "compared", "chosen", "edges", "faults", "proposal", "cases", "handles", "sketch", "pins"];
/** A name is written where its grid is this share of it wide on the screen; so many at most. */
const ROOM_FOR_NAME = 0.8;
const MOST_NAMES = 120;
/** Width of a letter of a name in pixels, about: of a Chinese character, and of another. */
const WIDE = 13;
const NARROW = 7.5;

export const toLatLngs = (parts) => parts.map((rings) => rings.map((ring) => ring.map(([x, y]) => [y, x])));

/** While something is dragged, the place on the canvas that alone is drawn again; null: whatever a shape covers. */
let spot = null;
/** Leaflet's canvas draws again all that a changed shape covers; a street covers the screen, and only one corner moved. */
const SpotCanvas = L.Canvas.extend({
  _extendRedrawBounds(layer) {
    if (!spot) { L.Canvas.prototype._extendRedrawBounds.call(this, layer); return; }
    this._redrawBounds = this._redrawBounds || L.bounds([]);
    this._redrawBounds.extend(spot.min).extend(spot.max);
  },
});

/** Make the map once. */
export function startMap(node) {
  const map = L.map(node, {
    zoomControl: false, attributionControl: false, zoomSnap: 0.25, maxZoom: 21, minZoom: 8, keyboard: false,
    boxZoom: false, doubleClickZoom: false, fadeAnimation: false, zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
  });
  PANES.forEach((name, i) => {
    const pane = map.createPane(name);
    pane.style.zIndex = String(300 + i * 16);
    pane.style.pointerEvents = "none";
  });
  map.setView([36, 120], 10);
  addBasemap(map);
  const canvases = Object.fromEntries(["context", "units", "finest", "upper", "ghost", "cases"].map((n) => [n, new SpotCanvas({ pane: n, padding: 0.1 })]));
  const svgs = Object.fromEntries(["locks", "compared", "chosen", "edges", "faults", "proposal", "handles", "sketch"].map((n) => [n, L.svg({ pane: n, padding: 0.1 })]));
  const groups = Object.fromEntries(PANES.map((n) => [n, L.featureGroup().addTo(map)]));
  const scale = L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
  const labels = startLabels(map);
  const layers = new Map();
  const chosen = new Map();
  let zoom = null;
  let finest = 0;
  let snappable = [];
  let placed = null;

  const styleOf = (area) => ({
    ...BORDERS[Math.min(2, Math.max(0, 2 - (finest - area.order)))],
    ...(area.order === finest ? (area.drawn ? CHANGED : KEPT) : { fill: false }),
  });

  function draw(area, gone) {
    const old = layers.get(area);
    if (gone) { if (old) { old.remove(); layers.delete(area); } return; }
    if (old) {
      old.setLatLngs(toLatLngs(area.parts));
      const style = styleOf(area);
      if (old.options.fillColor !== style.fillColor) { old.setStyle(style); }
    } else {
      const pane = area.order === finest ? "finest" : "upper";
      const layer = L.polygon(toLatLngs(area.parts), { ...styleOf(area), pane, renderer: canvases[pane], interactive: false, smoothFactor: 0 });
      layers.set(area, layer.addTo(map));
    }
    const marks = chosen.get(area);
    if (marks) { marks.forEach((mark) => mark.setLatLngs(toLatLngs(area.parts))); }
  }

  /** Write the names of the areas of a level that are wide enough on the screen. */
  function names(areas) {
    const view = map.getBounds();
    const box = [view.getWest(), view.getSouth(), view.getEast(), view.getNorth()];
    const across = map.getSize().x / (box[2] - box[0] || 1);
    const width = (text) => [...text].reduce((sum, c) => sum + (c > "\u2e80" ? WIDE : NARROW), 0);
    const room = areas.filter((area) => area.parts.length && boxesMeet(area.box, box)
      && (area.box[2] - area.box[0]) * across > ROOM_FOR_NAME * width(area.name || area.code))
      .sort((a, b) => (b.box[2] - b.box[0]) - (a.box[2] - a.box[0])).slice(0, MOST_NAMES);
    labels.set(room.map((area) => {
      area.label = area.label || labelPlace({ type: "MultiPolygon", coordinates: area.parts.map((rings) => rings.map((ring) => [...ring, ring[0]])) });
      return { at: area.label, text: area.name || area.code };
    }).filter((label) => label.at));
  }

  return {
    map, groups, svgs, canvases, draw, names,
    /** Say which order the finest level has, before areas are drawn. */
    setFinest(order) { finest = order; },
    snappable: () => snappable,
    /** Draw water, green, roads and layers as quiet ground; lines of all of them can be snapped to. */
    context(features) {
      groups.context.clearLayers();
      L.geoJSON({ type: "FeatureCollection", features: features.filter((f) => f.geometry && f.geometry.type !== "Point") }, {
        pane: "context", renderer: canvases.context, interactive: false,
        style: (f) => CONTEXT[f.properties.kind] || (f.properties.layer ? CONTEXT.layer : CONTEXT.road),
      }).eachLayer((layer) => groups.context.addLayer(layer));
      snappable = features.map((f) => linesOf(f.geometry)).filter((lines) => lines.length)
        .map((lines) => ({ lines, box: boxOf(lines.flat()) }));
    },
    /** Draw lines of the version before where its borders ran otherwise. */
    ghost(lines) {
      groups.ghost.clearLayers();
      if (lines.length) {
        groups.ghost.addLayer(L.polyline(lines.map((line) => line.map(([x, y]) => [y, x])), {
          pane: "ghost", renderer: canvases.ghost, interactive: false, color: "#8a3ffc", weight: 1.8, dashArray: "6 5", smoothFactor: 0,
        }));
      }
    },
    /** Mark the chosen areas: a dark line in a light one. */
    choose(areas) {
      chosen.forEach((marks) => marks.forEach((mark) => mark.remove()));
      chosen.clear();
      areas.forEach((area) => chosen.set(area, [{ color: "#ffffff", weight: 8, opacity: 0.95 }, { color: CHOSEN, weight: 3.6 }].map((look) => L.polygon(
        toLatLngs(area.parts), { pane: "chosen", renderer: svgs.chosen, interactive: false, fill: false, smoothFactor: 0, ...look }).addTo(map))));
    },
    /** Mark the place that is being written about; null: none. */
    place(at) {
      if (placed) { placed.remove(); }
      placed = at && L.circleMarker([at[1], at[0]], { pane: "sketch", renderer: svgs.sketch, interactive: false, radius: 9, color: "#1f4fa3", weight: 3, fillColor: "#ffffff", fillOpacity: 0.8, className: "note-place" }).addTo(map);
    },
    /** Draw again only what lies between some points, until there are none. */
    spot(points) {
      if (!points) { spot = null; return; }
      const room = L.point(8, 8);
      const box = L.bounds(points.map(([x, y]) => map.latLngToLayerPoint([y, x])));
      spot = L.bounds(box.min.subtract(room), box.max.add(room));
    },
    /** Show the chosen areas in red while what is done to them is wrong. */
    wrong(is) { chosen.forEach(([, line]) => line.setStyle({ color: is ? "#c4161c" : CHOSEN })); },
    /** The zoom buttons in the language of the page, with one for the whole. */
    controls(whole) {
      if (zoom) { zoom.forEach((control) => control.remove()); }
      const Fit = L.Control.extend({
        onAdd: () => {
          const button = el("button", "fit", "⤢");
          button.type = "button";
          button.title = t("plan_fit");
          button.setAttribute("aria-label", t("plan_fit"));
          L.DomEvent.disableClickPropagation(button);
          button.addEventListener("click", whole);
          return button;
        },
      });
      zoom = [
        L.control.zoom({ position: "topright", zoomInTitle: t("plan_zoom_in"), zoomOutTitle: t("plan_zoom_out") }),
        new Fit({ position: "topright" }),
      ];
      zoom.forEach((control) => control.addTo(map));
      scale.remove();
      scale.addTo(map);
    },
    /** Bring a box into view. */
    fit(box, maxZoom = 18) {
      map.fitBounds([[box[1], box[0]], [box[3], box[2]]], { padding: [40, 40], maxZoom, animate: false });
    },
  };
}

/** Every line and ring of a GeoJSON geometry, rings closed. */
export function linesOf(geometry) {
  if (!geometry) { return []; }
  switch (geometry.type) {
    case "LineString": return [geometry.coordinates];
    case "MultiLineString": case "Polygon": return geometry.coordinates;
    case "MultiPolygon": return geometry.coordinates.flat();
    case "GeometryCollection": return geometry.geometries.flatMap(linesOf);
    default: return [];
  }
}
