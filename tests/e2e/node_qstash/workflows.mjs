// Workflows on a plain HTTP server, by the vendor's SDK as it is; what they did is at /notes.
import { createServer } from "node:http";
import { Client, WorkflowNonRetryableError, serve } from "@upstash/workflow";

const client = new Client({ token: process.env.QSTASH_TOKEN, baseUrl: process.env.QSTASH_URL });
const notes = [];
const note = (...what) => notes.push(what) && what.at(-1);
let base = "";

async function order(context) {
  const first = await context.run("first", () => note("first", context.requestPayload.name));
  await context.sleep("an hour", "1h");
  await context.sleepUntil("a day", Math.floor(Date.now() / 1000) + 86_400);
  const body = { name: first };
  const called = await context.call("call", { url: `${base}/shout`, method: "POST", body });
  const refused = await context.call("refused", { url: `${base}/refuse`, retries: 1 });
  const both = await Promise.all([
    context.run("left", () => note("left", 1)),
    context.sleep("right", 600),
    context.run("middle", () => note("middle", 2)),
  ]);
  const woken = await context.waitForEvent("paid", "paid-7", { timeout: "10h" });
  const never = await context.waitForEvent("never", "never-comes", { timeout: "3h" });
  const child = { workflowId: "child", routeFunction: async () => {}, options: {} };
  const invoked = await context.invoke("child", { workflow: child, body: { three: 3 } });
  const answers = { called: [called.status, called.body], refused: refused.status, both };
  note("order", { ...answers, woken, never, invoked, mark: context.headers.get("x-mark") });
  return "shipped";
}

async function pay(context) {
  await context.sleep("until it is waited for", "26h");
  const { notifyResponse } = await context.notify("pay", "paid-7", { amount: 12 });
  note("pay", notifyResponse.length);
}

async function hooked(context) {
  const webhook = await context.createWebhook("make");
  await context.run("say", () => note("webhook", webhook.webhookUrl));
  const { request, timeout } = await context.waitForWebhook("wait", webhook, "1h");
  note("hooked", request.method, await request.json(), timeout);
}

async function child(context) {
  return await context.run("double", () => 2 * context.requestPayload.three);
}

async function fails(context) {
  await context.run("break", () => {
    note("try");
    throw context.requestPayload.final
      ? new WorkflowNonRetryableError("for good")
      : new Error("for now");
  });
}

async function rest(context) {
  await context.run("only", () => note("rest", context.requestPayload, context.headers.get("x-mark")));
}

async function long(context) {
  await context.sleep("long", "5d");
  await context.run("never", () => note("woke up"));
}

const failureFunction = ({ context, failStatus, failResponse }) => {
  note("failed", failStatus, failResponse, context.requestPayload);
  return "told";
};
const flows = {};
for (const flow of [order, pay, hooked, child, fails, long, rest]) {
  flows[`/${flow.name}`] = serve(flow, { disableTelemetry: true, failureFunction }).handler;
}

const answers = {
  "/notes": () => notes,
  "/shout": (body) => ({ loud: JSON.parse(body).name.toUpperCase() }),
  "/trigger": async (body) => {
    const { flow, ...asked } = JSON.parse(body);
    return await client.trigger({ url: `${base}/${flow}`, ...asked });
  },
  "/cancel": async (body) => await client.cancel(JSON.parse(body).id),
  "/waiters": async (body) => await client.getWaiters({ eventId: JSON.parse(body).event }),
  "/logs": async (body) => await client.logs({ filter: JSON.parse(body) }),
};

async function respond(path, request) {
  if (flows[path]) return await flows[path](request);
  if (path === "/refuse") return new Response("no", { status: 503 });
  return Response.json(await answers[path](await request.text()));
}

const server = createServer(async (incoming, outgoing) => {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const { method, headers, url } = incoming;
  const request = new Request(base + url, { method, headers, body: body.length ? body : undefined });
  const response = await respond(url, request).catch((error) => new Response(error.stack, { status: 500 }));
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(Buffer.from(await response.arrayBuffer()));
});
server.listen(Number(process.env.PORT), "127.0.0.1", () => {
  base = `http://127.0.0.1:${server.address().port}`;
  console.log(base);
});
