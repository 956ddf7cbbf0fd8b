// The cases behind a number, in a dialog; each opens at its desk.
import { get } from "../service.js";
import { el, named, number, t, time } from "../texts.js";
import { tableOf } from "./drawing.js";

const dialog = document.getElementById("cases");

/** Show the cases of a number. */
export async function showCases(one, lang) {
  const title = el("h2", null, one.title);
  title.id = "cases-title";
  const close = el("button", "quiet", t("lead_close"));
  close.type = "button";
  close.addEventListener("click", () => dialog.close());
  const body = el("div", "scroll", null, el("p", "note", t("lead_loading")));
  dialog.replaceChildren(el("header", null, null, title, close), el("p", "note", one.formula), body);
  if (!dialog.open) { dialog.showModal(); }
  const shown = [];

  async function more(address) {
    const found = await get(address, lang);
    title.textContent = t("lead_cases_title", { title: one.title, count: number(found.count) });
    shown.push(...found.cases);
    const rows = shown.map((line) => {
      const link = el("a", null, line.case_id);
      link.href = "/dispatch?" + new URLSearchParams({ case: line.case_id, lang });
      return [link, time(line.reported_at), named(`category.${line.category}`, line.category), t("dispatch_status_" + line.status), line.unit || "–"];
    });
    body.replaceChildren(shown.length ? tableOf([], rows) : el("p", "note", t("lead_cases_none")));
    if (found.next) {
      const again = el("button", "quiet", t("lead_cases_more"));
      again.type = "button";
      again.addEventListener("click", () => more(`${one.cases}&limit=50&cursor=${encodeURIComponent(found.next)}`));
      body.append(again);
    }
  }

  try {
    await more(one.cases + "&limit=50");
  } catch (problem) {
    body.replaceChildren(el("p", "wrong", problem.detail || t("lead_failed")));
  }
}
