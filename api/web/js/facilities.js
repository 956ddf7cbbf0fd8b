// The part of the panel that is about facilities: how far they reach, and where new ones would bring most.
import { get } from "./service.js";
import { el, number, t } from "./texts.js";

const RADII = ["300", "500", "1000"];
const MINUTES = ["5", "10", "15"];
export const MODELS = ["cover_most", "cover_all", "shortest_ways"];

/** What the address says of the reach: r500 is metres in a straight line, w15 minutes on foot; else as the book says. */
export const readReach = (text) => (/^(r[1-9]\d{0,4}|w[1-9]\d{0,2})$/.test(text || "") ? text : "");

/** What the address says of new facilities: model, number, and 1 where only planned ones are chosen from. */
export function readFind(text) {
  const [model, count, planned] = (text || "").split(".");
  return MODELS.includes(model) && /^[1-9]\d{0,2}$/.test(count || "") && Number(count) <= 500
    ? `${model}.${count}.${planned === "1" ? 1 : 0}` : "";
}

/** Put reach and search into the query of the map. */
export function askServices(query, state) {
  if (state.reach) { query.set(state.reach[0] === "r" ? "radius_m" : "minutes", state.reach.slice(1)); }
  if (state.find) { askPlaces(query, state.find); }
}

function askPlaces(query, find) {
  const [model, count, planned] = find.split(".");
  query.set("model", model);
  if (model !== "cover_all") { query.set("count", count); }
  if (planned === "1") { query.set("planned", "true"); }
}

function labelled(id, label, input) {
  const name = el("label", "label", label);
  input.id = name.htmlFor = id;
  return [name, input];
}

function select(options, value, act) {
  const box = el("select");
  options.forEach(([key, text]) => {
    const option = el("option", null, text);
    option.value = key;
    box.append(option);
  });
  box.value = value;
  if (act) { box.addEventListener("change", () => act(box.value)); }
  return box;
}

/** The reach: as the book says, in a straight line, or on foot where there are roads to walk on. */
function reachField(state, book, layer, change) {
  const kind = book.services.find((s) => s.layers.includes(layer));
  const own = kind ? kind.reach : { radius_m: 300, minutes: null };
  const told = own.minutes ? t("reach_walk", { n: own.minutes }) : t("reach_line", { n: number(own.radius_m) });
  const options = [["", t("reach_book", { reach: told })], ...RADII.map((n) => ["r" + n, t("reach_line", { n: number(n) })]),
    ...(book.on_foot ? MINUTES.map((n) => ["w" + n, t("reach_walk", { n })]) : [])];
  if (state.reach && !options.some(([key]) => key === state.reach)) {
    options.push([state.reach, t(state.reach[0] === "r" ? "reach_line" : "reach_walk", { n: number(state.reach.slice(1)) })]);
  }
  const box = el("fieldset", null, null, ...labelled("reach", t("reach"), select(options, state.reach, (reach) => change({ reach }))));
  box.append(el("p", "hint", book.on_foot ? t("reach_speed") : t("reach_no_roads")));
  return box;
}

/** What the new places change in one sentence: by straight lines or on foot, in reach or in the mean way. */
function told(answer, before) {
  const walk = answer.m_per_min !== null;
  const reach = walk ? answer.minutes : answer.radius_m;
  if (reach !== null) { return t(walk ? "found_sum_walk" : "found_sum", { ...before, reach: number(reach) }); }
  const mean = walk ? [answer.mean_before_minutes, answer.mean_minutes] : [answer.mean_before_m, answer.mean_m];
  const [was, now] = mean.map((n) => (n === null ? "–" : number(walk ? Math.round(10 * n) / 10 : Math.round(n))));
  return t(walk ? "found_ways_walk" : "found_ways", { before: was, after: now });
}

function found(answer, address, show) {
  const box = el("div", "found");
  const share = (part) => (answer.households ? number(Math.round(1000 * part / answer.households) / 10) : "0");
  const before = { before: share(answer.served_before), after: share(answer.served),
    n: number(Math.round(answer.served)), all: number(Math.round(answer.households)) };
  box.append(el("p", "sum", told(answer, before)));
  box.append(el("p", "hint", t(answer.proven ? "found_proven" : "found_unproven", { n: number(answer.candidates), there: number(answer.existing) })));
  if (answer.households_off_road) { box.append(el("p", "hint", t("found_off_road", { n: number(Math.round(answer.households_off_road)) }))); }
  if (!answer.places.length) { box.append(el("p", null, t("found_none"))); }
  const list = el("ol", "places");
  answer.places.forEach((place) => {
    const button = el("button", null, null, el("strong", null, `${place.rank}. ${place.name || place.code}`), el("span", null, place.reason));
    button.type = "button";
    button.addEventListener("click", () => show({ lon: place.lon, lat: place.lat }));
    list.append(el("li", null, null, button));
  });
  const file = el("a", "quiet", t("found_file"));
  file.href = address.replace("/places?", "/places.csv?");
  file.download = "";
  box.append(list, file);
  return box;
}

/** Where new facilities would bring most: asked for by a button, kept in the address, told with reasons. */
function placesField(state, layer, set, change, show) {
  const [model, count, planned] = (state.find || "cover_most.5.0").split(".");
  const box = el("details", "best-places");
  box.open = Boolean(state.find);
  const goal = select(MODELS.map((m) => [m, t("model_" + m)]), model);
  const many = el("input");
  many.type = "number"; many.min = "1"; many.max = "500"; many.required = true; many.value = count;
  const where = select([["0", t("place_any")], ["1", t("place_planned")]], planned);
  const counted = el("div", null, null, ...labelled("places-count", t("places_count"), many));
  const adapt = () => { counted.hidden = many.disabled = goal.value === "cover_all"; };
  goal.addEventListener("change", adapt);
  adapt();
  const go = el("button", "action", t("find_places"));
  go.type = "submit";
  const form = el("form", null, null, ...labelled("places-model", t("places_model"), goal), counted,
    ...labelled("places-where", t("places_where"), where), go);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    change({ find: `${goal.value}.${many.value || count}.${where.value}` });
  });
  box.append(el("summary", null, t("best_places")), form);
  if (!state.find) { return box; }
  const clear = el("button", "quiet", t("clear_places"));
  clear.type = "button";
  clear.addEventListener("click", () => change({ find: "" }));
  form.append(clear);
  const query = new URLSearchParams({ layer, lang: state.lang, ...(set ? { set } : {}), ...(state.at ? { at: state.at } : {}) });
  askServices(query, state);
  const address = "/api/v1/services/places?" + query;
  const answer = el("div", "answer", null, el("p", "hint", t("finding_places")));
  answer.setAttribute("role", "status");
  box.append(answer);
  get(address, state.lang).then(
    (body) => answer.replaceChildren(found(body, address, show)),
    (problem) => answer.replaceChildren(el("p", "wrong", problem.detail || t("error_map"))),
  );
  return box;
}

/** The fields of the page of services. `book`: services with their reach; `show` takes a place to look at. */
export function facilityFields(state, book, layer, set, change, show) {
  return [reachField(state, book, layer, change), placesField(state, layer, set, change, show)];
}
