// A place that was asked for: who is responsible there, and a new case at it.
import { Problem, get } from "../service.js";
import { el, named, t } from "../texts.js";
import { ownerCard, proposedCard } from "./owner.js";
import { similarCard } from "./record.js";
import { categoryPicker } from "./picker.js";
import { CHANNELS } from "./sieve.js";
import { caseNumber, sendSurely } from "./sure.js";
import { channelName, kindName } from "./words.js";

const KINDS = ["report", "enquiry", "complaint", "suggestion"];
const ASK_AFTER = 150;
/** People named above the form: the head, and one more. */
const FIRST_PEOPLE = 2;

/**
 * Make the panel. `page` gives: lang(), areaName(code), mayWrite(), located(place, answer) once it
 * is known who is responsible, near, the node that shows who is, opened(id) once a case is opened, go(id), close(), say(text).
 */
export function makeIntake(node, page) {
  let at = null, answer = null, similar = null, turn = 0, timer = 0, name = "", side = "", label = "";
  // what was written stays while the place is moved
  const draft = { category: "", kind: "report", channel: "hotline", emergency: false, note: "", address: "", accuracy_m: "" };
  const found = el("div", "found");
  const offered = el("div", "offered");
  const sides = el("div", "sides");
  let form = null;

  const query = () => new URLSearchParams({ lon: at.lon, lat: at.lat, ...(draft.category ? { category: draft.category } : {}),
    ...(Number(draft.accuracy_m) > 0 ? { accuracy_m: draft.accuracy_m } : {}) });

  function option(value, text) {
    const node_ = el("option", null, text);
    node_.value = value;
    return node_;
  }

  function field(key, input, { again = false } = {}) {
    input.name = key;
    if (input.type === "checkbox") { input.checked = draft[key]; } else { input.value = draft[key]; }
    input.addEventListener(input.tagName === "SELECT" || input.type === "checkbox" ? "change" : "input", () => {
      draft[key] = input.type === "checkbox" ? input.checked : input.value;
      if (again) { later(); }
    });
    return el("label", "field " + key, t("dispatch_new_" + key), input);
  }

  function text(tag, most) {
    const input = el(tag);
    input.maxLength = most;
    if (tag === "input") { input.type = "text"; input.autocomplete = "off"; }
    return input;
  }

  function drawForm() {
    form = el("form", "new-case");
    form.noValidate = true;
    form.setAttribute("aria-label", t("dispatch_new"));
    const picker = categoryPicker(draft.category, (code) => { draft.category = code; later(); });
    picker.input.name = "category";
    const kind = el("select");
    kind.append(...KINDS.map((value) => option(value, kindName(value))));
    const channel = el("select");
    channel.append(...CHANNELS.map((value) => option(value, channelName(value))));
    const urgent = el("input");
    urgent.type = "checkbox";
    const accuracy = el("input");
    accuracy.type = "number";
    accuracy.min = "0"; accuracy.max = "5000"; accuracy.step = "1";
    const note = text("textarea", 2000);
    note.rows = 2;
    const go = el("button", "action", t("dispatch_new_open"));
    go.type = "submit";
    go.append(el("kbd", null, "↵"));
    const message = el("p", "message");
    message.setAttribute("role", "alert");
    form.append(el("h3", null, t("dispatch_new")),
      el("label", "field category", t("dispatch_new_category"), picker.node),
      el("div", "pair", null, field("kind", kind), field("channel", channel)),
      field("note", note),
      el("div", "pair", null, field("address", text("input", 200)), field("accuracy_m", accuracy, { again: true })),
      field("emergency", urgent), sides, offered, el("div", "act-buttons", null, go), message);
    note.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); } });
    form.querySelectorAll("select").forEach((select) => select.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); form.requestSubmit(); }
    }));
    form.addEventListener("submit", (event) => { event.preventDefault(); submit(go, message); });
    return form;
  }

  async function submit(go, message) {
    if (!draft.category) { message.textContent = t("dispatch_new_category_missing"); form.elements.category.focus(); return; }
    if (answer && answer.confirm && !side) { message.textContent = t("dispatch_sides_missing"); sides.querySelector("input")?.focus(); return; }
    go.disabled = true;
    message.textContent = "";
    const item = {
      case_id: name, category: draft.category, kind: draft.kind, channel: draft.channel, emergency: draft.emergency, lon: at.lon, lat: at.lat,
      ...(side ? { grid: side } : {}),
      ...(draft.note.trim() ? { note: draft.note.trim() } : {}), ...(draft.address.trim() ? { address: draft.address.trim() } : {}),
      ...(Number(draft.accuracy_m) > 0 ? { accuracy_m: Number(draft.accuracy_m) } : {}),
    };
    try {
      const { results: [result] } = await sendSurely("/api/v1/cases", { items: [item] }, page.lang(), {
        waiting: () => { message.textContent = t("dispatch_waiting"); },
      });
      go.disabled = false;
      if (result.status !== "accepted" && result.status !== "duplicate") {
        message.textContent = result.detail || t("dispatch_new_refused");
        return;
      }
      Object.assign(draft, { category: "", note: "", address: "", emergency: false, accuracy_m: "" });
      page.say(t("dispatch_new_opened"));
      page.opened(result.case_id);
    } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
      go.disabled = false;
      message.textContent = [problem.detail, ...problem.errors.map((error) => error.detail)].filter(Boolean).join(" ") || t("dispatch_error");
    }
  }

  /** On which side of a border the place lies, where its accuracy leaves that open. */
  function drawSides() {
    sides.replaceChildren();
    if (!answer || !answer.confirm || answer.sides.length < 2) { side = ""; return; }
    const box = el("fieldset", null, null, el("legend", null, t("dispatch_sides")));
    answer.sides.forEach((grid) => {
      const input = el("input");
      input.type = "radio"; input.name = "side"; input.value = grid.code; input.checked = grid.code === side;
      input.addEventListener("change", () => { side = grid.code; });
      box.append(el("label", null, null, input, el("span", null, grid.name || grid.code), el("code", null, grid.code)));
    });
    sides.append(box);
  }

  function drawOffered() {
    offered.replaceChildren();
    const card = similar && similarCard(similar, { title: t("dispatch_similar_offered", { n: similar.length }), open: page.go, areaName: page.areaName, merge: null });
    if (card) { offered.append(card); }
  }

  function draw() {
    found.replaceChildren(...(answer ? [ownerCard(answer.owner, FIRST_PEOPLE), proposedCard(answer.proposed, page.areaName)] : [el("p", "bone line"), el("p", "bone block")]));
    drawSides();
    drawOffered();
  }

  function frame() {
    const close = el("button", "panel-shut", "×");
    close.type = "button";
    close.setAttribute("aria-label", t("dispatch_close_panel"));
    close.addEventListener("click", page.close);
    const title = el("h2", null, label || t("dispatch_place"));
    title.tabIndex = -1;
    node.hidden = false;
    node.removeAttribute("aria-busy");
    node.setAttribute("aria-label", t("dispatch_place"));
    node.replaceChildren(el("header", "case-head", null, el("div", "case-title", null, title, close),
      el("p", "case-line", null, el("code", null, `${at.lon.toFixed(6)}, ${at.lat.toFixed(6)}`))),
    el("div", "case-body", null, found, page.mayWrite() ? drawForm() : null, page.near));
    draw();
  }

  function failed(problem) {
    if (!(problem instanceof Problem)) { throw problem; }
    const again = el("button", "quiet", t("try_again"));
    again.type = "button";
    again.addEventListener("click", ask);
    found.replaceChildren(el("div", "part", null, el("h3", null, named("map.no_answer", "")), el("p", "soft", problem.detail || t("dispatch_error")), again));
  }

  async function ask() {
    const mine = ++turn, where = at;
    try {
      const got = await get("/api/v1/cases/responsible?" + query(), page.lang());
      if (mine !== turn) { return; }
      answer = got;
      if (!answer.sides.some((grid) => grid.code === side)) { side = ""; }
      draw();
      page.located(where, answer, Number(draft.accuracy_m) || 0);
    } catch (problem) { if (mine === turn) { failed(problem); } }
    if (mine !== turn || !draft.category) { similar = null; drawOffered(); return; }
    try {
      const got = await get("/api/v1/cases/similar?" + new URLSearchParams({ lon: where.lon, lat: where.lat, category: draft.category }), page.lang());
      if (mine === turn) { similar = got.cases; drawOffered(); }
    } catch (problem) { if (!(problem instanceof Problem)) { throw problem; } }
  }

  function later() { clearTimeout(timer); timer = setTimeout(ask, ASK_AFTER); }

  return {
    /** Ask for a place; `called` is what it is known by, such as an address. */
    open(place, called = "") {
      at = place; label = called; answer = null; similar = null; side = ""; name = caseNumber();
      draft.address = called || "";
      frame();
      ask();
    },
    focus() { (node.querySelector(".new-case [name=category]") || node.querySelector("h2"))?.focus({ preventScroll: true }); },
    redraw() { if (at) { frame(); } },
    forget() { at = null; turn++; clearTimeout(timer); },
  };
}
