// What the rules say of the draft: a list with a way to each place, and the places in red on the map.
import { el, number, t } from "../texts.js";
import { boxOf, partsOf } from "./geometry.js";
import { linesOf, toLatLngs } from "./map.js";
import { REPAIRABLE } from "./repair.js";
import { clauseOf, waiverOf } from "./waivers.js";

const ORDER = { error: 0, warning: 1, note: 3 };
/** Errors first, what is still to be signed for next, what was signed for after the other warnings. */
const rank = (finding) => (ORDER[finding.severity] ?? 3) + (finding.waived ? 0.5 : 0) - (finding.blocking ? 0.5 : 0);
const RED = { color: "#c4161c", weight: 3, fillColor: "#c4161c", fillOpacity: 0.35 };
const AMBER = { color: "#a2440c", weight: 2.4, dashArray: "4 4", fillColor: "#a2440c", fillOpacity: 0.15 };
const UNITS = { m2: "m²" };
/** Findings that are listed and drawn. */
const MOST = 200;

/** Draw the findings into a place of the panel and on the map; gives how many stand in the way. */
export function drawFindings(node, view, findings, { see, pick, fill, repair, ask }) {
  const sorted = [...findings].sort((a, b) => rank(a) - rank(b));
  view.groups.faults.clearLayers();
  sorted.slice(0, MOST).forEach((finding) => drawOne(view, finding));
  if (!sorted.length) {
    node.replaceChildren(el("p", "none good", t("plan_findings_none")));
    return 0;
  }
  const list = el("ul", "finding-list");
  sorted.slice(0, MOST).forEach((finding, i) => {
    const go = el("button", "link", finding.message);
    go.type = "button";
    go.addEventListener("click", () => { const box = placeOf(finding); if (box) { see(box); } else if (finding.codes.length) { pick(finding.codes[0]); } });
    const measure = finding.measure === null || finding.measure === undefined ? "" : `${number(Number(finding.measure.toPrecision(6)))} ${UNITS[finding.unit] || finding.unit || ""}`;
    const item = el("li", finding.severity + (finding.waived ? " waived" : ""), null, el("span", "tag " + finding.severity, t("plan_severity_" + finding.severity)), go,
      measure ? el("small", null, measure) : null);
    item.dataset.rule = finding.rule;
    if (finding.rule === "hole" && placeOf(finding)) {
      const act = el("button", "quiet small", t("plan_finding_fill"));
      act.type = "button";
      act.addEventListener("click", () => fill(placeOf(finding)));
      item.append(act);
    }
    if (REPAIRABLE.includes(finding.rule)) {
      const act = el("button", "quiet small", t("plan_finding_repair"));
      act.type = "button";
      act.addEventListener("click", () => repair());
      item.append(act);
    }
    item.append(...[clauseOf(finding), waiverOf(finding, ask)].filter(Boolean));
    item.id = `finding-${i}`;
    list.append(item);
  });
  node.replaceChildren(list, ...(sorted.length > MOST ? [el("p", "none", t("plan_findings_more", { n: number(sorted.length - MOST) }))] : []));
  return sorted.filter((finding) => finding.blocking).length;
}

function drawOne(view, finding) {
  const look = { ...(finding.severity === "error" ? RED : AMBER), pane: "faults", renderer: view.svgs.faults, interactive: false, smoothFactor: 0 };
  const shape = finding.geometry;
  if (!shape) {
    if (finding.place) { view.groups.faults.addLayer(L.circleMarker([finding.place[1], finding.place[0]], { ...look, radius: 8, dashArray: null })); }
    return;
  }
  const polygons = partsOf(shape);
  if (polygons.length) { view.groups.faults.addLayer(L.polygon(toLatLngs(polygons), look)); }
  else if (shape.type === "Point") { view.groups.faults.addLayer(L.circleMarker([shape.coordinates[1], shape.coordinates[0]], { ...look, radius: 8, dashArray: null })); }
  else { view.groups.faults.addLayer(L.polyline(linesOf(shape).map((line) => line.map(([x, y]) => [y, x])), { ...look, fill: false })); }
}

/** The box of the place of a finding, or null. */
function placeOf(finding) {
  if (finding.geometry) {
    const points = finding.geometry.type === "Point" ? [finding.geometry.coordinates] : linesOf(finding.geometry).flat();
    if (points.length) { return boxOf(points); }
  }
  return finding.place ? boxOf([finding.place]) : null;
}
