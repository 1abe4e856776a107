// What a bot with @upstash/redis is told in trouble: STEPS (JSON) say what it does at which address.
import { Redis } from "@upstash/redis";

const token = process.env.TOKEN;
const { url, steps } = JSON.parse(process.env.STEPS);
const client = new Redis({ url, token });

const told = [];
for (const [operation, ...given] of steps) {
  const redis = operation === "anew" ? new Redis({ url, token }) : client;
  const [method, ...rest] = operation === "anew" ? given : [operation, ...given];
  try {
    told.push(await redis[method](...rest));
  } catch (error) {
    told.push({ name: error.name, message: error.message });
  }
}
console.log(JSON.stringify(told));
