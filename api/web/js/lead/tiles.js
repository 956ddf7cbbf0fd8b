// The key numbers: value, what it comes from, how it moved, and its target; each opens its cases.
import { el, number, t } from "../texts.js";

const rounded = (value, digits = 1) => number(Math.round(value * 10 ** digits) / 10 ** digits);

/** A value in its unit. */
function valueOf(one) {
  if (one.value === null) { return [el("strong", "none", t("lead_no_data"))]; }
  if (one.unit === "%") { return [el("strong", null, rounded(one.value)), el("small", null, "%")]; }
  return [el("strong", null, one.unit === "h" ? rounded(one.value) : number(one.value)), el("small", null, t("lead_unit_" + one.unit))];
}

const BY = { "%": "points", h: "by_h", cases: "by_cases" };

/** How it moved: an arrow for the eye, words for everybody. */
function moved(one) {
  if (one.change === null) { return el("span", "moved", t("lead_no_before")); }
  if (Math.abs(one.change) < 0.05) { return el("span", "moved", t("lead_same")); }
  const up = one.change > 0;
  const good = one.better === "neither" ? "" : (one.better === "more") === up ? "better" : "worse";
  const words = t("lead_" + BY[one.unit], { n: rounded(Math.abs(one.change)) }) + (good ? ` · ${t("lead_" + good)}` : "");
  const arrow = el("span", "arrow", up ? "▲" : "▼");
  arrow.setAttribute("aria-label", up ? "+" : "−");
  return el("span", "moved " + good, null, arrow, " " + words);
}

function target(one) {
  if (one.target === null || one.value === null) { return null; }
  const met = one.value >= one.target;
  return el("span", met ? "target met" : "target missed", met
    ? t("lead_target_met", { target: number(one.target) })
    : t("lead_target_missed", { target: number(one.target), by: rounded(one.target - one.value) }));
}

function sourceOf(one) {
  if (one.unit === "cases") { return null; }
  const fields = { n: number(one.numerator), of: number(one.denominator) };
  return el("span", "source", t(one.unit === "h" ? "lead_hours_of" : "lead_of", fields));
}

/** Draw the tiles; `open` shows the cases of a number. */
export function drawTiles(node, lead, { queue, open }) {
  node.replaceChildren(...lead.numbers.map((one) => {
    const tile = el("button", "tile", null, el("span", "title", one.title), el("span", "value", null, ...valueOf(one)),
      sourceOf(one), moved(one), target(one));
    tile.type = "button";
    tile.title = one.formula;
    tile.dataset.name = one.name;
    tile.setAttribute("aria-haspopup", "dialog");
    tile.addEventListener("click", () => open(one));
    return tile;
  }));
  const standing = el("a", "tile", null, el("span", "title", t("lead_open")),
    el("span", "value", null, el("strong", null, number(lead.open)), el("small", null, t("lead_unit_cases"))),
    el("span", lead.overdue ? "target missed" : "target met", t("lead_overdue", { n: number(lead.overdue) })),
    el("span", "moved", t("lead_risk", { n: number(lead.at_risk) })));
  standing.href = queue;
  standing.dataset.name = "open";
  standing.title = t("lead_open_queue");
  node.append(standing);
}
