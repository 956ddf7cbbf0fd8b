// The corners of the chosen grids as handles, and a smaller one in the middle of every edge.
import { boxHolds, boxesMeet } from "./geometry.js";

/** Handles that are drawn at most; beyond that the reader is asked to come nearer. */
const MOST = 600;
/** An edge shorter than this on the screen has no handle of its own, in pixels. */
const SHORT = 26;
const LOOKS = {
  corner: { radius: 5, color: "#0b2230", weight: 1.6, fillColor: "#ffffff", fillOpacity: 1 },
  middle: { radius: 3.5, color: "#0b2230", weight: 1, fillColor: "#5cc3c9", fillOpacity: 1, opacity: 0.8 },
};

/** Make the handles of a map; `view` is what startMap gave. */
export function makeHandles(view) {
  const { map, groups, svgs } = view;
  let handles = [];

  function add(at, kind, between) {
    const layer = L.circleMarker([at[1], at[0]], { pane: "handles", renderer: svgs.handles, interactive: false, ...LOOKS[kind] });
    groups.handles.addLayer(layer);
    layer._path.setAttribute("class", `handle ${kind}`);
    layer._path.dataset.at = at.join(",");
    handles.push({ at, kind, between, layer });
  }

  return {
    /** Draw the handles of areas as far as they are in view; gives false where there are too many. */
    show(areas) {
      this.clear();
      const bounds = map.getBounds().pad(0.1);
      const box = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
      const corners = new Map(), middles = new Map();
      const pixel = (p) => map.latLngToContainerPoint([p[1], p[0]]);
      for (const area of areas) {
        for (const ring of area.parts.flat()) {
          for (let i = 0; i < ring.length; i++) {
            const a = ring[i], b = ring[(i + 1) % ring.length];
            if (boxHolds(box, a)) { corners.set(String(a), a); }
            const edge = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
            if (corners.size > MOST || !boxesMeet(edge, box)) { continue; }
            const key = [String(a), String(b)].sort().join(" ");
            if (!middles.has(key) && pixel(a).distanceTo(pixel(b)) >= SHORT) { middles.set(key, [a, b]); }
          }
        }
      }
      if (corners.size > MOST) { return false; }
      middles.forEach(([a, b]) => add([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], "middle", [a, b]));
      corners.forEach((at) => add(at, "corner"));
      return true;
    },
    clear() {
      groups.handles.clearLayers();
      handles = [];
    },
    /** The handle at a place of the screen, corners before middles, or null. */
    hit({ x, y, touch }, kinds = ["corner", "middle"]) {
      let best = null;
      const reach = touch ? 22 : 10;
      handles.forEach((handle) => {
        if (!kinds.includes(handle.kind)) { return; }
        const p = map.latLngToContainerPoint([handle.at[1], handle.at[0]]);
        // a corner wins over the middle beside it
        const distance = Math.hypot(p.x - x, p.y - y) + (handle.kind === "middle" ? 3 : 0);
        if (distance <= reach && (!best || distance < best.distance)) { best = { handle, distance }; }
      });
      return best && best.handle;
    },
    /** While one is dragged only corners are shown, and it where the pointer is. */
    drag(handle, at, wrong) {
      handles.forEach((other) => {
        if (other.kind === "middle" && other !== handle) { other.layer._path.style.display = "none"; }
      });
      handle.layer.setLatLng([at[1], at[0]]);
      handle.layer._path.classList.toggle("wrong", wrong);
      handle.layer._path.classList.add("held");
    },
    /** Light up the handle under the pointer. */
    light(handle) {
      handles.forEach((other) => other.layer._path.classList.toggle("lit", other === handle));
    },
    /** The corner after or before a place, in the order of the rings. */
    next(areas, from, step) {
      const ring = areas.flatMap((area) => area.parts.flat(2));
      if (!ring.length) { return null; }
      const here = from ? ring.findIndex((p) => p[0] === from[0] && p[1] === from[1]) : -1;
      const n = ring.length;
      return { at: ring[(here + step + n + (here < 0 && step < 0 ? 1 : 0)) % n], i: (here + step + n) % n, n };
    },
  };
}
