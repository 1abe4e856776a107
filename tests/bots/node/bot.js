// A bot in plain Node with the SDK of its queue: its routes, and the server.
import { createServer } from "node:http";
import { accept } from "./accept.js";
import { answer } from "./answer.js";
import { isSigned, messageOf, messagesIn } from "./message.js";
import { attemptOf, isGenuine, unusable } from "./queue.js";

const env = process.env;

function handshake(query) {
  const right = query.get("hub.mode") === "subscribe" && query.get("hub.verify_token") === env.FB_VERIFY_TOKEN;
  return right ? [200, query.get("hub.challenge") ?? ""] : [403, "wrong verify token"];
}

async function webhook(body, headers) {
  if (!isSigned(env.FB_APP_SECRET, body, headers["x-hub-signature-256"])) return [403, "wrong signature"];
  await within(4500, acceptAll(messagesIn(body))); // Messenger Platform docs, "Webhooks": 200 within 5 s
  return [200, "EVENT_RECEIVED"];
}

async function acceptAll(messages) {
  for (const message of messages) await accept(message);
}

async function within(limitMs, work) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${limitMs} ms`)), limitMs);
  });
  await Promise.race([work, limit]).finally(() => clearTimeout(timer));
}

async function consumer(body, headers) {
  const url = `${env.PUBLIC_URL}/api/process-message`;
  if (!(await isGenuine(headers, body, url))) return [401, "wrong signature"];
  const message = messageOf(body);
  const { owner, attempt } = attemptOf(headers);
  if (!message || !owner) return unusable;
  const done = await answer(message, owner, attempt);
  return done ? [200, "answered"] : [503, "another delivery of this message is being handled"];
}

async function handle(request) {
  const url = new URL(request.url, "http://bot");
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  // Signatures are checked over the text that is read: bytes that are no UTF-8 match none of them.
  const body = Buffer.concat(chunks).toString();
  switch (`${request.method} ${url.pathname}`) {
    case "GET /api/messenger":
      return handshake(url.searchParams);
    case "POST /api/messenger":
      return await webhook(body, request.headers);
    case "POST /api/process-message":
      return await consumer(body, request.headers);
    default:
      return [404, "nothing here"];
  }
}

const server = createServer(async (request, response) => {
  const [status, text, headers] = await handle(request).catch((error) => {
    // A webhook or a message that failed has to come again.
    console.error(error.message);
    return [503, "try again"];
  });
  response.writeHead(status, { "content-type": "text/plain", ...headers }).end(text);
});
server.listen(Number(env.PORT ?? 3000));
