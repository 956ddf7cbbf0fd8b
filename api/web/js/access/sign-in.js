// Signing in: name and password, then the authenticator's code where the account has one; or at the identity service
// of the city, where one is configured. From there the reader comes back with a code in the address.
import { Problem, send } from "../service.js";
import { el, t } from "../texts.js";
import { button, field, message, nextAddress, onSubmit, start } from "./parts.js";

let kept = { name: "", password: "", code: "" };
let wantsCode = false;
let wrong = null; // what was said when the reader came back and was not let in

const RETURN = "/sign-in/return";
const NEXT = "gridmap.next"; // of this tab, while the reader is away

const given = location.pathname === RETURN ? new URLSearchParams(location.search) : null;
if (given) { history.replaceState(null, "", RETURN); } // the code is for us, and for nothing that keeps addresses

const keptNext = () => sessionStorage.getItem(NEXT);

/** Take what the identity service gave, once; true: the reader is in, and on the way. */
async function comeBack(lang) {
  const answer = { code: given.get("code") || "", state: given.get("state") || "", ...(given.has("iss") ? { iss: given.get("iss") } : {}) };
  const cancelled = given.has("error");
  for (const name of [...given.keys()]) { given.delete(name); }
  if (cancelled || !answer.code) { wrong = { detail: t("sso_cancelled") }; return false; }
  try {
    await send("PUT", "/api/v1/session/oidc", answer, lang, { stay: true });
  } catch (problem) {
    if (!(problem instanceof Problem)) { throw problem; }
    wrong = problem;
    return false;
  }
  const next = nextAddress(keptNext());
  sessionStorage.removeItem(NEXT);
  location.replace(next);
  return true;
}

/** The way to the identity service, above name and password: most people of the city have that one. */
function elsewhere(lang, title, said) {
  const go = button(title ? t("sso_named", { title }) : t("sso"), "action wide", async () => {
    go.disabled = true;
    said.clear();
    try {
      const begun = await send("POST", "/api/v1/session/oidc", undefined, lang, { stay: true });
      sessionStorage.setItem(NEXT, location.pathname === RETURN ? keptNext() || "/" : nextAddress());
      location.assign(begun.address);
    } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
      go.disabled = false;
      said.tell(problem);
    }
  });
  return [go, el("p", "or", t("sso_or"))];
}

async function draw(lang, session) {
  if (given && given.has("state") && await comeBack(lang)) { return; }
  if (session.access === "open" || session.account) { location.replace(nextAddress(given ? keptNext() : undefined)); return; }
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
  const away = session.sso === null ? [] : elsewhere(lang, session.sso, said);
  form.replaceChildren(...away, name, password, code, said.box,
    button(t("sign_in"), away.length ? "quiet wide" : "action wide", null, "submit"));
  if (wrong) { said.tell(wrong); }
  form.append(el("p", "hint", t("sign_in_help")));
  if (away.length) { away[0].focus(); } else { (kept.name ? password : name).input.focus(); }
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
    location.replace(nextAddress(given ? keptNext() : undefined));
  });
}

start("sign_in", draw);
