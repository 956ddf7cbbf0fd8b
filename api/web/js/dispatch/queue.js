// The queue: tabs with counts, and the cases of one of them. Rows stay what they are while cases come, change and go.
import { el, number, t, time } from "../texts.js";
import { QUEUES } from "./state.js";
import { categoryName, channelName, clockNow, clockWords, kindName, statusName, unitName } from "./words.js";

/** The key that comes after g for each queue. */
export const QUEUE_KEYS = { n: "new", d: "dispatch", h: "handling", v: "verify", o: "overdue", r: "risk", t: "today", a: "all" };
const letterOf = (queue) => Object.keys(QUEUE_KEYS).find((key) => QUEUE_KEYS[key] === queue);

/** Draw the tabs; `counts` null: not known yet. */
export function drawTabs(node, { queue, counts, choose }) {
  node.setAttribute("aria-label", t("dispatch_queues"));
  if (!node.children.length) {
    QUEUES.forEach((name) => {
      const button = el("button", "tab");
      button.type = "button";
      button.id = "tab-" + name;
      button.append(el("span"), el("b"));
      button.addEventListener("click", () => choose(name));
      node.append(button);
    });
  }
  QUEUES.forEach((name) => {
    const button = document.getElementById("tab-" + name);
    const count = counts && counts[name];
    button.firstChild.textContent = t("dispatch_queue_" + name);
    button.lastChild.textContent = typeof count === "number" ? number(count) : "";
    button.lastChild.hidden = typeof count !== "number";
    button.classList.toggle("late", name === "overdue" && count > 0);
    button.title = t("dispatch_queue_key", { key: letterOf(name).toUpperCase() });
    button.setAttribute("aria-pressed", String(name === queue));
  });
}

/** Write one case into its row. */
function fill(button, row, { now, areaName }) {
  const clock = clockNow(row, now);
  const place = row.address || areaName(row.grid_code) || row.grid_code || t("dispatch_no_grid");
  const head = el("span", "row-head", null,
    row.emergency ? el("em", "urgent", t("dispatch_emergency")) : null,
    el("strong", null, categoryName(row.category)), el("span", "clock " + clock, clockWords(row, now)));
  const marks = [row.returns && t("dispatch_returned_n", { n: row.returns }), row.reworks && t("dispatch_reworked_n", { n: row.reworks }),
    row.extensions && t("dispatch_extended_n", { n: row.extensions })].filter(Boolean);
  const facts = [statusName(row.status), row.unit && unitName(row.unit, areaName), channelName(row.channel),
    row.kind && row.kind !== "report" && kindName(row.kind), ...marks].filter(Boolean);
  button.replaceChildren(head, el("span", "row-place", place), el("span", "row-facts", facts.join(" · ")));
  button.className = "row " + clock;
  button.title = `${row.case_id} · ${time(row.reported_at)}`;
}

/** Make the list. `pick` hears which case was chosen; `moved` on which one the cursor stands. */
export function makeQueue({ list, end, pick, more, now, areaName }) {
  const nodes = new Map();
  let rows = [], cursor = "", place = -1, gone = false, opened = "", drawn = null, putting = false;

  const ids = () => rows.map((row) => row.case_id);

  function mark() {
    nodes.forEach(({ button }, id) => {
      button.tabIndex = id === cursor || (!cursor && id === (rows[0] && rows[0].case_id)) ? 0 : -1;
      button.parentNode.classList.toggle("cursor", id === cursor);
      if (id === opened) { button.setAttribute("aria-current", "true"); } else { button.removeAttribute("aria-current"); }
    });
  }

  /** Put the cursor on a row. One whose row went is between two rows, and the next one follows it. */
  function stand(id, focus) {
    cursor = id;
    place = ids().indexOf(id);
    gone = false;
    mark();
    const found = nodes.get(id);
    if (!found) { return; }
    found.button.scrollIntoView({ block: "nearest" });
    if (focus) { found.button.focus({ preventScroll: true }); }
  }

  /**
   * Find the place of the cursor again: `above` are those that stood above it and still stand somewhere, `known` all
   * that stood anywhere. A case that went, or that an act put elsewhere in the order, leaves its place to the next one.
   */
  function settle(above, known) {
    const order = ids(), at = order.indexOf(cursor);
    const over = order.slice(0, Math.max(0, at)).filter((id) => known.has(id));
    if (at >= 0 && over.length === above.length && over.every((id) => above.includes(id))) { place = at; return; }
    gone = true;
    cursor = "";
    place = Math.max(-1, ...above.map((id) => order.indexOf(id))) + 1;
  }

  function rowNode(row) {
    const item = el("li");
    const button = el("button");
    button.type = "button";
    button.dataset.case = row.case_id;
    button.addEventListener("click", () => { stand(row.case_id, true); pick(row.case_id); });
    button.addEventListener("focus", () => { if (!putting && cursor !== row.case_id) { stand(row.case_id, false); } });
    item.append(button);
    return { item, button, text: "" };
  }

  function put(fresh) {
    const held = document.activeElement && document.activeElement.dataset.case;
    putting = true;
    const known = new Set(ids());
    for (const [id, { item }] of nodes) { if (!known.has(id)) { item.remove(); nodes.delete(id); } }
    rows.forEach((row, i) => {
      let found = nodes.get(row.case_id);
      if (!found) {
        found = rowNode(row);
        nodes.set(row.case_id, found);
        if (fresh) { found.item.classList.add("fresh"); }
      }
      const text = JSON.stringify([row, clockNow(row, now()), clockWords(row, now()), areaName(row.grid_code), drawn && drawn.lang]);
      if (found.text !== text) { fill(found.button, row, { now: now(), areaName }); found.text = text; }
      if (list.children[i] !== found.item) { list.insertBefore(found.item, list.children[i] || null); }
    });
    // a button that is moved loses the focus
    if (held && nodes.has(held) && document.activeElement !== nodes.get(held).button) { nodes.get(held).button.focus({ preventScroll: true }); }
    putting = false;
    mark();
  }

  return {
    rows: () => rows,
    /** Show cases; `same`: they are of the queue and filters that were shown, so that new ones may say so. */
    show(found, { next, lang, filtered, queue, same }) {
      const known = new Set(ids()), before = ids().slice(0, Math.max(0, place));
      rows = found;
      const here = new Set(ids());
      drawn = { lang };
      list.setAttribute("aria-busy", "false");
      if (cursor || gone) { settle(before.filter((id) => here.has(id)), known); }
      put(same);
      end.replaceChildren();
      if (!rows.length) {
        end.append(el("div", "empty", null, el("h2", null, t(filtered ? "dispatch_empty_filtered" : "dispatch_empty_" + queue)),
          el("p", null, t(filtered ? "dispatch_empty_filtered_text" : "dispatch_empty_" + queue + "_text"))));
      } else if (next) {
        const button = el("button", "quiet", t("dispatch_more"));
        button.type = "button";
        button.addEventListener("click", more);
        end.append(button);
      }
    },
    /** Write the clocks again: time went on. */
    tick() { if (drawn) { put(false); } },
    /** Show that cases are being read. */
    wait() {
      rows = [];
      nodes.clear();
      cursor = ""; place = -1; gone = false;
      list.replaceChildren(...Array.from({ length: 6 }, () => el("li", "bone")));
      list.setAttribute("aria-busy", "true");
      end.replaceChildren();
      list.dataset.bones = "true";
    },
    clearBones() { if (list.dataset.bones) { delete list.dataset.bones; list.querySelectorAll(".bone").forEach((bone) => bone.remove()); } },
    /** Say which case is open; `chosen`: just now, so that the cursor goes there. */
    open(id, chosen = false) { opened = id; if (id && nodes.has(id) && (chosen || (!cursor && !gone))) { stand(id, false); } else { mark(); } },
    cursor: () => cursor,
    /** Move the cursor by one row, and give the case it stands on; empty: there is none. */
    step(by) {
      if (!rows.length) { return ""; }
      const from = gone ? (by > 0 ? place - 1 : place) : place;
      const to = Math.max(0, Math.min(rows.length - 1, from + by));
      stand(rows[to].case_id, true);
      return rows[to].case_id;
    },
  };
}
