// Plane geometry on [lon, lat] pairs, as far as the page itself must know it. Rings do not repeat their first point.

export const same = (a, b) => a[0] === b[0] && a[1] === b[1];

/** The box of some points with nothing around it: west, south, east, north. */
export function boxOf(points) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    if (x < box[0]) { box[0] = x; }
    if (y < box[1]) { box[1] = y; }
    if (x > box[2]) { box[2] = x; }
    if (y > box[3]) { box[3] = y; }
  }
  return box;
}

export const boxesMeet = (a, b) => a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3];

export const boxHolds = (box, [x, y]) => box[0] <= x && x <= box[2] && box[1] <= y && y <= box[3];

/** Twice the signed area of a triangle: above 0 where c lies left of a to b. */
const turn = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);

/** Whether two segments cross in one point inside both; touching is not crossing. */
export function crosses(a, b, c, d) {
  const one = turn(a, b, c), two = turn(a, b, d);
  if ((one > 0) === (two > 0) || one === 0 || two === 0) { return false; }
  const three = turn(c, d, a), four = turn(c, d, b);
  return (three > 0) !== (four > 0) && three !== 0 && four !== 0;
}

/** Where two crossing segments meet. */
export function crossing(a, b, c, d) {
  const one = turn(c, d, a), two = turn(c, d, b);
  const along = one / (one - two);
  return [a[0] + along * (b[0] - a[0]), a[1] + along * (b[1] - a[1])];
}

/** Whether a point lies in a ring, by the even-odd rule. */
export function inRing([x, y], ring) {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [ax, ay] = ring[j], [bx, by] = ring[i];
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) { inside = !inside; }
  }
  return inside;
}

/** Whether a point lies in the parts of an area, holes left out. */
export const inParts = (point, parts) => parts.some((rings) => rings.filter((ring) => inRing(point, ring)).length % 2 === 1);

/** How much shorter a degree of longitude is than one of latitude. */
export const squeezeAt = (lat) => Math.cos((lat * Math.PI) / 180);

/** The nearest point of a segment: {at, distance} in degrees of latitude. */
export function nearest(point, a, b, squeeze) {
  const px = (point[0] - a[0]) * squeeze, py = point[1] - a[1];
  const dx = (b[0] - a[0]) * squeeze, dy = b[1] - a[1];
  const along = Math.min(1, Math.max(0, (px * dx + py * dy) / (dx * dx + dy * dy || 1)));
  const at = along === 0 ? a : along === 1 ? b : [a[0] + along * (b[0] - a[0]), a[1] + along * (b[1] - a[1])];
  return { at, distance: Math.hypot(px - along * dx, py - along * dy) };
}

/** Distance of two points in degrees of latitude. */
export const apart = (a, b, squeeze) => Math.hypot((a[0] - b[0]) * squeeze, a[1] - b[1]);

const METRES = 111_320;

/** The area of a ring in m2, good enough to tell a reader while drawing. */
export function ringArea(ring) {
  const [x0, y0] = ring[0];
  const squeeze = squeezeAt(y0);
  let sum = 0;
  ring.forEach(([x, y], i) => {
    const [u, v] = ring[(i + 1) % ring.length];
    sum += (x - x0) * (v - y0) - (u - x0) * (y - y0);
  });
  return Math.abs(sum / 2) * squeeze * METRES * METRES;
}

/** The length of a line in metres. */
export function lineLength(line) {
  return line.slice(1).reduce((sum, p, i) => sum + apart(p, line[i], squeezeAt(p[1])) * METRES, 0);
}

/** The parts of a GeoJSON polygon as open rings: [[ring, hole, ...], ...]. */
export function partsOf(geometry) {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.type === "MultiPolygon" ? geometry.coordinates : [];
  return polygons.map((rings) => rings.map((ring) => ring.slice(0, -1).map(([x, y]) => [x, y])));
}

export const copyParts = (parts) => parts.map((rings) => rings.map((ring) => ring.slice()));
