// Who is responsible: the grid with the chain above it, its people with their telephones, and who is near. The same card everywhere.
import { el, named, number, t } from "../texts.js";
import { ageWords, ruleName, secondsSince, unitName } from "./words.js";

const say = (key, fields) => named("map." + key, key).replace(/\{(\w+)\}/g, (whole, name) => (name in fields ? String(fields[name]) : whole));
/** People shown before "and n more". */
const SHOWN = 4;

/** A telephone number as a link that dials it. */
function phone(text) {
  if (!text) { return el("span", "soft", named("map.phone_unknown", "")); }
  const link = el("a", "phone", text);
  link.href = "tel:" + text.replace(/[^\d+]/g, "");
  return link;
}

function methodWords(owner) {
  const metres = owner.border_m === null ? "" : number(Math.round(owner.border_m * 10) / 10);
  const others = owner.candidates.map((grid) => grid.name || grid.code).join(named("map.list_mark", ", "));
  if (owner.method === "none") {
    return owner.desk ? say("method_desk", { desk: owner.desk.name || owner.desk.code }) : say("method_none", {});
  }
  return say("method_" + owner.method, { metres, others });
}

/** The card of an owner, as `GET /api/v1/locate` gives it, with so many people by name. */
export function ownerCard(owner, shown = SHOWN) {
  const box = el("section", "part owner");
  box.append(el("h3", null, t("dispatch_owner")));
  if (owner.chain.length) {
    const crumbs = el("ol", "crumbs");
    crumbs.setAttribute("aria-label", named("map.chain", ""));
    owner.chain.forEach((area) => {
      const item = el("li", null, area.name || area.code);
      item.title = area.code;
      crumbs.append(item);
    });
    box.append(crumbs);
  }
  box.append(owner.grid
    ? el("p", "grid-code", owner.grid.code) : el("p", "nobody", named("map.no_grid", "")), el("p", "soft", methodWords(owner)));
  if (owner.grid && owner.grid.department) {
    box.append(el("p", "person", null, el("b", null, owner.grid.department), phone(owner.grid.phone)));
  }
  const people = el("ul", "people");
  owner.staff.slice(0, shown).forEach((member) => people.append(el("li", "person", null,
    el("b", null, member.name || t("dispatch_name_hidden")), el("small", null, t("dispatch_staff_" + member.role)), phone(member.phone))));
  if (owner.staff.length > shown) { people.append(el("li", "soft", say("more_people", { n: owner.staff.length - shown }))); }
  if (owner.staff.length) { box.append(people); } else if (owner.grid) { box.append(el("p", "soft", named("map.nobody_known", ""))); }
  return box;
}

/** Which unit handles it, and by which rule. */
export function proposedCard(proposed, areaName) {
  const box = el("section", "part proposed");
  box.append(el("h3", null, t("dispatch_proposed")));
  if (!proposed || !proposed.unit) { box.append(el("p", "soft", (proposed && proposed.reason) || t("dispatch_proposed_none"))); return box; }
  box.append(el("p", "unit", null, el("b", null, unitName(proposed.unit, areaName)),
    proposed.rule ? el("small", "tag", ruleName(proposed.rule)) : null));
  if (proposed.reason) { box.append(el("p", "soft", proposed.reason)); }
  return box;
}

/** Who is near, and why one of them before the next: own grid, metres, minutes, cases in hand; `units` null: not known yet. */
export function patrolCard(units, now) {
  const box = el("section", "part patrols");
  box.append(el("h3", null, t("dispatch_patrols")));
  if (units === null) { box.append(el("p", "bone line")); return box; }
  if (!units.length) { box.append(el("p", "soft", t("dispatch_patrols_none"))); return box; }
  const list = el("ol", "patrol-list");
  units.forEach((unit) => list.append(el("li", null, null,
    el("b", null, unit.unit_id), el("span", "soft", [...unit.reasons, ageWords(secondsSince(unit.fixed_at, now))].join(named("map.list_mark", ", "))))));
  box.append(list);
  return box;
}
