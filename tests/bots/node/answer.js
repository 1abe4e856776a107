// The consumer's part: answers each message once, however often the queue delivers it.
import { keyOf } from "./message.js";
import { read, write } from "./store.js";

const env = process.env;
const ROUNDS = 20;
const LEASE_MS = 15_000; // what one attempt may take: its calls are given up after 4 and 8 s

// Whether the message is answered; false when another delivery is at it, and this one has to come
// again. `owner` is the queue message, `attempt` how often it was retried before.
export async function answer(message, owner, attempt) {
  const key = keyOf(message);
  for (let round = 0; round < ROUNDS; round++) {
    const before = await read(key);
    if (before?.state === "answered") return true;
    if (before?.state === "answering" && !follows(before, owner, attempt)) return false;
    const fields = { state: "answering", owner, attempt, since: Date.now() };
    const version = await write(key, fields, before?.version ?? null);
    if (version === null) continue;
    await send(message);
    // Once the reply is out no failure may bring the queue back: that would be a second reply.
    await write(key, { state: "answered" }, version).catch((error) => console.error(error.message));
    return true;
  }
  throw new Error("no turn to answer a message");
}

// The queue makes an attempt only when the one before is over; any other delivery waits for that.
function follows(before, owner, attempt) {
  if (before.owner === owner && attempt > Number(before.attempt)) return true;
  return Date.now() - Number(before.since) > LEASE_MS;
}

async function send({ sender, text }) {
  const sent = await fetch(`${env.GRAPH_URL}/me/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${env.FB_PAGE_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({
      messaging_type: "RESPONSE",
      recipient: { id: sender },
      message: { text: `You said: ${text}`.slice(0, 2000) },
    }),
    signal: AbortSignal.timeout(8000),
  });
  if (!sent.ok) throw new Error(`the platform refused a reply: ${sent.status}`);
}
