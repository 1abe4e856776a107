// Loaded into every Node process of a bot, before the bot's own code. Each part is asked for by a
// variable of its own, so that a process which needs none of them runs as it would without thrice.
"use strict";

const PARTS = {
  THRICE_BACKGROUND: "./context.cjs", // waitUntil: work that is registered to outlive the response
  THRICE_CONNECT: "./connect.cjs", // hosts that are written into the bot lead to the fakes
  THRICE_CLOCK: "./clock.cjs", // Date follows the world's clock
};

for (const [variable, part] of Object.entries(PARTS)) {
  if (process.env[variable]) require(part);
}
