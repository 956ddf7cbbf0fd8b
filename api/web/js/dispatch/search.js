// One box for a coordinate, an address, a grid or a case number; it answers as one types.
import { Problem, get } from "../service.js";
import { readPair } from "../search.js";
import { el, t } from "../texts.js";
import { categoryName, statusName } from "./words.js";

const AFTER = 120;
const MOST = 8;

/** Bring the box to life. `page` gives lang(), rows(), point(place, name), open(case id). */
export function startSearch(page) {
  const form = document.getElementById("search");
  const box = document.getElementById("search-box");
  const list = document.getElementById("search-list");
  const saying = document.getElementById("search-say");
  let offered = [], chosen = -1, turn = 0, timer = 0, asked = Promise.resolve();

  const say = (text) => { saying.textContent = text; };
  function close() {
    offered = []; chosen = -1;
    list.hidden = true;
    list.replaceChildren();
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }
  function point(to) {
    chosen = to;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === chosen)));
    if (chosen >= 0) { box.setAttribute("aria-activedescendant", list.children[chosen].id); }
  }
  function take(found) {
    turn++;
    close();
    say("");
    box.blur();
    if (found.case) { page.open(found.case); } else { page.point({ lon: found.lon, lat: found.lat }, found.address || ""); }
  }
  function offer(found) {
    close();
    offered = found.slice(0, MOST);
    offered.forEach((one, i) => {
      const item = el("li", null, one.name, el("small", null, one.about));
      item.id = "search-" + i;
      item.setAttribute("role", "option");
      item.addEventListener("pointerdown", (event) => { event.preventDefault(); take(one); });
      list.append(item);
    });
    list.hidden = !offered.length;
    box.setAttribute("aria-expanded", String(offered.length > 0));
  }

  const casesLike = (text) => page.rows().filter((row) => row.case_id.toLowerCase().includes(text.toLowerCase()))
    .map((row) => ({ case: row.case_id, name: row.case_id, about: `${categoryName(row.category)} · ${statusName(row.status)}` }));

  /** Ask the gazetteer, and for a case of just that number. */
  async function look(text) {
    const mine = ++turn;
    const known = casesLike(text);
    if (known.length) { offer(known); }
    let places = [];
    try {
      places = (await get("/api/v1/places?" + new URLSearchParams({ q: text, limit: MOST }), page.lang())).places
        .map((place) => ({ lon: place.lon, lat: place.lat, address: place.name, name: place.name, about: t("search_point") }));
    } catch (problem) {
      // without a gazetteer there are still coordinates and case numbers
      if (!(problem instanceof Problem)) { throw problem; }
    }
    if (mine !== turn) { return; }
    const found = [...known.slice(0, 3), ...places];
    offer(found);
    say(found.length ? "" : t("dispatch_search_none"));
  }

  box.addEventListener("input", () => {
    say("");
    clearTimeout(timer);
    const text = box.value.trim();
    const pair = readPair(text);
    if (pair && !pair.swapped) { turn++; offer([{ ...pair, name: `${pair.lon}, ${pair.lat}`, about: t("search_point") }]); return; }
    if (pair || text.length < 2) { turn++; close(); return; }
    asked = new Promise((done) => { timer = setTimeout(() => look(text).then(done), AFTER); });
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.stopPropagation(); if (offered.length) { close(); } else { say(""); box.blur(); } return; }
    if (!offered.length || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) { return; }
    event.preventDefault();
    point((chosen + (event.key === "ArrowDown" ? 1 : -1) + offered.length) % offered.length);
  });
  box.addEventListener("blur", () => { close(); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (!text) { return; }
    if (chosen >= 0) { take(offered[chosen]); return; }
    const pair = readPair(text);
    if (pair) { if (pair.swapped) { say(t("search_swapped")); } else { take(pair); } return; }
    if (/^[-\d.,，;；\s]+$/.test(text) && /[,，;；]/.test(text)) { say(t("search_unreadable")); return; }
    await asked;
    if (box.value.trim() !== text) { return; }
    if (offered.length) { take(offered[0]); return; }
    say(t("dispatch_search_none"));
  });
  return { focus() { box.focus(); box.select(); } };
}
