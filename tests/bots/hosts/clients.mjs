// Asks for addresses that are written into it, by every client that Node has; prints what came.
import { createServer, request as plain } from "node:http";
import { connect as http2 } from "node:http2";
import { Agent, request as secure } from "node:https";
import { connect as dial } from "node:net";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { connect as tls } from "node:tls";

const HOST = "graph.facebook.com";
const RAW = `GET /raw HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;

function ask(send, url, options = {}) {
  return new Promise((resolve, reject) => {
    send(url, options, (answer) => {
      let text = "";
      answer.on("data", (chunk) => (text += chunk)).on("end", () => resolve(text));
    })
      .on("error", reject)
      .end();
  });
}

function raw(socket) {
  return new Promise((resolve, reject) => {
    let text = "";
    socket.on("data", (chunk) => (text += chunk)).on("close", () => resolve(text.split("\r\n\r\n")[1])).on("error", reject);
    socket.write(RAW);
  });
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const server = createServer((request, response) => response.end("on this machine"));
const socketPath = join(tmpdir(), `clients-${process.pid}.sock`);
const unix = createServer((request, response) => response.end("on this machine"));
await new Promise((done) => server.listen(0, "127.0.0.1", done));
await new Promise((done) => unix.listen(socketPath, done));
const { port } = server.address();

const tries = {
  fetch: async () => await (await fetch(`https://${HOST}/fetch`)).text(),
  "fetch again": async () => await (await fetch(`https://${HOST}/fetch-again`)).text(),
  "fetch a port": async () => await (await fetch(`https://${HOST}:8443/fetch`)).text(),
  "fetch http": async () => await (await fetch("http://metadata.google.internal/fetch")).text(),
  https: () => ask(secure, `https://${HOST}/https`, { agent }),
  "https again": () => ask(secure, `https://${HOST}/https-again`, { agent }),
  "https by address": () => ask(secure, "https://10.1.2.3/https"),
  http: () => ask(plain, `http://${HOST}:8080/http`),
  tls: () => raw(tls({ host: HOST, port: 443, servername: HOST })),
  "tls without a name": () => raw(tls(443, HOST)),
  "tls in a socket": () => raw(tls({ socket: dial({ host: HOST, port: 443 }), servername: HOST })),
  unknown: async () => await (await fetch("https://unknown.example.net/")).text(),
  database: () => new Promise((resolve, reject) => dial(5432, "db.example.net").on("error", reject).write("\0\0\0\x08")),
  http2: () =>
    new Promise((resolve, reject) => {
      const session = http2(`https://${HOST}`).on("error", reject);
      let text = "";
      session
        .request({ ":path": "/http2" })
        .on("data", (chunk) => (text += chunk))
        .on("end", () => session.close(() => resolve(text)))
        .on("error", reject)
        .end();
    }),
  "a port that is none": () => new Promise((resolve, reject) => dial(99999, HOST).on("error", reject)),
  loopback: () => ask(plain, `http://localhost:${port}/`),
  "unix socket": () => ask(plain, "http://localhost/", { socketPath }),
};
for (const [name, attempt] of Object.entries(tries)) {
  const came = await attempt().catch((error) => (error.cause ?? error).code);
  console.log(`${name}: ${came}`);
}
agent.destroy();
server.close();
unix.close();
