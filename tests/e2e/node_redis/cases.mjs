// Plays the cases that stand in CASES (JSON) with each client, and prints what each tells as JSON.
import { Redis as Upstash } from "@upstash/redis";
import { Redis as IORedis } from "ioredis";

const cases = JSON.parse(process.env.CASES);
const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token, REDIS_URL } = process.env;

// What was sent with others in one request is said to be so.
const said = (error) => ({
  error: error.message.replace(/^Command failed: /, "").split(", command was")[0].replace(/^ERR /, ""),
});

/** What a client gives for the results of several commands: OK is true. */
const results = (values) => values.map((value) => (value === "OK" ? true : value));

const upstash = (enableAutoPipelining) => {
  const client = new Upstash({
    url, token, enableAutoPipelining, automaticDeserialization: false,
  });
  const together = async (pipeline, steps) => {
    for (const [operation, ...given] of steps) {
      pipeline[operation](...given);
    }
    return results(await pipeline.exec());
  };
  return {
    set: async (key, value, nx, ex) =>
      (await client.set(key, value, nx ? { nx: true, ex } : undefined)) === "OK",
    setnx: async (key, value) => (await client.setnx(key, value)) === 1,
    smembers: async (key) => (await client.smembers(key)).sort(),
    hset: (key, name, value) => client.hset(key, { [name]: value }),
    hgetall: async (key) => {
      const found = await client.hgetall(key);
      return Array.isArray(found) ? pairs(found) : found;
    },
    zadd: (key, score, member) => client.zadd(key, { score, member }),
    zscore: async (key, member) => Number(await client.zscore(key, member)),
    eval: (script, key, argument) => client.eval(script, [key], [argument]),
    script: (script, key, argument) => client.createScript(script).exec([key], [argument]),
    pipeline: (...steps) => together(client.pipeline(), steps),
    multi: (...steps) => together(client.multi(), steps),
    other: (operation, given) => client[operation](...given),
    end: () => {},
  };
};

const pairs = (flat) =>
  Object.fromEntries(
    flat.flatMap((name, place) => (place % 2 ? [] : [[name, flat[place + 1]]])),
  );

const ioredis = () => {
  const client = new IORedis(REDIS_URL, { maxRetriesPerRequest: 1 });
  const together = async (pipeline, steps) => {
    for (const [operation, ...given] of steps) {
      pipeline[operation](...given);
    }
    return results((await pipeline.exec()).map(([error, value]) => (error ? said(error) : value)));
  };
  let scripts = 0;
  return {
    set: async (key, value, nx, ex) =>
      (await (nx ? client.set(key, value, "EX", ex, "NX") : client.set(key, value))) === "OK",
    setnx: async (key, value) => (await client.setnx(key, value)) === 1,
    smembers: async (key) => (await client.smembers(key)).sort(),
    zscore: async (key, member) => Number(await client.zscore(key, member)),
    eval: (script, key, argument) => client.eval(script, 1, key, argument),
    script: (lua, key, argument) => {
      const name = `script${(scripts += 1)}`;
      client.defineCommand(name, { numberOfKeys: 1, lua });
      return client[name](key, argument);
    },
    pipeline: (...steps) => together(client.pipeline(), steps),
    multi: (...steps) => together(client.multi(), steps),
    other: (operation, given) => client[operation](...given),
    end: () => client.quit(),
  };
};

const play = async (player, [operation, ...given]) => {
  try {
    const done = player[operation] ? player[operation](...given) : player.other(operation, given);
    return await done;
  } catch (error) {
    return said(error);
  }
};

const clients = { upstash: () => upstash(true), alone: () => upstash(false), ioredis };
const player = clients[process.env.CLIENT]();
const told = {};
for (const [name, steps] of Object.entries(cases)) {
  told[name] = [];
  for (const step of steps) {
    told[name].push(await play(player, step));
  }
}
await player.end();
console.log(JSON.stringify(told));
