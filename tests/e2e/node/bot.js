// A bot of one process in plain Node, with the queue's own SDK. BUG=no-memory takes every copy of a
// webhook for a new message.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { Client, Receiver } from "@upstash/qstash";

const env = process.env;
const queue = new Client({ baseUrl: env.QSTASH_URL, token: env.QSTASH_TOKEN });
const receiver = new Receiver({
  currentSigningKey: env.QSTASH_CURRENT_SIGNING_KEY,
  nextSigningKey: env.QSTASH_NEXT_SIGNING_KEY,
});
const consumer = `${env.PUBLIC_URL}/api/process-message`;

// Messages by what was begun for them. Memory is enough where there is one process that nobody ends.
const published = new Map();
const answered = new Map();

// Does a thing once, however often and at whatever moment it is asked for; again if it failed.
function once(begun, mid, work) {
  if (env.BUG === "no-memory") return work();
  if (!begun.has(mid)) {
    const result = work();
    begun.set(mid, result);
    result.catch(() => begun.delete(mid));
  }
  return begun.get(mid);
}

async function webhook(body, headers) {
  const wanted = `sha256=${createHmac("sha256", env.FB_APP_SECRET).update(body).digest("hex")}`;
  const given = headers["x-hub-signature-256"] ?? "";
  if (given.length !== wanted.length || !timingSafeEqual(Buffer.from(given), Buffer.from(wanted))) {
    return [403, "wrong signature"];
  }
  for (const { messaging = [] } of JSON.parse(body).entry ?? []) {
    for (const { sender, message } of messaging) {
      if (!message?.text || message.is_echo) continue;
      const job = { sender: sender.id, mid: message.mid, text: message.text };
      await once(published, message.mid, () => queue.publishJSON({ url: consumer, body: job }));
    }
  }
  return [200, "EVENT_RECEIVED"];
}

async function consume(body, headers) {
  const signature = headers["upstash-signature"] ?? "";
  const valid = await receiver.verify({ signature, body, url: consumer }).catch(() => false);
  if (!valid) return [401, "wrong signature"];
  const { sender, mid, text } = JSON.parse(body);
  await once(answered, mid, async () => {
    const sent = await fetch(`${env.GRAPH_URL}/me/messages`, {
      method: "POST",
      headers: { authorization: `Bearer ${env.FB_PAGE_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ recipient: { id: sender }, message: { text: `You said: ${text}` } }),
      signal: AbortSignal.timeout(8000),
    });
    if (!sent.ok) throw new Error(`the platform answered ${sent.status}`);
  });
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
  if (url.pathname === "/api/process-message") return await consume(body, request.headers);
  return [404, "nothing here"];
}

createServer(async (request, response) => {
  const [status, text] = await handle(request).catch((error) => [503, String(error)]);
  response.writeHead(status, { "content-type": "text/plain" }).end(text);
}).listen(Number(env.PORT), "127.0.0.1");
