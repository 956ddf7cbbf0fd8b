// A planner answers for what a rule only warns of: who signed and why is shown with the finding; a signature can be taken back.
import { Problem, send } from "../service.js";
import { el, t, time } from "../texts.js";

const LONGEST = 2000;

/** The language of the page. */
const lang = () => (document.documentElement.lang === "en" ? "en" : "zh");

function button(className, key, act) {
  const node = el("button", className, t(key));
  node.type = "button";
  node.addEventListener("click", act);
  return node;
}

/** Who asks for the rule of a finding; null: nobody but the program. */
export function clauseOf(finding) {
  if (!finding.clause) { return null; }
  const unsure = ["code", "memory", "practice"].includes(finding.provenance) ? t("plan_clause_" + finding.provenance) : "";
  return el("small", "clause", t("plan_clause", { clause: finding.clause, document: finding.document }) + unsure);
}

/**
 * What can be signed, or was, of a finding; null for errors and notes.
 *
 * @param {object} finding
 * @param {{base: () => string, again: () => void}} ask the address of the draft, and what to do afterwards
 */
export function waiverOf(finding, ask) {
  if (finding.severity !== "warning" || !finding.codes.length) { return null; }
  const { waiver } = finding;
  if (!waiver) {
    const sign = button(finding.needs_waiver ? "action small" : "quiet small", "plan_waiver_sign", () => openDialog(finding, ask));
    return el("span", "waiver", null, ...(finding.needs_waiver ? [el("small", null, t("plan_waiver_needed"))] : []), sign);
  }
  const said = el("small", "wrong");
  const back = button("quiet small", "plan_waiver_revoke", async () => {
    back.disabled = true;
    try {
      await send("DELETE", `${ask.base()}/waivers/${waiver.number}`, undefined, lang());
      ask.again();
    } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
      back.disabled = false;
      said.textContent = problem.detail || t("plan_error");
    }
  });
  return el("span", "waiver", null, el("span", "tag", t("plan_waiver_waived")),
    el("small", null, t("plan_by_at", { by: waiver.by || t("plan_somebody"), at: time(waiver.at) })), el("q", null, waiver.reason), back, said);
}

/** Ask for the reason, and sign. */
function openDialog(finding, ask) {
  const dialog = el("dialog", "waiver-dialog");
  dialog.setAttribute("aria-labelledby", "waiver-title");
  const title = el("h2", null, t("plan_waiver_title"));
  title.id = "waiver-title";
  const reason = el("textarea");
  reason.id = "waiver-reason";
  reason.rows = 3;
  reason.maxLength = LONGEST;
  reason.required = true;
  const said = el("p", "message wrong");
  said.setAttribute("role", "alert");
  said.hidden = true;
  const sign = el("button", "action", t("plan_waiver_sign"));
  sign.type = "submit";
  const form = el("form", null, null, title, el("p", null, finding.message), clauseOf(finding), el("p", "none", t("plan_waiver_text")),
    el("label", "field", null, el("span", null, t("plan_waiver_reason")), reason), said,
    el("p", "choices-row", null, sign, button("quiet", "plan_waiver_cancel", () => dialog.close())));
  form.noValidate = true;
  const complain = (text) => { said.textContent = text; said.hidden = false; };
  reason.addEventListener("input", () => { said.hidden = true; });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!reason.value.trim()) { complain(t("plan_waiver_reason_needed")); reason.focus(); return; }
    sign.disabled = true;
    try {
      await send("POST", `${ask.base()}/waivers`, { rule: finding.rule, codes: finding.codes, reason: reason.value.trim() }, lang());
      dialog.close();
      ask.again();
    } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
      sign.disabled = false;
      complain(problem.detail || t("plan_error"));
    }
  });
  dialog.append(form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  reason.focus();
}
