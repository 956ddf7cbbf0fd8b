// A ring from elsewhere: WKT, GeoJSON, or one pair of longitude and latitude a line.
import { el, number, t } from "../texts.js";
import { ask } from "./ask.js";
import { selfCrossing } from "./checks.js";
import { same } from "./geometry.js";

/** Vertices that one ring may have; longer ones come in as a file. */
export const MOST_PASTED = 2000;

/** Longer texts are read without being shown. */
const LONG = 200_000;

const PAIR = /^\s*(-?\d+(?:\.\d+)?(?:e-?\d+)?)[\s,;，、]+(-?\d+(?:\.\d+)?(?:e-?\d+)?)\s*$/i;

function fromGeoJson(text) {
  let value = JSON.parse(text);
  if (value.type === "FeatureCollection") { value = value.features && value.features.length === 1 ? value.features[0] : {}; }
  if (value.type === "Feature") { value = value.geometry || {}; }
  if (value.type === "MultiPolygon" && value.coordinates.length === 1) { value = { type: "Polygon", coordinates: value.coordinates[0] }; }
  return value.type === "Polygon" && value.coordinates.length === 1 ? value.coordinates[0] : null;
}

function fromWkt(text) {
  const found = /^(?:SRID=4326;)?\s*POLYGON\s*Z?\s*\(\s*\(([^()]*)\)\s*\)\s*;?$/i.exec(text);
  return found ? found[1].split(",").map((pair) => pair.trim().split(/\s+/).slice(0, 2).map(Number)) : null;
}

/**
 * Read a ring.
 *
 * @returns {{points: number[][]}|{key: string, fields?: object}} its vertices without the last one, or why not
 */
export function readRing(text) {
  const came = text.trim();
  let points;
  try {
    if (came.startsWith("{")) { points = fromGeoJson(came); }
    else if (/^(SRID|POLYGON|MULTIPOLYGON)/i.test(came)) { points = fromWkt(came); }
    else { points = came.split(/\n/).filter((line) => line.trim()).map((line) => { const found = PAIR.exec(line); return found ? [Number(found[1]), Number(found[2])] : [NaN, NaN]; }); }
  } catch (error) { points = null; }
  if (!points) { return { key: "plan_paste_form" }; }
  if (points.length > MOST_PASTED + 1) { return { key: "plan_paste_most", fields: { came: number(points.length), n: number(MOST_PASTED) } }; }
  points = points.map(([x, y]) => [x, y]);
  if (points.some(([x, y]) => !(Math.abs(x) <= 180 && Math.abs(y) <= 90))) {
    return { key: points.some(([x, y]) => Number.isNaN(x + y)) ? "plan_paste_form" : "plan_paste_degrees" };
  }
  points = points.filter((p, i) => !i || !same(p, points[i - 1]));
  if (points.length > 1 && same(points[0], points[points.length - 1])) { points.pop(); }
  if (points.length < 3) { return { key: "plan_sketch_three" }; }
  if (selfCrossing(points, true)) { return { key: "plan_sketch_crosses_fix" }; }
  return { points };
}

/** Ask for a ring; `take(points)` gets it. */
export function askForRing(take) {
  const text = el("textarea");
  text.id = "paste-text";
  text.rows = 8;
  text.spellcheck = false;
  text.setAttribute("aria-label", t("plan_paste_title"));
  text.placeholder = "120.10, 35.95\n120.11, 35.95\n120.11, 35.96";
  const wrong = el("p", "message wrong");
  wrong.setAttribute("role", "alert");
  wrong.hidden = true;
  /** Take what was pasted, or say why not; gives whether it was taken. */
  function read(came) {
    const found = readRing(came);
    wrong.hidden = Boolean(found.points);
    if (found.points) { take(found.points); } else { wrong.textContent = t(found.key, found.fields); }
    return Boolean(found.points);
  }
  text.addEventListener("paste", (event) => {
    const came = event.clipboardData ? event.clipboardData.getData("text/plain") : "";
    if (came.length <= LONG) { return; }
    // laid out in the field it would hold the page up for seconds
    event.preventDefault();
    if (read(came)) { dialog.close(); }
  });
  const dialog = ask(t("plan_paste_title"), [t("plan_paste_text", { n: number(MOST_PASTED) }), text, wrong], [
    {
      id: "paste-do", key: "plan_paste_do", className: "action",
      act: () => read(text.value),
    },
    { id: "paste-cancel", key: "plan_cancel", className: "quiet", act: () => true },
  ]);
}
