// What the rules of alerts ask somebody to look at.
import { el, number, t } from "../texts.js";
import { card } from "./drawing.js";

const SHOWN = 8;

/** Draw alerts, the most urgent first; each that names a case opens it. */
export function drawAlerts(node, alerts, lang) {
  const list = el("ul", "alerts-list", null, ...alerts.slice(0, SHOWN).map((one) => {
    const text = one.cases.length ? el("a", null, one.text) : el("span", null, one.text);
    if (one.cases.length) { text.href = "/dispatch?" + new URLSearchParams({ case: one.cases[0], lang }); }
    return el("li", one.grade, null, el("b", null, one.title), text);
  }));
  const rest = alerts.length - SHOWN;
  const body = alerts.length ? el("div", null, null, list, rest > 0 ? el("p", "note", t("lead_alerts_more", { n: number(rest) })) : null)
    : el("p", "note", t("lead_alerts_none"));
  node.querySelector(".of-alerts")?.remove();
  node.append(card("alerts", t("lead_alerts_title"), null, body, null));
}
