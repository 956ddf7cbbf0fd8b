// The map of the difference: context, the borders that stayed, ground that changes hands, old and new borders.
import { addBasemap } from "../basemap.js";
import { el, number, t } from "../texts.js";
import { GROUPS, groupName, groupOf, kindName, sideName } from "./kinds.js";
import { labelPlace, startLabels } from "./labels.js";

const SVG = "http://www.w3.org/2000/svg";
const CONTEXT = {
  water: { color: "#a9c8db", fillColor: "#cfe1ec", weight: 1, fillOpacity: 1 },
  green: { color: "#c3d8bb", fillColor: "#dbe8d4", weight: 1, fillOpacity: 1 },
  road: { color: "#dcd6c8", weight: 3, fill: false },
};
const HATCH = "gm-lost-hatch";
const MOST_LABELS = 120;

/** The pattern for ground that nobody has any more. */
function addHatch(svg) {
  const make = (tag, attributes) => {
    const node = document.createElementNS(SVG, tag);
    Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
    return node;
  };
  const pattern = make("pattern", { id: HATCH, width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  pattern.append(make("rect", { width: 7, height: 7, fill: "#e9e9e6" }), make("rect", { width: 2.6, height: 7, fill: "#4a5560" }));
  const defs = make("defs", {});
  defs.append(pattern);
  svg.prepend(defs);
}

/** What a piece is, in a few lines for the tooltip. */
function tipOf(p) {
  const box = el("div", "tip");
  const old = sideName(p.old_code, p.old_name, t("history_nobody_had"));
  const now = sideName(p.new_code, p.new_name, t("history_nobody_has"));
  box.append(el("strong", null, t("history_change_of", { old, new: now })),
    el("span", "codes", t("history_change_of", { old: p.old_code || "–", new: p.new_code || "–" })));
  const facts = [kindName(p.kind), `${number(Math.round(p.area_m2))} m²`];
  if (p.households !== null) { facts.push(`${t("history_col_households")} ${number(Math.round(p.households))}`); }
  if (p.incidents !== null) { facts.push(`${t("history_col_incidents")} ${number(p.incidents)}`); }
  box.append(el("span", null, facts.join(" · ")));
  return box;
}

function swatch(className, colour) {
  const box = el("span", "swatch " + className);
  if (colour) { box.style.backgroundColor = colour; }
  box.setAttribute("aria-hidden", "true");
  return box;
}

/** Make the map once; `pick` hears which piece was clicked. */
export function startMap(node, pick) {
  const map = L.map(node, { zoomControl: false, attributionControl: false, zoomSnap: 0.25, maxZoom: 19, minZoom: 8 });
  ["context", "kept", "pieces", "borders", "selected"].forEach((name, i) => { map.createPane(name).style.zIndex = 300 + i * 20; });
  ["borders", "selected", "kept", "context"].forEach((name) => { map.getPane(name).style.pointerEvents = "none"; });
  const canvas = { context: L.canvas({ pane: "context" }), kept: L.canvas({ pane: "kept" }) };
  const svg = { pieces: L.svg({ pane: "pieces" }), borders: L.svg({ pane: "borders" }), selected: L.svg({ pane: "selected" }) };
  const groups = Object.fromEntries(["context", "kept", "pieces", "borders", "selected"].map((n) => [n, L.featureGroup().addTo(map)]));
  map.setView([36, 120], 10);
  addBasemap(map);
  svg.pieces.addTo(map);
  addHatch(svg.pieces._container);
  L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
  const labels = startLabels(map);
  let controls = [];
  let layers = new Map();

  const style = (feature) => {
    const group = groupOf(feature.properties.kind);
    return {
      color: "#ffffff", weight: 0.8, opacity: 0.9,
      fillColor: group.hatched ? `url(#${HATCH})` : group.fill, fillOpacity: group.hatched ? 0.95 : 0.72,
    };
  };

  function draw(name, features, options) {
    groups[name].clearLayers();
    L.geoJSON({ type: "FeatureCollection", features }, options).eachLayer((layer) => groups[name].addLayer(layer));
  }

  function fit() {
    const bounds = groups.pieces.getBounds();
    if (!bounds.isValid()) { return; }
    // beside the legend, never beneath it, where the map is wide enough for both
    const legend = node.querySelector(".legend");
    const left = legend && legend.open && map.getSize().x > 600 ? legend.offsetWidth + 28 : 40;
    map.fitBounds(bounds, { paddingTopLeft: [left, 40], paddingBottomRight: [56, 40], maxZoom: 16, animate: false });
  }

  /** Zoom buttons and legend, in the language of the page. */
  function drawControls(pieces, sides) {
    controls.forEach((control) => control.remove());
    const zoom = L.control.zoom({ position: "topright", zoomInTitle: t("history_zoom_in"), zoomOutTitle: t("history_zoom_out") });
    controls = [zoom, fitControl(), legendControl(pieces, sides)];
    controls.forEach((control) => control.addTo(map));
  }

  function fitControl() {
    const Fit = L.Control.extend({
      onAdd: () => {
        const button = el("button", "fit", "⤢");
        button.type = "button";
        button.title = t("history_fit");
        button.setAttribute("aria-label", t("history_fit"));
        L.DomEvent.disableClickPropagation(button);
        button.addEventListener("click", fit);
        return button;
      },
    });
    return new Fit({ position: "topright" });
  }

  function legendControl(pieces, sides) {
    const box = el("details", "legend");
    box.open = window.innerWidth > 640;
    box.append(el("summary", null, t("history_legend")));
    const list = el("ul");
    GROUPS.forEach((group) => {
      const count = pieces.filter((p) => groupOf(p.properties.kind) === group).length;
      if (!count) { return; }
      list.append(el("li", null, null, swatch(group.hatched ? "hatched" : "", group.hatched ? null : group.fill),
        el("span", null, groupName(group)), el("small", null, number(count))));
    });
    const borders = el("ul");
    const line = (name) => borders.append(el("li", null, null, swatch("line " + name), el("span", null, t("history_border_" + name))));
    [...sides, "kept"].forEach(line);
    box.append(el("h3", null, t("history_legend_ground")), list, el("h3", null, t("history_legend_borders")), borders);
    const Legend = L.Control.extend({
      onAdd: () => {
        L.DomEvent.disableClickPropagation(box);
        L.DomEvent.disableScrollPropagation(box);
        return box;
      },
    });
    return new Legend({ position: "bottomleft" });
  }

  return {
    /** Draw the pieces and borders of the chosen levels; fits the view to them unless told not to. */
    show({ pieces, borders, refit }) {
      layers = new Map();
      draw("pieces", pieces, {
        pane: "pieces", renderer: svg.pieces, style,
        onEachFeature: (feature, layer) => {
          layers.set(feature.id, layer);
          layer.bindTooltip(() => tipOf(feature.properties), { sticky: true, className: "piece-tip" });
          layer.on("click", () => pick(feature.id));
        },
      });
      const side = (name) => borders.filter((f) => f.properties.side === name);
      draw("borders", [...side("old"), ...side("new")], {
        pane: "borders", renderer: svg.borders, interactive: false,
        style: (feature) => (feature.properties.side === "old"
          ? { color: "#1b2530", weight: 1.8, dashArray: "6 5", lineCap: "butt" }
          : { color: "#1b2530", weight: 2 }),
      });
      drawControls(pieces, ["old", "new"].filter((name) => side(name).length));
      map.invalidateSize();
      if (refit) { fit(); }
    },
    /** Draw what lies beneath: water, green, roads, and the borders of the version after. */
    ground({ context, grids }) {
      draw("context", context, { pane: "context", renderer: canvas.context, interactive: false, style: (f) => CONTEXT[f.properties.kind] || CONTEXT.road });
      draw("kept", grids, {
        pane: "kept", renderer: canvas.kept, interactive: false, pointToLayer: () => L.layerGroup(),
        style: { color: "#98a2ab", weight: 0.9, fillColor: "#ffffff", fillOpacity: 0.45 },
      });
    },
    /** Write the names of the areas that changed. */
    names(features) {
      const found = features.slice(0, MOST_LABELS)
        .map((f) => ({ at: labelPlace(f.geometry), text: f.properties.name || f.properties.code }));
      labels.set(found.filter((label) => label.at));
    },
    /** Mark one piece with a dark line in a light one, and bring it into view. */
    select(id) {
      groups.selected.clearLayers();
      const layer = layers.get(id);
      if (!layer) { return; }
      const shape = layer.toGeoJSON();
      [{ color: "#ffffff", weight: 8, opacity: 0.95 }, { color: "#0b2230", weight: 3.5 }].forEach((look) => L.geoJSON(shape, {
        pane: "selected", renderer: svg.selected, interactive: false, style: { ...look, fill: false },
      }).addTo(groups.selected));
      if (!map.getBounds().contains(layer.getBounds())) { map.fitBounds(layer.getBounds(), { padding: [80, 80], maxZoom: 17 }); }
    },
    clear() {
      Object.values(groups).forEach((group) => group.clearLayers());
      labels.set([]);
    },
    resize() { map.invalidateSize(); },
  };
}
