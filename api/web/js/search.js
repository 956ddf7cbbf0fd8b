// One box: "lon, lat" or a grid code or name; suggestions come from the map that is open.
import { el, t } from "./texts.js";

const PAIR = /^\s*([+-]?\d{1,3}(?:\.\d+)?)\s*[,，、;；\s]\s*([+-]?\d{1,3}(?:\.\d+)?)\s*$/;
const MOST = 8;

/** Read "lon, lat": {lon, lat}, or {swapped: true}, or null when it is something else. */
export function readPair(text) {
  const found = PAIR.exec(text);
  if (!found) { return null; }
  const lon = Number(found[1]), lat = Number(found[2]);
  if (Math.abs(lon) <= 180 && Math.abs(lat) <= 90) { return { lon, lat }; }
  return Math.abs(lon) <= 90 && Math.abs(lat) <= 180 ? { swapped: true } : null;
}

/** Find grids by the start of their code or a part of their name. */
export function suggest(text, grids) {
  const wanted = text.trim().toLowerCase();
  const found = [];
  if (wanted.length < 2 || !grids || PAIR.test(text)) { return found; }
  for (let i = 0; i < grids.code.length && found.length < MOST; i++) {
    const name = (grids.name[i] || "").toLowerCase();
    if (grids.code[i].toLowerCase().startsWith(wanted) || name.includes(wanted)) {
      found.push({ code: grids.code[i], name: grids.name[i] || grids.code[i] });
    }
  }
  return found;
}

/** Bring the search box to life. `map` asks the map that is open: {grids(), point(lon, lat), code(code)}. */
export function startSearch(map) {
  const form = document.getElementById("search");
  const box = document.getElementById("search-box");
  const list = document.getElementById("search-list");
  const saying = document.getElementById("search-say");
  let offered = [];
  let chosen = -1;

  const say = (text) => { saying.textContent = text; };
  const close = () => {
    offered = []; chosen = -1;
    list.hidden = true; list.replaceChildren();
    box.setAttribute("aria-expanded", "false"); box.removeAttribute("aria-activedescendant");
  };
  const point = (to) => {
    chosen = to;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === chosen)));
    if (chosen >= 0) { box.setAttribute("aria-activedescendant", list.children[chosen].id); }
  };
  const take = (found) => {
    close();
    if (found.lon !== undefined) { map.point(found.lon, found.lat); return; }
    box.value = found.code;
    map.code(found.code);
  };

  box.addEventListener("input", () => {
    say("");
    close();
    const pair = readPair(box.value);
    offered = pair && !pair.swapped ? [{ ...pair, name: `${pair.lon}, ${pair.lat}`, code: t("search_point") }]
      : suggest(box.value, map.grids());
    offered.forEach((grid, i) => {
      const item = el("li", null, grid.name, el("small", null, grid.code));
      item.id = "search-" + i;
      item.setAttribute("role", "option");
      item.addEventListener("pointerdown", (event) => { event.preventDefault(); take(grid); });
      list.append(item);
    });
    list.hidden = !offered.length;
    box.setAttribute("aria-expanded", String(offered.length > 0));
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { close(); say(""); }
    if (!offered.length || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) { return; }
    event.preventDefault();
    point((chosen + (event.key === "ArrowDown" ? 1 : -1) + offered.length) % offered.length);
  });
  box.addEventListener("blur", close);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    say("");
    const text = box.value.trim();
    if (!text) { return; }
    if (chosen >= 0) { take(offered[chosen]); return; }
    const pair = readPair(text);
    if (pair && pair.swapped) { say(t("search_swapped")); return; }
    if (pair) { close(); map.point(pair.lon, pair.lat); return; }
    if (offered.length === 1) { take(offered[0]); return; }
    if (/[,，]/.test(text)) { say(t("search_unreadable")); return; }
    close();
    map.code(text);
  });
  return { say };
}
