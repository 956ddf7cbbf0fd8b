// Where a planner starts: the set, its version in force, and a draft of it, new or begun before.
import { calendarDay, el, number, t } from "../texts.js";
import { levelName } from "./attributes.js";
import { selectInput, textInput } from "./tools/drawing.js";

/**
 * Draw the start.
 *
 * @param node where
 * @param {{overview: object, history: object, state: object, change: (fields: object) => void, start: (body: object) => Promise<void>}} with_
 */
export function drawChooser(node, { overview, history, state, change, start }) {
  const box = el("div", "chooser");
  const sets = selectInput("set", overview.sets.map((s) => [s.name, s.title || s.name]), history.set);
  sets.id = "set-choice";
  sets.addEventListener("change", () => change({ set: sets.value, draft: null }));
  const label = (key, control) => el("label", "chooser-field", null, el("span", null, t(key)), control);
  box.append(el("h1", null, t("plan_start_title")), el("p", "about", t("plan_start_text")), label("plan_set", sets));

  const begun = el("section", null, null, el("h2", null, t("plan_drafts_begun")));
  if (!history.drafts.length) { begun.append(el("p", "none", t("plan_drafts_none"))); }
  const list = el("ul", "draft-list");
  history.drafts.slice().sort((a, b) => b.number - a.number).forEach((draft) => {
    const open = el("button", "draft-open", null, el("strong", null, t("plan_draft_n", { n: draft.number })),
      el("span", null, draft.note || t("plan_draft_no_note")),
      el("small", null, [draft.based_on ? t("plan_draft_from", { n: draft.based_on }) : t("plan_draft_from_nothing"), gridsOf(draft)].filter(Boolean).join(" · ")));
    open.type = "button";
    open.dataset.draft = String(draft.number);
    open.addEventListener("click", () => change({ set: history.set, draft: draft.number }));
    list.append(el("li", null, null, open));
  });
  begun.append(list);

  const fresh = el("form", "fresh", null, el("h2", null, t("plan_draft_new")));
  const versions = history.versions;
  const day = state.at || history.today;
  const current = versions.find((v) => v.valid_from <= day && (!v.valid_to || day < v.valid_to)) || versions.find((v) => v.phase === "current") || versions[versions.length - 1];
  const base = selectInput("based_on", versions.map((v) => [String(v.number), versionText(v)]), current ? String(current.number) : "");
  base.id = "based-on";
  const note = textInput("note", "", 30);
  note.placeholder = t("plan_note_hint");
  const button = el("button", "action", t("plan_draft_start"));
  button.type = "submit";
  button.id = "draft-start";
  if (versions.length) { fresh.append(label("plan_based_on", base)); }
  else { fresh.append(el("p", "none", t("plan_no_version"))); }
  fresh.append(label("plan_note", note), button);
  fresh.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try { await start({ ...(versions.length ? { based_on: Number(base.value) } : {}), note: note.value.trim() }); }
    finally { button.disabled = false; }
  });
  box.append(el("div", "chooser-sides", null, fresh, begun));
  node.replaceChildren(box);
}

function gridsOf(edition) {
  const levels = Object.keys(edition.grids);
  const level = levels.sort((a, b) => edition.grids[b] - edition.grids[a])[0];
  return level ? t("plan_count_of", { n: number(edition.grids[level]), level: levelName(level) }) : "";
}

function versionText(v) {
  const since = v.valid_from > "1900" ? t("plan_since", { date: calendarDay(v.valid_from) }) : "";
  return [t("version", { n: v.number }), t("history_phase_" + v.phase), since].filter(Boolean).join(" · ");
}
