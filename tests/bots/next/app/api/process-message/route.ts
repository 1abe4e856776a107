// What the queue calls: answers one message.
import { Receiver } from "@upstash/qstash";
import { answer } from "@/lib/answer";
import { messageOf } from "@/lib/message";

const env = process.env;

export async function POST(request: Request): Promise<Response> {
  const body = await request.text();
  const receiver = new Receiver({
    currentSigningKey: env.QSTASH_CURRENT_SIGNING_KEY!,
    nextSigningKey: env.QSTASH_NEXT_SIGNING_KEY!,
  });
  try {
    const signature = request.headers.get("upstash-signature") ?? "";
    await receiver.verify({ signature, body, url: `${env.PUBLIC_URL}/api/process-message` });
  } catch {
    return new Response("wrong signature", { status: 401 });
  }
  const message = messageOf(body);
  const owner = request.headers.get("upstash-message-id");
  if (!message || !owner) {
    // QStash docs, "Retry": straight to the dead letters, as no retry would help.
    return new Response("not a message of this bot", {
      status: 489,
      headers: { "upstash-nonretryable-error": "true" },
    });
  }
  try {
    const done = await answer(message, owner, Number(request.headers.get("upstash-retried") ?? 0));
    return done ? new Response("answered") : new Response("another delivery is being handled", { status: 503 });
  } catch (error) {
    console.error(error);
    return new Response("try again", { status: 503 });
  }
}
