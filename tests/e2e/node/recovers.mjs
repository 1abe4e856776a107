// The platform refuses one reply; twelve seconds later the queue tries again. Run by `node --test`.
import assert from "node:assert/strict";
import test from "node:test";

async function thrice(path, body = {}) {
  const headers = { "content-type": "application/json" };
  const request = { method: "POST", headers, body: JSON.stringify(body) };
  return await (await fetch(process.env.THRICE_CONTROL_URL + path, request)).json();
}

test("a reply that the platform refuses is sent again, once", async () => {
  await thrice("/v1/reset");
  await thrice("/v1/faults", { service: "graph", verb: "send", kind: "status", status: 500, calls: 1 });
  await thrice("/v1/messages", { text: "hello" });
  const rest = await thrice("/v1/wait", { skip: true });
  assert.equal(rest.quiet, true);
  assert.ok(rest.skipped_s > 11);
  assert.equal((await thrice("/v1/expect")).error, undefined);
});
