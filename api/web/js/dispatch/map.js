// The map of the dispatcher: the incident, the responsible grid filled with the chain above it, patrols near, other cases quiet.
import { addBasemap } from "../basemap.js";
import { el, t } from "../texts.js";
import { categoryName, clockNow, clockWords } from "./words.js";
import { legendControl } from "./legend.js";
import { UNIT_DOTS, startUnits } from "./units.js";

const CONTEXT = {
  water: { color: "#a9c8db", fillColor: "#cfe1ec", weight: 1, fillOpacity: 1 },
  green: { color: "#c3d8bb", fillColor: "#dbe8d4", weight: 1, fillOpacity: 1 },
  road: { color: "#dcd6c8", weight: 3, fill: false },
};
/** Borders from the finest level upwards. */
const BORDERS = [{ color: "#98a2ab", weight: 0.9 }, { color: "#5d6a76", weight: 1.5 }, { color: "#1b2530", weight: 2.5 }];
const OWNER = { color: "#0b6a70", weight: 3, fillColor: "#2aa5ad", fillOpacity: 0.28 };
const CHAIN = { color: "#0b6a70", weight: 2.5, dashArray: "7 5", fill: false };
/** How a case is drawn, by its clock: not by colour alone. */
const DOTS = {
  overdue: { radius: 6, color: "#7a1408", weight: 2, fillColor: "#c4311c" },
  risk: { radius: 6, color: "#6b3d00", weight: 2, fillColor: "#f0a73a" },
  today: { radius: 5, color: "#44525e", weight: 1.5, fillColor: "#ffffff" },
  ok: { radius: 4, color: "#44525e", weight: 1.5, fillColor: "#ffffff" },
};
const PANES = ["context", "grids", "chain", "owner", "accuracy", "units", "cases", "patrols", "incident"];
const QUIET = new Set(["context", "grids", "chain", "owner", "accuracy"]);
const ZOOM = 16;

/** Make the map once. `ask` hears a place that was clicked, `pick` a case, `moved` the view. */
export function startMap(node, { ask, pick, moved, now }) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = L.map(node, {
    zoomControl: false, attributionControl: false, zoomSnap: 0.25, maxZoom: 20, minZoom: 8, doubleClickZoom: false,
    fadeAnimation: !still, zoomAnimation: !still, markerZoomAnimation: !still,
  });
  PANES.forEach((name, i) => {
    const pane = map.createPane(name);
    pane.style.zIndex = String(300 + i * 16);
    if (QUIET.has(name)) { pane.style.pointerEvents = "none"; }
  });
  map.setView([36, 120], 10);
  addBasemap(map);
  const canvas = { context: L.canvas({ pane: "context", padding: 0.2 }), grids: L.canvas({ pane: "grids", padding: 0.2 }) };
  const svg = Object.fromEntries(["chain", "owner", "accuracy", "units", "cases"].map((name) => [name, L.svg({ pane: name, padding: 0.2 })]));
  const groups = Object.fromEntries(PANES.map((name) => [name, L.featureGroup().addTo(map)]));
  const borders = new Map();
  const dots = new Map();
  L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
  let controls = [], shown = [], here = "", pin = null;

  map.on("click", (event) => ask({ lon: event.latlng.lng, lat: event.latlng.lat }));
  map.on("moveend", () => {
    const at = map.getCenter(), box = map.getBounds();
    moved({ view: `${map.getZoom()}/${at.lat.toFixed(5)}/${at.lng.toFixed(5)}`, zoom: map.getZoom(),
      box: [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()] });
  });
  // without a mouse: arrows move the map, Enter asks at the cross in its middle
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== node) { return; }
    event.preventDefault();
    event.stopPropagation();
    const at = map.getCenter();
    ask({ lon: at.lng, lat: at.lat });
  });

  const icon = (className, text, ...parts) => L.divIcon({ className: "", html: el("span", className, text, ...parts), iconSize: [0, 0] });
  /** What stands in the way of names: the pin of the open case and the name of its grid. */
  function taken() {
    if (!pin) { return []; }
    const { x, y } = map.latLngToContainerPoint([pin.lat, pin.lon]);
    const label = node.querySelector(".map-label"), half = label ? label.offsetWidth / 2 : 0;
    return [[x - 14, y - 28, x + 14, y + 2], ...(label ? [[x - half, y + 2, x + half, y + 24]] : [])];
  }
  const units = startUnits(map, { taken, groups, renderer: svg.units, icon, now, still });

  function shape(group, feature, style) {
    if (feature) { L.geoJSON(feature, { pane: group, renderer: svg[group], interactive: false, style }).eachLayer((layer) => groups[group].addLayer(layer)); }
  }

  return {
    map,
    /** Draw the ground as it comes: the context, or one level. */
    ground({ context, level, finest, features }) {
      if (context) {
        groups.context.clearLayers();
        L.geoJSON(context, { pane: "context", renderer: canvas.context, interactive: false, style: (f) => CONTEXT[f.properties.kind] || CONTEXT.road })
          .eachLayer((layer) => groups.context.addLayer(layer));
        return;
      }
      const old = borders.get(level);
      if (old) { groups.grids.removeLayer(old); }
      const rank = finest ? 0 : level === 0 ? 2 : 1;
      const drawn = L.geoJSON(features, {
        pane: "grids", renderer: canvas.grids, interactive: false, pointToLayer: () => L.layerGroup(),
        style: { ...BORDERS[rank], ...(finest ? { fillColor: "#ffffff", fillOpacity: 0.5 } : { fill: false }) },
      });
      borders.set(level, drawn);
      groups.grids.addLayer(drawn);
      [...borders.keys()].sort((a, b) => b - a).forEach((order) => borders.get(order).bringToFront());
    },
    /** Show the cases of the queue, quietly; the open one is the incident. */
    cases(rows, open) {
      shown = rows;
      here = open;
      const known = new Set(rows.map((row) => row.case_id));
      dots.forEach((dot, id) => { if (!known.has(id) || id === open) { dot.remove(); dots.delete(id); } });
      rows.forEach((row) => {
        if (row.case_id === open || row.lon === null || row.lat === null) { return; }
        const look = DOTS[clockNow(row, now())] || DOTS.ok;
        const old = dots.get(row.case_id);
        if (old) { old.setLatLng([row.lat, row.lon]).setStyle(look).setRadius(look.radius); old.row = row; return; }
        const dot = L.circleMarker([row.lat, row.lon], { pane: "cases", renderer: svg.cases, bubblingMouseEvents: false, fillOpacity: 0.95, className: "case-dot", ...look });
        dot.row = row;
        dot.bindTooltip(() => el("div", null, null, el("strong", null, categoryName(dot.row.category)),
          el("span", null, [dot.row.address, clockWords(dot.row, now())].filter(Boolean).join(" · "))), { className: "case-tip", direction: "top", offset: [0, -6] });
        dot.on("click", () => pick(row.case_id));
        dots.set(row.case_id, dot.addTo(groups.cases));
      });
    },
    again() { this.cases(shown, here); units.tick(); },
    /** Units as they move, and which of them are near the open case. */
    units: units.take,
    near: units.near,
    /** Show a place; `owner` shows who is responsible for it. */
    place(at, { emergency = false, accuracy = 0, label = "" } = {}) {
      groups.incident.clearLayers();
      groups.accuracy.clearLayers();
      pin = at;
      if (!at) { return; }
      L.marker([at.lat, at.lon], { pane: "incident", interactive: false, keyboard: false, icon: icon("incident" + (emergency ? " urgent" : "")), alt: label }).addTo(groups.incident);
      if (accuracy > 0) {
        L.circle([at.lat, at.lon], { pane: "accuracy", renderer: svg.accuracy, interactive: false, radius: accuracy, color: "#c2187a", weight: 1.5, dashArray: "4 4", fillOpacity: 0.06 }).addTo(groups.accuracy);
      }
    },
    owner(own, chain, at = null) {
      groups.owner.clearLayers();
      groups.chain.clearLayers();
      chain.forEach((feature) => shape("chain", feature, CHAIN));
      shape("owner", own, OWNER);
      if (own && at) {
        L.marker([at.lat, at.lon], { pane: "incident", interactive: false, keyboard: false, icon: icon("map-label", own.properties.name || own.properties.code) }).addTo(groups.owner);
      }
    },
    /** Bring a place into view, with the shape around it when that fits; what is in view already stays where it is. */
    bring(at, feature) {
      map.invalidateSize();
      const inner = map.getBounds().pad(-0.15);
      const shapeBox = feature ? L.geoJSON(feature).getBounds() : null;
      if (inner.contains([at.lat, at.lon]) && map.getZoom() >= 15 && (!shapeBox || map.getBounds().intersects(shapeBox))) { return; }
      if (shapeBox && shapeBox.isValid()) { map.fitBounds(shapeBox.extend([at.lat, at.lon]), { padding: [70, 70], maxZoom: ZOOM, animate: !still }); }
      else { map.setView([at.lat, at.lon], Math.max(map.getZoom(), ZOOM), { animate: !still }); }
    },
    view(text) {
      const found = /^([\d.]+)\/(-?[\d.]+)\/(-?[\d.]+)$/.exec(text);
      if (!found || Number(found[1]) > 20 || Math.abs(Number(found[2])) > 90 || Math.abs(Number(found[3])) > 180) { return false; }
      map.setView([Number(found[2]), Number(found[3])], Number(found[1]), { animate: false });
      return true;
    },
    fit(bounds) { map.fitBounds([[bounds[1], bounds[0]], [bounds[3], bounds[2]]], { padding: [20, 20], animate: false }); },
    /** Zoom buttons and legend, in the language of the page. */
    controls() {
      controls.forEach((control) => control.remove());
      node.setAttribute("aria-label", t("dispatch_map"));
      controls = [
        L.control.zoom({ position: "topright", zoomInTitle: t("history_zoom_in"), zoomOutTitle: t("history_zoom_out") }),
        legendControl(DOTS, UNIT_DOTS),
      ];
      controls.forEach((control) => control.addTo(map));
    },
    resize() { map.invalidateSize(); },
  };
}
