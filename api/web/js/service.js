// The one way to ask the service. Its errors are problem documents: their detail says what to do.

export class Problem extends Error {
  constructor(status, detail) {
    super(detail || String(status));
    this.status = status;
    this.detail = detail;
  }
}

/** Get JSON, or throw a Problem. Status 0: nobody answered. */
export async function get(url, lang) {
  const headers = { Accept: "application/json" };
  if (lang) { headers["Accept-Language"] = lang; }
  let reply;
  try {
    reply = await fetch(url, { headers });
  } catch (error) {
    throw new Problem(0, "");
  }
  let body = null;
  try { body = await reply.json(); } catch (error) { body = null; }
  if (!reply.ok || body === null) { throw new Problem(reply.status, body && body.detail); }
  return body;
}
