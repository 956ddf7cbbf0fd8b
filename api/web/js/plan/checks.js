// What the page can say itself while something is dragged or drawn; the service asks again and has the last word.
import { apart, boxHolds, boxOf, crosses, crossing, inParts, inRing, nearest, same, squeezeAt } from "./geometry.js";

/**
 * Why a vertex cannot stand at `to`: its new edges would cross others, or pass over somebody's corner.
 *
 * @param model the areas
 * @param {{area: object, ring: number[][], i: number}[]} star where the vertex stands now, at `from`
 * @returns {{kind: "self"|"over", name: string, at: number[]}|null}
 */
export function moveFault(model, star, from, to) {
  const own = new Set(star.map((place) => place.area));
  const level = star.reduce((finest, place) => (place.area.order > finest ? place.area.order : finest), -1);
  const sides = star.filter((place) => place.area.order === level).map(({ ring, i }) => [ring[(i - 1 + ring.length) % ring.length], ring[(i + 1) % ring.length]]);
  const ends = unique(sides.flat());
  const box = boxOf([...ends, from, to]);
  const quads = sides.map(([a, b]) => [a, from, b, to]);
  const fault = (area, at) => ({ kind: own.has(area) ? "self" : "over", name: area.name || area.code, at });
  for (const area of model.near(box)) {
    if (area.order !== level) { continue; }
    if (!own.has(area) && boxHolds(area.box, to) && inParts(to, area.parts)) {
      if (deep(to, area)) { return fault(area, to); }
    }
    for (const ring of area.parts.flat()) {
      for (let i = 0; i < ring.length; i++) {
        const c = ring[i], d = ring[(i + 1) % ring.length];
        if (boxHolds(box, c) && !same(c, from) && !same(c, to) && !ends.some((p) => same(p, c)) && quads.some((q) => inRing(c, q))) {
          return fault(area, c);
        }
        // the edges of the vertex itself go with it
        if (same(c, from) || same(d, from) || same(c, to) || same(d, to)) { continue; }
        for (const p of ends) {
          if (!same(p, c) && !same(p, d) && crosses(p, to, c, d)) { return fault(area, crossing(p, to, c, d)); }
        }
      }
    }
  }
  return null;
}

/** Whether a point is inside an area by more than the noise of snapping. */
function deep(point, area) {
  const squeeze = squeezeAt(point[1]);
  for (const ring of area.parts.flat()) {
    for (let i = 0; i < ring.length; i++) {
      if (nearest(point, ring[i], ring[(i + 1) % ring.length], squeeze).distance < 1e-8) { return false; }
    }
  }
  return true;
}

function unique(points) {
  return points.filter((p, i) => points.findIndex((q) => same(p, q)) === i);
}

/** Where a drawn line crosses itself; with `closed`, as a ring. */
export function selfCrossing(points, closed) {
  const edges = points.slice(1).map((p, i) => [points[i], p]);
  if (closed && points.length > 2) { edges.push([points[points.length - 1], points[0]]); }
  for (let i = 0; i < edges.length; i++) {
    for (let j = i + 2; j < edges.length; j++) {
      if (crosses(...edges[i], ...edges[j])) { return crossing(...edges[i], ...edges[j]); }
    }
  }
  return null;
}

/** How near an end of a line must be to a border to count as on it, in degrees of latitude: about 1 cm. */
const NEAR = 1e-7;

/** Whether a line leads through an area from border to border: "" or why not. */
export function splitFault(area, line) {
  const rings = area.parts.flat();
  const squeeze = squeezeAt(line[0][1]);
  const onBorder = (p) => rings.some((ring) => ring.some((c, i) => nearest(p, c, ring[(i + 1) % ring.length], squeeze).distance < NEAR));
  const ends = [line[0], line[line.length - 1]];
  if (ends.some((p) => inParts(p, area.parts) && !onBorder(p))) { return "plan_split_ends"; }
  const inside = line.slice(1).some((p, i) => {
    // look along the piece at the places between its crossings of the border
    const stops = [line[i], p];
    rings.forEach((ring) => ring.forEach((c, k) => {
      const d = ring[(k + 1) % ring.length];
      if (crosses(line[i], p, c, d)) { stops.push(crossing(line[i], p, c, d)); }
    }));
    stops.sort((a, b) => apart(line[i], a, squeeze) - apart(line[i], b, squeeze));
    return stops.slice(1).some((stop, k) => {
      const middle = [(stop[0] + stops[k][0]) / 2, (stop[1] + stops[k][1]) / 2];
      return inParts(middle, area.parts) && !onBorder(middle);
    });
  });
  return inside ? "" : "plan_split_misses";
}

/** The area that a line runs through longest, by points along it; null where it meets none. */
export function areaUnder(model, level, line) {
  const found = new Map();
  line.slice(1).forEach((p, i) => {
    const length = apart(line[i], p, squeezeAt(p[1]));
    for (let k = 0; k < 20; k++) {
      const along = (k + 0.5) / 20;
      const area = model.at([line[i][0] + along * (p[0] - line[i][0]), line[i][1] + along * (p[1] - line[i][1])], level);
      if (area) { found.set(area, (found.get(area) || 0) + length / 20); }
    }
  });
  return [...found].sort((a, b) => b[1] - a[1]).map(([area]) => area)[0] || null;
}
