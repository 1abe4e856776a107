"""The messages of `google.firestore.v1`, as Google's own package has them, from and to proto3 JSON.

The only module that imports that package, which comes with an extra; it is imported when the first
gRPC call comes. The package's classes have no types.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from google.cloud.firestore_v1.types import document, firestore
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import DecodeError

from emulator.exchange import Reply, Request
from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.moments import parse_ns
from emulator.firestore.proto_json import JSONObject
from emulator.grpc import encode_with, method_of

SERVICE = "google.firestore.v1.Firestore"

# Request and answer of each method; of one that streams, each row of the answer is one of these.
_KINDS: Mapping[str, tuple[Any, Any]] = {
    "GetDocument": (firestore.GetDocumentRequest.pb(), document.Document.pb()),
    "ListDocuments": (firestore.ListDocumentsRequest.pb(), firestore.ListDocumentsResponse.pb()),
    "CreateDocument": (firestore.CreateDocumentRequest.pb(), document.Document.pb()),
    "UpdateDocument": (firestore.UpdateDocumentRequest.pb(), document.Document.pb()),
    "DeleteDocument": (firestore.DeleteDocumentRequest.pb(), Empty),
    "BatchGetDocuments": (
        firestore.BatchGetDocumentsRequest.pb(),
        firestore.BatchGetDocumentsResponse.pb(),
    ),
    "BeginTransaction": (
        firestore.BeginTransactionRequest.pb(),
        firestore.BeginTransactionResponse.pb(),
    ),
    "Commit": (firestore.CommitRequest.pb(), firestore.CommitResponse.pb()),
    "Rollback": (firestore.RollbackRequest.pb(), Empty),
    "RunQuery": (firestore.RunQueryRequest.pb(), firestore.RunQueryResponse.pb()),
    "RunAggregationQuery": (
        firestore.RunAggregationQueryRequest.pb(),
        firestore.RunAggregationQueryResponse.pb(),
    ),
    "BatchWrite": (firestore.BatchWriteRequest.pb(), firestore.BatchWriteResponse.pb()),
    "ListCollectionIds": (
        firestore.ListCollectionIdsRequest.pb(),
        firestore.ListCollectionIdsResponse.pb(),
    ),
    "Listen": (firestore.ListenRequest.pb(), firestore.ListenResponse.pb()),
}


def request_to_json(method: str, message: bytes) -> JSONObject | None:
    """What a call asks for; None for a method that is not served. Raises InvalidArgumentError."""
    kinds = _KINDS.get(method)
    if kinds is None:
        return None
    try:
        read: JSONObject = MessageToDict(kinds[0].FromString(message))
    except (DecodeError, ValueError) as error:
        raise InvalidArgumentError(f"The message can not be read: {error}") from None
    _sort_fields(read)
    return read


def encoded(request: Request, reply: Reply) -> Sequence[bytes]:
    """The messages of a good answer to a call, which has them as proto3 JSON."""
    kind = _KINDS[method_of(request)[1]][1]
    content = json.loads(reply.body)
    rows = content if isinstance(content, list) else [content]
    return [_message(row, kind()).SerializeToString(deterministic=True) for row in rows]


def _message(row: Any, message: Any) -> Any:
    """One row as a message. Documents and their times take most of the time where they are read by
    the general rules, so they are put in by hand.
    """
    for name in ("found", "document"):
        if isinstance(row.get(name), dict):
            read, target = row.pop(name), getattr(message, name)
            target.name = read["name"]
            _fill(target.fields, read.get("fields", {}))
            _set_time(target.create_time, read["createTime"])
            _set_time(target.update_time, read["updateTime"])
    if "readTime" in row:
        _set_time(message.read_time, row.pop("readTime"))
    return ParseDict(row, message) if row else message


def _set_time(target: Any, text: str) -> None:
    target.seconds, target.nanos = _moment(text)


@lru_cache(maxsize=1024)
def _moment(text: str) -> tuple[int, int]:
    return divmod(parse_ns(text), 10**9)


def _fill(target: Any, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        _set(target[name], value)


def _set(target: Any, value: Mapping[str, Any]) -> None:
    """Make a `Value` what its JSON says."""
    [(kind, content)] = value.items()
    match kind:
        case "stringValue":
            target.string_value = content
        case "integerValue":
            target.integer_value = int(content)
        case "booleanValue":
            target.boolean_value = content
        case "doubleValue":
            target.double_value = float(content)
        case "referenceValue":
            target.reference_value = content
        case "arrayValue":
            target.array_value.SetInParent()
            for one in content.get("values", ()):
                _set(target.array_value.values.add(), one)
        case "mapValue":
            target.map_value.SetInParent()
            _fill(target.map_value.fields, content.get("fields", {}))
        case _:
            ParseDict(value, target)


def _sort_fields(read: object) -> None:
    """Put the fields of documents and maps in order: on the wire they come in any."""
    if isinstance(read, list):
        for one in read:
            _sort_fields(one)
    elif isinstance(read, dict):
        for name, value in read.items():
            if name == "fields" and isinstance(value, dict):
                read[name] = dict(sorted(value.items()))
            _sort_fields(read[name])


encode_with(SERVICE, encoded)
