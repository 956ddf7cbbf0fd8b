// One's own account: who one is and what one may do where, the password, the authenticator.
import { send } from "../service.js";
import { el, t } from "../texts.js";
import { areaText, daysText } from "./grants.js";
import { button, field, message, onSubmit, secretBox, start } from "./parts.js";
import { drawQr } from "./qr.js";

const main = document.getElementById("main");

function rights(account) {
  const box = el("section", "card", null, el("h2", null, t("account_rights")));
  if (!account.grants.length) {
    box.append(el("p", "about", t("account_no_rights")));
    return box;
  }
  const list = el("ul", "grants");
  account.grants.forEach((grant) => {
    const days = daysText(grant);
    list.append(el("li", null, null, el("b", null, t("role_" + grant.role)), el("span", null, areaText(grant)), days && el("small", null, days)));
  });
  box.append(list, el("p", "hint", t("account_rights_hint")));
  return box;
}

function password(account, lang) {
  const form = el("form", "fields");
  const said = message();
  const name = field(t("account_name"), { name: "username", complete: "username", value: account.name });
  name.hidden = true; // for the browser's store of passwords
  const current = field(t("password_current"), { name: "current", type: "password", complete: "current-password" });
  const next = field(t("password_new"), { name: "new", type: "password", complete: "new-password", hint: t("password_hint") });
  const again = field(t("password_again"), { name: "again", type: "password", complete: "new-password" });
  const code = field(t("code"), { name: "code", mode: "numeric", complete: "one-time-code", max: 12, mono: true, hint: t("code_hint") });
  code.hidden = !account.totp;
  form.append(name, current, next, again, code, said.box, button(t("password_change"), "action", null, "submit"));
  onSubmit(form, said, async () => {
    if (next.input.value !== again.input.value) { said.say(t("password_differs")); again.input.focus(); return; }
    await send("POST", "/api/v1/session/password", {
      current: current.input.value, new: next.input.value, ...(code.hidden ? {} : { code: code.input.value.replace(/\s/g, "") }),
    }, lang, { stay: true });
    [current, next, again, code].forEach((f) => { f.input.value = ""; });
    said.done(t("password_changed"));
  });
  return el("section", "card", null, el("h2", null, t("password")), form);
}

function totp(account, lang) {
  const box = el("section", "card", null, el("h2", null, t("totp")));
  const body = el("div");
  box.append(body);
  const off = () => {
    const said = message();
    const begin = button(t("totp_begin"), "action", async () => {
      begin.disabled = true;
      try {
        setting(await send("POST", "/api/v1/session/totp", undefined, lang));
      } catch (problem) {
        begin.disabled = false;
        said.tell(problem);
      }
    });
    body.replaceChildren(el("p", "about", t("totp_off")), said.box, begin);
  };
  const setting = ({ secret, uri }) => {
    const form = el("form", "fields");
    const said = message();
    const code = field(t("code"), { name: "code", mode: "numeric", complete: "one-time-code", max: 12, mono: true, hint: t("totp_code_hint") });
    form.append(code, said.box, el("div", "row", null, button(t("totp_confirm"), "action", null, "submit"), button(t("cancel"), "quiet", off)));
    onSubmit(form, said, async () => {
      await send("PUT", "/api/v1/session/totp", { code: code.input.value.replace(/\s/g, "") }, lang, { stay: true });
      account.totp = true;
      on(t("totp_now_on"));
    });
    const picture = drawQr(uri, t("totp_qr"));
    body.replaceChildren(el("p", "about", t("totp_scan")), el("div", "qr-row", null, picture,
      secretBox(t("totp_secret"), secret, t("totp_secret_hint"))), form);
    code.input.focus();
  };
  const on = (news) => {
    const form = el("form", "fields");
    const said = message();
    const code = field(t("code"), { name: "code", mode: "numeric", complete: "one-time-code", max: 12, mono: true, hint: t("totp_code_hint") });
    form.append(code, said.box, button(t("totp_remove"), "quiet danger", null, "submit"));
    onSubmit(form, said, async () => {
      await send("POST", "/api/v1/session/totp/remove", { code: code.input.value.replace(/\s/g, "") }, lang, { stay: true });
      account.totp = false;
      off();
    });
    body.replaceChildren(el("p", news ? "message good-message" : "about", news || t("totp_on")), form);
  };
  if (account.totp) { on(); } else { off(); }
  return box;
}

start("account", (lang, session) => {
  const { account } = session;
  const heading = el("h1", null, t("account"));
  if (!account) {
    main.replaceChildren(heading, el("p", "about", t("open_access")));
    return;
  }
  const who = el("section", "card who-card", null,
    el("span", "initial large", [...(account.title || account.name)][0]),
    el("div", null, null, el("h2", null, account.title || account.name), el("p", "about", t("account_signed_in_as", { name: account.name }))));
  main.replaceChildren(heading, el("div", "cards", null, who,
    el("div", "stack", null, rights(account), totp(account, lang)), password(account, lang)));
});
