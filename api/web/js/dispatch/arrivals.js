// What happens to cases while the page is open: things that happen at once are read at once, and new cases are said.
import { t } from "../texts.js";
import { categoryName } from "./words.js";

/** So long after the first of them things are read, in milliseconds. */
const TOGETHER = 120;

/** Give what hears of every event; `open` gives the id of the open case, `changed` is done when something happened to it. */
export function makeArrivals({ rows, read, open, changed, areaName, say }) {
  let timer = 0, opened = 0;

  async function readTogether() {
    timer = 0;
    const n = opened, before = new Set(rows().map((row) => row.case_id));
    opened = 0;
    await read();
    if (!n) { return; }
    const fresh = rows().filter((row) => !before.has(row.case_id));
    say(fresh.length === 1 ? t("dispatch_arrived_one", { what: categoryName(fresh[0].category), where: fresh[0].address || areaName(fresh[0].grid_code) || "" }) : t("dispatch_arrived", { n }));
  }

  return (kind, event) => {
    if (event.subject && event.subject === open()) { changed(); }
    if (kind === "case.opened") { opened += event.count || 1; }
    if (!timer) { timer = setTimeout(readTogether, TOGETHER); }
  };
}
