// A bot in plain Node with the queue's own SDK. BUG=unawaited answers before the publish is made.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { Client, Receiver } from "@upstash/qstash";

const env = process.env;
const queue = new Client({ baseUrl: env.QSTASH_URL, token: env.QSTASH_TOKEN, retry: false });
const receiver = new Receiver({
  currentSigningKey: env.QSTASH_CURRENT_SIGNING_KEY,
  nextSigningKey: env.QSTASH_NEXT_SIGNING_KEY,
});
const consumer = `${env.PUBLIC_URL}/api/process-message`;
const root = `projects/${env.FIRESTORE_PROJECT}/databases/(default)/documents`;

async function store(method, path, body) {
  return await fetch(`${env.FIRESTORE_URL}/${root}${path}`, {
    method,
    headers: { authorization: `Bearer ${env.FIRESTORE_TOKEN}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(3000),
  });
}

async function read(mid) {
  const answer = await store("GET", `/processedMessages/${encodeURIComponent(mid)}`);
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`store: ${answer.status}`);
  return await answer.json();
}

// Stores a record if it is still as it was read; whether it was.
async function write(mid, fields, before) {
  const answer = await store("POST", ":commit", {
    writes: [
      {
        update: { name: `${root}/processedMessages/${mid}`, fields },
        currentDocument: before ? { updateTime: before.updateTime } : { exists: false },
      },
    ],
  });
  if (answer.status === 400 || answer.status === 409) return false;
  if (!answer.ok) throw new Error(`store: ${answer.status}`);
  return true;
}

// The publish carries a deduplication id, and the record is written after it: both may be repeated.
async function accept(sender, mid, text) {
  if (await read(mid)) return;
  await queue.publishJSON({ url: consumer, body: { sender, mid, text }, deduplicationId: mid, retries: 3 });
  await write(mid, { state: { stringValue: "published" } }, null);
}

async function webhook(body, headers) {
  const wanted = `sha256=${createHmac("sha256", env.FB_APP_SECRET).update(body).digest("hex")}`;
  const given = headers["x-hub-signature-256"] ?? "";
  if (given.length !== wanted.length || !timingSafeEqual(Buffer.from(given), Buffer.from(wanted))) {
    return [403, "wrong signature"];
  }
  for (const entry of JSON.parse(body).entry ?? []) {
    for (const { sender, message } of entry.messaging ?? []) {
      if (!message?.text || message.is_echo) continue;
      const accepted = accept(sender.id, message.mid, message.text);
      if (env.BUG === "unawaited") accepted.catch(() => {});
      else await accepted;
    }
  }
  return [200, "EVENT_RECEIVED"];
}

// One delivery answers; the same attempt again, or another queue message, comes back later.
async function answer(body, headers) {
  const signature = headers["upstash-signature"] ?? "";
  try {
    await receiver.verify({ signature, body, url: consumer });
  } catch {
    return [401, "wrong signature"];
  }
  const { sender, mid, text } = JSON.parse(body);
  const owner = `${headers["upstash-message-id"]}/`;
  const attempt = Number(headers["upstash-retried"] ?? 0);
  const before = await read(mid);
  const state = before?.fields.state.stringValue;
  if (state === "answered") return [200, "already answered"];
  if (state === "answering") {
    const [other, number] = before.fields.owner.stringValue.split("/");
    if (`${other}/` !== owner || Number(number) >= attempt) return [503, "busy"];
  }
  const mine = { state: { stringValue: "answering" }, owner: { stringValue: owner + attempt } };
  if (!(await write(mid, mine, before))) return [503, "busy"];
  const sent = await fetch(`${env.GRAPH_URL}/me/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${env.FB_PAGE_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ messaging_type: "RESPONSE", recipient: { id: sender }, message: { text: `You said: ${text}` } }),
    signal: AbortSignal.timeout(8000),
  });
  if (!sent.ok) return [503, "try again"];
  await write(mid, { state: { stringValue: "answered" } }, await read(mid));
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
    console.error(error);
    return [503, "try again"];
  });
  response.writeHead(status, { "content-type": "text/plain" }).end(text);
}).listen(Number(env.PORT), "127.0.0.1");
