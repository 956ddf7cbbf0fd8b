// What the bars of all pages share.
import { PAGES } from "./state.js";
import { calendarDay, el, t } from "./texts.js";

/** Draw the two buttons of the language; `choose` takes the language. */
export function drawLanguages(lang, choose) {
  const languages = document.getElementById("languages");
  languages.setAttribute("aria-label", t("language"));
  languages.replaceChildren(...[["zh", "中"], ["en", "EN"]].map(([key, text]) => {
    const button = el("button", null, text);
    button.type = "button";
    button.lang = key;
    button.setAttribute("aria-pressed", String(key === lang));
    button.addEventListener("click", () => choose(key));
    return button;
  }));
}

/** Put the texts that the page's HTML names by data-text into their places. */
export function fillTexts() {
  document.querySelectorAll("[data-text]").forEach((node) => { node.textContent = t(node.dataset.text); });
}

/** Say which set is looked at and, of it, which version is in force since when. */
export function drawDistrict(set) {
  document.getElementById("district").textContent = set ? set.title || set.name : "";
  // a set that "was always so" starts in year 1
  const since = set && set.valid_from && set.valid_from > "1900" ? t("in_force", { date: calendarDay(set.valid_from) }) : t("in_force_always");
  document.getElementById("in-force").textContent =
    set && set.version ? `${t("version", { n: set.version })} · ${since}` : "";
}

let session = null;

/** Read once who looks at the page. */
export async function loadSession(get, lang) {
  session = session || await get("/api/v1/session", lang);
  return session;
}

/** Tell whether the reader may do a thing somewhere. */
export const may = (permission) => Boolean(session && session.permissions.includes(permission));

const PAGE_NEEDS = { hotspots: "incidents.read", coverage: "patrols.read", services: "layers.read", staffing: "layers.read" };

/** Tell whether the reader may open a page of maps. */
export const mayOpen = (page) => !PAGE_NEEDS[page] || may(PAGE_NEEDS[page]);

/** The pages on which work is done, with what each needs. */
const WORK = { dispatch: "cases.read", plan: "drafts.write", lead: "cases.read" };

/** The ways to the pages of work: to those that the reader may do. */
export function workLinks({ set, lang }) {
  return Object.keys(WORK).filter((page) => may(WORK[page])).map((page) => {
    const link = el("a", null, t("page_" + page));
    link.href = `/${page}?` + new URLSearchParams({ ...(set ? { set } : {}), lang });
    if (location.pathname === "/" + page) { link.setAttribute("aria-current", "page"); }
    return link;
  });
}

/** Draw the ways to the other pages for a page that is none of the maps. */
export function drawPages(node, { set, lang }) {
  node.setAttribute("aria-label", t("pages"));
  node.replaceChildren(...[...PAGES.filter(mayOpen), "history"].map((page) => {
    const link = el("a", null, t("page_" + page));
    const query = new URLSearchParams({ ...(["grids", "history"].includes(page) ? {} : { page }), ...(set ? { set } : {}), lang });
    link.href = (page === "history" ? "/history?" : "/?") + query;
    return link;
  }), ...workLinks({ set, lang }));
  showCurrent(node);
}

/** Bring the way to the open page into sight where a narrow bar scrolls sideways. */
export function showCurrent(node) {
  const current = node.querySelector("[aria-current]");
  if (current) { node.scrollLeft = current.offsetLeft - node.offsetLeft - (node.clientWidth - current.offsetWidth) / 2; }
}

/** Say who is signed in, with the ways to what is theirs; and, where nobody signs in, that it is so. */
export function drawWho(lang, send) {
  const bar = document.querySelector(".bar");
  if (!bar || !session) { return; }
  document.getElementById("who")?.remove();
  document.getElementById("open-access")?.remove();
  if (session.access === "open") {
    const banner = el("p", "open-access", t("open_access"));
    banner.id = "open-access";
    banner.setAttribute("role", "note");
    bar.before(banner);
    return;
  }
  if (!session.account) { return; }
  const { account } = session;
  const who = el("details", "who");
  who.id = "who";
  const name = account.title || account.name;
  const summary = el("summary", null, null, el("span", "initial", [...name][0]), el("span", "who-name", name));
  summary.setAttribute("aria-label", t("who_menu", { name }));
  const list = el("div", "who-list");
  const link = (key, path) => {
    const found = el("a", null, t(key));
    found.href = `${path}?lang=${lang}`;
    if (location.pathname === path) { found.setAttribute("aria-current", "page"); }
    return found;
  };
  const out = el("button", null, t("sign_out"));
  out.type = "button";
  out.addEventListener("click", async () => {
    out.disabled = true;
    try { await send("DELETE", "/api/v1/session", undefined, lang); } finally { location.assign("/sign-in?lang=" + lang); }
  });
  list.append(
    el("p", "who-full", name, el("small", null, account.name)),
    link("account", "/account"),
    ...(may("accounts.manage") ? [link("accounts", "/accounts")] : []),
    ...(may("audit.read") ? [link("trail", "/trail")] : []),
    out,
  );
  who.append(summary, list);
  bar.append(who);
  // as a menu does: it closes when the reader goes elsewhere
  document.addEventListener("pointerdown", (event) => { if (!who.contains(event.target)) { who.open = false; } });
  who.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && who.open) { who.open = false; summary.focus(); }
  });
}
