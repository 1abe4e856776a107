// QStash as the queue, by its own SDK.
import { Client, Receiver } from "@upstash/qstash";

const env = process.env;
const client = new Client({ baseUrl: env.QSTASH_URL, token: env.QSTASH_TOKEN, retry: false });
const receiver = new Receiver({
  currentSigningKey: env.QSTASH_CURRENT_SIGNING_KEY,
  nextSigningKey: env.QSTASH_NEXT_SIGNING_KEY,
});

// Has `body` delivered to `url`; of those with the same deduplication id one.
export async function publish(url, body, deduplicationId) {
  await client.publishJSON({ url, body, deduplicationId, retries: 3 });
}

// Whether the queue made this delivery, for this address.
export async function isGenuine(headers, body, url) {
  try {
    return await receiver.verify({ signature: headers["upstash-signature"] ?? "", body, url });
  } catch {
    return false;
  }
}

// Which queue message a delivery is, and how often it was retried before.
export function attemptOf(headers) {
  return { owner: headers["upstash-message-id"], attempt: Number(headers["upstash-retried"] ?? 0) };
}

// The answer to what no retry would help. QStash docs, "Retry": with 489 straight to the dead letters.
export const unusable = [489, "not a message of this bot", { "upstash-nonretryable-error": "true" }];
