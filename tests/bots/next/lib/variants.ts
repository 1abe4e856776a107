// `BUG` chooses a known bug, or a way to leave work to the host; without it the bot is correct. For
// tests only: a bot of your own imports `accept` from lib/accept.ts.
import { waitUntil } from "@vercel/functions";
import { after } from "next/server";
import * as right from "@/lib/accept";
import { keyOf, type Message } from "@/lib/message";
import { overwrite, read } from "@/lib/store";

type Accept = (message: Message) => Promise<void>;

const log = (error: Error) => console.error(`left behind: ${error.message}`);
const now: right.Start = (work) => work();

function leftTo(start: right.Start): Accept {
  return (message) => right.accept(message, (work) => void start(() => work().catch(log)));
}

const WAYS: Record<string, Accept> = {
  "check-then-set": checkThenSet,
  "in-memory-dedup": inMemoryDedup,
  // None of these is awaited, so a host that freezes after the response cuts it off.
  unawaited: leftTo(now),
  "next-tick": leftTo((work) => process.nextTick(work)),
  "set-immediate": leftTo((work) => setImmediate(work)),
  "set-timeout": leftTo((work) => setTimeout(work, 20)),
  // Right where the host waits for it: what is registered may get lost with the instance, and may.
  after: (message) => right.accept(message, now, (noted) => after(noted)),
  "wait-until": (message) => right.accept(message, now, (noted) => waitUntil(noted())),
  // The host waits, but nobody delivers the webhook again if this fails.
  "after-publish": (message) => right.accept(message, (work) => after(() => work().catch(log))),
};

export const accept: Accept = process.env.BUG
  ? WAYS[process.env.BUG]
  : (message) => right.accept(message);

// Duplicates that come together all find nothing, and all publish.
async function checkThenSet(message: Message): Promise<void> {
  const key = keyOf(message);
  if (await read(key)) return;
  await right.publish(message);
  await overwrite(key, { state: "published" });
}

// Every instance has a memory of its own, and it goes with the instance.
const seen = new Set<string>();

async function inMemoryDedup(message: Message): Promise<void> {
  if (seen.has(message.mid)) return;
  await right.publish(message);
  seen.add(message.mid);
}
