// Reading the queue: one question at a time, and one more when something happened meanwhile.
import { get } from "../service.js";
import { FILTERS } from "./state.js";

const PAGE = 100;

/** Make the reading. `state()` gives queue, filters and language; `shown` hears {rows, counts, next, at, key}; `failed` a problem. */
export function makeReader({ state, shown, failed }) {
  let pages = 1, key = "", reading = null, again = false;

  function query(cursor) {
    const now = state();
    const found = new URLSearchParams({ queue: now.queue, limit: String(PAGE) });
    FILTERS.forEach((name) => { if (now[name]) { found.set(name, now[name]); } });
    if (cursor) { found.set("cursor", cursor); }
    return found;
  }

  async function once() {
    const mine = query().toString();
    if (mine !== key) { pages = 1; key = mine; }
    const rows = new Map();
    let counts = null, next = null, at = "";
    for (let i = 0; i < pages; i++) {
      const answer = await get("/api/v1/cases?" + query(next), state().lang);
      counts = counts || answer.counts;
      at = answer.at;
      // a case that moved in the order while pages were read comes once
      answer.cases.forEach((row) => rows.set(row.case_id, row));
      next = answer.next;
      if (!next) { break; }
    }
    if (mine !== query().toString()) { again = true; return; }
    shown({ rows: [...rows.values()], counts, next, at, key: mine });
  }

  async function run() {
    do {
      again = false;
      try { await once(); } catch (problem) { failed(problem); }
    } while (again);
    reading = null;
  }

  return {
    /** Read the queue as it is now; what happened while it was being read is read after it. */
    read() {
      if (reading) { again = true; return reading; }
      reading = run();
      return reading;
    },
    more() { pages += 1; return this.read(); },
  };
}
