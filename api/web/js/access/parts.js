// What the pages of signing in and of accounts share: their start, fields, messages, and secrets shown once.
import { Problem, get, send } from "../service.js";
import { drawLanguages, drawWho, fillTexts, loadSession, workLinks } from "../shell.js";
import { el, loadTexts, t } from "../texts.js";

let serial = 0;

/** Language of the reader: the address first, then the browser, then Chinese. */
export function language() {
  for (const tag of [new URLSearchParams(location.search).get("lang"), ...(navigator.languages || [])]) {
    const head = (tag || "").toLowerCase().split("-")[0];
    if (head === "zh" || head === "en") { return head; }
  }
  return "zh";
}

/** Start a page: texts, who looks at it, the bar; then `draw(lang, session)`. Another language draws it again. */
export async function start(titleKey, draw) {
  const show = async (lang) => {
    try {
      await loadTexts(lang, get);
      const session = await loadSession(get, lang);
      fillTexts();
      document.title = `${t(titleKey)} · ${t("product")}`;
      drawPages(lang);
      drawLanguages(lang, (chosen) => {
        const query = new URLSearchParams(location.search);
        query.set("lang", chosen);
        history.replaceState(null, "", `${location.pathname}?${query}${location.hash}`);
        show(chosen);
      });
      drawWho(lang, send);
      await draw(lang, session);
    } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
      const main = document.querySelector("main");
      main.replaceChildren(el("p", "message wrong-message", problem.detail || "无法连接服务，请稍后重试。 The service does not answer, try again."));
    }
  };
  await show(language());
}

/** The ways to the maps, where the page has a bar. */
function drawPages(lang) {
  const pages = document.getElementById("pages");
  if (!pages) { return; }
  pages.setAttribute("aria-label", t("pages"));
  pages.replaceChildren(...[["grids", "/"], ["history", "/history"]].map(([key, path]) => {
    const link = el("a", null, t(key === "grids" ? "page_maps" : "page_history"));
    link.href = `${path}?lang=${lang}`;
    return link;
  }), ...workLinks({ lang }));
}

/** A labelled field; its `input` member is the control. `hint` stands below it. */
export function field(label, { name, type = "text", hint, complete, mono, value = "", max, mode } = {}) {
  const input = el("input", mono ? "mono" : null);
  input.type = type;
  input.name = name;
  input.id = `field-${++serial}`;
  input.value = value;
  input.spellcheck = false;
  input.autocapitalize = "none";
  if (complete) { input.autocomplete = complete; }
  if (max) { input.maxLength = max; }
  if (mode) { input.inputMode = mode; }
  return labelled(label, input, hint);
}

/** A labelled choice of [value, text] pairs. */
export function choice(label, pairs, value, { hint } = {}) {
  const input = el("select");
  input.id = `field-${++serial}`;
  pairs.forEach(([key, text]) => {
    const option = el("option", null, text);
    option.value = key;
    option.selected = key === value;
    input.append(option);
  });
  return labelled(label, input, hint);
}

function labelled(label, input, hint) {
  const caption = el("label", null, label);
  caption.htmlFor = input.id;
  const box = el("div", "field", null, caption, input);
  if (hint) {
    const below = el("p", "hint", hint);
    below.id = input.id + "-hint";
    input.setAttribute("aria-describedby", below.id);
    box.append(below);
  }
  box.input = input;
  return box;
}

export function button(text, className, act, type = "button") {
  const made = el("button", className, text);
  made.type = type;
  if (act) { made.addEventListener("click", act); }
  return made;
}

/** A place for what went wrong or well; `say` and `done` fill it, `clear` empties it. */
export function message() {
  const box = el("p", "message");
  box.setAttribute("role", "status");
  const put = (text, kind) => {
    box.className = "message " + kind;
    box.textContent = text;
  };
  return {
    box,
    say: (text) => put(text, "wrong-message"),
    done: (text) => put(text, "good-message"),
    clear: () => put("", ""),
    /** Say what a problem says: of faults in fields the first one. */
    tell: (problem) => put(
      (problem.errors && problem.errors.length === 1 && problem.errors[0].detail) || problem.detail || t("no_answer"), "wrong-message"),
  };
}

/** Let a form act on submit, once at a time; problems go to its message. */
export function onSubmit(form, said, act) {
  form.onsubmit = async (event) => {
    event.preventDefault();
    if (form.dataset.busy) { return; }
    form.dataset.busy = "true";
    said.clear();
    const buttons = [...form.querySelectorAll("button[type=submit]")];
    buttons.forEach((b) => { b.disabled = true; });
    try {
      await act();
    } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
      said.tell(problem);
    } finally {
      delete form.dataset.busy;
      buttons.forEach((b) => { b.disabled = false; });
    }
  };
}

/** A secret that is shown only now, with a button that copies it. */
export function secretBox(title, secret, about) {
  const value = el("output", "secret mono", secret);
  const copied = el("span", "copied");
  copied.setAttribute("role", "status");
  const copy = button(t("copy"), "quiet", async () => {
    try {
      await navigator.clipboard.writeText(secret);
      copied.textContent = t("copied");
    } catch (error) { // not allowed: it can be marked and copied by hand
      getSelection().selectAllChildren(value);
    }
  });
  return el("div", "secret-box", null, el("h3", null, title), value, el("p", "hint", about), el("div", "row", null, copy, copied));
}

/** Where a reader goes after signing in: an address of this service only, never that of another one. */
export function nextAddress(wanted = new URLSearchParams(location.search).get("next")) {
  const next = wanted || "/";
  // one slash and no backslash: everything else could be read as another host
  if (!/^\/(?![/\\])[^\\\u0000-\u001f]*$/.test(next)) { return "/"; }
  const address = new URL(next, location.origin);
  if (address.origin !== location.origin || ["/sign-in", "/sign-in/return", "/set-up"].includes(address.pathname)) { return "/"; }
  return address.pathname + address.search + location.hash;
}
