// The stage: the map page in a frame, a skeleton while it is drawn, and what to do when it is not.
import { get } from "./service.js";
import { el, t } from "./texts.js";

const stage = document.getElementById("map");
/** Maps for which the days of their window are summed up first. */
const SUMMED = /^\/maps\/(?:effort|recency|blind)\?/;
const frame = document.getElementById("frame");
const skeleton = document.getElementById("skeleton");
const notice = document.getElementById("notice");

/** Say something in place of the map: title, text, a command to copy, a button, and a way back to the start. */
export function showNotice({ title, text, command, button, act, reset }) {
  notice.replaceChildren();
  if (title) { notice.append(el("h2", null, title)); }
  if (text) { notice.append(el("p", null, text)); }
  if (command) { notice.append(el("code", null, command)); }
  if (button) {
    const again = el("button", "action", button);
    again.type = "button";
    again.addEventListener("click", act);
    notice.append(again);
  }
  if (reset) {
    const back = el("a", "quiet", t("reset"));
    back.href = reset;
    notice.append(back);
  }
  notice.setAttribute("role", "alert");
  notice.hidden = false;
  skeleton.hidden = true;
  frame.hidden = true;
}

/** Ask again for an address that showed no map, and read why: the detail of the problem document, if there is one. */
async function reasonOf(url) {
  try {
    await get(url, document.documentElement.lang.slice(0, 2));
  } catch (problem) {
    return problem.detail || "";
  }
  return "";
}

/** While a map of patrols is made, say how many days are summed up; the first reader of a window waits for them. */
function sayProgress(url, waiting) {
  const lang = document.documentElement.lang.slice(0, 2);
  const query = new URLSearchParams(url.split("?")[1]);
  ["category", "lang"].forEach((name) => query.delete(name));
  const ask = async () => {
    if (!waiting()) { return; }
    try {
      const { days, ready } = await get("/api/v1/patrols/ready?" + query, lang);
      if (!waiting()) { return; }
      if (days && ready < days) { document.getElementById("skeleton-say").textContent = t("loading_days", { ready, days }); }
    } catch (problem) { return; } // the map itself says what is wrong
    setTimeout(ask, 1000);
  };
  setTimeout(ask, 1000);
}

/** Load a map page. `onMessage` hears what the map tells. */
export function startStage(onMessage) {
  let shown = "";
  let retry = null;

  frame.addEventListener("load", async () => {
    // a problem document may not be framed, and then the browser's own page in its place has no document for us
    const page = frame.contentDocument;
    if (!shown || (page && page.location.href === "about:blank")) { return; }
    if (!page || !page.getElementById("gridmap-data")) {
      const failed = shown;
      const reason = await reasonOf(failed);
      if (failed !== shown) { return; }
      showNotice({ text: reason || t("error_map"), button: t("try_again"), act: () => retry(),
        reset: "/?lang=" + document.documentElement.lang.slice(0, 2) });
      return;
    }
    skeleton.hidden = true;
    stage.classList.remove("waiting");
  });
  window.addEventListener("message", (event) => {
    if (event.origin !== location.origin || event.source !== frame.contentWindow) { return; }
    if (event.data && event.data.from === "gridmap") { onMessage(event.data); }
  });

  return {
    /** Show an address; the hash says where to look first. */
    show(url, hash, force = false) {
      if (url === shown && !force) { return; }
      shown = url;
      retry = () => this.show(url, hash, true);
      document.getElementById("skeleton-say").textContent = t("loading");
      frame.title = t("map_frame");
      notice.hidden = true;
      skeleton.hidden = false;
      frame.hidden = false;
      stage.classList.add("waiting");
      if (SUMMED.test(url)) { sayProgress(url, () => shown === url && stage.classList.contains("waiting")); }
      // replace, not assign: the way back leads through our own addresses only
      frame.contentWindow.location.replace(url + hash);
    },
    forget() { shown = ""; },
    tell(message) { frame.contentWindow.postMessage({ to: "gridmap", ...message }, location.origin); },
    grids() {
      const page = frame.contentWindow.gridmapPage;
      return page && page.data ? page.data.grids : null;
    },
  };
}
