"""The REST surface: reads requests, has the store do the work, logs and bills it, writes answers.

Everything arrives at one place, because Starlette routes on decoded paths and ids may contain
escaped syntax; `find_target` reads the raw path instead. `Firestore.access` uses it too, so that
the two never disagree about a request.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from emulator.call import Call
from emulator.exchange import Reply
from emulator.findings import note_finding
from emulator.firestore import transacting
from emulator.firestore.aggregating import ENTRIES_PER_READ, aggregate, aggregation_query
from emulator.firestore.asked import Asked, MustWait
from emulator.firestore.attempt import Transaction
from emulator.firestore.batching import batch_write
from emulator.firestore.browsing import list_collection_ids, list_documents
from emulator.firestore.errors import (
    FirestoreError,
    InvalidArgumentError,
    NotFoundError,
    UnauthenticatedError,
    UnimplementedError,
)
from emulator.firestore.moments import format_us
from emulator.firestore.names import check_document_name, check_ids
from emulator.firestore.oplog import NOTHING, billed_for_reading
from emulator.firestore.paging import UnservedOrderError
from emulator.firestore.proto_json import JSONObject, items, load, message, string
from emulator.firestore.query import Query
from emulator.firestore.structured_query import StructuredQuery, run, structured_query
from emulator.firestore.target import Target, find_target
from emulator.firestore.transcoding import UnknownMethodError
from emulator.firestore.value_json import fields_to_json
from emulator.firestore.wire import (
    CONTENT_TYPE,
    MAX_REQUEST_BYTES,
    document_fields,
    document_to_json,
    dump,
    error_to_json,
    mask_from_json,
)
from emulator.firestore.writes import Delete, Document, Precondition, Update

if TYPE_CHECKING:
    from emulator.firestore.service import Firestore

# -- the verbs -------------------------------------------------------------------------------------


def _get(asked: Asked, target: Target) -> JSONObject:
    mask = asked.query.paths("mask.fieldPaths")
    asked.paths = (target.name,)
    asked.fake.meter.check_reads()
    asked.billed = billed_for_reading(1)
    document = asked.fake.store.get(target.name)
    if document is None:
        raise NotFoundError(f'Document "{target.name}" not found.')
    return document_to_json(document, mask)


def _create(asked: Asked, target: Target) -> JSONObject:
    last = asked.query.text("documentId") or asked.fake.new_id(asked.call)
    name = f"{target.name}/{last}"
    asked.paths = (name,)
    check_ids((last,))
    body = load(asked.body)
    if body.get("name"):
        # Firestore API, CreateDocumentRequest.document: `name` must not be set.
        raise InvalidArgumentError("The name of the document to create must not be set.")
    return _update(asked, Update(name, document_fields(body), condition=Precondition(exists=False)))


def _patch(asked: Asked, target: Target) -> JSONObject:
    asked.paths = (target.name,)
    return _update(
        asked,
        Update(
            target.name,
            document_fields(load(asked.body)),
            asked.query.paths("updateMask.fieldPaths"),
            condition=asked.query.precondition(),
        ),
    )


def _update(asked: Asked, write: Update) -> JSONObject:
    mask = asked.query.paths("mask.fieldPaths")
    transacting.write(asked, (write,))
    document = asked.fake.store.get(write.name)
    return {} if document is None else document_to_json(document, mask)


def _delete(asked: Asked, target: Target) -> JSONObject:
    asked.paths = (target.name,)
    transacting.write(asked, (Delete(target.name, asked.query.precondition()),))
    return {}


def _batch_get(asked: Asked, target: Target) -> list[JSONObject]:
    body = message(load(asked.body), "", ("documents", "mask", *transacting.READING))
    mask = mask_from_json(body["mask"], "mask") if "mask" in body else None
    named = items(body.get("documents", []), "documents")
    names = [string(name, f"documents[{at}]") for at, name in enumerate(named)]
    asked.paths = tuple(names)
    for name in names:
        check_document_name(name, target.database)
    store = asked.fake.store
    asked.fake.meter.check_reads()
    transaction = transacting.join(asked, target, body, names)
    found = store.batch_get(names)
    transacting.saw(
        asked, transaction, names, lambda: [_version(one) for _, one in store.batch_get(names)]
    )
    asked.billed = billed_for_reading(len(found)) if found else NOTHING
    read_time = format_us(store.read_us)
    rows: list[JSONObject] = [
        {"missing": name, "readTime": read_time}
        if document is None
        else {"found": document_to_json(document, mask), "readTime": read_time}
        for name, document in found
    ]
    transacting.announce(rows, body, transaction)
    return rows


def _run_query(asked: Asked, target: Target) -> list[JSONObject]:
    body = message(load(asked.body), "", ("structuredQuery", *transacting.READING))
    query = structured_query(body.get("structuredQuery"), _parent(target))
    transaction, keys = _searching(asked, target, body, query)
    store = asked.fake.store
    results = run(query, store)
    transacting.saw(
        asked,
        transaction,
        keys,
        lambda: [_version(one) for one in run(query, store).documents],
    )
    asked.billed = billed_for_reading(len(results.documents))
    read_time = format_us(store.read_us)
    rows: list[JSONObject] = [
        {"document": document_to_json(document, query.fields), "readTime": read_time}
        for document in results.documents
    ] or [{"readTime": read_time}]
    if results.skipped:
        rows[0]["skippedResults"] = results.skipped
    transacting.announce(rows, body, transaction)
    return rows


def _run_aggregation_query(asked: Asked, target: Target) -> list[JSONObject]:
    body = message(load(asked.body), "", ("structuredAggregationQuery", *transacting.READING))
    query, wanted = aggregation_query(body.get("structuredAggregationQuery"), _parent(target))
    transaction, keys = _searching(asked, target, body, query)
    store = asked.fake.store
    values, entries = aggregate(query, wanted, store)
    transacting.saw(asked, transaction, keys, lambda: aggregate(query, wanted, store))
    asked.billed = billed_for_reading(-(-entries // ENTRIES_PER_READ))
    result: JSONObject = {"aggregateFields": fields_to_json(values)}
    rows: list[JSONObject] = [{"result": result, "readTime": format_us(store.read_us)}]
    transacting.announce(rows, body, transaction)
    return rows


def _parent(target: Target) -> str:
    if len(target.ids) % 2:
        raise InvalidArgumentError(f'Document name "{target.name}" names a collection.')
    return target.name


def _searching(
    asked: Asked, target: Target, body: JSONObject, query: StructuredQuery
) -> tuple[Transaction | None, tuple[str, ...]]:
    """The transaction in which a query reads, if any, and what it reads there."""
    asked.paths = (query.collection or target.name,)
    asked.fake.meter.check_reads()
    if not query.collection and ("transaction" in body or "newTransaction" in body):
        raise UnimplementedError("Queries of every collection are not served in transactions.")
    keys = (query.key,)
    return transacting.join(asked, target, body, keys), keys


def _version(document: Document | None) -> tuple[str, int] | None:
    return None if document is None else (document.name, document.updated_us)


_PRECONDITION = frozenset({"currentDocument.exists", "currentDocument.updateTime"})
_MASK = frozenset({"mask.fieldPaths"})

# What does each verb, and the query parameters it knows.
_VERBS: Mapping[str, tuple[Callable[[Asked, Target], object], frozenset[str]]] = {
    "get": (_get, _MASK),
    "list": (list_documents, _MASK | {"pageSize", "pageToken", "orderBy", "showMissing"}),
    "create": (_create, _MASK | {"documentId"}),
    "patch": (_patch, _MASK | _PRECONDITION | {"updateMask.fieldPaths"}),
    "delete": (_delete, _PRECONDITION),
    "commit": (transacting.commit, frozenset()),
    "batchGet": (_batch_get, frozenset()),
    "runQuery": (_run_query, frozenset()),
    "beginTransaction": (transacting.begin_transaction, frozenset()),
    "rollback": (transacting.rollback, frozenset()),
    "batchWrite": (batch_write, frozenset()),
    "runAggregationQuery": (_run_aggregation_query, frozenset()),
    "listCollectionIds": (list_collection_ids, frozenset()),
}


# -- every request ---------------------------------------------------------------------------------


def parameters_of(verb: str) -> frozenset[str]:
    """The query parameters that a served verb knows."""
    return _VERBS[verb][1]


def _perform(asked: Asked, raw_query: str, authorization: str) -> object:
    target = asked.target = find_target(asked.method, asked.raw_path)
    if target is None:
        _find(asked, "unknown-route", f"{asked.method} {asked.raw_path}")
        raise NotFoundError(f"Method not found: {asked.method} {asked.raw_path}")
    if target.served:
        asked.query = Query(raw_query, parameters_of(target.verb))
    scheme, _, token = authorization.partition(" ")
    if not asked.query.access_token and not (scheme.lower() == "bearer" and token.strip()):
        raise UnauthenticatedError(
            "Request is missing required authentication credential."
            " Expected OAuth 2 access token, login cookie or other valid authentication credential."
        )
    asked.fake.databases.setdefault(target.database)
    if not target.served:
        raise UnimplementedError(f"The method {target.verb} is not served here.")
    if len(asked.body) > MAX_REQUEST_BYTES:
        raise InvalidArgumentError(
            f"Request payload size exceeds the limit: {MAX_REQUEST_BYTES} bytes."
        )
    return _VERBS[target.verb][0](asked, target)


def _answer(asked: Asked, raw_query: str, authorization: str) -> Response:
    status, result = 200, "OK"
    try:
        payload = _perform(asked, raw_query, authorization)
    except MustWait as reason:
        assert asked.waits is not None  # else nothing would have waited
        asked.waits.append(reason.wait)
        return Response(status_code=202)  # nobody sees it
    except FirestoreError as error:
        if isinstance(error, (UnimplementedError, UnservedOrderError)):
            _find(asked, "unsupported", error.message)
        status, result = error.http, error.status
        payload = error_to_json(error)
        if asked.target is not None and asked.target.streams:
            payload = [payload]
    asked.fake.meter.use(asked.billed)
    invocation = None if asked.call is None else asked.call.invocation
    asked.fake.oplog.note(
        asked.verb,
        asked.paths,
        time=asked.fake.kernel.clock.now,
        result=result,
        billed=asked.billed,
        instance="" if invocation is None else invocation.instance,
        caller="" if invocation is None else invocation.name,
        transaction=asked.transaction,
    )
    return Response(dump(payload), status, {"content-type": CONTENT_TYPE})


def refused(fake: "Firestore", call: Call | None, error: FirestoreError) -> Reply:
    """The answer to a call that never became a request."""
    if isinstance(error, UnimplementedError):
        unknown = isinstance(error, UnknownMethodError)
        _note(fake, call, "unknown-route" if unknown else "unsupported", "grpc", error.message)
    return Reply(error.http, (("content-type", CONTENT_TYPE),), dump(error_to_json(error)))


def _find(asked: Asked, name: str, text: str) -> None:
    """Note that no verdict should be built on what this request got."""
    _note(asked.fake, asked.call, name, asked.verb, text)


def _note(fake: "Firestore", call: Call | None, name: str, verb: str, text: str) -> None:
    detail = {"service": fake.name, "verb": verb, "text": text}
    note_finding(fake.kernel, call, name, detail)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The surface as an ASGI application. With one place to arrive at there is nothing to route."""
    request = Request(scope, receive)
    asked = Asked(
        fake=scope["thrice.fake"],
        call=scope["thrice.call"],
        method=request.method,
        raw_path=scope["raw_path"].decode("latin-1"),
        body=await request.body(),
        waits=scope["thrice.waits"],
    )
    raw_query = scope["query_string"].decode("latin-1")
    response = _answer(asked, raw_query, request.headers.get("authorization", ""))
    await response(scope, receive, send)
