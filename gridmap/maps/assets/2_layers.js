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
  let renderers = {};
  const levels = [];
  const gridGroups = [];

  /** Make the panes of a map, and what draws in each. */
  gm.panesOf = function (on) {
    const made = {};
    PANES.forEach(([name, z]) => {
      const pane = on.createPane("gm-" + name);
      pane.style.zIndex = z;
      // Each pane has its own canvas: only the grids' may take the mouse, or it would end at the topmost one.
      if (name !== "grids") { pane.style.pointerEvents = "none"; }
      if (name === "mark" || name === "features") {
        made[name] = L.svg({ pane: "gm-" + name });
      } else if (name !== "labels") {
        made[name] = L.canvas({ pane: "gm-" + name, padding: 0.2 });
      }
    });
    return made;
  };

  gm.options = (options) => Object.assign({ attributionControl: false, zoomSnap: 0.25, wheelPxPerZoomLevel: 90 }, options);

  /** Open the map: called by folium's page instead of L.map. */
  gm.open = function (id, options) {
    // two maps that move together jump together, too
    map = L.map(id, gm.options(data.pane ? Object.assign({ zoomAnimation: false }, options) : options));
    gm.map = map;
    renderers = gm.panesOf(map);
    return map;
  };

  const styled = (pane, style, by = renderers) => Object.assign(
    { pane: "gm-" + pane, renderer: by[pane], smoothFactor: 0.6, interactive: false }, style);

  /** Paint a tile of a fill pattern; hatching is fixed to the ground, not to the screen. */
  gm.tile = function (style) {
    const size = { dots: 9, thin: 10, hatch: 8 }[style.pattern] || 13;
    const tile = document.createElement("canvas");
    tile.width = tile.height = size;
    const pen = tile.getContext("2d");
    if (style.fill) {
      pen.fillStyle = style.fill;
      pen.fillRect(0, 0, size, size);
    }
    pen.strokeStyle = pen.fillStyle = style.ink;
    if (style.pattern === "up" || style.pattern === "down") {
      // a small triangle: what red and blue say, in grey as well
      const tip = style.pattern === "up" ? 3.5 : 9.5, foot = 13 - tip;
      pen.beginPath(); pen.moveTo(3, foot); pen.lineTo(10, foot); pen.lineTo(6.5, tip); pen.fill();
      return tile;
    }
    if (style.pattern === "dots") {
      pen.beginPath(); pen.arc(size / 2, size / 2, 1.3, 0, 7); pen.fill();
    } else {
      pen.lineWidth = style.pattern === "thin" ? 1 : 2.4;
      pen.beginPath();
      [-size, 0, size].forEach((shift) => { pen.moveTo(shift - 1, size + 1); pen.lineTo(shift + size + 1, -1); });
      pen.stroke();
    }
    return tile;
  };

  const pattern = (style) => {
    const tile = gm.tile(style);
    return tile.getContext("2d").createPattern(tile, "repeat");
  };

  gm.fills = data.styles.map((style) => ({
    fillColor: style.pattern ? pattern(style) : style.fill,
    fillOpacity: style.opacity,
    color: style.line || "#75828e",
    dashArray: style.dash || null,
  }));

  /** Draw the grids, filled by a column; `shapes` shares the corners of another map's. */
  gm.gridGroup = function (fills, shapes, by) {
    const group = L.featureGroup();
    group.shapes = data.grids.geom.map((shape, i) => {
      const layer = L.polygon(shapes ? shapes[i].getLatLngs() : gm.unpack(shape), styled("grids", Object.assign(
        { interactive: true, weight: 1, opacity: 0.75, bubblingMouseEvents: false }, gm.fills[fills[i]]), by));
      layer.row = i;
      group.addLayer(layer);
      return layer;
    });
    gridGroups.push(group);
    return group;
  };

  function gridLayer() {
    gm.grids = gm.gridGroup(data.grids.fill);
    gm.shapes = gm.grids.shapes;
    return gm.grids;
  }

  gm.levelGroup = function (number, by) {
    const level = data.levels[number];
    const sorted = level.r.slice().sort((a, b) => a - b);
    const group = L.featureGroup(level.geom.map((shape) => L.polygon(gm.unpack(shape), styled("level", {
      fill: false, color: LINE[Math.min(number, 2)], weight: WEIGHT[Math.min(number, 2)], opacity: number ? 0.8 : 0.95,
    }, by))));
    levels.push({ group, radius: sorted[sorted.length >> 1], weight: WEIGHT[Math.min(number, 2)], drawn: null });
    return group;
  };

  gm.contextGroup = function (by) {
    return L.layerGroup(data.context.map((thing) => {
      const style = CONTEXT[thing.kind] || CONTEXT.other;
      const shape = gm.unpack(thing.geom);
      return thing.line
        ? L.polyline(shape.map((rings) => rings[0]), styled("context", Object.assign({}, style, { fill: false }), by))
        : L.polygon(shape, styled("context", style, by));
    }));
  };

  const drawnSurfaces = new Map();
  let surface = null;

  /** Undo lattice_surface: moves in cells to rings of [lat, lon]; holes are rings like others. */
  function latticeRings(rings) {
    const { knots, parts, rows, columns } = data.lattice;
    const between = (a, b, share) => [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
    const at = (column, row) => {
      const u = column / columns * parts, v = row / rows * parts;
      const i = Math.min(Math.floor(u), parts - 1), j = Math.min(Math.floor(v), parts - 1);
      const knot = (right, down) => knots[(j + down) * (parts + 1) + i + right];
      return between(between(knot(0, 0), knot(1, 0), u - i), between(knot(0, 1), knot(1, 1), u - i), v - j);
    };
    return rings.map((moves) => {
      let [column, row] = moves;
      const ring = [at(column, row)];
      for (let i = 2; i < moves.length; i += 1) {
        if (i % 2) { row += moves[i]; } else { column += moves[i]; }
        ring.push(at(column, row));
      }
      return ring;
    });
  }

  /** Give the shapes of a surface; each is made once. */
  function surfaceShapes(parts) {
    if (!drawnSurfaces.has(parts)) {
      drawnSurfaces.set(parts, parts.map((part) => L.polygon(part.rings ? latticeRings(part.rings) : gm.unpack(part.geom), styled("surface", {
        stroke: false, fillColor: part.fill, fillOpacity: 0.9, smoothFactor: 0,
      }))));
    }
    return drawnSurfaces.get(parts);
  }

  function surfaceLayer() {
    surface = L.layerGroup(surfaceShapes(data.surface));
    return surface;
  }

  /** Show another surface: that of a part of the window. */
  gm.showSurface = function (parts) {
    if (!surface) { return; } // a map of grids alone: its parts have none, and the whole has an empty one
    surface.clearLayers();
    surfaceShapes(parts).forEach((shape) => surface.addLayer(shape));
  };

  /** Give the layer of a key; folium's layers are made of these. */
  gm.layer = function (key) {
    if (key === "grids") { return gridLayer(); }
    if (key === "context") { return gm.contextGroup(); }
    if (key === "surface") { return surfaceLayer(); }
    if (key === "labels") { return gm.labelLayer(); }
    if (key.startsWith("features-")) {
      return gm.featureLayer(data.features[Number(key.split("-")[1])],
        styled("features", { interactive: true, bubblingMouseEvents: false }));
    }
    return gm.levelGroup(Number(key.split("-")[1]));
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
    gridGroups.forEach((group) => {
      if (group.weight !== weight) {
        group.weight = weight;
        group.setStyle({ weight });
      }
    });
  };

  gm.outline = (row, style, by) => L.polygon(gm.shapes[row].getLatLngs(),
    styled("mark", Object.assign({ fill: false }, style), by));
})(window.gridmapPage);
