// The request context that a platform with `waitUntil` gives to its functions: @vercel/functions and
// Next's `after` look it up under symbols of their own. What is registered is written to the file in
// THRICE_BACKGROUND at once, so that whoever has read a response knows whether work is left.
"use strict";

const { AsyncLocalStorage } = require("node:async_hooks");
const fs = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const path = require("node:path");

const SYMBOLS = ["@vercel/request-context", "@next/request-context"];
const MOST_CHARACTERS = 200;

const contexts = new AsyncLocalStorage();
let file;

// One line in one write: the processes of a bot share the file.
function tell(line) {
  file ??= fs.openSync(process.env.THRICE_BACKGROUND, "a");
  fs.writeSync(file, JSON.stringify(line) + "\n");
}

// "TypeError: fetch failed" and "bot.js:12", the innermost line that is the bot's own.
function described(error) {
  if (!(error instanceof Error)) return { error: String(error).slice(0, MOST_CHARACTERS), place: "" };
  const [first] = `${error.name}: ${error.message}`.split("\n");
  for (const frame of String(error.stack).split("\n")) {
    const found = /((?:file:\/\/)?\/[^()]+):(\d+):\d+\)?$/.exec(frame);
    if (found && !found[1].includes("/node_modules/")) {
      return { error: first.slice(0, MOST_CHARACTERS), place: `${path.basename(found[1])}:${found[2]}` };
    }
  }
  return { error: first.slice(0, MOST_CHARACTERS), place: "" };
}

function contextOf(request) {
  // Set by the platform's edge; what comes without it is nobody's request.
  const id = request.headers["x-vercel-id"];
  const report = id === undefined ? () => {} : (line) => tell({ request: id, ...line });
  return {
    headers: request.headers,
    url: request.url,
    waitUntil(promise) {
      report({ what: "registered" });
      // As on the platform, a rejection is reported and ends nothing.
      Promise.resolve(promise).then(
        () => report({ what: "settled" }),
        (error) => report({ what: "rejected", ...described(error) }),
      );
    },
  };
}

for (const { Server } of [http, https]) {
  const { emit } = Server.prototype;
  Server.prototype.emit = function (event, ...rest) {
    if (event !== "request") return emit.call(this, event, ...rest);
    return contexts.run(contextOf(rest[0]), () => emit.call(this, event, ...rest));
  };
}

for (const symbol of SYMBOLS) {
  globalThis[Symbol.for(symbol)] = { get: () => contexts.getStore() };
}
