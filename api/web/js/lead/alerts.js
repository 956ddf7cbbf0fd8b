// What the rules of alerts ask somebody to look at.
import { el, number, t } from "../texts.js";
import { card } from "./drawing.js";

const SHOWN = 8;

/** Where an alert can be looked at: its first case, or its grid on the map. */
function placeOf(one, set, lang) {
  if (one.cases.length) { return "/dispatch?" + new URLSearchParams({ case: one.cases[0], lang }); }
  return one.about === "grid" && set ? "/?" + new URLSearchParams({ set, lang }) + "#" + new URLSearchParams({ grid: one.subject }) : "";
}

function put(node, body, busy) {
  const found = card("alerts", t("lead_alerts_title"), null, body, null);
  found.setAttribute("aria-busy", String(busy));
  node.querySelector(".of-alerts")?.remove();
  node.append(found);
}

/** Draw alerts, the most urgent first; each leads to its case or its grid. */
export async function drawAlerts(node, lead, { ask, here, lang }) {
  put(node, el("p", "note", t("lead_alerts_wait")), true);
  let found;
  try {
    found = await ask(`/api/v1/cases/alerts?held=true&limit=${SHOWN}`);
  } catch (problem) {
    if (here()) { put(node, el("p", "wrong", problem.detail || t("lead_failed")), false); }
    return;
  }
  if (!here()) { return; }
  const { alerts, counts } = found;
  const list = el("ul", "alerts-list", null, ...alerts.map((one) => {
    const place = placeOf(one, lead.set, lang);
    const text = el(place ? "a" : "span", null, one.text);
    if (place) { text.href = place; }
    return el("li", one.grade, null, el("b", null, one.title), text);
  }));
  const rest = Object.values(counts).reduce((sum, n) => sum + n, 0) - alerts.length;
  const body = alerts.length ? el("div", null, null, list, rest > 0 ? el("p", "note", t("lead_alerts_more", { n: number(rest) })) : null)
    : el("p", "note", t("lead_alerts_none"));
  put(node, body, false);
}
