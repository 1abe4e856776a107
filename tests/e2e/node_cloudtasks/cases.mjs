// What Google's own client for Node makes of the fake Cloud Tasks, case by case; prints one line of
// JSON. `tasks_cases.py` plays the same cases, and that of a batch, which this client has not.

import { CloudTasksClient } from "@google-cloud/tasks";
import { OAuth2Client } from "google-auth-library";

const QUEUE = process.env.QUEUE;
const LOCATION = QUEUE.slice(0, QUEUE.lastIndexOf("/queues/"));
const URL = "https://worker.example.com/work";
const NOW = Number(process.env.NOW);

const client = new CloudTasksClient();
const name = (task) => `${QUEUE}/tasks/${task}`;
const after = (seconds) => ({ seconds: NOW + seconds });

function wanted(task, fields = {}) {
  const httpRequest = { url: URL, body: Buffer.from("hello").toString("base64") };
  return { ...(task ? { name: name(task) } : {}), httpRequest, ...fields };
}

// The code and the words of an error; empty when there was none.
async function refusal(act) {
  try {
    await act();
    return [];
  } catch (error) {
    return [error.code, error.details];
  }
}

async function create(task, parent = QUEUE) {
  const [made] = await client.createTask({ parent, task });
  return made;
}

async function play() {
  const told = {};
  const made = await create(wanted("one", { scheduleTime: after(600) }));
  told.made = [made.name, made.httpRequest.url, made.httpRequest.httpMethod];
  told["made body"] = made.httpRequest.body.length;
  told.scheduled = Number(made.scheduleTime.seconds) - NOW;
  told.deadline = Number(made.dispatchDeadline.seconds);
  told.again = await refusal(() => create(wanted("one")));
  const unnamed = await create(wanted("", { scheduleTime: after(600) }));
  told.unnamed = unnamed.name.startsWith(`${QUEUE}/tasks/`);
  told["no queue"] = await refusal(() => create(wanted(""), `${QUEUE}2`));
  told["too far"] = await refusal(() => create(wanted("", { scheduleTime: after(31 * 86400) })));
  const [full] = await client.getTask({ name: name("one"), responseView: "FULL" });
  told.full = full.httpRequest.body.toString();
  const [listed] = await client.listTasks({ parent: QUEUE, pageSize: 1 });
  told.listed = listed.length;
  await client.deleteTask({ name: unnamed.name });
  told.deleted = await refusal(() => client.getTask({ name: unnamed.name }));
  await client.deleteTask({ name: name("one") });
  told["too recently"] = (await refusal(() => create(wanted("one")))).slice(0, 1);
  told.paused = (await client.pauseQueue({ name: QUEUE }))[0].state;
  await create(wanted("two"));
  told.waits = (await client.getTask({ name: name("two") }))[0].dispatchCount;
  await client.runTask({ name: name("two") });
  told.runs = (await client.getTask({ name: name("two") }))[0].dispatchCount;
  told.resumed = (await client.resumeQueue({ name: QUEUE }))[0].state;
  told.queue = (await client.getQueue({ name: QUEUE }))[0].rateLimits.maxConcurrentDispatches;
  const [changed] = await client.updateQueue({
    queue: { name: QUEUE, rateLimits: { maxDispatchesPerSecond: 7 } },
    updateMask: { paths: ["rate_limits"] },
  });
  told.updated = changed.rateLimits.maxDispatchesPerSecond;
  const other = `${LOCATION}/queues/other`;
  await client.createQueue({ parent: LOCATION, queue: { name: other } });
  const [queues] = await client.listQueues({ parent: LOCATION });
  told.queues = queues.map((queue) => queue.name).sort();
  told.purged = Number((await client.purgeQueue({ name: other }))[0].purgeTime.seconds) >= NOW;
  await client.deleteQueue({ name: other });
  told["no more"] = await refusal(() => client.getQueue({ name: other }));
  const ticket = await new OAuth2Client().verifyIdToken({
    idToken: process.env.TOKEN,
    audience: URL,
  });
  const claims = ticket.getPayload();
  told.token = [claims.iss, claims.aud, claims.email];
  return told;
}

console.log(JSON.stringify(await play()));
await client.close();
