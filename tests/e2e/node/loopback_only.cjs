// Loaded before a program: whatever it asks of another machine, or starts as a process, ends it with
// exit code 86 and the name of that.
const childProcess = require("node:child_process");
const dns = require("node:dns");
const net = require("node:net");

const LOCAL = new Set(["127.0.0.1", "::1", "localhost"]);

function refuse(what) {
  process.stderr.write(`not on this machine: ${what}\n`);
  process.exit(86);
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0];
  const host = (typeof options === "object" && options.host) || "localhost";
  if (!LOCAL.has(host)) refuse(host);
  return connect.apply(this, args);
};
const lookup = dns.lookup;
dns.lookup = (host, ...rest) => (LOCAL.has(host) ? lookup(host, ...rest) : refuse(host));
for (const name of ["spawn", "exec", "execFile", "fork"]) {
  childProcess[name] = (command) => refuse(`the process ${command}`);
}
