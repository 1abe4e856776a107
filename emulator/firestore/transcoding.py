"""gRPC calls as requests to the REST surface: which method is which, and what goes where.

Firestore API, the `google.api.http` options of its methods. Listening has no counterpart here.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote, urlencode

from emulator.exchange import Request
from emulator.firestore.errors import InvalidArgumentError, UnimplementedError
from emulator.firestore.proto_json import JSONObject
from emulator.firestore.wire import dump
from emulator.grpc import Code, GrpcError, message_of, method_of

SERVICE = "google.firestore.v1.Firestore"
LISTEN = f"/{SERVICE}/Listen"
MISSING = "Firestore over gRPC needs Google's package: pip install 'thrice[firestore]'"

Pairs = list[tuple[str, str]]
# A request without its headers: method, path below the API's version, parameters, body.
Plain = tuple[str, str, Pairs, object]


class UnknownMethodError(UnimplementedError):
    """No such method, or none that is served."""


def rest_request(request: Request) -> Request:
    """What a call would be over REST, with its metadata as headers.

    Raises InvalidArgumentError for what can not be read, UnimplementedError for what is not served.
    """
    method, path, parameters, body = _transcoded(request.raw_path, request.body)
    url = f"{request.origin}/v1/{path}" + (f"?{parameters}" if parameters else "")
    return Request(method, url, request.headers, body)


def message_to_json(request: Request) -> JSONObject:
    """The message of a call. Raises as `rest_request` does."""
    service, method = method_of(request)
    return _read(service, method, request.body)


# A call is looked at when it arrives, and again when it is applied.
@lru_cache(maxsize=256)
def _transcoded(raw_path: str, body: bytes) -> tuple[str, str, str, bytes]:
    service, _, method = raw_path.removeprefix("/").partition("/")
    plain = _METHODS.get(method)
    read = _read(service, method, body)
    if plain is None:
        raise UnknownMethodError(f"Method not found: {raw_path}")
    verb, path, pairs, content = plain(read)
    return verb, path, urlencode(pairs), b"" if content is None else dump(content)


def _read(service: str, method: str, body: bytes) -> JSONObject:
    try:
        from emulator.firestore import protos
    except ImportError as error:
        raise UnimplementedError(f"{MISSING} ({error})") from None
    try:
        message = message_of(body)
    except GrpcError as error:
        refusal = UnimplementedError if error.code is Code.UNIMPLEMENTED else InvalidArgumentError
        raise refusal(error.message) from None
    read = protos.request_to_json(method, message) if service == SERVICE else None
    if read is None:
        raise UnknownMethodError(f"Method not found: /{service}/{method}")
    return read


def _path(*names: object) -> str:
    """Names of resources as a path, in which their own colons are no syntax."""
    path = "/".join(str(name) for name in names)
    if not path:
        raise InvalidArgumentError("The name of a resource is missing.")
    return quote(path, safe="/")


def _pairs(read: JSONObject, *names: str) -> Pairs:
    return [(name, _text(read[name])) for name in names if name in read]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _mask(read: JSONObject, name: str) -> Iterator[tuple[str, str]]:
    mask = read.get(name)
    paths = mask.get("fieldPaths") if isinstance(mask, dict) else None
    for path in paths if isinstance(paths, list) else ():
        yield f"{name}.fieldPaths", str(path)


def _condition(read: JSONObject) -> Iterator[tuple[str, str]]:
    condition = read.get("currentDocument")
    for name, value in condition.items() if isinstance(condition, dict) else ():
        yield f"currentDocument.{name}", _text(value)


_READING = ("transaction", "readTime")


def _get_document(read: JSONObject) -> Plain:
    pairs = [*_mask(read, "mask"), *_pairs(read, *_READING)]
    return "GET", _path(read.get("name", "")), pairs, None


def _list_documents(read: JSONObject) -> Plain:
    named = _pairs(read, "pageSize", "pageToken", "orderBy", "showMissing", *_READING)
    path = _path(read.get("parent", ""), read.get("collectionId", ""))
    return "GET", path, [*named, *_mask(read, "mask")], None


def _create_document(read: JSONObject) -> Plain:
    path = _path(read.get("parent", ""), read.get("collectionId", ""))
    pairs = [*_pairs(read, "documentId"), *_mask(read, "mask")]
    return "POST", path, pairs, read.get("document", {})


def _update_document(read: JSONObject) -> Plain:
    document = read.get("document")
    name = document.get("name", "") if isinstance(document, dict) else ""
    pairs = [*_mask(read, "updateMask"), *_mask(read, "mask"), *_condition(read)]
    return "PATCH", _path(name), pairs, document


def _delete_document(read: JSONObject) -> Plain:
    return "DELETE", _path(read.get("name", "")), [*_condition(read)], None


def _at_root(verb: str) -> Callable[[JSONObject], Plain]:
    def transcode(read: JSONObject) -> Plain:
        body = {name: value for name, value in read.items() if name != "database"}
        return "POST", f"{_path(read.get('database', ''))}/documents:{verb}", [], body

    return transcode


def _at_parent(verb: str) -> Callable[[JSONObject], Plain]:
    def transcode(read: JSONObject) -> Plain:
        body = {name: value for name, value in read.items() if name != "parent"}
        return "POST", f"{_path(read.get('parent', ''))}:{verb}", [], body

    return transcode


_METHODS: Mapping[str, Callable[[JSONObject], Plain]] = {
    "GetDocument": _get_document,
    "ListDocuments": _list_documents,
    "CreateDocument": _create_document,
    "UpdateDocument": _update_document,
    "DeleteDocument": _delete_document,
    "BatchGetDocuments": _at_root("batchGet"),
    "BeginTransaction": _at_root("beginTransaction"),
    "Commit": _at_root("commit"),
    "Rollback": _at_root("rollback"),
    "BatchWrite": _at_root("batchWrite"),
    "RunQuery": _at_parent("runQuery"),
    "RunAggregationQuery": _at_parent("runAggregationQuery"),
    "ListCollectionIds": _at_parent("listCollectionIds"),
}
