// The line to the service: what happens arrives by itself, and a cut line is taken up where it broke.
import { get } from "../service.js";

const KINDS = ["case.opened", "case.changed"];
/** Wait before a line that the service refused is asked for again, in milliseconds: first, and at most. */
const FIRST = 1000;
const MOST = 15_000;
/** How often a hidden fault of the line is looked for: a cable that was pulled says nothing. */
const LOOK = 60_000;

/**
 * Follow what happens. `happened` hears every event once; `again` is done whenever something may have been missed, and
 * by then the line is open, so that nothing falls between; `state` hears "live", "waiting" or "off". `moved`, if given,
 * hears where units are: all of them whenever the line opens, then those that moved.
 */
export function startLive({ happened, moved, again, state }) {
  let source = null, last = "", wait = FIRST, timer = 0;

  function open() {
    clearTimeout(timer);
    if (source) { source.close(); }
    const query = new URLSearchParams({ ...(moved && { positions: "true" }), ...(last && { after: last }) }).toString();
    source = new EventSource("/api/v1/events/stream" + (query && "?" + query));
    const mine = source;
    mine.addEventListener("open", () => {
      wait = FIRST;
      state("live");
      again();
    });
    mine.addEventListener("error", () => {
      if (mine !== source) { return; }
      state("waiting");
      // the browser takes up a broken line by itself; one that the service refused is closed for good
      if (mine.readyState === EventSource.CLOSED) { refused(); }
    });
    if (moved) { mine.addEventListener("patrols.moved", (event) => { if (mine === source) { moved(JSON.parse(event.data)); } }); }
    KINDS.forEach((kind) => mine.addEventListener(kind, (event) => {
      if (mine !== source) { return; }
      last = event.lastEventId;
      happened(kind, JSON.parse(event.data));
    }));
  }

  /** Ask why there is no line. An ended session leads to signing in; a forgotten place is given up, and all is read anew. */
  async function refused() {
    try {
      await get("/api/v1/events?limit=1" + (last ? "&after=" + encodeURIComponent(last) : ""));
    } catch (problem) {
      if (problem.code === "events_forgotten" || problem.code === "bad_cursor") { last = ""; }
      if (problem.status === 403) { state("off"); return; }
    }
    timer = setTimeout(open, wait);
    wait = Math.min(wait * 2, MOST);
  }

  window.addEventListener("offline", () => state("waiting"));
  window.addEventListener("online", open);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && source.readyState === EventSource.OPEN) { again(); } });
  setInterval(() => { if (!document.hidden) { again(); } }, LOOK);
  open();
  return { close() { clearTimeout(timer); source.close(); } };
}
