// The map, its panes from the ground up, and the layers that folium adds by name.
(function (gm) {
  "use strict";
  const data = gm.data;
  const PANES = [["context", 210], ["surface", 220], ["grids", 230], ["level", 260], ["features", 280], ["mark", 300], ["labels", 320]];
  const CONTEXT = {
    water: { fillColor: "#c4d9e6", color: "#a9c4d6", weight: 0.5, fillOpacity: 1 },
    sea: { fillColor: "#c4d9e6", color: "#a9c4d6", weight: 0.5, fillOpacity: 1 },
    green: { fillColor: "#d3e2cb", stroke: false, fillOpacity: 1 },
    road: { color: "#c3c0b8", weight: 1.6, fill: false },
    coast: { color: "#8fb0c4", weight: 1.2, fill: false },
    rail: { color: "#a9a59b", weight: 1.2, dashArray: "6 4", fill: false },
    other: { fillColor: "#e6e3da", color: "#cfccc3", weight: 0.5, fillOpacity: 0.6 },
  };
  const LINE = ["#27323d", "#4d5b69", "#71808e"];
  const WEIGHT = [2.5, 1.5, 1.2];

  let map = null;
  const renderers = {};
  const levels = [];

  /** Open the map: called by folium's page instead of L.map. */
  gm.open = function (id, options) {
    map = L.map(id, Object.assign({ attributionControl: false, zoomSnap: 0.25, wheelPxPerZoomLevel: 90 }, options));
    gm.map = map;
    PANES.forEach(([name, z]) => {
      const pane = map.createPane("gm-" + name);
      pane.style.zIndex = z;
      // Each pane has its own canvas: only the grids' may take the mouse, or it would end at the topmost one.
      if (name !== "grids") { pane.style.pointerEvents = "none"; }
      if (name === "mark" || name === "features") {
        renderers[name] = L.svg({ pane: "gm-" + name });
      } else if (name !== "labels") {
        renderers[name] = L.canvas({ pane: "gm-" + name, padding: 0.2 });
      }
    });
    return map;
  };

  const styled = (pane, style) => Object.assign(
    { pane: "gm-" + pane, renderer: renderers[pane], smoothFactor: 0.6, interactive: false }, style);

  /** Paint a fill pattern; hatching is fixed to the ground, not to the screen. */
  function pattern(style) {
    const size = style.pattern === "dots" ? 9 : style.pattern === "thin" ? 10 : 8;
    const tile = document.createElement("canvas");
    tile.width = tile.height = size;
    const pen = tile.getContext("2d");
    pen.fillStyle = style.fill;
    pen.fillRect(0, 0, size, size);
    pen.strokeStyle = pen.fillStyle = style.ink;
    if (style.pattern === "dots") {
      pen.beginPath(); pen.arc(size / 2, size / 2, 1.3, 0, 7); pen.fill();
    } else {
      pen.lineWidth = style.pattern === "thin" ? 1 : 2.4;
      pen.beginPath();
      [-size, 0, size].forEach((shift) => { pen.moveTo(shift - 1, size + 1); pen.lineTo(shift + size + 1, -1); });
      pen.stroke();
    }
    return pen.createPattern(tile, "repeat");
  }

  gm.fills = data.styles.map((style) => ({
    fillColor: style.pattern ? pattern(style) : style.fill,
    fillOpacity: style.opacity,
    color: style.line || "#75828e",
    dashArray: style.dash || null,
  }));

  function gridLayer() {
    const group = L.featureGroup();
    const grids = data.grids;
    gm.shapes = grids.geom.map((shape, i) => {
      const layer = L.polygon(gm.unpack(shape), styled("grids", Object.assign(
        { interactive: true, weight: 1, opacity: 0.75, bubblingMouseEvents: false }, gm.fills[grids.fill[i]])));
      layer.row = i;
      group.addLayer(layer);
      return layer;
    });
    gm.grids = group;
    return group;
  }

  function levelLayer(number) {
    const level = data.levels[number];
    const sorted = level.r.slice().sort((a, b) => a - b);
    const group = L.featureGroup(level.geom.map((shape) => L.polygon(gm.unpack(shape), styled("level", {
      fill: false, color: LINE[Math.min(number, 2)], weight: WEIGHT[Math.min(number, 2)], opacity: number ? 0.8 : 0.95,
    }))));
    levels.push({ group, radius: sorted[sorted.length >> 1], weight: WEIGHT[Math.min(number, 2)], drawn: null });
    return group;
  }

  function contextLayer() {
    return L.layerGroup(data.context.map((thing) => {
      const style = CONTEXT[thing.kind] || CONTEXT.other;
      const shape = gm.unpack(thing.geom);
      return thing.line
        ? L.polyline(shape.map((rings) => rings[0]), styled("context", Object.assign({}, style, { fill: false })))
        : L.polygon(shape, styled("context", style));
    }));
  }

  function surfaceLayer() {
    return L.layerGroup(data.surface.map((part) => L.polygon(gm.unpack(part.geom), styled("surface", {
      stroke: false, fillColor: part.fill, fillOpacity: 0.9, smoothFactor: 0,
    }))));
  }

  /** Give the layer of a key; folium's layers are made of these. */
  gm.layer = function (key) {
    if (key === "grids") { return gridLayer(); }
    if (key === "context") { return contextLayer(); }
    if (key === "surface") { return surfaceLayer(); }
    if (key === "labels") { return gm.labelLayer(); }
    if (key.startsWith("features-")) {
      return gm.featureLayer(data.features[Number(key.split("-")[1])],
        styled("features", { interactive: true, bubblingMouseEvents: false }));
    }
    return levelLayer(Number(key.split("-")[1]));
  };

  /** Metres to pixels at the present zoom. */
  gm.pixelsPerMetre = function () {
    const lat = map.getCenter().lat * Math.PI / 180;
    return 256 * Math.pow(2, map.getZoom()) / (40075016.7 * Math.cos(lat));
  };

  /** Borders get a lighter pen while what they enclose is small on the screen. */
  gm.adaptLines = function () {
    levels.forEach((level) => {
      const room = level.radius * gm.pixelsPerMetre();
      const weight = level.weight * (room < 9 ? 0.45 : room < 16 ? 0.7 : 1);
      if (level.drawn !== weight) {
        level.drawn = weight;
        level.group.setStyle({ weight });
      }
    });
    const radius = data.grids.medianRadius * gm.pixelsPerMetre();
    const weight = radius < 7 ? 0.4 : radius < 14 ? 0.7 : 1;
    if (gm.grids && gm.grids.weight !== weight) {
      gm.grids.weight = weight;
      gm.grids.setStyle({ weight });
    }
  };

  gm.outline = (row, style) => L.polygon(gm.shapes[row].getLatLngs(), styled("mark", Object.assign({ fill: false }, style)));
})(window.gridmapPage);
