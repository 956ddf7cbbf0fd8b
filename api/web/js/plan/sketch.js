// A line or ring that is being drawn: point after point, drawn to corners and lines, red where it crosses itself.
import { t } from "../texts.js";
import { selfCrossing } from "./checks.js";
import { boxOf, lineLength, ringArea, same } from "./geometry.js";

/** Points that one line may have; a longer one is no border that somebody drew. */
const MOST = 2000;
/** How near its first point a ring is closed, in pixels. */
const CLOSE = 10;

/**
 * Make a sketch.
 *
 * @param ctx what all tools share
 * @param {{closed: boolean, done: (points: number[][]) => void, changed: () => void}} how
 */
export function makeSketch(ctx, { closed, done, changed }) {
  const { map, svgs } = ctx.view;
  const options = { pane: "sketch", renderer: svgs.sketch, interactive: false, smoothFactor: 0 };
  let points = [], at = null, layers = null;

  const pixel = (p) => map.latLngToContainerPoint([p[1], p[0]]);
  const latLng = (p) => [p[1], p[0]];

  function draw() {
    if (layers) { layers.forEach((layer) => layer.remove()); }
    if (!points.length) { layers = null; return; }
    const all = at && !same(at, points[points.length - 1]) ? [...points, at] : points;
    const wrong = Boolean(selfCrossing(all, closed));
    const color = wrong ? "#c4161c" : "#0b6a70";
    const shape = closed && all.length > 2 ? L.polygon : L.polyline;
    layers = [
      shape(all.map(latLng), { ...options, color: "#ffffff", weight: 6, opacity: 0.9, fill: false }),
      shape(all.map(latLng), { ...options, color, weight: 2.4, fill: closed, fillColor: color, fillOpacity: 0.12 }),
      ...points.map((p) => L.circleMarker(latLng(p), { ...options, radius: 4, color, weight: 2, fillColor: "#ffffff", fillOpacity: 1 })),
    ];
    layers.forEach((layer) => layer.addTo(map));
    if (all.length > 1) { ctx.say(wrong ? t("plan_sketch_crosses") : measure(all), wrong); }
  }

  const measure = (all) => (closed && all.length > 2 ? t("plan_sketch_area", { m2: ctx.number(Math.round(ringArea(all))) })
    : t("plan_sketch_length", { m: ctx.number(Math.round(lineLength(all))) }));

  function find(where) {
    const snapped = where.free ? null : ctx.snap(where.at, { level: ctx.level(), extra: points });
    return { to: snapped ? snapped.at : where.at, snapped };
  }

  const sketch = {
    points: () => points,
    click(where) {
      const { to } = find(where);
      if (points.length && same(to, points[points.length - 1])) { return; }
      if (closed && points.length > 2 && pixel(points[0]).distanceTo(pixel(to)) < CLOSE) { sketch.finish(); return; }
      if (points.length >= MOST) { ctx.say(t("plan_sketch_most", { n: ctx.number(MOST) }), true); return; }
      points.push(to);
      at = to;
      draw();
      changed();
    },
    hover(where) {
      const { to, snapped } = find(where);
      at = to;
      ctx.mark(snapped);
      if (points.length) { draw(); }
    },
    double() { sketch.finish(); },
    finish() {
      const least = closed ? 3 : 2;
      if (points.length < least) { ctx.say(t(closed ? "plan_sketch_three" : "plan_sketch_two"), true); return; }
      const wrong = selfCrossing(points, closed);
      if (wrong) { ctx.mark(null, wrong); ctx.say(t("plan_sketch_crosses_fix"), true); return; }
      done(points.slice());
    },
    key(event) {
      if (event.key === "Enter" && points.length) { sketch.finish(); return true; }
      if (points.length && (event.key === "Backspace" || (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)))) { sketch.back(); return true; }
      return false;
    },
    /** Take a ring from elsewhere; it is shown, and finished by the reader. */
    paste(ring) {
      points = ring.slice();
      at = null;
      draw();
      changed();
      ctx.see(boxOf(points));
    },
    back() { points.pop(); draw(); changed(); },
    clear() {
      const had = points.length > 0;
      points = [];
      at = null;
      draw();
      ctx.mark(null);
      changed();
      return had;
    },
  };
  return sketch;
}
