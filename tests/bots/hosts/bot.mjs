// A bot in plain Node, without packages, whose services are at addresses that are written into it.
// BUG=unawaited answers before the publish is made, BUG=telemetry tells another host and the bot
// itself of each message, BUG=http2 asks the store by HTTP/2 as well.
import { createHash, createHmac } from "node:crypto";
import { createServer } from "node:http";
import { connect } from "node:http2";
import { Agent, request as send } from "node:https";

const env = process.env;
const consumer = "https://my-bot.example.com/api/process-message";
const documents = `https://firestore.googleapis.com/v1/projects/${env.FIRESTORE_PROJECT}/databases/(default)/documents`;
const agent = new Agent({ keepAlive: true });

// The store by fetch, the queue by node:https with connections that are kept.
async function store(method, path, fields) {
  return await fetch(`${documents}/processedMessages${path}`, {
    method,
    headers: { authorization: `Bearer ${env.FIRESTORE_TOKEN}`, "content-type": "application/json" },
    body: fields && JSON.stringify({ fields }),
  });
}

function publish(mid, body) {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${env.QSTASH_TOKEN}`,
      "content-type": "application/json",
      "upstash-deduplication-id": createHash("sha256").update(mid).digest("hex"),
    };
    const url = `https://qstash.upstash.io/v2/publish/${consumer}`;
    send(url, { method: "POST", agent, headers }, (answer) => {
      answer.resume().on("end", () => (answer.statusCode < 300 ? resolve() : reject(answer.statusCode)));
    })
      .on("error", reject)
      .end(JSON.stringify(body));
  });
}

function storeByHttp2(mid) {
  return new Promise((resolve, reject) => {
    const session = connect("https://firestore.googleapis.com").on("error", reject);
    session
      .request({
        ":path": `${new URL(documents).pathname}/processedMessages/${encodeURIComponent(mid)}`,
        authorization: `Bearer ${env.FIRESTORE_TOKEN}`,
      })
      .on("response", (head) => resolve(head[":status"]))
      .on("error", reject)
      .on("close", () => session.close())
      .resume()
      .end();
  });
}

async function webhook(body, headers) {
  const wanted = createHmac("sha256", env.FB_APP_SECRET).update(body).digest("hex");
  if (headers["x-hub-signature-256"] !== `sha256=${wanted}`) return [403, "wrong signature"];
  for (const entry of JSON.parse(body).entry) {
    for (const { sender, message } of entry.messaging) {
      if (!message?.text || message.is_echo) continue;
      if (env.BUG === "telemetry") {
        await fetch("https://telemetry.example.net/v1/seen").catch(() => {});
        await fetch("https://my-bot.example.com/api/health");
      }
      if (env.BUG === "http2") await storeByHttp2(message.mid);
      const published = publish(message.mid, { sender: sender.id, mid: message.mid, text: message.text });
      if (env.BUG === "unawaited") published.catch(() => {});
      else await published;
    }
  }
  return [200, "EVENT_RECEIVED"];
}

async function answer(body) {
  const { sender, mid, text } = JSON.parse(body);
  const claim = await store("POST", `?documentId=${encodeURIComponent(mid)}`, { by: { stringValue: "bot" } });
  if (claim.status === 409) return [200, "answered already"];
  const sent = await fetch("https://graph.facebook.com/v23.0/me/messages", {
    method: "POST",
    headers: { authorization: `Bearer ${env.FB_PAGE_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ messaging_type: "RESPONSE", recipient: { id: sender }, message: { text: `You said: ${text}` } }),
  });
  return sent.ok ? [200, "answered"] : [503, "try again"];
}

async function handle(request) {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  if (request.method === "GET") return [200, "ready"];
  return await (request.url === "/api/messenger" ? webhook(body, request.headers) : answer(body));
}

createServer(async (request, response) => {
  const [status, text] = await handle(request).catch((error) => {
    console.error(error);
    return [503, "try again"];
  });
  response.writeHead(status, { "content-type": "text/plain" }).end(text);
}).listen(Number(env.PORT), "127.0.0.1");
