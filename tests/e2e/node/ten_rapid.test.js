import { expect, test } from "vitest";

async function thrice(path, body = {}) {
  const headers = { "content-type": "application/json" };
  const request = { method: "POST", headers, body: JSON.stringify(body) };
  return await (await fetch(process.env.THRICE_CONTROL_URL + path, request)).json();
}

test("ten rapid messages, delivered three times each, are answered once each", async () => {
  await thrice("/v1/reset");
  const texts = Array.from({ length: 10 }, (_, number) => `message ${number}`);
  await thrice("/v1/messages", { texts, copies: 3 });
  await thrice("/v1/wait", { within_s: 30 });
  expect((await thrice("/v1/expect", { publishes: 1, replies: 1 })).error).toBeUndefined();
}, 60_000);
