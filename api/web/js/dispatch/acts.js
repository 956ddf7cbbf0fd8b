// What may be done with a case: which key does it, what it asks for, and what is sent.
import { el, t } from "../texts.js";
import { actName, unitName } from "./words.js";

/** Acts by key, in the order of the buttons; those without a key are done by their button. */
const KEYS = [
  ["file", "f"], ["dispatch", "d"], ["accept", "a"], ["handle", "h"], ["verify", "v"], ["close", "c"], ["rework", "r"],
  ["return", "r"], ["whistle", "e"], ["join", "i"], ["merge", "m"], ["suspend", "s"], ["resume", "s"], ["extend", "t"],
  ["reopen", "o"], ["reject", "x"], ["note", "n"], ["appeal", "y"], ["grant", ""], ["refuse", ""],
];
/** What leads on: shown as the first button. */
const FORWARD = new Set(["file", "dispatch", "accept", "handle", "verify", "close", "resume"]);
/** What cannot be taken back: it says what will happen, and takes one key more. */
const FINAL = new Set(["close", "merge", "reject", "appeal", "grant", "refuse"]);

export const keyOf = (act) => (KEYS.find(([name]) => name === act) || ["", ""])[1];
/** A case that was sent once goes on by being accepted; to send it elsewhere is not the way on. */
export const isForward = (entry) => FORWARD.has(entry.act) && !isResend(entry);
const isResend = (entry) => entry.act === "dispatch" && entry.reason;
/** What the button of an act says. */
export const actLabel = (entry) => (isResend(entry) ? t("dispatch_act_resend") : actName(entry.act));
export const isFinal = (act) => FINAL.has(act);

/** The acts that a seat may do (no seat: all), one entry each, in the order of the buttons. */
export function actsOf(file, seat) {
  const open = file.may.filter((entry) => !seat || entry.role === seat);
  const found = KEYS.map(([name]) => open.find((entry) => entry.act === name)).filter(Boolean);
  return [...found.filter(isForward), ...found.filter((entry) => !isForward(entry))];
}

/** The act of a key among those that may be done. */
export function actOfKey(acts, key) {
  return acts.find((entry) => keyOf(entry.act) === key) || null;
}

/** Tell whether an act goes at once: it asks for nothing and can be put right later. */
export const goesAtOnce = (entry) => !entry.reason && !entry.names && !isFinal(entry.act);

/** The units that may be sent a case: the proposed one first, then its grid and the desks above it. */
function units(file) {
  const found = [];
  const add = (unit) => { if (unit && !found.includes(unit)) { found.push(unit); } };
  add(file.proposed && file.proposed.unit);
  const { grid = null, chain = [], desk = null } = file.owner || {};
  add(grid && "grid:" + grid.code);
  [...chain].reverse().filter((area) => !grid || area.code !== grid.code).forEach((area) => add("desk:" + area.code));
  add(desk && "desk:" + desk.code);
  return found;
}

const OTHER = "*";

/** A choice among known answers, with room for another one; `value()` gives what was chosen or written. */
function choice(known, { label, other, names, kept }) {
  const box = el("div", "act-field");
  const select = el("select");
  const input = el("input");
  input.type = "text";
  input.maxLength = 200;
  input.placeholder = other;
  input.setAttribute("aria-label", other);
  known.forEach((value, i) => {
    const option = el("option", null, names(value, i));
    option.value = value;
    select.append(option);
  });
  const free = el("option", null, t("dispatch_other"));
  free.value = OTHER;
  select.append(free);
  const turn = () => { input.hidden = select.value !== OTHER; };
  select.value = kept && known.includes(kept) ? kept : kept || !known.length ? OTHER : known[0];
  if (select.value === OTHER && kept) { input.value = kept.replace(/^dept:/, ""); }
  select.hidden = !known.length;
  select.addEventListener("change", () => { turn(); if (!input.hidden) { input.focus(); } });
  turn();
  box.append(el("label", null, label, select), input);
  return { node: box, first: select.hidden ? input : select, value: () => (select.value === OTHER ? input.value.trim() : select.value) };
}

/** A department may be written by its name alone. */
const asUnit = (text) => (!text || /^(grid|desk|dept):/.test(text) ? text : "dept:" + text);

/**
 * The form of an act, filled with what was written before: `kept` is {reason, names}. `done` hears {reason, names};
 * `cancel` that it was given up; `keep` what is written, at every letter.
 */
export function actForm(entry, file, { kept = {}, areaName, done, cancel, keep }) {
  const form = el("form", "act-form");
  form.setAttribute("aria-label", actLabel(entry));
  form.append(el("h3", null, actLabel(entry)));
  let names = null, reason = null;
  if (entry.names && entry.act === "merge") {
    const similar = file.similar.map((row) => row.case_id);
    names = choice(similar, { label: t("dispatch_merge_into"), other: t("dispatch_merge_hint"), names: (id) => id, kept: kept.names });
  } else if (entry.names) {
    const known = ["whistle", "join"].includes(entry.act) ? [] : units(file);
    names = choice(known, {
      label: t("dispatch_unit_to"), other: t("dispatch_unit_hint"), kept: kept.names,
      names: (unit, i) => (i === 0 && file.proposed && unit === file.proposed.unit
        ? t("dispatch_unit_proposed", { unit: unitName(unit, areaName) }) : unitName(unit, areaName)),
    });
  }
  if (names) { form.append(names.node); }
  if (entry.reason) {
    reason = el("input");
    reason.type = "text";
    reason.maxLength = 2000;
    reason.required = true;
    reason.value = kept.reason || "";
    reason.autocomplete = "off";
    form.append(el("label", "act-field", t(["handle", "note"].includes(entry.act) ? "dispatch_reason_" + entry.act : "dispatch_reason"), reason));
  }
  if (isFinal(entry.act)) { form.append(el("p", "act-tells", t("dispatch_tells_" + entry.act))); }
  const go = el("button", "action", actLabel(entry));
  go.type = "submit";
  go.append(el("kbd", null, "↵"));
  const stop = el("button", "quiet", t("dispatch_cancel"));
  stop.type = "button";
  stop.append(el("kbd", null, "Esc"));
  stop.addEventListener("click", cancel);
  const message = el("p", "message");
  message.setAttribute("role", "alert");
  form.append(el("div", "act-buttons", null, go, stop), message);
  const written = () => ({
    ...(names ? { names: entry.act === "merge" ? names.value() : asUnit(names.value()) } : {}),
    ...(reason ? { reason: reason.value.trim() } : {}),
  });
  form.noValidate = true;
  form.addEventListener("input", () => keep(written()));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); cancel(); }
    if (event.key === "Enter" && event.target.tagName === "SELECT") { event.preventDefault(); form.requestSubmit(); }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = written();
    if (names && !value.names) { message.textContent = t("dispatch_names_missing"); names.first.focus(); return; }
    if (reason && !value.reason) { message.textContent = t("dispatch_reason_missing"); reason.focus(); return; }
    done(value);
  });
  return {
    node: form,
    act: entry.act,
    focus() { (names ? names.first : reason || go).focus(); },
    say(text) { message.textContent = text; },
    busy(is) { go.disabled = is; form.setAttribute("aria-busy", String(is)); },
  };
}
