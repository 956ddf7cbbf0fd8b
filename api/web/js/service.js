// The one way to ask the service. Its errors are problem documents: their detail says what to do.

export class Problem extends Error {
  constructor(status, body) {
    super((body && body.detail) || String(status));
    this.status = status;
    this.detail = (body && body.detail) || "";
    this.code = (body && body.code) || "";
    this.errors = (body && body.errors) || [];
    this.body = body || {};
  }
}

/** Go to the page of signing in; it leads back to where the reader is now. */
export function signIn() {
  location.assign("/sign-in?next=" + encodeURIComponent(location.pathname + location.search) + location.hash);
}

/** Ask, and give JSON or throw a Problem. Status 0: nobody answered. `stay`: a 401 is the caller's to show. */
async function ask(url, options, lang, stay) {
  const headers = { Accept: "application/json", ...options.headers };
  if (lang) { headers["Accept-Language"] = lang; }
  let reply;
  try {
    reply = await fetch(url, { ...options, headers });
  } catch (error) {
    throw new Problem(0, null);
  }
  let body = null;
  try { body = await reply.json(); } catch (error) { body = null; }
  if (reply.status === 401 && !stay) {
    signIn();
    return new Promise(() => {}); // the page is about to go: nothing may flash up meanwhile
  }
  if (!reply.ok || body === null) { throw new Problem(reply.status, body); }
  return body;
}

/** Get JSON, or throw a Problem; `signal`: nobody waits for it any more. */
export const get = (url, lang, signal) => ask(url, signal ? { signal } : {}, lang, false);

/** Send JSON by a method, and give the answer. */
export const send = (method, url, value, lang, { stay = false, headers = {} } = {}) => ask(url, {
  method,
  headers: { ...headers, ...(value === undefined ? {} : { "Content-Type": "application/json" }) },
  ...(value === undefined ? {} : { body: JSON.stringify(value) }),
}, lang, stay);
