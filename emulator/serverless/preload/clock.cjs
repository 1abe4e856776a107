// Date shows the world's clock, in every thread of this process. Timers, performance and hrtime stay
// real: a wait of the bot's own takes as long as it takes.
//
// THRICE_CLOCK names a file of three doubles: the world's time in unix seconds, how often it was
// set (0: not yet, and Date shows the machine's clock), and the sum of both, by which half a write is
// known. It is read at every look at the clock, which costs 3.4 us instead of 0.15 (Node 20, on two
// busy cores).
"use strict";

const { openSync, readSync, writeFileSync } = require("node:fs");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");

// The world's clock stands while the bot works. Where it has stood for so long, the bot waits for a
// timer of its own, and finds that time passes: "not yet, wait for the rest" would else never end.
const STANDS_MS = 250;

const RealDate = Date;
const realNow = RealDate.now;
const elapsed = performance.now.bind(performance);
const record = new Float64Array(3);
const bytes = new Uint8Array(record.buffer);

let file;
try {
  file = openSync(process.env.THRICE_CLOCK, "r");
} catch {
  // Out of reach, for another user or in a container: the clock stays the machine's, and is not
  // announced as another one.
}

let setting = 0;
let setAt = 0;
let last = 0;

function now() {
  do {
    readSync(file, bytes, 0, bytes.length, 0);
  } while (record[2] !== record[0] + record[1]);
  if (record[1] === 0) return realNow();
  if (record[1] !== setting) {
    setting = record[1];
    setAt = elapsed();
  }
  // A double of today's seconds is exact to a quarter of a microsecond.
  const shown = Math.floor(record[0] * 1000 + 0.0005);
  const over = Math.floor(elapsed() - setAt - STANDS_MS);
  last = Math.max(last, shown + Math.max(0, over));
  return last;
}

function replace(object, name, value) {
  Object.defineProperty(object, name, { ...Object.getOwnPropertyDescriptor(object, name), value });
}

function replaceDate() {
  function WorldDate(...given) {
    if (new.target === undefined) return new RealDate(now()).toString();
    return Reflect.construct(RealDate, given.length === 0 ? [now()] : given, new.target);
  }
  for (const name of Reflect.ownKeys(RealDate)) {
    Object.defineProperty(WorldDate, name, Object.getOwnPropertyDescriptor(RealDate, name));
  }
  replace(WorldDate, "now", { now: () => now() }.now);
  // One prototype for both: dates that Node itself makes, or structuredClone, are dates to the bot.
  replace(RealDate.prototype, "constructor", WorldDate);
  replace(globalThis, "Date", WorldDate);
}

// A formatter that is given no date takes the machine's.
function replaceFormats() {
  const formats = Intl.DateTimeFormat.prototype;
  const { get, ...rest } = Object.getOwnPropertyDescriptor(formats, "format");
  const made = new WeakMap();
  Object.defineProperty(formats, "format", {
    ...rest,
    get() {
      const real = get.call(this);
      if (!made.has(real)) made.set(real, (date) => real(date === undefined ? now() : date));
      return made.get(real);
    },
  });
  const toParts = formats.formatToParts;
  const parts = {
    formatToParts(date) {
      return toParts.call(this, date === undefined ? now() : date);
    },
  };
  replace(formats, "formatToParts", parts.formatToParts);
}

function replaceTemporal() {
  const { Now, Instant } = globalThis.Temporal;
  const instant = () => Instant.fromEpochMilliseconds(now());
  const zoned = (zone = Now.timeZoneId()) => instant().toZonedDateTimeISO(zone);
  const shown = {
    instant,
    zonedDateTimeISO: (zone) => zoned(zone),
    plainDateTimeISO: (zone) => zoned(zone).toPlainDateTime(),
    plainDateISO: (zone) => zoned(zone).toPlainDate(),
    plainTimeISO: (zone) => zoned(zone).toPlainTime(),
  };
  for (const [name, value] of Object.entries(shown)) replace(Now, name, value);
}

// The answer to whether this bot follows the world's clock: a file named after the bot's port, made
// by the process that listens on it. The npm or shell that started that process does not count.
function announce() {
  const port = process.env.PORT;
  const answer = path.join(os.tmpdir(), `clock-${port}`);
  const listen = net.Server.prototype.listen;
  net.Server.prototype.listen = function (...given) {
    this.once("listening", () => {
      if (String(this.address()?.port) !== port) return;
      try {
        writeFileSync(answer, "");
      } catch {
        // Not announced, then.
      }
    });
    return listen.apply(this, given);
  };
}

if (file !== undefined) {
  replaceDate();
  replaceFormats();
  if (globalThis.Temporal) replaceTemporal();
  announce();
}
