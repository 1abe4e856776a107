// The records in Redis, over Upstash's REST API or Redis's own protocol: one key for each message,
// written on a condition only.
import { randomUUID } from "node:crypto";

const { REDIS_URL, UPSTASH_REDIS_REST_TOKEN, UPSTASH_REDIS_REST_URL } = process.env;
const LIMIT_MS = 4000;
const KEEP_S = 14 * 86_400; // well past the last redelivery of the platform
const IF_UNCHANGED = `
local record = redis.call('GET', KEYS[1])
if not record or cjson.decode(record).version ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
`;

const client = REDIS_URL ? await ownProtocol() : await rest();

async function rest() {
  const { Redis } = await import("@upstash/redis");
  const redis = new Redis({
    url: UPSTASH_REDIS_REST_URL,
    token: UPSTASH_REDIS_REST_TOKEN,
    automaticDeserialization: false,
    retry: false,
    signal: () => AbortSignal.timeout(LIMIT_MS),
  });
  return {
    get: (key) => redis.get(key),
    put: (key, record, nx) => redis.set(key, record, nx ? { nx, ex: KEEP_S } : { ex: KEEP_S }),
    replace: (key, version, record) => redis.eval(IF_UNCHANGED, [key], [version, record, KEEP_S]),
  };
}

async function ownProtocol() {
  const { Redis } = await import("ioredis");
  const redis = new Redis(REDIS_URL, { maxRetriesPerRequest: 0, commandTimeout: LIMIT_MS });
  redis.on("error", (error) => console.error(error.message));
  return {
    get: (key) => redis.get(key),
    put: (key, record, nx) =>
      nx ? redis.set(key, record, "EX", KEEP_S, "NX") : redis.set(key, record, "EX", KEEP_S),
    replace: (key, version, record) => redis.eval(IF_UNCHANGED, 1, key, version, record, KEEP_S),
  };
}

// The record of a message, or null.
export async function read(key) {
  const record = await client.get(named(key));
  return record === null ? null : JSON.parse(record);
}

// Stores a record if there is none (`version` null), or if it is still as it was read (its version).
// Returns the new version, or null if somebody else was faster.
export async function write(key, fields, version) {
  const next = randomUUID();
  const record = JSON.stringify({ ...fields, version: next });
  const done =
    version === null
      ? (await client.put(named(key), record, true)) === "OK"
      : (await client.replace(named(key), version, record)) === 1;
  return done ? next : null;
}

// Stores a record whatever is there.
export async function overwrite(key, fields) {
  const version = randomUUID();
  await client.put(named(key), JSON.stringify({ ...fields, version }), false);
  return version;
}

function named(key) {
  return `processedMessages:${key}`;
}
