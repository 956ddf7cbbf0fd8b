// Where a point is drawn to: the corners of grids first, then their borders, then roads and other lines of the context.
import { apart, boxesMeet, nearest, squeezeAt } from "./geometry.js";

/** How near the pointer must come, in pixels. */
const REACH = 10;

/**
 * Make the snapping of a map.
 *
 * @param map Leaflet's
 * @param model the areas
 * @param {() => {box: number[], lines: number[][][]}[]} context lines of the layers beneath
 * @returns {(point: number[], options?: {level?: string, leave?: (area: object) => boolean, extra?: number[][]}) => {at: number[], kind: string}|null}
 */
export function makeSnap(map, model, context) {
  return function snap(point, { level, leave, extra = [] } = {}) {
    const squeeze = squeezeAt(point[1]);
    // degrees of latitude in one pixel, here
    const here = map.latLngToContainerPoint([point[1], point[0]]);
    const pixel = Math.abs(map.containerPointToLatLng([here.x, here.y + 1]).lat - point[1]) || 1e-9;
    const reach = REACH * pixel;
    const box = [point[0] - reach / squeeze, point[1] - reach, point[0] + reach / squeeze, point[1] + reach];
    let corner = null, edge = null;
    const tryCorner = (p, kind) => {
      const distance = apart(point, p, squeeze);
      if (distance <= reach && (!corner || distance < corner.distance)) { corner = { at: p, distance, kind }; }
    };
    const tryEdge = (a, b, kind) => {
      const found = nearest(point, a, b, squeeze);
      if (found.distance <= reach && (!edge || found.distance < edge.distance)) { edge = { ...found, kind }; }
    };
    extra.forEach((p) => tryCorner(p, "corner"));
    for (const area of model.near(box, level)) {
      if (leave && leave(area)) { continue; }
      for (const ring of area.parts.flat()) {
        for (let i = 0; i < ring.length; i++) {
          tryCorner(ring[i], "corner");
          tryEdge(ring[i], ring[(i + 1) % ring.length], "border");
        }
      }
    }
    for (const shape of context()) {
      if (!boxesMeet(shape.box, box)) { continue; }
      for (const line of shape.lines) {
        for (let i = 0; i < line.length; i++) {
          tryCorner(line[i], "context");
          if (i) { tryEdge(line[i - 1], line[i], "context"); }
        }
      }
    }
    return corner || edge;
  };
}
