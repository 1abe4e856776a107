// A bot for each public client library of Meta's platforms, as their examples have it; one process.
//
// It answers whatever somebody writes. When the platform refuses that, it says the code of the error
// instead, as the library tells it.

import http from "node:http";
import BootBot from "bootbot";
import messagingApi from "messaging-api-messenger";
import { Text } from "whatsapp-api-js/messages";
import { WhatsAppAPI } from "whatsapp-api-js/middleware/node-http";

const { APP_SECRET, INSTAGRAM_TOKEN, PAGE_TOKEN, VERIFY_TOKEN, WHATSAPP_TOKEN } = process.env;
const [port, bootbotPort] = process.argv.slice(2).map(Number);

// -- Messenger

const bootbot = new BootBot({
  accessToken: PAGE_TOKEN,
  verifyToken: VERIFY_TOKEN,
  appSecret: APP_SECRET,
  webhook: "/bootbot",
});

bootbot.on("message", async (payload, chat) => {
  const answer = await chat.say(`bootbot: ${payload.message.text}`);
  if (answer.error) {
    await chat.say(`error ${answer.error.code}`);
  }
});
bootbot.start(bootbotPort);

// -- Instagram, and Messenger

function messaging(name, accessToken) {
  const client = new messagingApi.MessengerClient({ accessToken, appSecret: APP_SECRET, version: "12.0" });
  return async (update) => {
    for (const { sender, message } of update.entry.flatMap((entry) => entry.messaging)) {
      if (message === undefined || message.is_echo) {
        continue;
      }
      try {
        if (message.text === "batch") {
          const answers = await client.sendBatch([
            { method: "GET", relativeUrl: `${sender.id}?fields=id` },
            {
              method: "POST",
              relativeUrl: "me/messages",
              body: { recipient: { id: sender.id }, message: { text: "in a batch" } },
            },
          ]);
          await client.sendText(sender.id, answers.map((one) => one.code).join(" "));
        } else {
          await client.sendText(sender.id, `${name}: ${message.text}`);
        }
      } catch (error) {
        await client.sendText(sender.id, `error ${error.response.data.error.code}`);
      }
    }
  };
}

const senders = {
  "/messenger": messaging("messaging-api", PAGE_TOKEN),
  "/instagram": messaging("messaging-api", INSTAGRAM_TOKEN),
};

// -- WhatsApp

const whatsapp = new WhatsAppAPI({
  token: WHATSAPP_TOKEN,
  appSecret: APP_SECRET,
  webhookVerifyToken: VERIFY_TOKEN,
  v: "v24.0",
});

whatsapp.on.message = async ({ message, reply }) => {
  const answer = await reply(new Text(`whatsapp-api-js: ${message.text.body}`));
  if (answer.error) {
    await reply(new Text(`error ${answer.error.code}`));
  }
};

// -- the server

async function read(request) {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

async function serve(request, response) {
  const url = new URL(request.url, "http://bot");
  if (url.pathname === "/whatsapp") {
    if (request.method === "GET") {
      response.end(whatsapp.handle_get(request));
    } else {
      response.statusCode = await whatsapp.handle_post(request);
      response.end();
    }
  } else if (request.method === "GET") {
    const right = url.searchParams.get("hub.verify_token") === VERIFY_TOKEN;
    response.statusCode = right ? 200 : 403;
    response.end(right ? url.searchParams.get("hub.challenge") : "wrong token");
  } else {
    await senders[url.pathname](JSON.parse(await read(request)));
    response.end();
  }
}

http
  .createServer((request, response) => {
    serve(request, response).catch((error) => {
      response.statusCode = Number.isInteger(error) ? error : (error.httpStatus ?? 500);
      response.end(String(error));
    });
  })
  .listen(port, "127.0.0.1");
