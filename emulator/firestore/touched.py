"""What a request reads and writes, so that the order of two requests is known to matter or not.

Keys are `firestore:<path>` for a document and `firestore:<collection>/*` for who is in a
collection.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from emulator.call import Access
from emulator.exchange import Request
from emulator.firestore.api import parameters_of
from emulator.firestore.errors import FirestoreError
from emulator.firestore.names import group_key
from emulator.firestore.paging import listing
from emulator.firestore.proto_json import JSONObject, load
from emulator.firestore.query import Query
from emulator.firestore.structured_query import StructuredQuery, run, structured_query
from emulator.firestore.target import Target
from emulator.firestore.transcoding import message_to_json
from emulator.firestore.wire import written_names
from emulator.grpc import POLL, STREAM

if TYPE_CHECKING:
    from emulator.firestore.service import Firestore

# The order in which transactions begin decides which of them is sent back.
_BEGINNINGS = "firestore:transactions"

# Up to so many documents, a query counts as reading its whole collection, because a change of any
# might bring it into the results. Beyond, that would cost too much, and only the results count.
SEARCHED_LIMIT = 200


def access_of(fake: "Firestore", target: Target, request: Request) -> Access:
    """The access of a request. Raises FirestoreError when it can not be read."""
    path = "/".join(target.ids)
    match target.verb:
        case "get":
            return Access("get", reads=frozenset({_key(path)}))
        case "list":
            wanted = listing(target.name, Query(request.raw_query, parameters_of(target.verb)))
            page = fake.store.page(
                target.name,
                size=wanted.size,
                after=wanted.after,
                descending=wanted.descending,
            )
            return Access(
                "list",
                # Changes of the listed documents matter as much as who is listed.
                reads=frozenset(
                    {_key(path + "/*"), *(_key_of(one.name) for one in page.documents)}
                ),
            )
        case "batchGet":
            body = load(request.body)
            named = body.get("documents")
            names = named if isinstance(named, list) else []
            return Access(
                "batchGet",
                reads=frozenset(_key_of(name) for name in names if isinstance(name, str)),
                writes=_begun(body),
            )
        case "runQuery" | "runAggregationQuery":
            body = load(request.body)
            try:
                searched = _query_of(body, target)
            except FirestoreError:
                return Access(target.verb)  # it will be refused
            return Access(
                target.verb,
                reads=frozenset(_searched(fake, searched)),
                writes=_begun(body),
            )
        case "beginTransaction":
            return Access("beginTransaction", writes=frozenset({_BEGINNINGS}))
        case "rollback":
            return Access("rollback", reads=_locked(fake, load(request.body)))
        case "create":
            query = Query(request.raw_query, parameters_of(target.verb))
            last = query.text("documentId")
            writes = _written(fake, _key(f"{path}/{last}"), may_join=True)
            return Access("create", writes=writes if last else writes - {_key(f"{path}/")})
        case "patch":
            query = Query(request.raw_query, parameters_of(target.verb))
            condition = query.precondition()
            must_exist = condition.exists is True or condition.updated_us is not None
            return Access("patch", writes=_written(fake, _key(path), may_join=not must_exist))
        case "delete":
            return Access("delete", writes=_written(fake, _key(path), may_join=True))
        case "listCollectionIds":
            # Any document may be the first or the last one of its collection.
            return Access("listCollectionIds", reads=frozenset(_grouped(fake, "")))
        case "commit" | "batchWrite":
            body = load(request.body)
            written = (
                _written(fake, _key_of(name), may_join=may_join)
                for name, may_join in written_names(body)
            )
            return Access(
                target.verb, reads=_locked(fake, body), writes=frozenset().union(*written)
            )
        case unserved:
            return Access(unserved)


def _query_of(body: JSONObject, target: Target) -> StructuredQuery:
    raw = body.get("structuredQuery")
    if target.verb == "runAggregationQuery":
        asked = body.get("structuredAggregationQuery")
        raw = asked.get("structuredQuery") if isinstance(asked, dict) else None
    return structured_query(raw, target.name)


def listened(fake: "Firestore", request: Request) -> Access:
    """The access of a message of an open call, or of its question for news: whatever might be told.

    Raises FirestoreError when it can not be read.
    """
    names: tuple[str, ...] = ()
    queries: tuple[StructuredQuery, ...] = ()
    if request.header(POLL) is not None:
        names, queries = fake.listeners.watched(request.header(STREAM) or "")
    else:
        added = message_to_json(request).get("addTarget")
        target = added if isinstance(added, dict) else {}
        if "documents" in target:
            names = tuple(target["documents"].get("documents", ()))
        elif "query" in target:
            asked = target["query"]
            queries = (structured_query(asked.get("structuredQuery"), asked.get("parent", "")),)
    reads = {_key_of(name) for name in names}
    for query in queries:
        reads.update(_searched(fake, query))
    return Access("listen", reads=frozenset(reads))


def _searched(fake: "Firestore", query: StructuredQuery) -> Iterator[str]:
    store = fake.store
    if query.parent is not None:
        yield from _grouped(fake, query.collection.rpartition("/")[2])
        for document in run(query, store).documents:
            yield _key_of(document.name)
        return
    yield _key_of(query.collection + "/*")
    small = store.count(query.collection) <= SEARCHED_LIMIT
    documents = (
        store.in_collection(query.collection) if small else iter(run(query, store).documents)
    )
    for document in documents:
        yield _key_of(document.name)


def _grouped(fake: "Firestore", last: str) -> Iterator[str]:
    """The keys of all collections with an id, of all if it is empty, and of those to come.

    From now on whatever is written into one touches what stands for them all. Before the first
    request of this kind nothing does: else most writes would depend on each other for nothing.
    """
    fake.grouped.add(last)
    yield _key(group_key(last))
    for name in fake.store.collections():
        if not last or name.endswith("/" + last):
            yield _key_of(name + "/*")


def _begun(body: JSONObject) -> frozenset[str]:
    return frozenset() if body.get("newTransaction") is None else frozenset({_BEGINNINGS})


def _locked(fake: "Firestore", body: JSONObject) -> frozenset[str]:
    """What a transaction has read, and holds until it ends."""
    id_ = body.get("transaction")
    locks = fake.transactions.locks_of(id_) if isinstance(id_, str) else ()
    return frozenset(_key_of(lock) for lock in locks)


def _key(path: str) -> str:
    return f"firestore:{path}"


def _key_of(name: str) -> str:
    """The key of a full name; a malformed one stands for itself."""
    parts = name.split("/", 5)
    return _key(parts[5] if len(parts) == 6 else name)


def _written(fake: "Firestore", key: str, *, may_join: bool) -> frozenset[str]:
    """The keys of a write; its collection's too when the document may come into being or end."""
    if not may_join:
        return frozenset({key})
    collection = key.rpartition("/")[0]
    keys = {key, collection + "/*"}
    if fake.grouped:
        last = collection.rpartition("/")[2].removeprefix("firestore:")
        keys.update(_key(group_key(one)) for one in fake.grouped if one in ("", last))
    return frozenset(keys)
