"""Plays commands that come on standard input, one per line, with Google's own clients for Python,
and prints what came of each: `python client.py sync@<host>:<port> async@...` plays as each of them.
"""

import asyncio
import base64
import inspect
import json
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import And, FieldFilter, Or
from google.cloud.firestore_v1.field_path import FieldPath

LIMIT_S = 20.0
OPERATORS = {
    "array-contains": "array_contains",
    "array-contains-any": "array_contains_any",
    "not-in": "not-in",
}


def name_of(error: Exception) -> str:
    if isinstance(error, GoogleAPICallError) and error.grpc_status_code is not None:
        return str(error.grpc_status_code.name)
    return str(error)


def driven(coroutine: Any) -> Any:
    """The result of a coroutine that never really waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise RuntimeError("the plain client has waited")


class Player:
    """Commands for the plain client; the one for asyncio overrides how calls are waited for."""

    library: Any = firestore

    def __init__(self, db: Any) -> None:
        self.db = db
        self.seen: dict[str, Any] = {}

    # -- values

    def value(self, given: Any) -> Any:
        if isinstance(given, list):
            return [self.value(one) for one in given]
        if not isinstance(given, dict):
            return given
        tag: str
        content: Any
        tag, content = next(iter(given.items()), ("", None))
        match tag:
            case "$now":
                return firestore.SERVER_TIMESTAMP
            case "$inc":
                return firestore.Increment(content)
            case "$union":
                return firestore.ArrayUnion([self.value(one) for one in content])
            case "$without":
                return firestore.ArrayRemove([self.value(one) for one in content])
            case "$delete":
                return firestore.DELETE_FIELD
            case "$time":
                return datetime.fromtimestamp(content / 1000, UTC)
            case "$bytes":
                return base64.b64decode(content)
            case "$ref":
                return self.db.document(content)
            case "$geo":
                return firestore.GeoPoint(*content)
            case "$nan":
                return float("nan")
        return {name: self.value(one) for name, one in given.items()}

    def shown(self, stored: Any) -> Any:
        if isinstance(stored, list):
            return [self.shown(one) for one in stored]
        if isinstance(stored, dict):
            return {name: self.shown(one) for name, one in stored.items()}
        if isinstance(stored, datetime):
            return {"$time": round(stored.timestamp() * 1000)}
        if isinstance(stored, firestore.GeoPoint):
            return {"$geo": [stored.latitude, stored.longitude]}
        if isinstance(stored, bytes):
            return {"$bytes": base64.b64encode(stored).decode()}
        if isinstance(stored, float) and stored != stored:
            return {"$nan": True}
        if hasattr(stored, "path"):
            return {"$ref": stored.path}
        return stored

    def shown_document(self, snapshot: Any) -> list[Any]:
        data = self.shown(snapshot.to_dict()) if snapshot.exists else None
        return [snapshot.reference.path, data]

    def query(self, asked: dict[str, Any]) -> Any:
        def path(name: str) -> str:
            return str(FieldPath.document_id()) if name == "__name__" else name

        def condition(one: Any) -> Any:
            if isinstance(one, dict):
                [(kind, parts)] = one.items()
                return (Or if kind == "or" else And)([condition(part) for part in parts])
            return FieldFilter(path(one[0]), OPERATORS.get(one[1], one[1]), self.value(one[2]))

        group = asked.get("group")
        query = (
            self.db.collection_group(group) if group else self.db.collection(asked["collection"])
        )
        for one in asked.get("where", ()):
            query = query.where(filter=condition(one))
        for name, direction in asked.get("order", ()):
            descends = direction == "desc"
            query = query.order_by(path(name), direction="DESCENDING" if descends else "ASCENDING")
        cursors = {"start": "start_at", "after": "start_after", "end": "end_at"}
        for name, method in {**cursors, "before": "end_before"}.items():
            if name in asked:
                fields = [path(field) for field, _ in asked["order"]]
                values = [self.value(one) for one in asked[name]]
                query = getattr(query, method)(dict(zip(fields, values, strict=False)))
        for name, method in {
            "offset": "offset",
            "limit": "limit",
            "last": "limit_to_last",
            "select": "select",
        }.items():
            if name in asked:
                query = getattr(query, method)(asked[name])
        return query

    # -- how it waits

    async def wait(self, call: Any) -> Any:
        return await call if inspect.isawaitable(call) else call

    async def collect(self, stream: Any) -> list[Any]:
        stream = await self.wait(stream)
        if hasattr(stream, "__aiter__"):
            return [one async for one in stream]
        return list(stream)

    def transactional(self, body: Callable[[Any], Any]) -> Any:
        @firestore.transactional
        def run(transaction: Any) -> Any:
            return driven(body(transaction))

        return run

    def started(self, options: dict[str, Any]) -> Any:
        return self.db.transaction(**options)

    # -- commands

    def write(self, to: Any, write: list[Any]) -> Any:
        kind, path, *rest = write
        document = self.db.document(path)
        match kind:
            case "set":
                return to.set(document, self.value(rest[0]), merge=len(rest) > 1)
            case "create":
                return to.create(document, self.value(rest[0]))
            case "update":
                return to.update(document, self.value(rest[0]), *self.condition(rest[1:]))
            case "delete":
                return to.delete(document, *self.condition(rest))
        raise ValueError(f"no such write: {kind}")

    def condition(self, given: list[Any]) -> list[Any]:
        """ "seen" is the time at which the document was when it was read last."""
        if not given:
            return []
        [options] = given
        if "seen" in options:
            return [self.db.write_option(last_update_time=self.seen[options["seen"]])]
        return [self.db.write_option(**options)]

    async def get(self, path: str) -> Any:
        snapshot = await self.wait(self.db.document(path).get())
        self.seen[path] = snapshot.update_time
        return self.shown_document(snapshot)[1]

    async def all(self, paths: list[str]) -> Any:
        got = await self.collect(self.db.get_all([self.db.document(path) for path in paths]))
        found = dict(self.shown_document(one) for one in got)
        return [[path, found[path]] for path in paths]

    async def do(self, write: list[Any]) -> None:
        batch = self.db.batch()
        self.write(batch, write)
        await self.wait(batch.commit())

    async def create(self, asked: list[Any]) -> None:
        path, data = asked
        await self.wait(self.db.document(path).create(self.value(data)))

    async def batch(self, writes: list[list[Any]]) -> int:
        batch = self.db.batch()
        for write in writes:
            self.write(batch, write)
        return len(await self.wait(batch.commit()))

    async def bulk(self, writes: list[list[Any]]) -> list[str]:
        ended: dict[str, str] = {}
        writer = self.db.bulk_writer()

        def failed(failure: Any, _: Any) -> bool:
            code = failure.code
            ended[failure.operation.reference.path] = getattr(code, "name", None) or CODES[code]
            return False

        writer.on_write_error(failed)
        for write in writes:
            self.write(writer, write)
        writer.close()
        return [ended.get(write[1], "OK") for write in writes]

    async def find(self, query: dict[str, Any]) -> Any:
        found = await self.wait(self.query(query).get())
        return [self.shown_document(one) for one in found]

    async def aggregate(self, asked: dict[str, Any]) -> dict[str, Any]:
        query = self.query(asked["query"])
        wanted = query.count(alias="count")
        for name in asked.get("sum", ()):
            wanted = wanted.sum(name, alias=f"sum {name}")
        for name in asked.get("average", ()):
            wanted = wanted.avg(name, alias=f"average {name}")
        (row,) = await self.wait(wanted.get())
        return {one.alias: one.value for one in row}

    async def transaction(self, asked: dict[str, Any]) -> Any:
        """Reads, then finds, then writes; `fails` gives up instead."""
        tried = 0

        async def body(transaction: Any) -> Any:
            nonlocal tried
            tried += 1
            read = []
            for path in asked.get("reads", ()):
                got = await self.wait(self.db.document(path).get(transaction=transaction))
                read.append(self.shown_document(got)[1])
            found = []
            for query in asked.get("finds", ()):
                got = await self.wait(self.query(query).get(transaction=transaction))
                found.append(len(got))
            if asked.get("fails"):
                raise RuntimeError("given up")
            for write in asked.get("writes", ()):
                self.write(transaction, write)
            return {"read": read, "found": found, "tried": tried}

        attempts = asked.get("attempts", 5)
        return await self.run(body, {"max_attempts": attempts})

    async def run(self, body: Callable[[Any], Any], options: dict[str, Any] | None = None) -> Any:
        run = self.transactional(body)
        return await self.wait(run(self.started(options or {})))

    async def claim(self, path: str) -> Any:
        """What dedup code does: who finds nothing there takes it."""
        document = self.db.document(path)

        async def body(transaction: Any) -> str:
            if (await self.wait(document.get(transaction=transaction))).exists:
                return "taken"
            transaction.set(document, {"by": "me"})
            return "mine"

        return await self.run(body)

    async def claim_by_query(self, asked: dict[str, str]) -> Any:
        seen = self.db.collection(asked["collection"])

        async def body(transaction: Any) -> str:
            query = seen.where(filter=FieldFilter("id", "==", asked["id"]))
            if await self.wait(query.get(transaction=transaction)):
                return "taken"
            transaction.set(seen.document(), {"id": asked["id"]})
            return "mine"

        return await self.run(body)

    async def claim_naively(self, path: str) -> str:
        document = self.db.document(path)
        if (await self.wait(document.get())).exists:
            return "taken"
        await self.wait(document.set({"by": "me"}))
        return "mine"

    async def documents(self, collection: str) -> list[str]:
        listed = await self.collect(self.db.collection(collection).list_documents())
        return [one.path for one in listed]

    async def collections(self, path: str | None) -> list[str]:
        of = self.db.document(path) if path else self.db
        return [one.id for one in await self.collect(of.collections())]

    async def listen(self, asked: dict[str, Any]) -> list[Any]:
        """Listens while it makes writes, each once the one before was heard of."""
        heard: SimpleQueue[Any] = SimpleQueue()
        document = asked.get("document")

        def told(snapshots: Any, changes: Any, moment: Any) -> None:
            if document:
                # There is none when the document is gone.
                heard.put(self.shown_document(snapshots[0])[1] if snapshots else None)
            else:
                heard.put([[one.type.name.lower(), one.document.id] for one in changes])

        of = self.db.document(document) if document else self.query(asked["query"])
        watch = of.on_snapshot(told)
        try:
            all_heard = [heard.get(timeout=LIMIT_S)]
            for write in asked["writes"]:
                await self.do(write)
                all_heard.append(heard.get(timeout=LIMIT_S))
        finally:
            watch.unsubscribe()
        return all_heard


class AsyncPlayer(Player):
    """The same for asyncio."""

    def transactional(self, body: Callable[[Any], Any]) -> Any:
        return firestore.async_transactional(body)


CODES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"),
    *("ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"),
    *("ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE"),
)
_printing = threading.Lock()


def tell(answer: object) -> None:
    with _printing:
        print(json.dumps(answer), flush=True)


async def play(player: Player, asked: dict[str, Any]) -> None:
    try:
        result = await getattr(player, asked["command"])(asked["content"])
    except Exception as error:
        text = getattr(error, "message", str(error))
        tell({"number": asked["number"], "error": name_of(error), "text": text})
    else:
        tell({"number": asked["number"], "result": result})


def main() -> None:
    project = os.environ["GOOGLE_CLOUD_PROJECT"]
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    players: dict[str, Player] = {}

    async def make() -> AsyncPlayer:
        return AsyncPlayer(firestore.AsyncClient(project=project))

    for name in sys.argv[1:]:
        kind, _, host = name.partition("@")
        # Read when a client is made.
        os.environ["FIRESTORE_EMULATOR_HOST"] = host
        if kind == "sync":
            players[name] = Player(firestore.Client(project=project))
        else:
            players[name] = asyncio.run_coroutine_threadsafe(make(), loop).result(LIMIT_S)
    tell("ready")
    with ThreadPoolExecutor(8) as threads:
        for line in sys.stdin:
            asked = json.loads(line)
            player = players[asked["who"]]
            if isinstance(player, AsyncPlayer):
                asyncio.run_coroutine_threadsafe(play(player, asked), loop)
            else:
                threads.submit(driven, play(player, asked))
    os._exit(0)


if __name__ == "__main__":
    main()
