// A program that leaves everything to QSTASH_DEV: publishes to itself, and verifies what is delivered.
import { createServer } from "node:http";
import { Client, Receiver } from "@upstash/qstash";

const receiver = new Receiver();
const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  const signature = request.headers["upstash-signature"];
  const valid = await receiver.verify({ signature, body, url }).catch((error) => String(error));
  response.end();
  console.log(`delivered ${body}, verified: ${valid}`);
  server.close();
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}/job`;
const { messageId } = await new Client().publishJSON({ url, body: { hello: "world" } });
console.log(`published ${messageId.startsWith("msg_")}`);
