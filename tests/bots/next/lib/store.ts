// The records in Firestore, over REST: one document for each message, written on a condition only.
export type Fields = Record<string, string>;
export type Stored = { fields: Fields; version: string };

const env = process.env;
const root = `projects/${env.FIRESTORE_PROJECT}/databases/(default)/documents`;
// A condition that does not hold; the HTTP codes do not tell.
const CONFLICTS = ["ALREADY_EXISTS", "FAILED_PRECONDITION", "ABORTED", "NOT_FOUND"];

// The record of a message, or null.
export async function read(key: string): Promise<Stored | null> {
  const answer = await call("GET", `/processedMessages/${key}`);
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`the store refused a read: ${answer.status}`);
  const { fields = {}, updateTime } = await answer.json();
  return {
    fields: Object.fromEntries(Object.keys(fields).map((name) => [name, fields[name].stringValue])),
    version: updateTime,
  };
}

// Stores a record if there is none (`version` null), or if it is still as it was read (its version).
// Returns the new version, or null if somebody else was faster.
export async function write(key: string, fields: Fields, version: string | null): Promise<string | null> {
  return await commit(key, fields, version === null ? { exists: false } : { updateTime: version });
}

// Stores a record whatever is there.
export async function overwrite(key: string, fields: Fields): Promise<void> {
  await commit(key, fields);
}

async function commit(key: string, fields: Fields, currentDocument?: object): Promise<string | null> {
  const values = Object.entries(fields).map(([name, text]) => [name, { stringValue: text }]);
  const update = { name: `${root}/processedMessages/${key}`, fields: Object.fromEntries(values) };
  const answer = await call("POST", ":commit", { writes: [{ update, currentDocument }] });
  const body = await answer.json();
  if (answer.ok) return body.writeResults[0].updateTime;
  if (CONFLICTS.includes(body.error?.status)) return null;
  throw new Error(`the store refused a write: ${answer.status}`);
}

async function call(method: string, path: string, body?: object): Promise<Response> {
  return await fetch(`${env.FIRESTORE_URL}/${root}${path}`, {
    method,
    headers: { authorization: `Bearer ${env.FIRESTORE_TOKEN}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
    cache: "no-store",
    signal: AbortSignal.timeout(4000),
  });
}
