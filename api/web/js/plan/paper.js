// What can be printed of a draft: links to sheets and plans as PDF.
import { el, t } from "../texts.js";

/** The address of a sheet of a grid, or of the plan of an area above. */
export function paperUrl(base, kind, code, lang) {
  const of = encodeURIComponent(code);
  return kind === "sheet" ? `${base}/sheet/${of}.pdf?lang=${lang}` : `${base}/plan.pdf?code=${of}&lang=${lang}`;
}

/** Make the link that prints. */
export function paperLink(base, kind, code, lang) {
  const link = el("a", "quiet small", t(kind === "sheet" ? "plan_print_sheet" : "plan_print_plan"));
  link.href = paperUrl(base, kind, code, lang);
  link.setAttribute("download", "");
  return link;
}

/**
 * Make the choice of an area and the link that prints its plan.
 *
 * @param {{code: string, name: string}[]} areas
 */
export function paperChoice(base, areas, lang) {
  if (!areas.length) { return [el("p", "none", t("plan_print_none"))]; }
  const choice = el("select");
  choice.id = "print-area";
  areas.forEach((area) => { const option = el("option", null, area.name || area.code); option.value = area.code; choice.append(option); });
  const link = paperLink(base, "plan", areas[0].code, lang);
  choice.addEventListener("change", () => { link.href = paperUrl(base, "plan", choice.value, lang); });
  return [el("label", "field", null, el("span", null, t("plan_print_area")), choice), el("p", "acts", null, link)];
}
