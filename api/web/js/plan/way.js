// The way of a draft: submitted, approved by somebody else, published for a day; and what can be taken along as a file.
import { Problem, get, send } from "../service.js";
import { may } from "../shell.js";
import { el, t, time } from "../texts.js";
import { paperChoice } from "./paper.js";

/** What leads away from the page: nothing is left to be asked of the draft. */
const GONE = Symbol("gone");
const FORMATS = ["geojson", "gpkg", "shp", "csv"];

/** The day after today, as a field of dates wants it. */
function tomorrow() {
  const day = new Date(Date.now() + 86_400_000);
  return [day.getFullYear(), String(day.getMonth() + 1).padStart(2, "0"), String(day.getDate()).padStart(2, "0")].join("-");
}

function button(kind, text, act) {
  const made = el("button", kind, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

/**
 * Make the part of the panel that leads a draft on.
 *
 * @param {{node: HTMLElement, desk: () => object|null, lang: () => string, quiet: () => Promise<void>, loud: () => void,
 *   moved: (state: string) => void, gone: () => void, above: () => {code: string, name: string}[]}} with_
 *   `quiet` stops what asks of the draft by itself, and gives when it has; `loud` starts it again; `moved` hears the new state,
 *   `gone` that the draft is none any more
 */
export function makeWay({ node, desk, lang, quiet, loud, moved, gone, above }) {
  let said = "", wrong = false, asked = 0, drawn = "";
  // what is typed outlives the answers of the service
  const reason = el("textarea");
  reason.id = "way-reason";
  reason.maxLength = 2000;
  reason.rows = 2;
  const publishDay = el("input");
  publishDay.type = "date";
  publishDay.id = "way-day";

  async function load() {
    const mine = desk(), turn = ++asked;
    if (!mine) { node.replaceChildren(); return; }
    try {
      const found = await get(`${mine.base}/state`, lang());
      // an older question that is answered late has nothing to say
      if (mine !== desk() || turn !== asked) { return; }
      const now = JSON.stringify([mine.base, lang(), found, said, wrong]);
      if (now !== drawn) { draw(mine, found); drawn = now; }
      moved(found.state);
    } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
      if (mine === desk() && turn === asked) { drawn = ""; node.replaceChildren(el("p", "none", problem.detail || t("plan_error"))); }
    }
  }

  /** Do something, and say how it went. */
  async function doing(act) {
    node.querySelectorAll("button").forEach((one) => { one.disabled = true; });
    said = "";
    wrong = false;
    // what was asked before is not about what is done now; and the buttons are to be drawn again
    asked += 1;
    drawn = "";
    try {
      const found = await act();
      if (found === GONE) { return; }
      said = found || "";
    } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
      said = problem.detail || t("plan_error");
      wrong = true;
    }
    await load();
  }

  function draw(mine, found) {
    const label = el("label", "field", null, el("span", null, t("plan_way_reason")), reason);
    const step = (to) => () => doing(async () => {
      if (to === "open" && !reason.value.trim()) { wrong = true; return t("plan_way_reason_needed"); }
      await send("POST", `${mine.base}/state`, { to, reason: reason.value.trim() }, lang(), { headers: { "If-Match": `"${found.revision}"` } });
      reason.value = "";
    });
    const acts = [];
    if (found.state === "open") { acts.push(button("action", t("plan_way_submit"), step("submitted"))); }
    if (found.state === "submitted") { acts.push(button("action", t("plan_way_approve"), step("approved"))); }
    if (found.state !== "open") { acts.push(button("quiet", t("plan_way_back"), step("open"))); }
    const steps = el("ol", "steps");
    [...found.steps].reverse().forEach((one) => steps.append(el("li", null, null,
      el("span", "what", t("plan_way_did_" + one.to)), el("small", null, t("plan_by_at", { by: one.by || t("plan_somebody"), at: time(one.at) })),
      one.reason ? el("p", "none", one.reason) : null)));
    node.replaceChildren(
      el("p", null, null, el("span", "tag", t("plan_way_" + found.state))),
      el("p", "none", t(found.second_person ? "plan_way_second" : "plan_way_alone")),
      ...(said ? [el("p", wrong ? "message wrong" : "message good", said)] : []),
      label, el("p", "acts", null, ...acts),
      ...(found.state === "approved" && may("versions.publish") ? publishing(mine) : []),
      ...(found.steps.length ? [el("h3", null, t("plan_way_steps")), steps] : []),
      el("h3", null, t("plan_way_files")), files(mine),
      el("h3", null, t("plan_print_title")), ...paperChoice(mine.base, above(), lang()),
    );
  }

  function publishing(mine) {
    publishDay.value = publishDay.value || tomorrow();
    const go = button("action", t("plan_way_publish"), () => doing(async () => {
      const { revision } = await get(`/api/v1/sets/${encodeURIComponent(mine.info.set)}/versions`, lang());
      const url = mine.base.replace(/\/redraw$/, "/publish");
      // a published draft is none any more: nobody asks for it meanwhile
      await quiet();
      try { await send("POST", url, { valid_from: publishDay.value, expected_revision: revision }, lang()); } catch (problem) {
        loud();
        throw problem;
      }
      gone();
      location.assign(`/history?set=${encodeURIComponent(mine.info.set)}&lang=${lang()}`);
      return GONE;
    }));
    return [el("label", "field", null, el("span", null, t("plan_way_day")), publishDay), el("p", "acts", null, go)];
  }

  function files(mine) {
    const list = el("p", "acts");
    FORMATS.forEach((format) => {
      const link = el("a", "quiet small", t("plan_way_file_" + format));
      link.href = `${mine.base}/export?format=${format}`;
      link.setAttribute("download", "");
      list.append(link);
    });
    return list;
  }

  return { load, clear() { said = ""; drawn = ""; asked += 1; reason.value = ""; publishDay.value = ""; node.replaceChildren(); } };
}
