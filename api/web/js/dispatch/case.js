// The panel of one case: what and where, what may be done, clock, owner, patrols, similar cases, record.
import { Problem, get } from "../service.js";
import { el, t, time } from "../texts.js";
import { actForm, actLabel, actOfKey, actsOf, goesAtOnce, isForward, keyOf } from "./acts.js";
import { ownerCard, proposedCard } from "./owner.js";
import { clockCard, limitWords, recordCard, similarCard } from "./record.js";
import { newKey, sendSurely } from "./sure.js";
import { actName, categoryName, channelName, clockNow, clockWords, kindName, roleName, statusName, unitName } from "./words.js";

const pathOf = (id) => "/api/v1/cases/" + encodeURIComponent(id);
const MOVED = new Set(["case_moved", "illegal_transition"]);

/**
 * Make the panel. `page` gives: near, the node that shows who is, lang(), seat(), now(), areaName(code), say(text), opened(file) once a case is shown,
 * acted(file) after an act, go(id) to another case, close().
 */
export function makeCase(node, page) {
  let id = "", file = null, form = null, turn = 0, reading = Promise.resolve(), sent = Promise.resolve(true);
  /** Cases with an act under way: one at a time each. */
  const sending = new Set();
  /** What was written and not yet sent, by case and act. */
  const written = new Map();

  const head = el("header", "case-head");
  const acts = el("div", "acts");
  acts.setAttribute("role", "group");
  const place = el("div", "act-place");
  const told = el("p", "told");
  told.setAttribute("role", "alert");
  const body = el("div", "case-body");

  const allowed = () => actsOf(file, page.seat());

  function drawHead() {
    const row = file.case;
    const title = el("h2", null, categoryName(row.category));
    title.tabIndex = -1;
    const close = el("button", "panel-shut", "×");
    close.type = "button";
    close.setAttribute("aria-label", t("dispatch_close_panel"));
    close.addEventListener("click", page.close);
    const clock = el("span", "clock " + clockNow(row, page.now()), clockWords(row, page.now()));
    head.replaceChildren(
      el("div", "case-title", null, row.emergency ? el("em", "urgent", t("dispatch_emergency")) : null, title, close),
      el("p", "case-line", null, el("span", "status " + row.status, statusName(row.status)), clock, el("code", null, row.case_id)));
  }

  function drawActs() {
    const open = allowed();
    const held = acts.contains(document.activeElement) ? document.activeElement.dataset.act : "";
    acts.setAttribute("aria-label", t("dispatch_acts"));
    acts.replaceChildren(...open.map((entry) => {
      const button = el("button", isForward(entry) ? "action" : "quiet", actLabel(entry));
      button.type = "button";
      button.dataset.act = entry.act;
      button.setAttribute("aria-pressed", String(Boolean(form && form.act === entry.act)));
      button.disabled = sending.has(id);
      const key = keyOf(entry.act);
      if (key) { button.append(el("kbd", null, key.toUpperCase())); button.setAttribute("aria-keyshortcuts", key); }
      button.addEventListener("click", () => begin(entry));
      return button;
    }));
    if (open.some((entry) => entry.act === "file") && file.conditions.length) { acts.append(conditionField()); }
    if (held) { (acts.querySelector(`[data-act="${held}"]`) || node).focus({ preventScroll: true }); }
    if (!open.length) { acts.append(el("p", "soft", t(page.seat() ? "dispatch_acts_none_seat" : "dispatch_acts_none", { seat: roleName(page.seat()) }))); }
  }

  /** Which of the conditions of its type it is filed with: each has its own limit. */
  function conditionField() {
    const select = el("select");
    select.name = "condition";
    const choice = (value, text) => { const option = el("option", null, text); option.value = value; return option; };
    select.append(choice("", t("dispatch_condition_none")),
      ...file.conditions.map(({ condition, limit }) => choice(condition, `${condition} · ${limitWords(limit)}`)));
    select.value = conditionFor();
    select.disabled = sending.has(id);
    select.addEventListener("change", () => written.set(`${id} condition`, select.value));
    return el("label", "act-field condition", t("dispatch_condition"), select);
  }

  /** What was chosen, while the case still offers it. */
  const conditionFor = () => {
    const chosen = written.get(`${id} condition`) || "";
    return file.conditions.some((one) => one.condition === chosen) ? chosen : "";
  };

  function facts() {
    const row = file.case;
    const list = el("dl", "facts");
    const add = (name, value) => { if (value) { list.append(el("div", null, null, el("dt", null, t("dispatch_fact_" + name)), el("dd", null, value))); } };
    add("address", row.address);
    add("place", `${row.lon.toFixed(6)}, ${row.lat.toFixed(6)}` + (row.accuracy_m ? ` ± ${Math.round(row.accuracy_m)} m` : ""));
    add("component", row.component);
    add("condition", row.condition);
    add("reported", time(row.reported_at));
    if (row.occurred_at !== row.reported_at) { add("occurred", time(row.occurred_at)); }
    add("from", [channelName(row.channel), kindName(row.kind), row.reporter].filter(Boolean).join(" · "));
    add("unit", row.unit && unitName(row.unit, page.areaName));
    add("photos", (row.photos || []).join(", "));
    return el("section", "part", null, row.note ? el("p", "report", row.note) : null, list);
  }

  function drawBody() {
    const open = allowed();
    const merge = open.find((entry) => entry.act === "merge");
    const kept = body.scrollTop;
    const counted = body.querySelector(".counted")?.open;
    body.replaceChildren(...[
      facts(),
      clockCard(file, page.now()),
      file.case.status === "reported" || file.case.status === "filed" || file.case.status === "dispatched" ? proposedCard(file.proposed, page.areaName) : null,
      similarCard(file.similar, { title: t("dispatch_similar"), open: page.go, areaName: page.areaName,
        merge: merge ? (other) => { keep(merge, { names: other }); begin(merge, true); } : null }),
      file.owner ? ownerCard(file.owner) : null, page.near, recordCard(file.record, page.areaName)].filter(Boolean));
    if (counted) { body.querySelector(".counted").open = true; }
    body.scrollTop = kept;
  }

  function draw() {
    // what stands there already stays: a field that is moved loses the keyboard
    if (head.parentNode !== node) { node.replaceChildren(head, acts, place, told, body); }
    node.hidden = false;
    node.setAttribute("aria-label", t("dispatch_case", { id: file.case.case_id }));
    node.removeAttribute("aria-busy");
    drawHead();
    drawActs();
    drawBody();
  }

  const keep = (entry, value) => written.set(`${id} ${entry.act}`, value);

  function cancel() {
    form = null;
    place.replaceChildren();
    told.textContent = "";
    drawActs();
    node.focus({ preventScroll: true });
  }

  /** Begin an act: at once when it asks for nothing, else with its form. */
  function begin(entry, anew = false) {
    if (sending.has(id)) { return; }
    told.textContent = "";
    if (goesAtOnce(entry)) {
      form = null;
      place.replaceChildren();
      sent = send(entry, entry.act === "file" && conditionFor() ? { condition: conditionFor() } : {});
      return;
    }
    if (!form || form.act !== entry.act || anew) {
      form = actForm(entry, file, {
        kept: written.get(`${id} ${entry.act}`), areaName: page.areaName, cancel,
        keep: (value) => keep(entry, value), done: (value) => { keep(entry, value); sent = send(entry, value); },
      });
      place.replaceChildren(form.node);
      drawActs();
    }
    form.focus();
    form.node.scrollIntoView({ block: "nearest" });
  }

  /** Send an act for the version that is on the screen; gives whether it was done at once. */
  async function send(entry, value) {
    const mine = id, before = file, by = form;
    let waited = false;
    sending.add(mine);
    if (by) { by.busy(true); by.say(""); }
    drawActs();
    try {
      const answer = await sendSurely(pathOf(mine) + "/acts", { act: entry.act, role: entry.role, version: before.case.version, ...value }, page.lang(), {
        key: newKey("act-"),
        waiting: () => { waited = true; const text = t("dispatch_waiting"); if (by) { by.say(text); } else if (mine === id) { told.textContent = text; } },
      });
      written.delete(`${mine} ${entry.act}`);
      if (entry.act === "file") { written.delete(`${mine} condition`); }
      sending.delete(mine);
      page.say(t("dispatch_done", { act: actName(entry.act), status: statusName(answer.case.status) }));
      if (mine === id) {
        form = null;
        place.replaceChildren();
        told.textContent = "";
        take(answer);
        if (!node.contains(document.activeElement)) { node.focus({ preventScroll: true }); }
      }
      page.acted(answer);
      return !waited;
    } catch (problem) {
      sending.delete(mine);
      if (!(problem instanceof Problem)) { throw problem; }
      if (by) { by.busy(false); }
      if (mine !== id) { page.say(problem.detail); return false; }
      if (problem.status === 409 && MOVED.has(problem.code)) { await moved(before, problem); } else { told.textContent = problem.detail || t("dispatch_error"); }
      if (mine === id) { drawActs(); if (form) { form.focus(); } }
      return false;
    }
  }

  /** Somebody was first: read the case as it is, and say who it was. What was written stays in its form. */
  async function moved(before, problem) {
    await read(true);
    const first = file.record.find((entry) => entry.number > before.case.version);
    told.textContent = first ? t("dispatch_moved", {
      by: first.by === first.role ? roleName(first.role) : `${first.by}（${roleName(first.role)}）`, act: actName(first.act), time: time(first.at), status: statusName(file.case.status),
    }) : problem.detail;
  }

  /** What an answer tells but for the seconds that went by. */
  const tellsOf = (answer) => JSON.stringify({ ...answer, clock: { ...answer.clock, left_s: 0, counted: [] } });

  function take(answer) {
    const fresh = !file || file.case.case_id !== answer.case.case_id;
    // an answer that was asked for before an act may come after that of the act
    if (!fresh && answer.case.version < file.case.version) { return; }
    const same = !fresh && tellsOf(answer) === tellsOf(file);
    file = answer;
    if (same) { drawHead(); } else { draw(); }
    page.opened(file, fresh);
  }

  async function read(quiet) {
    const mine = ++turn, asked = id;
    try {
      const answer = await get(pathOf(asked), page.lang());
      if (mine === turn && asked === id) { take(answer); }
    } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
      if (mine !== turn || asked !== id || (quiet && problem.status === 0)) { return; }
      const again = el("button", "action", t("try_again"));
      again.type = "button";
      again.addEventListener("click", () => read(false));
      const close = el("button", "quiet", t("dispatch_close_panel"));
      close.type = "button";
      close.addEventListener("click", page.close);
      node.replaceChildren(el("div", "empty", null, el("p", null, problem.detail || t("dispatch_error")), el("div", "act-buttons", null, again, close)));
    }
  }

  return {
    id: () => id,
    file: () => file,
    /** Show a case. */
    async open(next) {
      if (next === id && file) { return; }
      id = next; file = null; form = null;
      place.replaceChildren();
      told.textContent = "";
      node.hidden = false;
      node.setAttribute("aria-busy", "true");
      node.replaceChildren(el("p", "bone title"), el("p", "bone line"), el("p", "bone block"), el("p", "bone block"));
      reading = read(false);
      await reading;
    },
    /** Done when the case that was opened is on the screen and no act is under way; false: that did not go well. */
    async ready() {
      await reading;
      return sending.has(id) ? sent : true;
    },
    /** Read the case again: it changed, or may have. */
    refresh() { return id ? read(true) : Promise.resolve(); },
    redraw() { if (file) { draw(); } },
    tick() { if (file) { drawHead(); } },
    /** Do what a key stands for; tells whether it stands for anything here. */
    key(letter) {
      const entry = file && actOfKey(allowed(), letter);
      if (entry) { begin(entry); }
      return Boolean(entry);
    },
    /** Give up the form that is open; tells whether there was one. */
    cancel() { if (!form || sending.has(id)) { return false; } cancel(); return true; },
    forget() { id = ""; file = null; form = null; turn++; place.replaceChildren(); },
  };
}
