// Plays commands that come on standard input, one per line, with Google's own clients for Node, and
// prints what came of each: `node client.mjs grpc@<host>:<port> rest@... admin@...` plays as each of them.
import { createInterface } from "node:readline";

const names = process.argv.slice(2);
const codes = [
  "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
  "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
];
const projectId = process.env.GOOGLE_CLOUD_PROJECT;

const makers = {
  async grpc() {
    const library = await import("@google-cloud/firestore");
    return [library, new library.Firestore({ projectId })];
  },
  async rest() {
    const library = await import("@google-cloud/firestore");
    return [library, new library.Firestore({ projectId, preferRest: true, ssl: false })];
  },
  async admin() {
    const { initializeApp } = await import("firebase-admin/app");
    const library = await import("firebase-admin/firestore");
    return [library, library.getFirestore(initializeApp({ projectId }, process.env.FIRESTORE_EMULATOR_HOST))];
  },
};

class Player {
  constructor([library, db]) {
    Object.assign(this, { library, db });
    this.seen = new Map();
  }

  // -- values

  value(given) {
    const { FieldValue, GeoPoint, Timestamp } = this.library;
    if (Array.isArray(given)) return given.map((one) => this.value(one));
    if (given === null || typeof given !== "object") return given;
    const [[tag, content] = []] = Object.entries(given);
    switch (tag) {
      case "$now": return FieldValue.serverTimestamp();
      case "$inc": return FieldValue.increment(content);
      case "$union": return FieldValue.arrayUnion(...content.map((one) => this.value(one)));
      case "$without": return FieldValue.arrayRemove(...content.map((one) => this.value(one)));
      case "$delete": return FieldValue.delete();
      case "$time": return Timestamp.fromMillis(content);
      case "$bytes": return Buffer.from(content, "base64");
      case "$ref": return this.db.doc(content);
      case "$geo": return new GeoPoint(...content);
      case "$nan": return NaN;
    }
    return Object.fromEntries(Object.entries(given).map(([name, one]) => [name, this.value(one)]));
  }

  shown(stored) {
    const { DocumentReference, GeoPoint, Timestamp } = this.library;
    if (Array.isArray(stored)) return stored.map((one) => this.shown(one));
    if (stored instanceof Timestamp) return { $time: stored.toMillis() };
    if (stored instanceof GeoPoint) return { $geo: [stored.latitude, stored.longitude] };
    if (stored instanceof DocumentReference) return { $ref: stored.path };
    if (Buffer.isBuffer(stored)) return { $bytes: stored.toString("base64") };
    if (Number.isNaN(stored)) return { $nan: true };
    if (stored === null || typeof stored !== "object") return stored;
    return Object.fromEntries(Object.entries(stored).map(([name, one]) => [name, this.shown(one)]));
  }

  document(snapshot) {
    return snapshot.exists ? [snapshot.ref.path, this.shown(snapshot.data())] : [snapshot.ref.path, null];
  }

  query({ collection, group, where, order, limit, last, offset, select, start, after, end, before }) {
    const { FieldPath, Filter } = this.library;
    const path = (name) => (name === "__name__" ? FieldPath.documentId() : name);
    const filter = (one) => {
      if (one.or) return Filter.or(...one.or.map(filter));
      if (one.and) return Filter.and(...one.and.map(filter));
      return Filter.where(path(one[0]), one[1], this.value(one[2]));
    };
    let query = group ? this.db.collectionGroup(group) : this.db.collection(collection);
    for (const one of where ?? []) query = query.where(filter(one));
    for (const [name, direction] of order ?? []) query = query.orderBy(path(name), direction);
    if (start) query = query.startAt(...this.value(start));
    if (after) query = query.startAfter(...this.value(after));
    if (end) query = query.endAt(...this.value(end));
    if (before) query = query.endBefore(...this.value(before));
    if (offset) query = query.offset(offset);
    if (limit) query = query.limit(limit);
    if (last) query = query.limitToLast(last);
    if (select) query = query.select(...select);
    return query;
  }

  // -- commands

  write(to, [kind, path, ...rest]) {
    const document = this.db.doc(path);
    switch (kind) {
      case "set": return to.set(document, this.value(rest[0]), ...(rest[1] ? [{ merge: true }] : []));
      case "create": return to.create(document, this.value(rest[0]));
      case "update": return to.update(document, this.value(rest[0]), ...this.condition(rest[1]));
      case "delete": return to.delete(document, ...this.condition(rest[0]));
    }
    throw new Error(`no such write: ${kind}`);
  }

  // "seen" is the time at which the document was when it was read last.
  condition(given) {
    if (!given) return [];
    return [given.seen ? { lastUpdateTime: this.seen.get(given.seen) } : given];
  }

  async get(path) {
    const snapshot = await this.db.doc(path).get();
    this.seen.set(path, snapshot.updateTime);
    return this.document(snapshot)[1];
  }

  async all(paths) {
    return (await this.db.getAll(...paths.map((path) => this.db.doc(path)))).map((one) => this.document(one));
  }

  async do(write) {
    const batch = this.db.batch();
    this.write(batch, write);
    await batch.commit();
  }

  async create([path, data]) {
    await this.db.doc(path).create(this.value(data));
  }

  async batch(writes) {
    const batch = this.db.batch();
    for (const write of writes) this.write(batch, write);
    return (await batch.commit()).length;
  }

  async bulk(writes) {
    const writer = this.db.bulkWriter();
    writer.onWriteError(() => false);
    const ends = writes.map((write) => this.write(writer, write).then(() => "OK", nameOf));
    await writer.close();
    return await Promise.all(ends);
  }

  async find(query) {
    return (await this.query(query).get()).docs.map((one) => this.document(one));
  }

  async aggregate({ query, sum, average }) {
    const { AggregateField } = this.library;
    const fields = { count: AggregateField.count() };
    for (const name of sum ?? []) fields[`sum ${name}`] = AggregateField.sum(name);
    for (const name of average ?? []) fields[`average ${name}`] = AggregateField.average(name);
    return (await this.query(query).aggregate(fields).get()).data();
  }

  // Reads, then finds, then writes; `fails` gives up instead.
  async transaction({ reads, finds, writes, fails, attempts }) {
    let tried = 0;
    const options = { maxAttempts: attempts ?? 5 };
    return await this.db.runTransaction(async (transaction) => {
      tried += 1;
      const read = [];
      for (const path of reads ?? []) read.push(this.document(await transaction.get(this.db.doc(path)))[1]);
      const found = [];
      for (const query of finds ?? []) found.push((await transaction.get(this.query(query))).size);
      if (fails) throw new Error("given up");
      for (const write of writes ?? []) this.write(transaction, write);
      return { read, found, tried };
    }, options);
  }

  // What dedup code does: who finds nothing there takes it.
  async claim(path) {
    return await this.db.runTransaction(async (transaction) => {
      const document = this.db.doc(path);
      if ((await transaction.get(document)).exists) return "taken";
      transaction.set(document, { by: "me" });
      return "mine";
    });
  }

  async claim_by_query({ collection, id }) {
    return await this.db.runTransaction(async (transaction) => {
      const seen = this.db.collection(collection);
      if (!(await transaction.get(seen.where("id", "==", id))).empty) return "taken";
      transaction.set(seen.doc(), { id });
      return "mine";
    });
  }

  async claim_naively(path) {
    const document = this.db.doc(path);
    if ((await document.get()).exists) return "taken";
    await document.set({ by: "me" });
    return "mine";
  }

  async documents(collection) {
    return (await this.db.collection(collection).listDocuments()).map((one) => one.path);
  }

  async collections(path) {
    return (await (path ? this.db.doc(path) : this.db).listCollections()).map((one) => one.id);
  }

  // Listens to a document or a query while it makes writes, each once the one before was heard of.
  async listen({ document, query, writes }) {
    const heard = [];
    let told;
    const next = () => new Promise((resolve) => (told = resolve));
    let news = next();
    const of = document ? this.db.doc(document) : this.query(query);
    const stop = of.onSnapshot((snapshot) => {
      if (document) heard.push(this.document(snapshot)[1]);
      else heard.push(snapshot.docChanges().map((one) => [one.type, one.doc.id]));
      told();
    });
    try {
      await news;
      for (const write of writes) {
        news = next();
        await this.do(write);
        await news;
      }
    } finally {
      stop();
    }
    return heard;
  }
}

function nameOf(error) {
  if (typeof error.code !== "number") return error.message;
  return codes[error.code] ?? `HTTP ${error.code}`;
}

const players = {};
for (const name of names) {
  const [kind, host] = name.split("@");
  // Read when a client is made.
  process.env.FIRESTORE_EMULATOR_HOST = host;
  players[name] = new Player(await makers[kind]());
}
console.log(JSON.stringify("ready"));
for await (const line of createInterface({ input: process.stdin })) {
  const { number, who, command, content } = JSON.parse(line);
  // Commands run side by side; who wants one behind the other waits for the answer.
  players[who][command](content).then(
    (result) => console.log(JSON.stringify({ number, result: result ?? null })),
    (error) => console.log(JSON.stringify({ number, error: nameOf(error), text: String(error.details ?? error.message) })),
  );
}
process.exit(0);
