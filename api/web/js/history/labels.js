// Names of the changed areas on the map: in the middle of each, never over one another.

const STEPS = 14;

/** Give the rings of a GeoJSON polygon's largest part, as [lon, lat] pairs. */
function ringsOf(geometry) {
  const parts = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.type === "MultiPolygon" ? geometry.coordinates : [];
  const size = (rings) => {
    const xs = rings[0].map((p) => p[0]), ys = rings[0].map((p) => p[1]);
    return (Math.max(...xs) - Math.min(...xs)) * (Math.max(...ys) - Math.min(...ys));
  };
  return parts.slice().sort((a, b) => size(b) - size(a))[0] || null;
}

/** Squared distance of a point to a ring's nearest edge, and whether the point lies inside by the even-odd rule. */
function sideOf(x, y, ring) {
  let nearest = Infinity, inside = false;
  for (let i = 1; i < ring.length; i++) {
    const [ax, ay] = ring[i - 1], [bx, by] = ring[i];
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) { inside = !inside; }
    const dx = bx - ax, dy = by - ay;
    const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
    nearest = Math.min(nearest, (ax + along * dx - x) ** 2 + (ay + along * dy - y) ** 2);
  }
  return { nearest, inside };
}

/** The point of a coarse net that lies deepest inside a polygon: a place for its label, [lat, lon], or null. */
export function labelPlace(geometry) {
  const rings = ringsOf(geometry);
  if (!rings) { return null; }
  const xs = rings[0].map((p) => p[0]), ys = rings[0].map((p) => p[1]);
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  // degrees of longitude are shorter: measure in degrees of latitude
  const squeeze = Math.cos(((y0 + y1) / 2) * (Math.PI / 180));
  const flat = rings.map((ring) => ring.map(([x, y]) => [x * squeeze, y]));
  let best = null, depth = 0;
  for (let i = 1; i < STEPS; i++) {
    for (let j = 1; j < STEPS; j++) {
      const x = x0 + ((x1 - x0) * i) / STEPS, y = y0 + ((y1 - y0) * j) / STEPS;
      const sides = flat.map((ring) => sideOf(x * squeeze, y, ring));
      const inside = sides.filter((s) => s.inside).length % 2 === 1;
      const found = Math.min(...sides.map((s) => s.nearest));
      if (inside && found > depth) { depth = found; best = [y, x]; }
    }
  }
  return best;
}

/** Labels on a map: {set(list of {at, text}), place()}. Those that would cover another are left out. */
export function startLabels(map) {
  const layer = L.layerGroup().addTo(map);
  let labels = [];

  function place() {
    layer.clearLayers();
    const taken = [];
    const size = map.getSize();
    labels.forEach(({ at, text }) => {
      const point = map.latLngToContainerPoint(at);
      // CJK characters are as wide as high, others about half
      const width = [...text].reduce((sum, c) => sum + (c > "\u2e80" ? 13 : 7.5), 4);
      const box = [point.x - width / 2, point.y - 9, point.x + width / 2, point.y + 9];
      const off = box[2] < 0 || box[3] < 0 || box[0] > size.x || box[1] > size.y;
      if (off || taken.some((b) => b[0] < box[2] && box[0] < b[2] && b[1] < box[3] && box[1] < b[3])) { return; }
      taken.push(box);
      const node = document.createElement("span");
      node.textContent = text;
      layer.addLayer(L.marker(at, {
        icon: L.divIcon({ className: "map-label", html: node, iconSize: [width, 18] }), interactive: false, keyboard: false,
      }));
    });
  }

  map.on("zoomend moveend resize", place);
  return {
    set(list) { labels = list; place(); },
  };
}
