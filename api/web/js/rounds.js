// Where patrols shall go tomorrow, on the page of patrols: asked for when it is opened.
import { get } from "./service.js";
import { el, number, t } from "./texts.js";

const tenth = (share) => number(Math.round(1000 * share) / 10);

function listed(body, address, show) {
  const box = el("div");
  if (!body.grids.length) { box.append(el("p", "hint", t("tomorrow_none"))); return box; }
  box.append(el("p", "sum", t("tomorrow_sum", { due: number(body.due), listed: number(body.listed), share: tenth(body.share) })));
  const list = el("ol", "places");
  body.grids.forEach((grid) => {
    const button = el("button", null, null, el("strong", null, `${grid.rank}. ${grid.name || grid.code}`), el("span", null, grid.reason));
    button.type = "button";
    button.addEventListener("click", () => show({ code: grid.code }));
    list.append(el("li", null, null, button));
  });
  const file = el("a", "quiet", t("found_file"));
  file.href = address.replace("/list?", "/list.csv?");
  file.download = "";
  box.append(list, file);
  return box;
}

/** The list for tomorrow. `query`: set, day, window and category of the map; `show` takes a grid to look at. */
export function tomorrowField(query, lang, show) {
  const box = el("details", "best-places");
  const answer = el("div", "answer", null, el("p", "hint", t("tomorrow_wait")));
  answer.setAttribute("role", "status");
  box.append(el("summary", null, t("tomorrow")), el("p", "hint", t("tomorrow_note")), answer);
  const address = "/api/v1/patrols/list?" + query;
  box.addEventListener("toggle", () => {
    if (!box.open) { return; }
    get(address, lang).then(
      (body) => answer.replaceChildren(listed(body, address, show)),
      (problem) => answer.replaceChildren(el("p", "wrong", problem.detail || t("error_map"))),
    );
  });
  return box;
}
