// The records in Firestore, over REST: one document for each message, written on a condition only.
const env = process.env;
const root = `projects/${env.FIRESTORE_PROJECT}/databases/(default)/documents`;
// A condition that does not hold; the HTTP codes do not tell.
const CONFLICTS = ["ALREADY_EXISTS", "FAILED_PRECONDITION", "ABORTED", "NOT_FOUND"];

// The record of a message, or null.
export async function read(key) {
  const answer = await call("GET", `/processedMessages/${key}`);
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`the store refused a read: ${answer.status}`);
  const { fields, updateTime } = await answer.json();
  return { ...plain(fields), version: updateTime };
}

// Stores a record if there is none (`version` null), or if it is still as it was read (its version).
// Returns the new version, or null if somebody else was faster.
export async function write(key, fields, version) {
  const update = {
    name: `${root}/processedMessages/${key}`,
    fields: Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, { stringValue: String(text) }])),
  };
  const currentDocument = version === null ? { exists: false } : { updateTime: version };
  return await commit({ update, currentDocument });
}

// Stores a record whatever is there.
export async function overwrite(key, fields) {
  const update = { name: `${root}/processedMessages/${key}`, fields: { state: { stringValue: fields.state } } };
  return await commit({ update });
}

async function commit(one) {
  const answer = await call("POST", ":commit", { writes: [one] });
  const body = await answer.json();
  if (answer.ok) return body.writeResults[0].updateTime;
  if (CONFLICTS.includes(body.error?.status)) return null;
  throw new Error(`the store refused a write: ${answer.status}`);
}

async function call(method, path, body) {
  return await fetch(`${env.FIRESTORE_URL}/${root}${path}`, {
    method,
    headers: { authorization: `Bearer ${env.FIRESTORE_TOKEN}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(4000),
  });
}

function plain(fields = {}) {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value.stringValue]));
}
