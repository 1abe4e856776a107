// What the platform calls: the handshake, and the webhook.
import { accept } from "@/lib/variants"; // for tests; in a bot of your own "@/lib/accept"
import { isSigned, messagesIn, type Message } from "@/lib/message";

const ANSWER_WITHIN_MS = 4500; // Messenger Platform docs, "Webhooks": 200 within 5 seconds

export function GET(request: Request): Response {
  const query = new URL(request.url).searchParams;
  const right =
    query.get("hub.mode") === "subscribe" && query.get("hub.verify_token") === process.env.FB_VERIFY_TOKEN;
  return right
    ? new Response(query.get("hub.challenge") ?? "")
    : new Response("wrong verify token", { status: 403 });
}

export async function POST(request: Request): Promise<Response> {
  const body = await request.text();
  if (!isSigned(process.env.FB_APP_SECRET!, body, request.headers.get("x-hub-signature-256"))) {
    return new Response("wrong signature", { status: 403 });
  }
  try {
    await within(ANSWER_WITHIN_MS, acceptAll(messagesIn(body)));
  } catch (error) {
    // The platform delivers again what it gets no 200 for.
    console.error(error);
    return new Response("try again", { status: 503 });
  }
  return new Response("EVENT_RECEIVED");
}

async function acceptAll(messages: Message[]): Promise<void> {
  for (const message of messages) await accept(message);
}

async function within(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${limitMs} ms`)), limitMs);
  });
  await Promise.race([work, limit]).finally(() => clearTimeout(timer));
}
