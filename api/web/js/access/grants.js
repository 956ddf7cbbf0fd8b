// Roles over areas: how they are said, and the rows in which they are chosen.
import { get } from "../service.js";
import { calendarDay, el, t } from "../texts.js";
import { button, choice, field } from "./parts.js";

export const ROLES = ["planner", "dispatcher", "supervisor", "leader", "analyst", "field", "administrator", "auditor"];
/** What a role may do reaches everything or nothing: an area would make it empty. */
const EVERYWHERE = ["administrator", "auditor"];

let sets = [];
const areas = new Map();

/** Read the sets, so that areas can be named. */
export async function loadSets(lang) {
  sets = (await get("/api/v1/sets", lang)).sets;
}

const setTitle = (name) => (sets.find((s) => s.name === name) || {}).title || name;

/** Names of the areas of a set by code: all levels but the finest, as far as a page goes. */
async function areasOf(setName, lang) {
  const set = sets.find((s) => s.name === setName);
  if (!set || !set.version) { return new Map(); }
  if (!areas.has(setName)) {
    const found = new Map();
    areas.set(setName, found);
    for (const level of set.levels.slice(0, -1)) {
      const url = `/api/v1/sets/${encodeURIComponent(setName)}/versions/current/grids?limit=1000&level=${encodeURIComponent(level.name)}`;
      try {
        (await get(url, lang)).features.forEach((f) => found.set(f.properties.code, f.properties.name));
      } catch (problem) { /* without names the code alone does */ }
    }
  }
  return areas.get(setName);
}

/** Read the names of the areas of grants; tell whether there were any. */
export async function nameAreas(grants, lang) {
  const wanted = new Set(grants.filter((g) => g.code).map((g) => g.set));
  for (const set of wanted) { await areasOf(set, lang); }
  return wanted.size > 0;
}

export function areaText(grant) {
  if (!grant.set) { return t("area_everything"); }
  if (!grant.code) { return t("area_set", { set: setTitle(grant.set) }); }
  const name = (areas.get(grant.set) || new Map()).get(grant.code);
  return t("area_code", { set: setTitle(grant.set), code: name ? `${name} (${grant.code})` : grant.code });
}

export function daysText(grant) {
  const last = grant.valid_to && new Date(Date.parse(grant.valid_to + "T00:00:00Z") - 86400000).toISOString().slice(0, 10);
  if (grant.valid_from && last) { return t("days_from_to", { from: calendarDay(grant.valid_from), to: calendarDay(last) }); }
  if (grant.valid_from) { return t("days_from", { from: calendarDay(grant.valid_from) }); }
  return last ? t("days_to", { to: calendarDay(last) }) : "";
}

const dayAfter = (day) => (day ? new Date(Date.parse(day + "T00:00:00Z") + 86400000).toISOString().slice(0, 10) : null);
const dayBefore = (day) => (day ? new Date(Date.parse(day + "T00:00:00Z") - 86400000).toISOString().slice(0, 10) : "");

/** Rows in which the grants of an account are chosen; `read` gives them as the service takes them. */
export function grantsEditor(grants, lang) {
  const box = el("fieldset", "grants-editor", null, el("legend", null, t("grants")));
  const rows = el("div", "grant-rows");
  const list = [];

  function row(grant) {
    const line = el("div", "grant-row");
    const role = choice(t("role"), ROLES.map((r) => [r, t("role_" + r)]), grant.role, { hint: t("role_about_" + grant.role) });
    const scope = choice(t("area"), [["", t("area_everything")], ...sets.map((s) => [s.name, t("area_set_short", { set: s.title || s.name })])], grant.set || "");
    const code = field(t("area_part"), { name: "code", value: grant.code || "", hint: t("area_part_hint"), mono: true, max: 200 });
    const names = el("datalist");
    names.id = code.input.id + "-list";
    code.input.setAttribute("list", names.id);
    code.append(names);
    const hint = code.querySelector(".hint");
    const from = field(t("valid_from"), { name: "from", type: "date", value: grant.valid_from || "" });
    const until = field(t("valid_until"), { name: "until", type: "date", value: dayBefore(grant.valid_to) });
    async function follow() {
      role.querySelector(".hint").textContent = t("role_about_" + role.input.value);
      const all = EVERYWHERE.includes(role.input.value);
      if (all) { scope.input.value = ""; }
      scope.input.disabled = all;
      code.hidden = !scope.input.value;
      if (code.hidden) { return; }
      const known = await areasOf(scope.input.value, lang);
      names.replaceChildren(...[...known].map(([value, name]) => { const o = el("option", null, name); o.value = value; return o; }));
      hint.textContent = known.get(code.input.value.trim()) || t("area_part_hint");
    }
    [role, scope, code].forEach((f) => f.input.addEventListener("change", follow));
    code.input.addEventListener("input", follow);
    const entry = () => {
      const set = scope.input.value || null;
      return { role: role.input.value, set, code: (set && code.input.value.trim()) || null, valid_from: from.input.value || null, valid_to: dayAfter(until.input.value) };
    };
    const gone = button(t("grant_remove"), "quiet", () => {
      list.splice(list.indexOf(entry), 1);
      line.remove();
      empty();
      add.focus();
    });
    list.push(entry);
    line.append(role, scope, code, from, until, gone);
    rows.append(line);
    follow();
    return role.input;
  }

  const none = el("p", "hint", t("grants_none"));
  const empty = () => { none.hidden = list.length > 0; };
  const add = button(t("grant_add"), "quiet", () => { row({ role: "dispatcher" }).focus(); empty(); });
  grants.forEach(row);
  empty();
  box.append(none, rows, add);
  return { box, read: () => list.map((entry) => entry()) };
}
