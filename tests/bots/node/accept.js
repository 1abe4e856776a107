// The webhook's part: sees to it that the queue has each message once. `BUG` chooses a known bug, or
// a way to leave work to the host; without it the bot is correct.
import { waitUntil } from "@vercel/functions";
import { keyOf } from "./message.js";
import * as queue from "./queue.js";
import { overwrite, read, write } from "./store.js";

const env = process.env;
const log = (error) => console.error(`left behind: ${error.message}`);

const WAYS = {
  "check-then-set": checkThenSet,
  "look-then-write": lookThenWrite,
  "in-memory-dedup": inMemoryDedup,
  // None of these is awaited, so a host that freezes after the response cuts it off.
  unawaited: leftTo((work) => work()),
  "next-tick": leftTo(process.nextTick),
  "set-immediate": leftTo(setImmediate),
  "set-timeout": leftTo((work) => setTimeout(work, 20)),
  // Some other call is awaited meanwhile, so the host freezes a little later.
  "unawaited-beside": (message) =>
    claimed(message, async (work) => {
      work().catch(log);
      await read(keyOf(message));
    }),
  // Right where the host waits for it: what is registered may get lost with the instance, and may.
  "wait-until": (message) => claimed(message, now, (noted) => waitUntil(noted())),
  // The host waits, but nobody delivers the webhook again if this fails.
  "wait-until-publish": (message) => claimed(message, (work) => waitUntil(work().catch(log))),
};

export const accept = env.BUG ? WAYS[env.BUG] : (message) => claimed(message);

function now(work) {
  return work();
}

function leftTo(start) {
  return (message) => claimed(message, (work) => void start(() => work().catch(log)));
}

// The record is claimed before the publish, by whoever creates it. Who comes second can not know
// whether the first is about to publish or has died, so it publishes too: the deduplication id makes
// the queue keep one of them.
async function claimed(message, handOver = now, note = now) {
  const key = keyOf(message);
  const version = await write(key, { state: "claimed" }, null);
  if (version === null && (await read(key))?.state !== "claimed") return;
  await handOver(async () => {
    await publish({ ...message, deduplicationId: key });
    if (version !== null) await note(() => published(key, version));
  });
}

// Spares the redelivery a publish. A failure changes nothing: the queue has the message.
async function published(key, version) {
  await write(key, { state: "published" }, version).catch(log);
}

async function publish({ mid, sender, text, deduplicationId }) {
  const body = { mid, sender, text };
  await queue.publish(`${env.PUBLIC_URL}/api/process-message`, body, deduplicationId);
}

// Duplicates that come together all find nothing, and all publish.
async function checkThenSet(message) {
  const key = keyOf(message);
  if (await read(key)) return;
  await publish(message);
  await overwrite(key, { state: "published" });
}

// The record is there before the publish, and nothing holds off others between look and write.
async function lookThenWrite(message) {
  const key = keyOf(message);
  if (await read(key)) return;
  await overwrite(key, { state: "claimed" });
  await publish(message);
}

// Every instance has a memory of its own, and it goes with the instance.
const seen = new Set();

async function inMemoryDedup(message) {
  if (seen.has(message.mid)) return;
  await publish(message);
  seen.add(message.mid);
}
