// The panel on the right: tabs over effects, findings, the chosen grid, comments and locks, the log and the way to being published.
import { el, number, t, time } from "../texts.js";

const TABS = ["effects", "findings", "grid", "notes", "log", "way"];

/** Make the panel in a node; `opened(name)` hears which tab is looked at. */
export function makePanel(node, opened) {
  const bar = el("div", "tabs");
  bar.setAttribute("role", "tablist");
  const bodies = {}, tabs = {}, counts = {};
  let current = TABS[0];
  TABS.forEach((name) => {
    const tab = el("button", null, null);
    tab.type = "button";
    tab.id = `tab-${name}`;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", `body-${name}`);
    tab.addEventListener("click", () => show(name));
    const body = el("div", "tab-body");
    body.id = `body-${name}`;
    body.setAttribute("role", "tabpanel");
    body.setAttribute("aria-labelledby", tab.id);
    body.tabIndex = 0;
    tabs[name] = tab;
    bodies[name] = body;
    bar.append(tab);
  });
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) { return; }
    event.preventDefault();
    show(TABS[(TABS.indexOf(current) + step + TABS.length) % TABS.length]);
    tabs[current].focus();
  });
  node.replaceChildren(bar, ...TABS.map((name) => bodies[name]));

  function draw() {
    bar.setAttribute("aria-label", t("plan_panel"));
    TABS.forEach((name) => {
      tabs[name].replaceChildren(t("plan_tab_" + name), ...(counts[name] ? [el("small", counts[name].wrong ? "wrong-count" : null, number(counts[name].n))] : []));
      tabs[name].setAttribute("aria-selected", String(name === current));
      tabs[name].tabIndex = name === current ? 0 : -1;
      bodies[name].hidden = name !== current;
    });
  }

  function show(name) {
    current = name;
    draw();
    opened(name);
  }

  draw();
  return {
    body: (name) => bodies[name],
    show,
    draw,
    current: () => current,
    /** Put a number on a tab; none where it is 0. */
    count(name, n, wrong = false) { counts[name] = n ? { n, wrong } : null; draw(); },
  };
}

/** Draw the log, latest first: who did what, and what was taken back. */
export function drawLog(node, edits, see) {
  if (!edits.length) { node.replaceChildren(el("p", "none", t("plan_log_none"))); return; }
  const undone = new Set(edits.map((edit) => edit.undoes).filter(Boolean));
  const list = el("ol", "log");
  [...edits].reverse().forEach((edit) => {
    const item = el("li", undone.has(edit.number) ? "undone" : null, null,
      el("span", "number", `${edit.number}`), el("span", "what", edit.summary || t("plan_verb_" + edit.verb)),
      el("small", null, t("plan_by_at", { by: edit.by || t("plan_somebody"), at: time(edit.at) })));
    item.dataset.number = String(edit.number);
    if (edit.codes.length) {
      const go = el("button", "link", t("plan_log_see"));
      go.type = "button";
      go.addEventListener("click", () => see(edit.codes));
      item.append(go);
    }
    list.append(item);
  });
  node.replaceChildren(list);
}

/** Say who else is in the draft. */
export function drawOthers(node, others) {
  node.hidden = !others.length;
  node.setAttribute("aria-label", t("plan_others"));
  node.replaceChildren(...others.slice(0, 5).map((other) => {
    const name = other.title || other.name || "?";
    const mark = el("span", "initial", [...name][0]);
    mark.title = t("plan_other_seen", { name, at: time(other.seen_at) });
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", mark.title);
    return mark;
  }), ...(others.length > 5 ? [el("small", null, `+${others.length - 5}`)] : []), el("small", "others-text", t("plan_others_n", { n: others.length })));
}
