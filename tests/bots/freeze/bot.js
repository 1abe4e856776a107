// A bot of nothing but Node's own modules. For each message it makes one publish; the text says how
// that is left behind the response, or that it is not. VICE says it for all messages.
const { spawn } = require("node:child_process");
const http = require("node:http");
const { Worker } = require("node:worker_threads");

const env = process.env;
const consumer = `${env.PUBLIC_URL}/api/process-message`;
const root = `projects/${env.FIRESTORE_PROJECT}/databases/(default)/documents`;

async function publish(mid) {
  const answer = await fetch(`${env.QSTASH_URL}/v2/publish/${consumer}`, {
    method: "POST",
    headers: { authorization: `Bearer ${env.QSTASH_TOKEN}` },
    body: mid,
  });
  return answer.text();
}

// By the older interface: the request leaves in the turn in which it is made.
function publishAtOnce(mid) {
  const url = `${env.QSTASH_URL}/v2/publish/${consumer}`;
  const headers = { authorization: `Bearer ${env.QSTASH_TOKEN}` };
  http
    .request(url, { method: "POST", headers }, (answer) => answer.resume())
    .on("error", () => {})
    .end(mid);
}

async function read(name) {
  const headers = { authorization: `Bearer ${env.FIRESTORE_TOKEN}` };
  const answer = await fetch(`${env.FIRESTORE_URL}/${root}/notes/${name}`, { headers });
  return answer.text();
}

function quietly(promise) {
  promise.catch(() => {});
}

async function handle(kind, mid, end) {
  switch (kind) {
    case "after-end":
      end();
      quietly(publish(mid));
      return;
    case "set-immediate":
      setImmediate(() => quietly(publish(mid)));
      break;
    case "next-tick":
      process.nextTick(() => quietly(publish(mid)));
      break;
    case "timeout-0":
      setTimeout(() => quietly(publish(mid)), 0);
      break;
    case "timeout-50":
      setTimeout(() => quietly(publish(mid)), 50);
      break;
    case "un-awaited":
      quietly(publish(mid));
      break;
    case "before-end":
      publishAtOnce(mid);
      break;
    case "one-of-two":
      quietly(publish(mid));
      await read("settings");
      break;
    case "one-of-four":
      quietly(publish(mid));
      for (const name of ["one", "two", "three"]) await read(name);
      break;
    case "three":
      for (const name of ["c", "a", "b"]) quietly(read(name));
      break;
    case "spinner":
      await new Promise((online) => new Worker("for (;;);", { eval: true }).on("online", online));
      await publish(mid);
      break;
    case "dies-behind":
      end();
      setImmediate(() => process.exit(3));
      return;
    default:
      await publish(mid);
  }
  end();
}

if (env.VICE === "escapes") spawn("sleep", ["600"], { detached: true, stdio: "ignore" }).unref();

http
  .createServer(async (request, response) => {
    const end = (status = 200, text = "ok") =>
      response.writeHead(status, { "content-type": "text/plain" }).end(text);
    const url = new URL(request.url, "http://bot");
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    if (request.method === "GET") {
      const right = url.searchParams.get("hub.verify_token") === env.FB_VERIFY_TOKEN;
      end(right ? 200 : 403, url.searchParams.get("hub.challenge") ?? "");
    } else if (url.pathname === "/api/messenger") {
      const [{ mid, text }] = JSON.parse(body).entry[0].messaging.map(({ message }) => message);
      await handle(env.VICE || text, mid, end);
    } else {
      end();
    }
  })
  .listen(Number(env.PORT), "127.0.0.1");
