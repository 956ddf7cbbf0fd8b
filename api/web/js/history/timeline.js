// The versions of a set on an axis of real dates, a card for each, and the drafts beside them.
import { calendarDay, el, number, t } from "../texts.js";
import { kindName } from "./kinds.js";

const DAY_MS = 86400000;
const ALWAYS = "1900";
const STEPS_MONTHS = [1, 2, 3, 6, 12, 24, 60, 120, 240];
const MOST_TICKS = 9;

const at = (isoDate) => Date.parse(isoDate + "T00:00:00Z");
const isoOf = (ms) => new Date(ms).toISOString().slice(0, 10);

/** First and last instant that the axis shows: every start and today, with room on both sides. */
function domain(history) {
  const days = [...history.versions, ...history.drafts].map((v) => v.valid_from).filter((d) => d > ALWAYS);
  const all = [...days, history.today].map(at);
  const first = Math.min(...all), last = Math.max(...all);
  const room = Math.max((last - first) * 0.12, 120 * DAY_MS);
  return [first - room, last + room];
}

/** Round dates that divide the axis into a few parts. */
function ticks([first, last]) {
  const months = (last - first) / (30.4 * DAY_MS);
  const step = STEPS_MONTHS.find((s) => months / s <= MOST_TICKS) || 600;
  const start = new Date(first);
  const found = [];
  let month = start.getUTCFullYear() * 12 + start.getUTCMonth();
  for (month += step - (month % step); ; month += step) {
    const ms = Date.UTC(Math.floor(month / 12), month % 12, 1);
    if (ms >= last) { return found; }
    found.push({ ms, text: step >= 12 ? isoOf(ms).slice(0, 4) : isoOf(ms).slice(0, 7) });
  }
}

function axis(history, pair, choose) {
  const range = domain(history);
  const share = (ms) => Math.min(Math.max((ms - range[0]) / (range[1] - range[0]), 0), 1) * 100;
  const box = el("div", "axis");
  // the cards say the same in words
  box.setAttribute("aria-hidden", "true");
  const track = el("div", "track");
  history.versions.forEach((edition) => {
    const start = share(at(edition.valid_from > ALWAYS ? edition.valid_from : "0001-01-01"));
    const end = edition.valid_to ? share(at(edition.valid_to)) : 100;
    const part = el("div", `part ${edition.phase}`, null, el("span", null, t("version", { n: edition.number })));
    part.style.left = start + "%";
    part.style.width = end - start + "%";
    part.title = `${t("version", { n: edition.number })} · ${spanOf(edition)}`;
    if (pair && pair.includes(edition)) { part.classList.add(pair[0] === edition ? "from" : "to"); }
    if (!edition.valid_to) { part.classList.add("open-end"); }
    part.addEventListener("click", () => choose(edition));
    track.append(part);
  });
  history.drafts.forEach((draft) => {
    const mark = el("span", "draft-mark");
    mark.style.left = share(at(draft.valid_from)) + "%";
    mark.title = `${t("version", { n: draft.number })} · ${spanOf(draft)}`;
    track.append(mark);
  });
  ticks(range).forEach(({ ms, text }) => {
    const tick = el("span", "tick", text);
    tick.style.left = share(ms) + "%";
    track.append(tick);
  });
  const today = el("span", "today", null, el("span", null, t("history_today", { date: calendarDay(history.today) })));
  const place = share(at(history.today));
  today.style.left = place + "%";
  today.classList.toggle("late", place > 60);
  track.append(today);
  box.append(track);
  return box;
}

/** When a version holds, in words; the last day belongs to it. */
export function spanOf(edition) {
  if (edition.phase === "draft") { return t("history_planned", { start: calendarDay(edition.valid_from) }); }
  const always = edition.valid_from <= ALWAYS;
  const end = edition.valid_to ? calendarDay(isoOf(at(edition.valid_to) - DAY_MS)) : null;
  if (always) { return end ? t("history_span_until", { end }) : t("history_span_always"); }
  const start = calendarDay(edition.valid_from);
  return end ? t("history_span", { start, end }) : t("history_span_open", { start });
}

/** What a version changed on the finest level, most first; null where that is not on record. */
function changesOf(edition, leaf) {
  if (edition.changes === null) { return null; }
  return edition.changes.filter((c) => c.level === leaf && c.kind !== "unchanged").sort((a, b) => b.count - a.count);
}

function changeText(edition, first, leaf) {
  if (edition === first) { return t("history_first"); }
  const changes = changesOf(edition, leaf);
  if (changes === null) { return edition.phase === "draft" ? "" : t("history_no_lineage"); }
  if (!changes.length) { return t("history_same"); }
  return changes.slice(0, 3).map((c) => t("history_change", { kind: kindName(c.kind), n: number(c.count) })).join(" · ");
}

function card(edition, history, pair, choose) {
  const leaf = history.levels[history.levels.length - 1].name;
  const place = pair ? pair.indexOf(edition) : -1;
  const button = el("button", `card ${edition.phase}`);
  button.type = "button";
  button.dataset.version = edition.number;
  button.append(
    el("span", "card-head", null, el("strong", null, t("version", { n: edition.number })),
      el("em", "phase", t("history_phase_" + edition.phase)),
      place >= 0 && el("b", place ? "mark to" : "mark from", t(place ? "history_to" : "history_from"))),
    el("span", "card-span", spanOf(edition)),
    el("span", "card-what", [t("history_grids", { n: number(edition.grids[leaf] || 0) }),
      changeText(edition, history.versions[0], leaf)].filter(Boolean).join(" · ")),
  );
  button.append(el("span", "card-note", edition.note || "\u00a0"));
  button.title = [t("history_show_version", { n: edition.number }), edition.note].filter(Boolean).join("\n");
  button.setAttribute("aria-pressed", String(place === 1));
  button.addEventListener("click", () => choose(edition));
  return button;
}

/** Draw the time line anew; `choose` takes the version that the reader wants to see. */
export function drawTimeline(root, history, pair, choose) {
  root.setAttribute("aria-label", t("history_timeline"));
  const list = (editions) => editions.map((e) => el("li", null, null, card(e, history, pair, choose)));
  const versions = el("ol", "cards");
  versions.append(...list(history.versions));
  const row = el("div", "card-row", null, versions);
  if (history.drafts.length) {
    const drafts = el("ol", "cards");
    drafts.append(...list(history.drafts));
    const beside = el("div", "drafts", null, el("h2", "only-read", t("history_drafts")), drafts);
    row.append(beside);
  }
  root.replaceChildren(axis(history, pair, choose), row);
  const shown = root.querySelector(".card[aria-pressed=true]");
  if (shown) { row.scrollLeft = Math.max(0, shown.offsetLeft - row.clientWidth / 3); }
}
