// The webhook's part: sees to it that the queue has each message once.
import { Client } from "@upstash/qstash";
import { keyOf, type Message } from "@/lib/message";
import { read, write } from "@/lib/store";

export type Work = () => Promise<void>;
// Begins some work; who awaits what it returns waits for as much of the work as that says.
export type Start = (work: Work) => unknown;

const now: Start = (work) => work();

// The record is claimed before the publish, by whoever creates it. Who comes second can not know
// whether the first is about to publish or has died, so it publishes too: the deduplication id makes
// the queue keep one of them. The publish is awaited (`handOver`): right after the response a
// serverless host freezes the bot. Only the note in the record may also be left to the host (`note`).
export async function accept(message: Message, handOver = now, note = now): Promise<void> {
  const key = keyOf(message);
  const version = await write(key, { state: "claimed" }, null);
  if (version === null && (await read(key))?.fields.state !== "claimed") return;
  await handOver(async () => {
    await publish(message, key);
    if (version !== null) await note(() => published(key, version));
  });
}

export async function publish(message: Message, deduplicationId?: string): Promise<void> {
  const { PUBLIC_URL, QSTASH_TOKEN, QSTASH_URL } = process.env;
  // The platform repeats what failed; the SDK would do so beyond its patience.
  const queue = new Client({ baseUrl: QSTASH_URL, token: QSTASH_TOKEN, retry: false });
  await queue.publishJSON({
    url: `${PUBLIC_URL}/api/process-message`,
    body: message,
    deduplicationId,
    retries: 3,
  });
}

// Spares the redelivery a publish. A failure changes nothing: the queue has the message.
async function published(key: string, version: string): Promise<void> {
  await write(key, { state: "published" }, version).catch((error: Error) => console.error(error.message));
}
