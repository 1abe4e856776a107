// Every call of the vendor's SDK, as it is, against the served queue; prints what came of each.
import { createServer } from "node:http";
import { Client, Receiver } from "@upstash/qstash";

const env = process.env;
const client = new Client({ baseUrl: env.QSTASH_URL, token: env.QSTASH_TOKEN });
const limited = new Client({ baseUrl: env.LIMITED_URL, token: env.QSTASH_TOKEN });
const receiver = new Receiver({
  currentSigningKey: env.QSTASH_CURRENT_SIGNING_KEY,
  nextSigningKey: env.QSTASH_NEXT_SIGNING_KEY,
});

const deliveries = [];
const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  const signature = request.headers["upstash-signature"];
  const url = base + request.url;
  const valid = await receiver.verify({ signature, body, url }).catch((error) => error.constructor.name);
  const { method, headers } = request;
  deliveries.push({ url, path: request.url, method, body, signature, valid, id: headers["upstash-message-id"], mark: headers["x-mark"] });
  response.writeHead(request.url.startsWith("/broken") ? 500 : 200).end("seen");
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${server.address().port}`;
const url = `${base}/job`;
const broken = `${base}/broken`;

// Everything that is due happens, however far ahead.
async function rest() {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ skip: true, still_s: 0, within_s: 60 });
  const rested = await fetch(`${env.THRICE_CONTROL_URL}/v1/wait`, { method: "POST", headers, body });
  if (!(await rested.json()).quiet) throw new Error("the queue did not come to rest");
}

// What a call is refused with: the class, the status, and what else an error carries.
async function refused(call) {
  try {
    await call();
  } catch (error) {
    const { message, status, limit, remaining, reset } = error;
    return { class: error.constructor.name, message, status, limit, remaining, reset };
  }
  throw new Error("it was not refused");
}

const ids = (published) => published.map(({ messageId }) => messageId);
const bodies = () => deliveries.splice(0).map(({ body }) => body);
const tours = {
  async messages() {
    const far = { url, delay: "1h", retries: 0 };
    const shown = await client.publishJSON({ ...far, body: { a: 1 }, headers: { "X-Mark": "m" }, label: ["l", "k"], timeout: 9, retryDelay: "1000", notBefore: undefined });
    const message = await client.messages.get(shown.messageId);
    const first = await client.publish({ ...far, deduplicationId: "once" });
    const again = await client.publish({ ...far, deduplicationId: "once" });
    const alike = [await client.publish({ ...far, body: "x", contentBasedDeduplication: true }), await client.publish({ ...far, body: "x", contentBasedDeduplication: true })];
    const others = [];
    for (let number = 0; number < 8; number++) others.push((await client.publish({ ...far, label: `n${number % 2}` })).messageId);
    const one = await client.messages.cancel(others[0]);
    const many = await client.messages.cancel(others.slice(0, 2));
    const filtered = await client.messages.cancel({ filter: { label: "n1" } });
    await client.messages.delete(others[2]);
    const more = await client.messages.deleteMany([others[4]]);
    const gone = await refused(() => client.messages.get("msg_unknown"));
    const all = await client.messages.cancel({ all: true });
    await client.publishJSON({ url, body: { b: 2 }, method: "PUT", headers: { "X-Mark": "m" } });
    await rest();
    return { message, again: [again.deduplicated, again.messageId === first.messageId], alike: alike[1].deduplicated, one, many, filtered, more, gone, all, delivered: deliveries.splice(0).map(({ method, body, mark, valid }) => ({ method, body, mark, valid })) };
  },
  async callbacks() {
    await client.publish({ url: broken, body: "source", retries: 0, callback: `${base}/told`, failureCallback: `${base}/failed` });
    await rest();
    await client.dlq.delete({ all: true });
    return deliveries.splice(0).map(({ path, body, valid }) => [path, valid, path === "/broken" ? body : JSON.parse(body).status]);
  },
  async batches() {
    await client.urlGroups.addEndpoints({ name: "node-batch", endpoints: [{ url: `${base}/one` }, { url: `${base}/two` }] });
    const answers = await client.batch([{ url, body: "a" }, { urlGroup: "node-batch", body: "b" }, { url, body: "c", queueName: "node-batch" }]);
    const json = await client.batchJSON([{ url, body: { d: 4 } }]);
    await rest();
    await client.urlGroups.delete("node-batch");
    return { shape: answers.map((answer) => Array.isArray(answer) ? answer.length : 1), json: json.length, bodies: bodies().sort() };
  },
  async queues() {
    const queue = client.queue({ queueName: "node" });
    await queue.upsert({ parallelism: 2, paused: true });
    await queue.enqueue({ url, body: "first" });
    await queue.enqueueJSON({ url, body: { second: 2 } });
    const paused = await queue.get();
    const names = (await queue.list()).map(({ name }) => name);
    await queue.resume();
    await rest();
    await queue.pause();
    const again = await queue.get();
    await queue.delete();
    return { paused, names, again: [again.lag, again.paused], gone: await refused(() => queue.get()), bodies: bodies() };
  },
  async schedules() {
    const { schedules } = client;
    const { scheduleId } = await schedules.create({ destination: url, cron: "CRON_TZ=Europe/Berlin 0 9 * * 1", body: "tick", scheduleId: "node", retries: 2, delay: 30, timeout: 20, queueName: "node-s", label: "l", callback: `${base}/told` });
    const shown = await schedules.get(scheduleId);
    const listed = (await schedules.list()).length;
    await schedules.pause({ schedule: scheduleId });
    const paused = (await schedules.get(scheduleId)).isPaused;
    await schedules.resume({ schedule: scheduleId });
    const resumed = (await schedules.get(scheduleId)).isPaused;
    const bad = await refused(() => schedules.create({ destination: url, cron: "never" }));
    await schedules.delete(scheduleId);
    return { scheduleId, shown, listed, paused, resumed, bad, gone: await refused(() => schedules.get(scheduleId)) };
  },
  async groups() {
    const { urlGroups } = client;
    await urlGroups.addEndpoints({ name: "node", endpoints: [{ url: `${base}/one`, name: "first" }, { url: `${base}/two` }] });
    const { endpoints } = await urlGroups.get("node");
    const names = (await urlGroups.list()).map(({ name }) => name);
    const published = await client.publish({ urlGroup: "node", body: "group" });
    await rest();
    await urlGroups.removeEndpoints({ name: "node", endpoints: [{ name: "first" }] });
    const left = (await urlGroups.get("node")).endpoints.length;
    await urlGroups.delete("node");
    return { endpoints: endpoints.map(({ name, url: to }) => [name, to.slice(base.length)]), names, urls: published.map(({ url: to }) => to.slice(base.length)), paths: deliveries.splice(0).map(({ path }) => path), left, gone: await refused(() => urlGroups.get("node")) };
  },
  async dead() {
    const { dlq } = client;
    const sent = [];
    for (const label of ["a", "b", "c", "d"]) sent.push(await client.publish({ url: broken, body: label, retries: 0, label }));
    await rest();
    deliveries.length = 0;
    const page = await dlq.listMessages({ count: 3, filter: { responseStatus: 500 } });
    const { messages, cursor } = await dlq.listMessages({ cursor: page.cursor });
    const byLabel = await dlq.listMessages({ filter: { label: "b" } });
    const one = await dlq.delete(page.messages[0].dlqId);
    const gone = await refused(() => dlq.delete(page.messages[0].dlqId));
    const many = await dlq.deleteMany({ dlqIds: [page.messages[1].dlqId, page.messages[0].dlqId] });
    const { responses } = await dlq.retry(page.messages[2].dlqId);
    await rest();
    const retried = bodies();
    const all = await dlq.delete({ all: true });
    return { pages: [page.messages.length, messages.length, cursor], byLabel: byLabel.messages.map(({ body }) => body), order: ids(page.messages).join() === ids(sent.slice(0, 3)).join(), one, gone, many, retried: [responses.length, retried], all };
  },
  async logs() {
    const { messageId } = await client.publish({ url, body: "logged", label: "log" });
    await rest();
    const { logs } = await client.logs({ filter: { messageId } });
    const { events, logs: same } = await client.events({ filter: { messageId, state: "DELIVERED" } });
    const page = await client.logs({ count: 1, filter: { label: "log" } });
    const next = await client.logs({ count: 5, cursor: page.cursor, filter: { label: "log" } });
    deliveries.length = 0;
    return { states: logs.map(({ state }) => state), events: (events ?? same).length, next: next.logs.length, end: next.cursor };
  },
  async flow() {
    const { flowControl } = client;
    await client.publish({ url, flowControl: { key: "node", parallelism: 3, rate: 4, period: "1m" } });
    await flowControl.pause("node");
    await client.publish({ url, body: "held", flowControl: { key: "node", parallelism: 3, rate: 4, period: "1m" } });
    const paused = await flowControl.get("node");
    await flowControl.resume("node");
    await flowControl.pin("node", { parallelism: 1, rate: 9, period: 30 });
    const pinned = await flowControl.get("node");
    await flowControl.unpin("node", { parallelism: true, rate: true });
    await flowControl.resetRate("node");
    const reset = await flowControl.get("node");
    await rest();
    deliveries.length = 0;
    return { paused: [paused.isPaused, paused.waitListSize], pinned, reset: [reset.isPinnedRate, reset.rateCount], global: await flowControl.getGlobalParallelism() };
  },
  async errors() {
    return {
      scheme: await refused(() => client.publish({ url: "nowhere" })),
      token: await refused(() => new Client({ baseUrl: env.QSTASH_URL, token: "wrong" }).messages.get("msg_1")),
      day: await refused(() => limited.publish({ url })),
      burst: await refused(() => limited.schedules.list()),
    };
  },
  async rotation() {
    // The SDK has no method for the keys.
    const keys = (...more) => client.http.request({ path: ["v2", "keys", ...more], method: more.length ? "POST" : "GET" });
    const before = await keys();
    for (let rotations = 0; rotations < 3; rotations++) {
      if (rotations) await keys("rotate");
      await client.publish({ url, body: `${rotations} rotations`, retries: 0 });
      await rest();
    }
    const after = await keys();
    const seen = deliveries.splice(0).map(({ url: to, body, signature, valid }) => ({ url: to, body, signature, valid }));
    return { known: before.current === env.QSTASH_CURRENT_SIGNING_KEY, rotated: after.current !== before.next, seen };
  },
};

const results = {};
for (const [name, tour] of Object.entries(tours)) {
  results[name] = await tour().catch((error) => ({ failed: String(error.stack) }));
}
console.log(JSON.stringify(results));
server.close();
process.exit(0);
