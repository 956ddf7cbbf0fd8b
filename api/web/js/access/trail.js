// The trail, for auditors: who did what when, newest first, and whether the chain is whole.
import { get } from "../service.js";
import { el, named, number, setZone, t, time } from "../texts.js";
import { button, field, message, onSubmit, start } from "./parts.js";

const main = document.getElementById("main");

/** An action in words; one that has no words stands as it is. */
const actionText = (action) => named("action." + action, action);

/** A value of a detail in words: of a grant its parts, of a list its members; what is not there is left out. */
function plain(value) {
  if (Array.isArray(value)) { return value.map(plain).join("; "); }
  if (value && typeof value === "object") { return Object.values(value).filter((v) => v !== null).map(plain).join(" · "); }
  return String(value);
}

function row(entry) {
  const detail = Object.entries(entry.detail).filter(([, value]) => value !== null).map(([key, value]) => `${key}: ${plain(value)}`).join(", ");
  const stamp = el("time", null, time(entry.at));
  stamp.dateTime = entry.at;
  stamp.title = entry.at;
  const line = el("tr", null, null,
    el("td", "number", number(entry.number)),
    el("td", null, null, stamp),
    el("td", null, entry.actor || t("trail_nobody")),
    el("td", null, null, el("span", null, actionText(entry.action)), actionText(entry.action) !== entry.action && el("small", "mono", entry.action)),
    el("td", null, null, el("span", "state state-" + entry.outcome, t("outcome_" + entry.outcome))),
    el("td", null, null, el("span", null, entry.subject), detail && el("small", null, detail)),
    el("td", "mono soft", entry.hash.slice(0, 12)));
  line.lastChild.title = entry.hash;
  return line;
}

function draw(lang) {
  const body = el("tbody");
  const said = message();
  const checked = message();
  const filter = el("form", "row tools");
  const action = field(t("trail_action"), { name: "action", mono: true });
  const actor = field(t("trail_actor"), { name: "actor", mono: true });
  const find = button(t("trail_find"), "quiet", null, "submit");
  filter.append(action, actor, find);
  let before = null;
  const more = button(t("trail_more"), "quiet more", () => read());
  async function read() {
    const query = new URLSearchParams();
    if (before) { query.set("before", before); }
    if (action.input.value.trim()) { query.set("action", action.input.value.trim()); }
    if (actor.input.value.trim()) { query.set("actor", actor.input.value.trim()); }
    const page = await get("/api/v1/trail?" + query, lang);
    body.append(...page.entries.map(row));
    before = page.next_before;
    more.hidden = !before;
    if (!body.children.length) { said.done(t("trail_none")); }
  }
  onSubmit(filter, said, async () => {
    before = null;
    body.replaceChildren();
    await read();
  });
  const check = button(t("trail_check"), "action", async () => {
    check.disabled = true;
    try {
      const found = await get("/api/v1/trail/check", lang);
      const fields = { n: number(found.entries), hash: found.hash.slice(0, 12) };
      if (found.whole) { checked.done(t("trail_whole", fields)); } else { checked.say(found.faults[0].message); }
    } catch (problem) {
      checked.tell(problem);
    } finally {
      check.disabled = false;
    }
  });
  const head = el("tr", null, null, ...["trail_number", "trail_at", "trail_who", "trail_action", "trail_outcome", "trail_subject", "trail_hash"].map((key) => {
    const cell = el("th", null, t(key));
    cell.scope = "col";
    return cell;
  }));
  main.replaceChildren(el("h1", null, t("trail")), el("p", "about", t("trail_about")),
    el("div", "row", null, check, checked.box), filter, said.box,
    el("div", "table-box", null, el("table", "trail", null, el("thead", null, null, head), body)), more);
  return read();
}

start("trail", async (lang, session) => {
  if (!session.permissions.includes("audit.read")) {
    main.replaceChildren(el("h1", null, t("trail")), el("p", "message wrong-message", t("trail_not_allowed")));
    return;
  }
  setZone(session.time_zone);
  await draw(lang);
});
