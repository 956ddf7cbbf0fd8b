// The two maps side by side: where incidents are dense, and where nobody looks.
import { mayOpen } from "../shell.js";
import { el, t } from "../texts.js";

const MAPS = { hotspots: "lead_hot_title", coverage: "lead_gap_title" };

/** A map is drawn for its place on the screen: on paper the same picture is scaled, with its legend beneath it. */
function readyForPaper(frame, printing) {
  const inside = frame.contentDocument;
  const legend = inside && inside.querySelector(".gm-legend");
  if (!legend) { return; }
  if (printing) {
    frame.parentNode.style.setProperty("--wide", frame.clientWidth);
    frame.parentNode.style.setProperty("--high", frame.clientHeight);
    inside.documentElement.dataset.paper = "true";
    legend.dataset.open = String(legend.open);
    legend.open = true;
  } else {
    delete inside.documentElement.dataset.paper;
    legend.open = legend.dataset.open === "true";
  }
}

const onPaper = (printing) => () => document.querySelectorAll(".map iframe").forEach((frame) => readyForPaper(frame, printing));
window.addEventListener("beforeprint", onPaper(true));
window.addEventListener("afterprint", onPaper(false));

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
      // what the figures cannot say stands beneath the map, not only in its folded legend
      const remark = frame.contentDocument && frame.contentDocument.querySelector(".gm-legend-remark");
      if (remark) { ground.after(el("p", "note told", remark.textContent)); }
    });
    frame.src = `/maps/${page}?` + new URLSearchParams({ set, start, end, lang });
    return el("section", "map", null, head, ground);
  }));
}
