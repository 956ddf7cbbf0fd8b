// The first administrator: the code that the service printed at its first start, a name, a password.
import { send } from "../service.js";
import { el, t } from "../texts.js";
import { button, field, message, onSubmit, start } from "./parts.js";

let kept = {};

function draw(lang, session) {
  document.getElementById("title").textContent = t("set_up");
  const form = document.getElementById("form");
  if (session.access === "open" || !session.set_up_needed) {
    document.getElementById("about").textContent = t("set_up_done");
    const on = el("a", "action wide", t("go_on"));
    on.href = "/?lang=" + lang;
    form.replaceChildren(on);
    return;
  }
  document.getElementById("about").textContent = t("set_up_about");
  const said = message();
  const code = field(t("set_up_code"), { name: "code", mono: true, value: kept.code, complete: "off", hint: t("set_up_code_hint") });
  const name = field(t("account_name"), { name: "name", complete: "username", value: kept.name, max: 200, hint: t("account_name_hint") });
  const title = field(t("account_title"), { name: "title", complete: "name", value: kept.title, max: 200 });
  const password = field(t("password_new"), { name: "password", type: "password", complete: "new-password", value: kept.password, hint: t("password_hint") });
  const again = field(t("password_again"), { name: "again", type: "password", complete: "new-password", value: kept.again });
  form.oninput = () => {
    kept = Object.fromEntries([["code", code], ["name", name], ["title", title], ["password", password], ["again", again]].map(([key, f]) => [key, f.input.value]));
  };
  form.replaceChildren(code, name, title, password, again, said.box, button(t("set_up_do"), "action wide", null, "submit"));
  (kept.code ? name : code).input.focus();
  onSubmit(form, said, async () => {
    if (password.input.value !== again.input.value) { said.say(t("password_differs")); again.input.focus(); return; }
    await send("POST", "/api/v1/set-up", {
      code: code.input.value.trim(), name: name.input.value.trim(), title: title.input.value.trim(), password: password.input.value,
    }, lang, { stay: true });
    location.replace("/accounts?lang=" + lang);
  });
}

start("set_up", draw);
