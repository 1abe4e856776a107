// What the platform sends and the queue delivers, as the bot's own messages. Nothing here trusts the
// shape of its input.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

export type Message = { mid: string; sender: string; text: string };

const PLAIN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,255}$/;
const TEXT_LIMIT = 2000; // Messenger Platform docs, "Send API": longest text of one message

export function isSigned(secret: string, body: string, signature: string | null): boolean {
  const wanted = Buffer.from(`sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
  const given = Buffer.from(signature ?? "");
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

// The text messages of users in a webhook, each once. Echoes of the bot's own replies are none.
export function messagesIn(body: string): Message[] {
  const webhook = parsed(body);
  const found = new Map<string, Message>();
  for (const entry of webhook?.object === "page" ? objects(webhook.entry) : []) {
    for (const { sender, message } of objects(entry.messaging)) {
      if (message?.is_echo || sender?.id === entry.id) continue;
      const read = made(message?.mid, sender?.id, message?.text);
      if (read && !found.has(read.mid)) found.set(read.mid, read);
    }
  }
  return [...found.values()];
}

// The message in the body of a queue delivery, or null.
export function messageOf(body: string): Message | null {
  const job = parsed(body);
  return made(job?.mid, job?.sender, job?.text);
}

// The platform's ids pass unchanged; whatever could mean something in a path is hashed.
export function keyOf({ mid }: Message): string {
  return PLAIN.test(mid) ? mid : `sha256-${createHash("sha256").update(mid).digest("hex")}`;
}

function made(mid: unknown, sender: unknown, text: unknown): Message | null {
  if (typeof mid !== "string" || typeof sender !== "string" || typeof text !== "string") return null;
  if (!mid || !sender || !text) return null;
  return { mid, sender, text: text.toWellFormed().slice(0, TEXT_LIMIT) };
}

function parsed(body: string): any {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

function objects(value: unknown): any[] {
  return Array.isArray(value) ? value.filter((each) => each && typeof each === "object") : [];
}
