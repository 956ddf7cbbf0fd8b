// The two maps side by side: where incidents are dense, and where nobody looks.
import { mayOpen } from "../shell.js";
import { el, t } from "../texts.js";

const MAPS = { hotspots: "lead_hot_title", coverage: "lead_gap_title" };

/** Draw the maps of a period of a set. */
export function drawMaps(node, { set, start, end, lang, from, to }) {
  node.replaceChildren(...Object.entries(MAPS).map(([page, title]) => {
    const head = el("header", null, null, el("h2", null, t(title)), el("small", null, t("lead_map_whole")));
    if (!set || !mayOpen(page)) { return el("section", "map", null, head, el("p", "note", t("lead_no_map"))); }
    const full = el("a", "quiet", t("lead_open_map"));
    full.href = "/?" + new URLSearchParams({ page, set, window: "custom", from, to, lang });
    head.append(full);
    const frame = document.createElement("iframe");
    frame.title = t(title);
    frame.loading = "lazy";
    const ground = el("div", "ground waiting", null, el("p", null, t("loading")), frame);
    // a frame tells of its load after the empty page that it begins with, too
    frame.addEventListener("load", () => {
      if (frame.contentDocument && frame.contentDocument.URL === "about:blank") { return; }
      ground.classList.remove("waiting");
      ground.firstChild.remove();
    });
    frame.src = `/maps/${page}?` + new URLSearchParams({ set, start, end, lang });
    return el("section", "map", null, head, ground);
  }));
}
