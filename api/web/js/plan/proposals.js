// Proposals for new grids: what is asked for, how far the search is, candidates with their figures, one of them on the map.
import { Problem, get, send } from "../service.js";
import { el, number, t } from "../texts.js";
import { levelName } from "./attributes.js";
import { partsOf } from "./geometry.js";
import { toLatLngs } from "./map.js";

/** How often is asked how far a search is, in milliseconds. */
const POLL = 500;
const LOOK = [{ color: "#ffffff", weight: 5, opacity: 0.9 }, { color: "#b3470b", weight: 2.4, dashArray: "7 4" }];

const percent = (share) => `${number(Math.round(share * 1000) / 10)}\u00a0%`;

function button(kind, id, text, act) {
  const made = el("button", kind, text);
  made.type = "button";
  made.id = id;
  made.addEventListener("click", act);
  return made;
}

function field(id, key, control) {
  control.id = id;
  return el("label", "field", null, el("span", null, t(key)), control);
}

function choice(pairs, chosen) {
  const select = el("select");
  pairs.forEach(([value, text]) => {
    const option = el("option", null, text);
    option.value = value;
    option.selected = value === chosen;
    select.append(option);
  });
  return select;
}

function amount(value, hint) {
  const input = el("input");
  input.type = "number";
  input.min = "0";
  input.step = "any";
  input.value = value ?? "";
  input.placeholder = hint || "";
  return input;
}

/**
 * Make the box in which proposals are asked for and looked at.
 *
 * @param {{view: object, stage: HTMLElement, desk: () => object|null, lang: () => string, above: () => object[], chosen: () => object[],
 *   layers: () => object[], say: (text: string, wrong?: boolean) => void, done: () => void}} with_
 *   `above` gives the areas over the redrawn level, `done` hears that a candidate was taken over
 */
export function makeProposals({ view, stage, desk, lang, above, chosen, layers, say, done }) {
  const box = el("section", "propose");
  box.id = "propose";
  box.hidden = true;
  box.setAttribute("role", "dialog");
  stage.append(box);
  const drawn = L.featureGroup().addTo(view.map);
  /** What was asked for last: it is asked for again with one change. */
  let wished = {}, timer = 0, turn = 0, shapes = new Map(), pinned = 0;

  const keptUnder = (mine) => `gridmap.plan.proposal ${mine.base}`;
  const at = (mine, key, more = "") => `${mine.base}/proposals/${key}${more}`;

  function clear() {
    clearTimeout(timer);
    turn += 1;
    drawn.clearLayers();
    shapes = new Map();
    pinned = 0;
  }

  function close() {
    clear();
    box.hidden = true;
    box.replaceChildren();
    const opener = document.getElementById("propose-open");
    if (opener) { opener.setAttribute("aria-expanded", "false"); opener.focus(); }
  }

  function head() {
    const title = el("h2", null, t("plan_propose_title"));
    title.id = "propose-title";
    box.setAttribute("aria-labelledby", title.id);
    const cross = button("quiet small", "propose-close", "×", () => { stop(); close(); });
    cross.setAttribute("aria-label", t("plan_propose_close"));
    return el("p", "propose-head", null, title, cross);
  }

  /** What the service refuses is said in its place; anything else is a fault of the page. */
  async function asking(act) {
    const mine = turn;
    try { return await act(); } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
      if (mine === turn) { form(problem.detail || t("plan_error")); }
      return null;
    }
  }

  function form(wrong) {
    clear();
    const areas = above();
    const first = chosen()[0];
    const area = choice([...areas.map((a) => [a.code, `${levelName(a.level)} · ${a.name || a.code}`]), ["", t("plan_propose_whole")]],
      wished.area ?? (first ? first.parent || first.code : areas.length ? areas[areas.length - 1].code : ""));
    const weight = choice(["households", "incidents", "ground"].map((w) => [w, t("plan_propose_weight_" + w)]), wished.weight || "households");
    const source = choice([["", t("plan_propose_fishnet")], ...layers().map((l) => [l.name, l.title || l.name])], wished.source || "");
    const cell = amount(wished.cell ?? "100"), grids = amount(wished.grids, t("plan_propose_as_today"));
    const floor = amount(wished.floor, t("plan_propose_any")), ceiling = amount(wished.ceiling, t("plan_propose_any"));
    const tolerance = amount(wished.tolerance ?? "10");
    const cellField = field("propose-cell", "plan_propose_cell", cell);
    const toleranceField = field("propose-tolerance", "plan_propose_tolerance", tolerance);
    const follow = () => { cellField.hidden = source.value !== ""; toleranceField.hidden = floor.value !== "" || ceiling.value !== ""; };
    [source, floor, ceiling].forEach((one) => one.addEventListener("input", follow));
    follow();
    const plain = (input) => (input.value === "" ? undefined : Number(input.value));
    const made = el("form", null, null,
      field("propose-area", "plan_propose_area", area), field("propose-weight", "plan_propose_weight", weight),
      field("propose-source", "plan_propose_source", source), cellField, field("propose-grids", "plan_propose_grids", grids),
      el("p", "pair", null, field("propose-floor", "plan_propose_floor", floor), field("propose-ceiling", "plan_propose_ceiling", ceiling)),
      toleranceField, el("p", "acts", null, button("action", "propose-start", t("plan_propose_start"), () => made.requestSubmit())));
    made.addEventListener("submit", (event) => {
      event.preventDefault();
      wished = { area: area.value, weight: weight.value, source: source.value, cell: cell.value, grids: grids.value, floor: floor.value,
        ceiling: ceiling.value, tolerance: tolerance.value };
      start({ areas: area.value ? [area.value] : undefined, weight: weight.value, layer: source.value || undefined,
        cell_m: source.value ? undefined : plain(cell), grids: plain(grids), floor: plain(floor), ceiling: plain(ceiling),
        tolerance: tolerance.value === "" ? undefined : Number(tolerance.value) / 100 });
    });
    box.replaceChildren(head(), el("p", "none", t("plan_propose_text")), ...(wrong ? [el("p", "message wrong", wrong)] : []), made);
  }

  async function start(body) {
    const mine = desk();
    box.querySelectorAll("button, input, select").forEach((one) => { one.disabled = one.id !== "propose-close"; });
    await asking(async () => {
      const found = await send("POST", `${mine.base}/proposals`, body, lang());
      if (mine !== desk()) { return; }
      sessionStorage.setItem(keptUnder(mine), found.proposal);
      show(mine, found);
    });
  }

  function show(mine, found) {
    clear();
    if (found.state === "running") {
      const bar = el("progress");
      bar.max = 1;
      bar.value = found.progress;
      const said = el("p", "none", t("plan_propose_running", { share: percent(found.progress) }));
      said.setAttribute("role", "status");
      box.replaceChildren(head(), bar, said, el("p", "acts", null, button("quiet", "propose-cancel", t("plan_propose_cancel"), () => { stop(); form(); })));
      wait(mine, found.proposal, bar, said);
    } else if (found.state === "done") {
      list(mine, found);
    } else {
      form(found.state === "failed" ? found.message : "");
    }
  }

  function wait(mine, key, bar, said) {
    const asked = turn;
    timer = setTimeout(() => asking(async () => {
      const found = await get(at(mine, key), lang());
      if (asked !== turn || mine !== desk()) { return; }
      if (found.state !== "running") { show(mine, found); return; }
      bar.value = found.progress;
      said.textContent = t("plan_propose_running", { share: percent(found.progress) });
      wait(mine, key, bar, said);
    }), POLL);
  }

  /** Give up what is under way, and forget what was found. */
  function stop() {
    const mine = desk();
    if (!mine) { return; }
    const key = sessionStorage.getItem(keptUnder(mine));
    sessionStorage.removeItem(keptUnder(mine));
    if (key) { send("DELETE", at(mine, key), undefined, lang()).catch((problem) => { if (!(problem instanceof Problem)) { throw problem; } }); }
  }

  const facts = (f) => [
    ["deviation", `${percent(f.worst_deviation)} (${number(Math.round(f.least))} – ${number(Math.round(f.most))})`],
    ["moved", `${percent(f.moved_weight)} / ${percent(f.moved_ground)}`],
    ["borders", t("plan_propose_km", { km: number(Math.round(f.cut_m / 100) / 10) })],
    ["compactness", number(Math.round(f.compactness * 100) / 100)],
  ];

  function card(name, figures, extra) {
    const rows = el("dl");
    facts(figures).forEach(([key, value]) => rows.append(el("div", null, null, el("dt", null, t("plan_propose_" + key)), el("dd", null, value))));
    return el("li", "candidate", null, el("p", "candidate-name", null, el("strong", null, name),
      el("small", null, t("plan_propose_n_grids", { n: number(figures.grids) }))), rows, ...extra);
  }

  function list(mine, found) {
    const cards = el("ol", "candidates");
    cards.append(card(t("plan_propose_today"), found.today, []));
    found.candidates.forEach((one) => {
      const changes = one.changed + one.founded + one.gone.length;
      const look = button("quiet small", `propose-look-${one.number}`, t("plan_propose_look"), () => { pinned = pinned === one.number ? 0 : one.number; preview(mine, found, pinned); });
      const take = button("action small", `propose-take-${one.number}`, t("plan_propose_take"), () => takeOver(mine, found, one));
      take.disabled = !changes;
      look.disabled = !changes;
      const item = card(t("plan_propose_wish_" + one.wish), one.figures, [
        el("p", "none", changes ? t("plan_propose_changes", { changed: number(one.changed), founded: number(one.founded), gone: number(one.gone.length) }) : t("plan_propose_no_change")),
        el("p", "acts", null, look, take)]);
      item.dataset.number = String(one.number);
      item.addEventListener("mouseenter", () => preview(mine, found, one.number));
      item.addEventListener("mouseleave", () => preview(mine, found, pinned));
      cards.append(item);
    });
    const reasons = el("ul", "reasons");
    found.reasons.forEach((one) => reasons.append(el("li", null, one.message)));
    box.replaceChildren(head(), ...(found.reasons.length ? [el("p", "message wrong", t("plan_propose_not")), reasons] : []), cards,
      el("p", "acts", null, button("quiet", "propose-again", t("plan_propose_again"), () => { stop(); form(); })));
  }

  /** Draw the grids of a candidate over the map; 0: none. */
  async function preview(mine, found, n) {
    const asked = turn;
    box.querySelectorAll(".candidate").forEach((one) => one.classList.toggle("shown", one.dataset.number === String(n)));
    box.dataset.shown = "";
    drawn.clearLayers();
    if (!n) { return; }
    if (!shapes.has(n)) { shapes.set(n, get(at(mine, found.proposal, `/candidates/${n}`), lang())); }
    let answer;
    try { answer = await shapes.get(n); } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
      say(problem.detail || t("plan_error"), true);
      return;
    }
    const now = box.querySelector(".candidate.shown");
    if (asked !== turn || !now || now.dataset.number !== String(n)) { return; }
    const latlngs = answer.features.map((f) => toLatLngs(partsOf(f.geometry)));
    LOOK.forEach((look) => latlngs.forEach((parts) => drawn.addLayer(L.polygon(parts, {
      ...look, fill: false, pane: "sketch", renderer: view.svgs.sketch, interactive: false, smoothFactor: 0,
    }))));
    box.dataset.shown = String(n);
  }

  async function takeOver(mine, found, one) {
    box.querySelectorAll("button").forEach((each) => { each.disabled = true; });
    const answer = await mine.take(`/proposals/${found.proposal}/candidates/${one.number}`, t("plan_propose_title"));
    if (mine !== desk()) { return; }
    if (answer) {
      say(t("plan_propose_taken", { name: t("plan_propose_wish_" + one.wish) }));
      done();
    }
    list(mine, found);
  }

  return {
    /** Open the box with what was found last, or close it. */
    async toggle() {
      const mine = desk();
      if (!mine) { return; }
      if (!box.hidden) { close(); return; }
      box.hidden = false;
      document.getElementById("propose-open").setAttribute("aria-expanded", "true");
      const key = sessionStorage.getItem(keptUnder(mine));
      form();
      box.querySelector("select").focus();
      if (!key) { return; }
      try {
        const found = await get(at(mine, key), lang());
        if (mine === desk() && !box.hidden) { show(mine, found); }
      } catch (problem) {
        if (!(problem instanceof Problem)) { throw problem; }
        sessionStorage.removeItem(keptUnder(mine));
      }
    },
    /** The draft was left: what runs on is found again when it is opened. */
    left() { clear(); box.hidden = true; box.replaceChildren(); },
  };
}
