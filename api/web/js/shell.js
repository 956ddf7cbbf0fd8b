// What the bars of all pages share.
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
