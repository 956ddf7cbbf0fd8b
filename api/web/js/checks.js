// How the objects stand that are inspected in a cycle, and the samples drawn to check again, on the page of patrols: asked for when it is opened.
import { newKey, sendSurely } from "./dispatch/sure.js";
import { get } from "./service.js";
import { may } from "./shell.js";
import { el, number, t } from "./texts.js";

const SHOWN = 20;
const ORDER = ["overdue", "due", "current"];

function figures(plan) {
  const list = el("dl", "holdings");
  const rows = [["overdue", plan.overdue], ["due", plan.due], ["visited", plan.visited], ["complete", plan.complete]];
  rows.forEach(([name, count]) => list.append(el("div", null, null, el("dt", null, t("checks_" + name)), el("dd", null, number(count)))));
  return list;
}

function draw(sample) {
  const said = t("checks_draw", { number: sample.number, day: sample.day, by: sample.by, n: number(sample.chosen.length), of: number(sample.population) });
  return el("li", null, null, el("span", null, said), el("span", "hint", t(sample.holds ? "checks_holds" : "checks_broken", { seed: sample.seed })),
    el("span", null, sample.chosen.join(", ")));
}

function plan(one, objects, show, lang) {
  const box = el("section", null, null, el("h3", null, one.title || one.layer),
    el("p", "sum", t("checks_sum", { n: number(one.objects), every: one.every, unit: t("checks_unit_" + one.unit) })), figures(one));
  box.append(el("p", "hint", one.fixes_from ? t("checks_fixes", { day: one.fixes_from, metres: number(one.within_m), seconds: number(one.dwell_s) })
    : t("checks_no_fixes")));
  const waiting = objects.filter((o) => o.status !== "current")
    .sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || b.days_over - a.days_over || (a.code < b.code ? -1 : 1));
  const list = el("ol", "places");
  waiting.slice(0, SHOWN).forEach((o) => {
    const when = t(o.status === "overdue" ? "checks_over" : "checks_soon", { days: number(o.days_over), day: o.due_on });
    const been = o.last_visit_on ? t("checks_been", { day: o.last_visit_on }) : t("checks_never");
    const button = el("button", null, null, el("strong", null, o.name || o.code), el("span", null, when + " " + been));
    button.type = "button";
    button.disabled = !o.grid_code;
    button.addEventListener("click", () => show({ code: o.grid_code }));
    list.append(el("li", null, null, button));
  });
  box.append(list);
  if (waiting.length > SHOWN) { box.append(el("p", "hint", t("checks_more", { n: number(waiting.length - SHOWN) }))); }
  if (may("patrols.read")) { box.append(...draws(one, lang)); }
  return box;
}

/** The newest draws of a layer, and for those who may a form that draws once more; whoever is checked again does not. */
function draws(one, lang) {
  const drawn = el("ul", "places");
  const asked = () => get(`/api/v1/inspections/draws?layer=${encodeURIComponent(one.layer)}&count=5`, lang).then(
    (body) => drawn.replaceChildren(...(body.draws.length ? body.draws.map(draw) : [el("li", "hint", t("checks_no_draw"))])),
    (problem) => drawn.replaceChildren(el("li", "wrong", problem.detail || t("error_map"))),
  );
  asked();
  return [el("h4", null, t("checks_draws")), ...(may("patrols.write") ? [drawForm(one, lang, asked)] : []), drawn];
}

function labelled(id, text, input) {
  const label = el("label", "label", text);
  input.id = label.htmlFor = id;
  return [label, input];
}

/** A form that draws objects to check again, today, and tells what came out once it is on record. */
function drawForm(one, lang, done) {
  const many = el("input");
  many.type = "number"; many.min = "1"; many.max = String(one.objects); many.required = true; many.value = String(Math.min(5, one.objects));
  const among = el("select");
  ["complete", "all"].forEach((name) => {
    const option = el("option", null, t("checks_among_" + name));
    option.value = name;
    among.append(option);
  });
  const seed = el("input");
  seed.maxLength = 200; seed.autocomplete = "off";
  const go = el("button", "action", t("checks_draw_now"));
  go.type = "submit";
  const said = el("p", "hint", t("checks_draw_note"));
  said.setAttribute("role", "status");
  const id = "draw-" + one.layer;
  const form = el("form", null, null, ...labelled(id + "-count", t("checks_draw_count"), many),
    ...labelled(id + "-among", t("checks_draw_among"), among), ...labelled(id + "-seed", t("checks_draw_seed"), seed), go, said);
  const say = (text, wrong) => { said.textContent = text; said.className = wrong ? "wrong" : "hint"; };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = { layer: one.layer, count: Number(many.value), among_all: among.value === "all" };
    if (seed.value.trim()) { body.seed = seed.value.trim(); }
    go.disabled = true;
    try {
      const made = await sendSurely("/api/v1/inspections/draws", body, lang, { waiting: () => say(t("checks_draw_waits"), true), key: newKey("draw-") });
      say(t("checks_drawn", { number: made.number, n: number(made.chosen.length), of: number(made.population) }), false);
      seed.value = "";
      await done();
    } catch (problem) {
      say(problem.detail || t("error_map"), true);
    }
    go.disabled = false;
  });
  return form;
}

/** The field of inspections. `query`: set and day of the map; `show` takes a grid to look at. */
export function checksField(query, lang, show) {
  const asked = new URLSearchParams();
  ["set", "at"].forEach((name) => { if (query.get(name)) { asked.set(name, query.get(name)); } });
  const box = el("details", "best-places");
  const answer = el("div", "answer", null, el("p", "hint", t("checks_wait")));
  answer.setAttribute("role", "status");
  box.append(el("summary", null, t("checks")), el("p", "hint", t("checks_note")), answer);
  box.addEventListener("toggle", () => {
    if (!box.open) { return; }
    get("/api/v1/inspections?" + asked, lang).then((body) => {
      if (!body.plans.length) { answer.replaceChildren(el("p", "hint", t("checks_none"))); return; }
      const file = el("a", "quiet", t("found_file"));
      file.href = "/api/v1/inspections.csv?" + asked + "&lang=" + lang;
      file.download = "";
      answer.replaceChildren(...body.plans.map((one) => plan(one, body.objects.filter((o) => o.layer === one.layer), show, lang)), file);
    }, (problem) => answer.replaceChildren(el("p", "wrong", problem.detail || t("error_map"))));
  });
  return box;
}
