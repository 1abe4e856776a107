// Three people at once; the minutes that they take are skipped. Run by `node --test`.
import assert from "node:assert/strict";
import test from "node:test";

async function thrice(path, body = {}) {
  const headers = { "content-type": "application/json" };
  const request = { method: "POST", headers, body: JSON.stringify(body) };
  return await (await fetch(process.env.THRICE_CONTROL_URL + path, request)).json();
}

test("whoever writes is answered, and nothing else is", async () => {
  await thrice("/v1/reset");
  const users = [
    {
      name: "ada",
      script: ["says: hello", { waits: 120 }, "edits: hello there", "reacts: love", "reads"],
    },
    { name: "fan", count: 2, script: [{ happens: "quick_reply", text: "Blue" }, "says: bye"] },
  ];
  await thrice("/v1/conversations", { users });
  const rest = await thrice("/v1/wait", { skip: true });
  assert.equal(rest.quiet, true);
  const verdict = await thrice("/v1/expect", { publishes: 1, replies: 1 });
  assert.equal(verdict.error, undefined);
  assert.equal(verdict.observed, "5 messages, 5 publishes, 5 replies");
});
