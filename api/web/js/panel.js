// The panel of filters: what the page is about, time window, category, and what data there are.
import { OF_A_DAY, SHOWN, WINDOWS, mapOf, setOf } from "./state.js";
import { facilityFields } from "./facilities.js";
import { hotspotFields } from "./hotspots.js";
import { checksField } from "./checks.js";
import { tomorrowField } from "./rounds.js";
import { newest } from "./windows.js";
import { may } from "./shell.js";
import { day, el, isoDay, number, t, time } from "./texts.js";

function choice(text, pressed, act) {
  const button = el("button", null, text);
  button.type = "button";
  button.setAttribute("aria-pressed", String(pressed));
  button.addEventListener("click", act);
  return button;
}

function dates(state, overview, change) {
  const form = el("form", "dates");
  const last = newest(overview, state.page);
  const field = (name, value) => {
    const input = el("input");
    input.type = "date"; input.name = name; input.required = true; input.value = value;
    return input;
  };
  const to = field("to", state.to || (last ? isoDay(last) : ""));
  const from = field("from", state.from || to.value);
  const wrong = el("p", "wrong", null);
  wrong.setAttribute("role", "alert");
  const apply = el("button", "action", t("apply"));
  apply.type = "submit";
  form.append(el("label", null, t("from"), from), el("label", null, t("to"), to), apply, wrong);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (from.value > to.value) { wrong.textContent = t("window_wrong"); return; }
    change({ window: "custom", from: from.value, to: to.value });
  });
  return form;
}

function windowField(state, overview, change) {
  const box = el("fieldset", null, null, el("legend", null, t("window")));
  const buttons = el("div", "choices");
  const custom = el("div");
  const last = newest(overview, state.page);
  const hint = last && state.window !== "custom" ? el("p", "hint", t("window_note", { time: time(last) })) : null;
  Object.keys(WINDOWS).forEach((key) => buttons.append(
    choice(t("window_" + key), state.window === key, () => change({ window: key, from: "", to: "" }))));
  const open = choice(t("window_custom"), state.window === "custom", () => {
    buttons.querySelectorAll("button").forEach((b) => b.setAttribute("aria-pressed", String(b === open)));
    custom.replaceChildren(dates(state, overview, change));
    if (hint) { hint.remove(); }
    custom.querySelector("input").focus();
  });
  buttons.append(open);
  if (state.window === "custom") { custom.append(dates(state, overview, change)); }
  box.append(buttons, custom);
  if (hint) { box.append(hint); }
  return box;
}

/** The day whose borders are shown: any day, past or to come; a second button leads back to today. */
function bordersField(state, change) {
  const box = el("fieldset", "borders");
  const name = el("label", "label", t("borders_of"));
  const input = el("input");
  input.type = "date"; input.id = name.htmlFor = "borders-of"; input.value = state.at;
  input.addEventListener("change", () => {
    if (input.value !== state.at && input.checkValidity()) { change({ at: input.value, grid: "" }); }
  });
  const today = choice(t("today"), !state.at, () => change({ at: "", grid: "" }));
  box.append(name, el("div", "day", null, input, today), el("p", "hint", t(state.at ? "borders_then" : "borders_now")));
  return box;
}

/** Which side of a page is shown: of patrols what nobody looked at, how long ago, how much; of hotspots what holds. */
function shownField(state, change) {
  const buttons = SHOWN[state.page].map((show) => choice(t("show_" + show), mapOf(state) === show, () => change({ show })));
  return el("fieldset", null, null, el("legend", null, t("coverage_show")), el("div", "choices", null, ...buttons));
}

function selectField(id, label, options, value, act) {
  const box = el("fieldset");
  const name = el("label", "label", label);
  const select = el("select");
  select.id = name.htmlFor = id;
  options.forEach(([key, text]) => {
    const option = el("option", null, text);
    option.value = key;
    select.append(option);
  });
  select.value = value;
  select.addEventListener("change", () => act(select.value));
  box.append(name, select);
  return box;
}

function holding(label, held) {
  const span = held.first && held.last ? t("data_span", { first: day(held.first), last: day(held.last) }) : null;
  return el("div", null, null, el("dt", null, label),
    el("dd", null, held.count ? number(held.count) : t("data_none")), span && el("dd", "span", span));
}

/**
 * Draw the panel anew. `facilities`: on their page the layers, the book and the layer on the screen; `query`: what the
 * map is asked; `change` takes the fields of the state that shall differ, `show` a place or grid to look at.
 */
export function drawPanel(panel, state, overview, facilities, query, change, close, show) {
  const parts = [el("h2", null, t("page_" + state.page)), el("p", "about", t("about_" + mapOf(state)))];
  const shut = el("button", "panel-close", "×");
  shut.type = "button";
  shut.setAttribute("aria-label", t("close_filters"));
  shut.addEventListener("click", close);
  parts.unshift(shut);
  if (overview.sets.length > 1) {
    parts.push(selectField("set", t("set"), overview.sets.map((s) => [s.name, s.title || s.name]),
      setOf(state, overview).name, (set) => change({ set, view: "", grid: "" })));
  }
  if (state.page in SHOWN) { parts.push(shownField(state, change)); }
  const released = mapOf(state) === "public";
  if (state.page === "hotspots") { parts.push(...hotspotFields(state, mapOf(state), query, change)); }
  if (!released) { parts.push(bordersField(state, change)); }
  const timeless = released || OF_A_DAY.includes(state.page);
  if (facilities) {
    const set = setOf(state, overview);
    parts.push(selectField("layer", t("layer"), facilities.layers.map((l) => [l.name, l.title || l.name]),
      facilities.layer, (layer) => change({ layer, find: "" })),
    ...facilityFields(state, facilities.book, facilities.layer, set ? set.name : "", change, show));
  }
  if (!timeless && (state.page !== "grids" || overview.incidents.count || overview.fixes.count)) {
    parts.push(windowField(state, overview, change));
  }
  if (!timeless && state.page !== "grids" && overview.incidents.categories.length) {
    const named = overview.incidents.categories.map((c) => [c.code, c[state.lang] || c.code]);
    parts.push(selectField("category", t("category"), [["", t("category_all")], ...named], state.category,
      (category) => change({ category })));
  }
  if (state.page === "coverage" && overview.fixes.count) { parts.push(tomorrowField(query, state.lang, show)); }
  if (state.page === "coverage" && may("layers.read")) { parts.push(checksField(query, state.lang, show)); }
  const set = setOf(state, overview);
  const held = el("dl", "holdings");
  held.setAttribute("aria-label", t("data"));
  held.append(el("div", null, null, el("dt", null, t("data_grids")), el("dd", null, number(set ? set.grids : 0))),
    ...(may("incidents.read") ? [holding(t("data_incidents"), overview.incidents)] : []),
    ...(may("patrols.read") ? [holding(t("data_fixes"), overview.fixes)] : []));
  parts.push(held);
  const focused = panel.contains(document.activeElement) ? document.activeElement.textContent : null;
  panel.setAttribute("aria-label", t("filters"));
  panel.replaceChildren(...parts);
  if (focused) {
    const again = [...panel.querySelectorAll("button")].find((b) => b.textContent === focused);
    if (again) { again.focus(); }
  }
}
