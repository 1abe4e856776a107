// Google Cloud Tasks as the queue, by Google's own libraries.
import { createHash } from "node:crypto";
import { CloudTasksClient } from "@google-cloud/tasks";
import { OAuth2Client } from "google-auth-library";

const env = process.env;
const ALREADY_EXISTS = 6; // google.rpc.Code
const client = new CloudTasksClient();
const google = new OAuth2Client();

// Has `body` delivered to `url`. The name of a task makes a repetition be refused for an hour after
// it ended, and that is no failure.
export async function publish(url, body, deduplicationId) {
  const task = {
    httpRequest: {
      url,
      httpMethod: "POST",
      headers: { "content-type": "application/json" },
      body: Buffer.from(JSON.stringify(body)).toString("base64"),
      oidcToken: { serviceAccountEmail: env.TASKS_ACCOUNT, audience: url },
    },
  };
  if (deduplicationId) {
    // Names may hold few characters, and near ones make the queue slow.
    const name = createHash("sha256").update(deduplicationId).digest("hex");
    task.name = `${env.TASKS_QUEUE}/tasks/${name}`;
  }
  try {
    await client.createTask({ parent: env.TASKS_QUEUE, task }, { timeout: 3000, maxRetries: 0 });
  } catch (error) {
    if (error.code !== ALREADY_EXISTS) throw error;
  }
}

// Whether the queue's own account made this delivery, for this address: anybody can have Google sign
// a token for it. When Google's keys can not be had, this throws.
export async function isGenuine(headers, body, url) {
  const [, idToken] = /^Bearer (.+)$/.exec(headers.authorization ?? "") ?? [];
  if (!idToken) return false;
  await google.getFederatedSignonCertsAsync();
  try {
    const ticket = await google.verifyIdToken({ idToken, audience: url });
    return ticket.getPayload().email === env.TASKS_ACCOUNT;
  } catch {
    return false;
  }
}

// Which task a delivery is, and how often it was retried before.
export function attemptOf(headers) {
  return {
    owner: headers["x-cloudtasks-taskname"],
    attempt: Number(headers["x-cloudtasks-taskretrycount"] ?? 0),
  };
}

// The answer to what no retry would help: whatever is no success comes again.
export const unusable = [200, "not a message of this bot"];
