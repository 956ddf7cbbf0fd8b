// Signing in: name and password, then the authenticator's code where the account has one.
import { send } from "../service.js";
import { el, t } from "../texts.js";
import { button, field, message, nextAddress, onSubmit, start } from "./parts.js";

let kept = { name: "", password: "", code: "" };
let wantsCode = false;

function draw(lang, session) {
  if (session.access === "open" || session.account) { location.replace(nextAddress()); return; }
  if (session.set_up_needed) { location.replace("/set-up?lang=" + lang); return; }
  document.getElementById("title").textContent = t("sign_in");
  document.getElementById("about").textContent = t("sign_in_about");
  const form = document.getElementById("form");
  const said = message();
  const name = field(t("account_name"), { name: "name", complete: "username", value: kept.name, max: 200 });
  const password = field(t("password"), { name: "password", type: "password", complete: "current-password", value: kept.password });
  const code = field(t("code"), { name: "code", complete: "one-time-code", mode: "numeric", value: kept.code, max: 12, mono: true, hint: t("code_hint") });
  code.hidden = !wantsCode;
  const keep = () => { kept = { name: name.input.value, password: password.input.value, code: code.input.value }; };
  form.oninput = keep;
  form.replaceChildren(name, password, code, said.box, button(t("sign_in"), "action wide", null, "submit"));
  form.append(el("p", "hint", t("sign_in_help")));
  (kept.name ? password : name).input.focus();
  onSubmit(form, said, async () => {
    keep();
    if (!kept.name.trim() || !kept.password) { said.say(t("sign_in_empty")); return; }
    const body = { name: kept.name.trim(), password: kept.password, ...(wantsCode && kept.code ? { code: kept.code.replace(/\s/g, "") } : {}) };
    try {
      await send("POST", "/api/v1/session", body, lang, { stay: true });
    } catch (problem) {
      if (problem.code === "code_needed") {
        wantsCode = true;
        code.hidden = false;
        code.input.focus();
        if (!kept.code) { said.clear(); return; }
      }
      throw problem;
    }
    location.replace(nextAddress());
  });
}

start("sign_in", draw);
