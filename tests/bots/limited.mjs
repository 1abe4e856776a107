// A bot in plain Node, without a package, that keeps two promises which are counted on its clock:
// ten replies to a user in any minute, and PUBLISHES_PER_HOUR publishes in any hour. BUGS breaks them:
// "no-limit", "calendar-minute", "no-breaker"; "forgets" takes a record of eleven minutes ago for
// none.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const env = process.env;
const consumer = `${env.PUBLIC_URL}/api/process-message`;
const root = `projects/${env.FIRESTORE_PROJECT}/databases/(default)/documents`;
const REPLIES = 10;
const MINUTE_MS = 60_000;
// A reply may come a little later after its slot than another one.
const MARGIN_MS = 2_000;
const HOUR_MS = 3_600_000;
const FORGET_MS = 11 * MINUTE_MS - 5_000;
const bugs = new Set(env.BUGS?.split(" "));
const most = Number(env.PUBLISHES_PER_HOUR ?? 200);

class TryAgain extends Error {}

async function call(url, token, body, headers = {}, method = "POST") {
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(3000),
  });
  return { status: answer.status, json: await answer.json().catch(() => null) };
}

// A document: what it holds, as an object, and when it was written last.
async function read(path) {
  const { status, json } = await call(
    `${env.FIRESTORE_URL}/${root}/${path}`, env.FIRESTORE_TOKEN, undefined, {}, "GET",
  );
  if (status === 404) return { path, held: null, version: null };
  if (status !== 200) throw new TryAgain(`store: ${status}`);
  return { path, held: JSON.parse(json.fields.held.stringValue), version: json.updateTime };
}

// Stores documents if they are still as they were read; whether they were.
async function write(...changes) {
  const writes = changes.map(([{ path, version }, held]) => ({
    update: { name: `${root}/${path}`, fields: { held: { stringValue: JSON.stringify(held) } } },
    currentDocument: version ? { updateTime: version } : { exists: false },
  }));
  const { status } = await call(`${env.FIRESTORE_URL}/${root}:commit`, env.FIRESTORE_TOKEN, { writes });
  if (status === 400 || status === 409) return false;
  if (status !== 200) throw new TryAgain(`store: ${status}`);
  return true;
}

// When the next reply to a user may go, given when the latest ones do.
function nextSlot(slots, now) {
  if (bugs.has("no-limit")) return now;
  if (bugs.has("calendar-minute")) {
    const minute = (at) => Math.floor(at / MINUTE_MS);
    const taken = slots.filter((at) => minute(at) >= minute(now));
    if (taken.length < REPLIES) return now;
    return (minute(now) + 1 + Math.floor((taken.length - REPLIES) / REPLIES)) * MINUTE_MS;
  }
  if (slots.length < REPLIES) return now;
  return Math.max(now, slots.at(-REPLIES) + MINUTE_MS + MARGIN_MS);
}

// Claims a message with its place in the user's minute and in the hour; null when it was before.
async function claim(sender, mid) {
  for (let attempt = 0; attempt < 8; attempt++) {
    const [record, user, hour] = await Promise.all([
      read(`processedMessages/${mid}`), read(`users/${sender}`), read("breaker/hour"),
    ]);
    const now = Date.now();
    const known = record.held && !(bugs.has("forgets") && now - record.held.at > FORGET_MS);
    if (known) return record.held.state === "claimed" ? record : null;
    const published = (hour.held ?? []).filter((at) => now - at < HOUR_MS + MARGIN_MS);
    if (published.length >= most && !bugs.has("no-breaker")) throw new TryAgain("breaker is open");
    const slots = user.held ?? [];
    const slot = nextSlot(slots, now);
    const held = { state: "claimed", at: now, slot };
    const kept = [...slots, slot].slice(bugs.has("calendar-minute") ? -100 : -REPLIES);
    if (await write([record, held], [user, kept], [hour, [...published, now]])) {
      return { path: record.path, held };
    }
  }
  throw new TryAgain("too many at once");
}

async function accept(sender, mid, text) {
  const claimed = await claim(sender, mid);
  if (claimed === null) return;
  const wait = Math.max(0, Math.ceil((claimed.held.slot - Date.now()) / 1000));
  const { status } = await call(
    `${env.QSTASH_URL}/v2/publish/${consumer}`, env.QSTASH_TOKEN, { sender, mid, text },
    { "upstash-deduplication-id": `${mid}-${claimed.held.at}`, "upstash-delay": `${wait}s` },
  );
  if (status !== 201 && status !== 200 && status !== 202) throw new TryAgain(`queue: ${status}`);
  const record = await read(claimed.path);
  if (record.held.state === "claimed") await write([record, { ...record.held, state: "published" }]);
}

async function webhook(body, headers) {
  const wanted = `sha256=${createHmac("sha256", env.FB_APP_SECRET).update(body).digest("hex")}`;
  const given = headers["x-hub-signature-256"] ?? "";
  if (given.length !== wanted.length || !timingSafeEqual(Buffer.from(given), Buffer.from(wanted))) {
    return [403, "wrong signature"];
  }
  for (const entry of JSON.parse(body).entry ?? []) {
    for (const { sender, message } of entry.messaging ?? []) {
      if (message?.text && !message.is_echo) await accept(sender.id, message.mid, message.text);
    }
  }
  return [200, "EVENT_RECEIVED"];
}

// Whether the queue has signed this body for this address, and lately by our clock.
function isSigned(token, body) {
  const [head, claims, signature] = token.split(".");
  const signed = [env.QSTASH_CURRENT_SIGNING_KEY, env.QSTASH_NEXT_SIGNING_KEY].some((key) => {
    const wanted = createHmac("sha256", key).update(`${head}.${claims}`).digest("base64url");
    return wanted.length === signature?.length && timingSafeEqual(Buffer.from(wanted), Buffer.from(signature));
  });
  if (!signed) return false;
  const { iss, sub, exp, nbf, body: hash } = JSON.parse(Buffer.from(claims, "base64url"));
  const now = Date.now() / 1000;
  const same = createHash("sha256").update(body).digest("base64url") === hash.replace(/=+$/, "");
  return iss === "Upstash" && sub === consumer && nbf <= now && now < exp && same;
}

async function answer(body, headers) {
  if (!isSigned(headers["upstash-signature"] ?? "", body)) return [401, "wrong signature"];
  const { sender, mid, text } = JSON.parse(body);
  const record = await read(`processedMessages/${mid}`);
  if (record.held?.state === "answered") return [200, "already answered"];
  const { status } = await call(`${env.GRAPH_URL}/me/messages`, env.FB_PAGE_TOKEN, {
    messaging_type: "RESPONSE", recipient: { id: sender }, message: { text: `You said: ${text}` },
  });
  if (status !== 200) return [503, "try again"];
  await write([await read(record.path), { ...record.held, state: "answered" }]);
  return [200, "answered"];
}

async function handle(request) {
  const url = new URL(request.url, "http://bot");
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  if (url.pathname === "/api/messenger" && request.method === "GET") {
    const right = url.searchParams.get("hub.verify_token") === env.FB_VERIFY_TOKEN;
    return right ? [200, url.searchParams.get("hub.challenge") ?? ""] : [403, "wrong verify token"];
  }
  if (url.pathname === "/api/messenger") return await webhook(body, request.headers);
  if (url.pathname === "/api/process-message") return await answer(body, request.headers);
  return [404, "nothing here"];
}

createServer(async (request, response) => {
  const [status, text] = await handle(request).catch((error) => {
    if (!(error instanceof TryAgain)) console.error(error);
    return [503, "try again"];
  });
  response.writeHead(status, { "content-type": "text/plain" }).end(text);
}).listen(Number(env.PORT), "127.0.0.1");
