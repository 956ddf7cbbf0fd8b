// The tab of comments and locks, and what the panel says of the lock of a grid.
import { el, t, time } from "../texts.js";

function button(className, text, act) {
  const made = el("button", className, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

/**
 * Make the tab.
 *
 * @param {{node: HTMLElement, pins: object, finest: () => string, nameOf: (code: string) => string, see: (lon: number, lat: number) => void,
 *   pick: (code: string) => void, take: () => void, show: () => void, told: (place: number[]|null) => void}} with_ `take` takes the tool
 *   that places comments, `show` opens the tab, `told` hears which place is being written about
 */
export function makeNotes({ node, pins, finest, nameOf, see, pick, take, show, told }) {
  let at = null;
  const text = el("textarea");
  text.id = "note-text";
  text.maxLength = 2000;
  text.rows = 3;

  function form() {
    const box = el("form", "note-form");
    box.id = "note-form";
    const save = el("button", "action small", t("plan_note_save"));
    save.type = "submit";
    box.append(el("label", "field", null, el("span", null, t("plan_note_text")), text), el("p", "acts", null, save, button("quiet small", t("plan_cancel"), cancel)));
    box.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!text.value.trim()) { text.focus(); return; }
      save.disabled = true;
      const done = await pins.comment(at, text.value.trim());
      save.disabled = false;
      if (done) { text.value = ""; cancel(); }
    });
    return box;
  }

  function cancel() {
    at = null;
    told(null);
    draw();
  }

  function comment(one) {
    const [x, y] = one.places[0];
    const go = button("link", one.text, () => see(x, y));
    const item = el("li", null, null, el("span", "pin-number", String(one.number)), el("div", "note-body", null, go,
      el("small", null, [t("plan_by_at", { by: one.by || t("plan_somebody"), at: time(one.at) }), one.code ? nameOf(one.code) : ""].filter(Boolean).join(" · "))));
    item.dataset.number = String(one.number);
    if (one.mine) { item.append(button("quiet small", t("plan_note_remove"), () => pins.remove(one))); }
    return item;
  }

  function lock(one) {
    const [a, b] = one.places;
    const go = one.kind === "edge" ? () => see((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) : () => pick(one.code);
    const what = one.kind === "edge" ? t("plan_lock_edge_of", { name: one.code ? nameOf(one.code) : "–" }) : nameOf(one.code);
    const item = el("li", null, null, el("div", "note-body", null, button("link", what, go),
      el("small", null, t("plan_by_at", { by: one.by || t("plan_somebody"), at: time(one.at) }))), button("quiet small", t("plan_unlock"), () => pins.unlock(one)));
    item.dataset.lock = String(one.number);
    return item;
  }

  function draw() {
    const comments = pins.comments(), locks = pins.locks();
    node.replaceChildren(
      at ? form() : el("p", "acts", null, button("action small", t("plan_note_add"), take)),
      comments.length ? el("ul", "notes", null, ...comments.map(comment)) : el("p", "none", t("plan_notes_none")),
      el("h3", null, t("plan_locks")),
      locks.length ? el("ul", "notes", null, ...locks.map(lock)) : el("p", "none", t("plan_locks_none")),
    );
  }

  return {
    draw,
    /** Write about a place; null: leave it. Gives whether one was being written about. */
    about(place) {
      const open = Boolean(at);
      if (!place) { if (open) { cancel(); } return open; }
      at = place;
      told(place);
      show();
      draw();
      text.focus();
      return open;
    },
    /** Bring a comment of the list into view. */
    open(number) {
      show();
      draw();
      const item = node.querySelector(`[data-number="${number}"]`);
      if (item) { item.scrollIntoView({ block: "nearest" }); item.classList.add("lit"); item.querySelector(".link").focus(); }
    },
    clear() { at = null; text.value = ""; node.replaceChildren(); },

    /** What is said of the lock of an area, with a button to set or take it. */
    lockOf(area) {
      const found = pins.of(area);
      const box = el("section", "lock-box", null, el("h3", null, t("plan_lock")));
      found.forEach((one) => box.append(el("p", "locked", null,
        el("span", null, one.code === area.code ? t("plan_locked_by_at", { by: one.by || t("plan_somebody"), at: time(one.at) })
          : t("plan_locked_above", { name: nameOf(one.code), by: one.by || t("plan_somebody") })),
        button("quiet small", t("plan_unlock"), () => pins.unlock(one)))));
      if (!found.some((one) => one.code === area.code)) {
        const kind = area.level === finest() ? "grid" : "area";
        const act = button("quiet small", t("plan_lock_" + kind), () => pins.lock(kind, { code: area.code }));
        act.id = "lock-do";
        box.append(el("p", "acts", null, act));
      }
      return box;
    },
  };
}
