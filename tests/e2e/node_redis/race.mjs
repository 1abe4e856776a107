// Three instances of a bot, each with a client and an address of its own, that decide by the store
// whether a message is theirs. Prints who took each message.
import { Redis as Upstash } from "@upstash/redis";
import { Redis as IORedis } from "ioredis";

const { CLIENT, IDIOM, TOKEN } = process.env;
const rounds = Number(process.env.ROUNDS);
const urls = JSON.parse(process.env.URLS);

const clients = urls.map((url) =>
  CLIENT === "ioredis" ? new IORedis(url) : new Upstash({ url, token: TOKEN }),
);

const claim = async (client, key) => {
  const done =
    CLIENT === "ioredis" ? client.set(key, "1", "NX") : client.set(key, "1", { nx: true });
  return (await done) === "OK";
};

const lookAndWrite = async (client, key) => {
  if ((await client.get(key)) !== null) {
    return false;
  }
  await client.set(key, "1");
  return true;
};

const takes = IDIOM === "claim" ? claim : lookAndWrite;
const told = [];
for (let round = 0; round < rounds; round += 1) {
  told.push(await Promise.all(clients.map((client) => takes(client, `seen:${round}`))));
}
if (CLIENT === "ioredis") {
  await Promise.all(clients.map((client) => client.quit()));
}
console.log(JSON.stringify(told));
