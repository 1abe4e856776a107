// The records, wherever the environment says that they are.
const { REDIS_URL, UPSTASH_REDIS_REST_URL } = process.env;
const store = await import(REDIS_URL || UPSTASH_REDIS_REST_URL ? "./keys.js" : "./documents.js");

export const { read, write, overwrite } = store;
