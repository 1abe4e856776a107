// A bot that publishes behind its response, in the way that the request names. Nothing else is right
// with it: it knows no signatures and no duplicates.
"use strict";

const http = require("node:http");

const env = process.env;
const memory = [];

function publish(path = "") {
  const url = `${env.QSTASH_URL}/v2/publish/${env.PUBLIC_URL}/api/process-message${path}`;
  return fetch(url, { method: "POST", body: "{}", headers: { authorization: `Bearer ${env.QSTASH_TOKEN}` } });
}

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

// As @vercel/functions and Next find it.
function waitUntil(work, symbol = "@vercel/request-context") {
  globalThis[Symbol.for(symbol)]?.get?.()?.waitUntil?.(work);
}

async function refuse() {
  await publish();
  throw new TypeError("nothing came of it");
}

const WAYS = {
  "awaited": async () => void (await publish()),
  "forgotten": async () => void publish(),
  "wait until": async () => waitUntil(publish()),
  "after": async () => waitUntil(publish(), "@next/request-context"),
  "two in a row": async () => waitUntil(publish().then(() => publish("?second"))),
  "after a pause": async () => waitUntil(pause(30).then(() => publish())),
  "one of two": async () => (waitUntil(publish()), void pause(5).then(() => publish("?forgotten"))),
  "rejected": async () => waitUntil(refuse()),
  "never done": async () => waitUntil(pause(3_600_000)),
  "hanging": async () => await pause(3_600_000),
};

const server = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const way = WAYS[Buffer.concat(chunks).toString()];
  if (way) memory.push(way.name);
  await way?.();
  response.setHeader("x-memory", memory.length);
  response.setHeader("x-context", String(Symbol.for("@vercel/request-context") in globalThis));
  response.end("ok");
});
server.listen(Number(env.PORT), "127.0.0.1");
