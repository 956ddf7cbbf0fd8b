// A category is picked by typing a part of its name or code: quicker than a list of a hundred, and with an input method.
import { el, t } from "../texts.js";
import { categories } from "./sieve.js";
import { categoryName } from "./words.js";

const MOST = 12;
let made = 0;

/** Make the picker. `picked` hears a code, or an empty one when what is written is no category any more. */
export function categoryPicker(chosen, picked) {
  const name = `picker-${++made}`;
  const box = el("div", "picker");
  const input = el("input");
  const list = el("ul");
  const known = categories().flatMap(([of, codes]) => codes.map((code) => ({ code, text: categoryName(code), of: categoryName(of) })));
  let offered = [], at = -1, code = chosen;

  input.type = "text";
  input.autocomplete = "off";
  input.spellcheck = false;
  input.placeholder = t("dispatch_new_choose");
  input.value = chosen ? categoryName(chosen) : "";
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", name);
  list.id = name;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", t("dispatch_new_category"));

  function close() {
    list.hidden = true;
    list.replaceChildren();
    offered = []; at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }
  function stand(to) {
    at = to;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
    if (at >= 0) {
      input.setAttribute("aria-activedescendant", list.children[at].id);
      list.children[at].scrollIntoView({ block: "nearest" });
    }
  }
  function set(next) {
    if (next === code) { return; }
    code = next;
    picked(code);
  }
  function pick(one) {
    close();
    input.value = one.text;
    set(one.code);
  }
  function offer(all) {
    const text = input.value.trim().toLowerCase();
    const rank = (one) => [one.code.toLowerCase(), one.text.toLowerCase()].map((word) => word.indexOf(text)).filter((place) => place >= 0);
    close();
    offered = known.map((one) => ({ one, places: all ? [0] : rank(one) })).filter(({ places }) => places.length)
      .sort((a, b) => Math.min(...a.places) - Math.min(...b.places)).slice(0, all ? known.length : MOST).map(({ one }) => one);
    offered.forEach((one, i) => {
      const item = el("li", null, null, el("span", null, one.text), el("small", null, `${one.of} ${one.code}`));
      item.id = `${name}-${i}`;
      item.setAttribute("role", "option");
      item.addEventListener("pointerdown", (event) => { event.preventDefault(); pick(one); });
      list.append(item);
    });
    list.hidden = !offered.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    stand(offered.length && !all ? 0 : offered.findIndex((one) => one.code === code));
  }

  input.addEventListener("input", () => {
    const text = input.value.trim();
    const exact = known.find((one) => one.text === text || one.code.toLowerCase() === text.toLowerCase());
    set(exact ? exact.code : "");
    if (text) { offer(false); } else { close(); }
  });
  input.addEventListener("click", () => { if (list.hidden) { offer(!input.value || Boolean(code)); } });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) { return; }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) { offer(!input.value || Boolean(code)); }
      if (offered.length) { stand((at + (event.key === "ArrowDown" ? 1 : -1) + offered.length) % offered.length); }
    } else if (event.key === "Enter" && !list.hidden && at >= 0) {
      event.preventDefault();
      pick(offered[at]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  input.addEventListener("blur", () => { if (!list.hidden && at >= 0 && !code) { pick(offered[at]); } else { close(); } });
  close();
  box.append(input, list);
  return { node: box, input };
}
