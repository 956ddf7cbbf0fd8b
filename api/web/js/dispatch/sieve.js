// Filters of the queue, and views that somebody keeps: a queue with its filters under a name.
import { el, keysFrom, t } from "../texts.js";
import { FILTERS, sameView, viewOf } from "./state.js";
import { categoryName, channelName, unitName } from "./words.js";

const KEPT = "gridmap.dispatch.views";
export const CHANNELS = ["patrol", "hotline", "app", "video", "walk-in", "police", "deputy", "survey"];

/** The categories of the catalogue, by class: [class, [codes]]. */
export function categories() {
  const codes = keysFrom("category.").map((key) => key.slice("category.".length));
  const classes = codes.filter((code) => !code.includes("-"));
  return classes.map((name) => [name, codes.filter((code) => code.startsWith(name + "-"))]).filter(([, of]) => of.length);
}

/** A list of the categories, one group a class. */
export function categorySelect(chosen, first) {
  const select = el("select");
  const none = el("option", null, first);
  none.value = "";
  select.append(none);
  categories().forEach(([name, codes]) => {
    const group = el("optgroup");
    group.label = categoryName(name);
    codes.forEach((code) => {
      const option = el("option", null, `${categoryName(code)} ${code}`);
      option.value = code;
      group.append(option);
    });
    select.append(group);
  });
  if (chosen && ![...select.options].some((option) => option.value === chosen)) {
    const option = el("option", null, categoryName(chosen));
    option.value = chosen;
    select.append(option);
  }
  select.value = chosen;
  return select;
}

function listOf(values, chosen, first, name) {
  const select = el("select");
  [["", first], ...[...new Set([...values, chosen].filter(Boolean))].map((value) => [value, name(value)])].forEach(([value, text]) => {
    const option = el("option", null, text);
    option.value = value;
    select.append(option);
  });
  select.value = chosen;
  return select;
}

function readViews() {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT) || "[]");
    return Array.isArray(found) ? found.filter((view) => view && typeof view.name === "string" && view.of) : [];
  } catch (error) {
    return []; // what another program left there is none of ours
  }
}

const writeViews = (views) => { try { localStorage.setItem(KEPT, JSON.stringify(views)); } catch (error) { /* private browsing: kept for this page only */ } };

/** Draw the filters. `rows` are the cases shown, from which units are offered. */
export function drawSieve(node, { state, rows, areaName, change }) {
  const field = (name, input) => {
    input.name = name;
    input.setAttribute("aria-label", t("dispatch_filter_" + name));
    return input;
  };
  const text = el("input");
  text.type = "search";
  text.placeholder = t("dispatch_filter_hint");
  text.value = state.q;
  let timer = 0;
  text.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => change({ q: text.value.trim() }, { keep: true }), 250); });
  const selects = [
    field("category", categorySelect(state.category, t("dispatch_all_categories"))),
    field("unit", listOf(rows.map((row) => row.unit), state.unit, t("dispatch_all_units"), (unit) => unitName(unit, areaName))),
    field("channel", listOf(CHANNELS, state.channel, t("dispatch_all_channels"), channelName)),
  ];
  selects.forEach((select) => {
    select.classList.toggle("set", Boolean(select.value));
    select.addEventListener("change", () => change({ [select.name]: select.value }));
  });
  const views = drawViews(state, change);
  const bar = el("div", "sieve-top", null, field("q", text), views);
  const row = el("div", "sieve-row", null, ...selects);
  const parts = [bar, row];
  if (FILTERS.some((name) => state[name])) {
    const clear = el("button", "link", state.grid ? t("dispatch_filter_clear_grid", { grid: areaName(state.grid) || state.grid }) : t("dispatch_filter_clear"));
    clear.type = "button";
    clear.addEventListener("click", () => change(Object.fromEntries(FILTERS.map((name) => [name, ""]))));
    parts.push(clear);
  }
  const held = document.activeElement && node.contains(document.activeElement) ? document.activeElement.name : "";
  const at = held === "q" ? document.activeElement.selectionStart : 0;
  node.replaceChildren(...parts);
  if (held && node.querySelector(`[name="${held}"]`)) {
    node.querySelector(`[name="${held}"]`).focus();
    if (held === "q") { text.setSelectionRange(at, at); }
  }
}

function drawViews(state, change) {
  const box = el("details", "views");
  const summary = el("summary", null, t("dispatch_views"));
  const list = el("div", "views-list");
  const draw = () => {
    const kept = readViews();
    const here = viewOf(state);
    list.replaceChildren();
    if (!kept.length) { list.append(el("p", "hint", t("dispatch_views_none"))); }
    kept.forEach((view, i) => {
      const open = el("button", "view", view.name);
      open.type = "button";
      open.setAttribute("aria-pressed", String(sameView(view.of, here)));
      open.addEventListener("click", () => { box.open = false; change(view.of); });
      const drop = el("button", "drop", "×");
      drop.type = "button";
      drop.setAttribute("aria-label", t("dispatch_view_drop", { name: view.name }));
      drop.addEventListener("click", () => { writeViews(kept.filter((_, j) => j !== i)); draw(); list.querySelector("input").focus(); });
      list.append(el("div", "view-row", null, open, drop));
    });
    const form = el("form", "view-new");
    const name = el("input");
    name.type = "text";
    name.maxLength = 40;
    name.required = true;
    name.placeholder = t("dispatch_view_name");
    name.setAttribute("aria-label", t("dispatch_view_name"));
    const save = el("button", "quiet", t("dispatch_view_save"));
    save.type = "submit";
    form.append(name, save);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      writeViews([...kept.filter((view) => view.name !== name.value.trim()), { name: name.value.trim(), of: here }]);
      box.open = false;
      summary.focus();
    });
    list.append(form);
  };
  box.addEventListener("toggle", () => { if (box.open) { draw(); } });
  box.addEventListener("keydown", (event) => { if (event.key === "Escape" && box.open) { event.stopPropagation(); box.open = false; summary.focus(); } });
  // as a menu does: it closes when the reader goes elsewhere
  box.addEventListener("focusout", (event) => { if (event.relatedTarget && !box.contains(event.relatedTarget)) { box.open = false; } });
  box.append(summary, list);
  return box;
}
