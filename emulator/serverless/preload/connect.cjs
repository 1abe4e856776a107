// Leads a process's connections to other machines to the proxy at the port in THRICE_CONNECT. Node's
// fetch, http and https heed no proxy variables, so this is done where all of them end: when a
// socket connects. The host that was meant stays the one in TLS and in its certificate's check.
// No name is looked up. Loopback, pipes and unix sockets are left alone.
"use strict";

const net = require("node:net");

const PROXY = { host: "127.0.0.1", port: Number(process.env.THRICE_CONNECT) };
const HTTPS_PORT = 443;

const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...given) {
  const [options, callback] = read(given);
  const host = options.host || "localhost";
  const port = Number(options.port);
  // What is wrong with its arguments is for Node to say.
  const valid = typeof host === "string" && Number.isInteger(port) && port > 0 && port < 65536;
  if (options.path || !valid || isLoopback(host)) return connect.apply(this, given);
  // Derived, because the options belong to the caller, who goes on using them.
  const led = Object.create(options, {
    host: { value: PROXY.host, enumerable: true },
    port: { value: PROXY.port, enumerable: true },
    family: { value: 4, enumerable: true },
    localAddress: { value: undefined, enumerable: true },
  });
  const named = options.servername && !net.isIP(options.servername) && port === HTTPS_PORT;
  if (!this.encrypted) {
    connect.call(this, led, callback);
    // Waits until the socket is connected, before whatever is written from now on.
    this.write(preamble(host, port));
  } else {
    // TLS says itself which host is meant; the rest is said beneath it, before it begins.
    if (!named) this.prependOnceListener("connect", () => writeBeneath(this, preamble(host, port)));
    connect.call(this, led, callback);
  }
  return this;
};

// The options and the callback, from any of the ways to call connect (Node docs, "net.Socket").
function read(given) {
  // As net's own functions hand them on, already in order.
  if (Array.isArray(given[0])) return given[0];
  const [first, second] = given;
  const last = given[given.length - 1];
  const callback = typeof last === "function" ? last : undefined;
  if (typeof first === "object" && first !== null) return [first, callback];
  if (typeof first === "string" && !(Number(first) >= 0)) return [{ path: first }, callback];
  return [{ port: first, host: typeof second === "string" ? second : undefined }, callback];
}

function isLoopback(host) {
  const name = host.toLowerCase().replace(/^::ffff:/, "").replace(/\.$/, "");
  if (net.isIPv4(name)) return name.startsWith("127.") || name === "0.0.0.0";
  return ["localhost", "::1", "::"].includes(name) || name.endsWith(".localhost");
}

// Asks the proxy for no reply: there is nobody yet who could read one.
function preamble(host, port) {
  const name = net.isIPv6(host) ? `[${host}]` : host;
  return `CONNECT ${name}:${port} HTTP/1.1\r\nThrice-Reply: none\r\n\r\n`;
}

// To the socket under a TLS socket, by Node's own handles: nothing public leads there. Where a Node
// does not give them, the port is lost, and TLS to any port is taken for TLS to 443.
function writeBeneath(socket, text) {
  try {
    const { WriteWrap } = process.binding("stream_wrap");
    socket._handle._parent.writeLatin1String(new WriteWrap(), text);
  } catch {}
}
