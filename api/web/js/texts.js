// Texts of the shell, and small helpers that put text on the page: always as text, never as HTML.
let texts = {};
let locale = "zh-CN";
let zone = "UTC";

/** Read the texts of a language. */
export async function loadTexts(lang, get) {
  texts = await get("/api/v1/texts?lang=" + lang);
  locale = lang === "zh" ? "zh-CN" : "en-GB";
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
}

export function setZone(name) { zone = name || "UTC"; }

/** Text of a key of the shell, with {fields} filled in. */
export function t(key, fields) {
  const template = texts["page." + key];
  if (template === undefined) { return key; }
  return template.replace(/\{(\w+)\}/g, (whole, name) => (fields && name in fields ? String(fields[name]) : whole));
}

/** Text of a full key such as lineage.split, or what to say without one. */
export const named = (key, otherwise) => texts[key] ?? otherwise;

/** The full keys that start with a prefix, in the order of the catalogue. */
export const keysFrom = (prefix) => Object.keys(texts).filter((key) => key.startsWith(prefix));

export const number = (value) => new Intl.NumberFormat(locale).format(value);

// 01/02 is read in two ways in English: the month is written as a word
const month = () => (locale === "zh-CN" ? "2-digit" : "short");

export const time = (iso) => new Intl.DateTimeFormat(locale, {
  timeZone: zone, year: "numeric", month: month(), day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
}).format(new Date(iso));

export const day = (iso) => new Intl.DateTimeFormat(locale, {
  timeZone: zone, year: "numeric", month: month(), day: "2-digit",
}).format(new Date(iso));

/** A calendar day that belongs to no zone, such as the day from which a version holds. */
export const calendarDay = (isoDate) => new Intl.DateTimeFormat(locale, {
  timeZone: "UTC", year: "numeric", month: month(), day: "2-digit",
}).format(new Date(isoDate + "T00:00:00Z"));

/** The district's calendar day of an instant, YYYY-MM-DD, as a date field wants it. */
export const isoDay = (iso) => new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(new Date(iso));

/** Make an element with a class, text and children. */
export function el(tag, className, text, ...children) {
  const node = document.createElement(tag);
  if (className) { node.className = className; }
  if (text !== undefined && text !== null) { node.textContent = text; }
  node.append(...children.filter(Boolean));
  return node;
}
