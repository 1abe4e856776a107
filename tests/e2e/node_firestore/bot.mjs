// A bot that takes each message once by a record in Firestore, by Google's client over gRPC, and then
// has a queue bring it back. BUG=naive reads the record and then writes it, instead of doing both in
// one transaction.
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { Firestore } from "@google-cloud/firestore";

const env = process.env;
const consumer = `${env.PUBLIC_URL}/api/process-message`;
const db = new Firestore({ projectId: env.FIRESTORE_PROJECT });

async function publish(body) {
  const published = await fetch(`${env.QSTASH_URL}/v2/publish/${consumer}`, {
    method: "POST",
    headers: { authorization: `Bearer ${env.QSTASH_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!published.ok) throw new Error(`the queue answered ${published.status}`);
}

async function webhook(body, headers) {
  const wanted = createHmac("sha256", env.FB_APP_SECRET).update(body).digest("hex");
  if (headers["x-hub-signature-256"] !== `sha256=${wanted}`) return [403, "wrong signature"];
  for (const entry of JSON.parse(body).entry) {
    for (const { sender, message } of entry.messaging) {
      if (!message?.text || message.is_echo) continue;
      if (await claim(message.mid)) await publish({ sender: sender.id, text: message.text });
    }
  }
  return [200, "EVENT_RECEIVED"];
}

// Whether this copy is the first to take the message.
async function claim(mid) {
  const record = db.collection("processedMessages").doc(mid);
  if (env.BUG === "naive") {
    if ((await record.get()).exists) return false;
    await record.set({ by: "bot" });
    return true;
  }
  return await db.runTransaction(async (transaction) => {
    if ((await transaction.get(record)).exists) return false;
    transaction.set(record, { by: "bot" });
    return true;
  });
}

async function answer(body) {
  const { sender, text } = JSON.parse(body);
  const sent = await fetch(`${env.GRAPH_URL}/me/messages`, {
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
