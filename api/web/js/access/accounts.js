// The accounts, for administrators: who there is, who may do what where, new ones, and secrets that are shown once.
import { get, send } from "../service.js";
import { el, number, setZone, t, time } from "../texts.js";
import { areaText, grantsEditor, loadSets, nameAreas } from "./grants.js";
import { button, choice, field, message, onSubmit, secretBox, start } from "./parts.js";

const main = document.getElementById("main");
const KINDS = ["person", "key", "device"];
let lang = "zh";
let session = null;
let accounts = [];
let shown = "";
let wanted = "";

const titleOf = (account) => account.title || account.name;
const stateOf = (account) => t(account.disabled_at ? "account_disabled" : "account_enabled");

function rolesOf(account) {
  return account.grants.map((g) => `${t("role_" + g.role)} · ${areaText(g)}`).join(t("list_comma")) || t("grants_none_short");
}

function matches(account) {
  const text = wanted.trim().toLowerCase();
  return !text || [account.name, account.title, rolesOf(account)].some((part) => part.toLowerCase().includes(text));
}

function drawRows(body, count) {
  const found = accounts.filter(matches);
  count.textContent = t("accounts_count", { n: number(found.length) });
  body.replaceChildren(...found.map((account) => {
    const open = button(titleOf(account), "link", () => { shown = account.account; draw(); });
    if (account.account === shown) { open.setAttribute("aria-current", "true"); }
    const row = el("tr", account.disabled_at ? "off" : null, null,
      el("td", null, null, open, account.title && el("small", "mono", account.name)),
      el("td", null, t("kind_" + account.kind)),
      el("td", "roles", rolesOf(account)),
      el("td", null, null, el("span", "state " + (account.disabled_at ? "state-off" : "state-on"), stateOf(account))));
    row.addEventListener("click", (event) => { if (event.target.tagName !== "BUTTON") { open.click(); } });
    return row;
  }));
  if (!found.length) {
    const cell = el("td", "about", t("accounts_none"));
    cell.colSpan = 4;
    body.append(el("tr", null, null, cell));
  }
}

function list() {
  const find = field(t("accounts_find"), { name: "find", type: "search", value: wanted });
  const count = el("p", "hint count");
  const body = el("tbody");
  const head = el("tr", null, null, ...["account_title", "kind", "grants", "account_state"].map((key) => {
    const cell = el("th", null, t(key));
    cell.scope = "col";
    return cell;
  }));
  find.input.addEventListener("input", () => { wanted = find.input.value; drawRows(body, count); });
  drawRows(body, count);
  return el("section", "list", null,
    el("div", "row tools", null, find, button(t("account_add"), "action", () => { shown = "new"; draw(); })),
    count,
    el("div", "table-box", null, el("table", null, null, el("thead", null, null, head), body)));
}

/** Read all accounts again and draw; the panel of the one that is open shows `news`. */
async function again(account, news) {
  accounts = (await get("/api/v1/accounts", lang)).accounts;
  shown = account;
  draw(news);
}

function once(answer) {
  const key = answer.account.kind === "person" ? "secret_password" : "secret_token";
  return secretBox(t(key), answer.secret, t(key + "_about"));
}

function panelHead(text) {
  const close = button("×", "panel-shut", () => { shown = ""; draw(); });
  close.setAttribute("aria-label", t("close"));
  const heading = el("h2", null, text);
  heading.tabIndex = -1;
  return el("header", null, null, heading, close);
}

function newAccount() {
  const form = el("form", "fields");
  const said = message();
  const kind = choice(t("kind"), KINDS.map((k) => [k, t("kind_" + k)]), "person", { hint: t("kind_about_person") });
  kind.input.addEventListener("change", () => { kind.querySelector(".hint").textContent = t("kind_about_" + kind.input.value); });
  const name = field(t("account_name"), { name: "name", max: 200, complete: "off", hint: t("account_name_hint") });
  const title = field(t("account_title"), { name: "title", max: 200, complete: "off", hint: t("account_title_hint") });
  const grants = grantsEditor([{ role: "dispatcher" }], lang);
  form.append(kind, name, title, grants.box, said.box, button(t("account_add"), "action", null, "submit"));
  onSubmit(form, said, async () => {
    const body = { kind: kind.input.value, name: name.input.value.trim(), title: title.input.value.trim(), grants: grants.read() };
    const answer = await send("POST", "/api/v1/accounts", body, lang);
    await again(answer.account.account, once(answer));
  });
  return el("aside", "detail", null, panelHead(t("account_new")), form);
}

function detail(account, news) {
  const said = message();
  const form = el("form", "fields");
  const own = session.account && session.account.account === account.account;
  const path = "/api/v1/accounts/" + encodeURIComponent(account.account);
  const title = field(t("account_title"), { name: "title", max: 200, complete: "off", value: account.title });
  const grants = grantsEditor(account.grants, lang);
  const person = account.kind === "person";
  const identity = person && session.sso !== null
    && field(t("identity"), { name: "identity", max: 255, complete: "off", mono: true, value: account.subject || "", hint: t("identity_hint") });
  form.append(title, grants.box, ...(identity ? [identity] : []), said.box, button(t("save"), "action", null, "submit"));
  onSubmit(form, said, async () => {
    await send("PUT", path, { title: title.input.value.trim(), grants: grants.read() }, lang);
    const subject = identity ? identity.input.value.trim() : account.subject || "";
    if (subject !== (account.subject || "")) {
      await send(subject ? "PUT" : "DELETE", path + "/identity", subject ? { subject } : undefined, lang);
    }
    await again(account.account, el("p", "message good-message", t("saved")));
  });
  const act = (text, className, ask) => button(text, className, async (event) => {
    event.target.disabled = true;
    try {
      await ask();
    } catch (problem) {
      event.target.disabled = false;
      said.tell(problem);
      said.box.scrollIntoView({ block: "nearest" });
    }
  });
  const steps = el("div", "row steps", null,
    !account.disabled_at && act(t(person ? "password_reset" : "token_renew"), "quiet", async () => {
      const answer = await send("POST", path + "/secret", undefined, lang);
      await again(account.account, once(answer));
    }),
    account.totp && act(t("totp_reset"), "quiet", async () => {
      await send("POST", path + "/totp/remove", undefined, lang);
      await again(account.account, el("p", "message good-message", t("saved")));
    }),
    !own && act(t(account.disabled_at ? "account_enable" : "account_disable"), account.disabled_at ? "quiet" : "quiet danger", async () => {
      await send("PUT", path, { disabled: !account.disabled_at }, lang);
      await again(account.account, el("p", "message good-message", t(account.disabled_at ? "account_now_enabled" : "account_now_disabled")));
    }));
  const facts = el("p", "hint facts", [t("kind_" + account.kind), stateOf(account),
    account.created_at && t("account_since", { time: time(account.created_at) }),
    person && t(account.totp ? "account_totp" : "account_no_totp"), account.subject && t("identity_linked")].filter(Boolean).join(" · "));
  return el("aside", "detail", null, panelHead(titleOf(account)), account.title && el("p", "mono soft", account.name), facts, news,
    form, el("h3", null, t("account_steps")), el("p", "hint", t(person ? "steps_about_person" : "steps_about_token")), steps);
}

function draw(news) {
  const account = accounts.find((a) => a.account === shown);
  const panel = shown === "new" ? newAccount() : account ? detail(account, news) : null;
  main.replaceChildren(el("h1", null, t("accounts")), el("p", "about", t("accounts_about")), el("div", panel ? "split open" : "split", null, list(), panel));
  if (panel) {
    main.scrollTop = 0;
    panel.querySelector("h2").focus({ preventScroll: true });
  }
}

start("accounts", async (chosen, who) => {
  lang = chosen;
  session = who;
  if (!who.permissions.includes("accounts.manage")) {
    main.replaceChildren(el("h1", null, t("accounts")), el("p", "message wrong-message", t("accounts_not_allowed")));
    return;
  }
  setZone((await get("/api/v1/overview", lang)).time_zone);
  await loadSets(lang);
  accounts = (await get("/api/v1/accounts", lang)).accounts;
  draw();
  // the names of areas come a moment later: they are many
  if (await nameAreas(accounts.flatMap((account) => account.grants), lang) && !shown) { draw(); }
});
