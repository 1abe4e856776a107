"""The Firestore calls that the bot needs, over REST: read some documents, list a collection, and
commit conditional writes atomically.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from reference_bot.client import HttpClient
from reference_bot.errors import TryAgainError

CALL_LIMIT_S = 3.0
# The statuses with which a commit says that the world is not as its conditions want it. The HTTP
# codes do not tell: ALREADY_EXISTS and ABORTED are both 409; and the words of the messages differ
# between the service and its emulator.
CONFLICTS = frozenset({"ALREADY_EXISTS", "FAILED_PRECONDITION", "ABORTED", "NOT_FOUND"})

Condition = Mapping[str, object]
# Gives the bearer token of a call; a token that expires is renewed there.
Token = Callable[[], str]
ABSENT: Condition = {"exists": False}


def unchanged_since(version: str) -> Condition:
    """The condition that a document is still the one that was read or written as `version`."""
    return {"updateTime": version}


class StoreError(TryAgainError):
    """The store did not do what it was asked, or nobody knows whether it did."""


class ConflictError(StoreError):
    """A commit was refused, as a whole, because one of its conditions did not hold."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was at `version` (its update time)."""

    fields: Mapping[str, Any]
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write of a commit: sets the fields of `path`, or deletes the document when there are
    none.

    `merge` leaves the document's other fields alone, except for those in `drop`, which go;
    otherwise it is replaced. `increments` are field paths and what is added there after that; a
    field that is not there counts as 0.
    """

    path: str
    fields: Mapping[str, object] | None
    merge: bool = False
    drop: Sequence[str] = ()
    increments: Mapping[str, int] = field(default_factory=dict)
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What one write of a commit did: the document's version now, and what each of the increments
    gave.
    """

    version: str
    values: Sequence[Any]


class Firestore:
    """The documents of one project's default database; a path is `collection/id`."""

    def __init__(self, http: HttpClient, *, url: str, project: str, token: Token) -> None:
        self._http = http
        self._root = f"projects/{project}/databases/(default)/documents"
        self._url = f"{url.rstrip('/')}/{self._root}"
        self._token = token

    async def read(self, *paths: str) -> list[Document | None]:
        """The documents at these paths, in this order, None where there is none. Raises
        StoreError.
        """
        names = [f"{self._root}/{path}" for path in paths]
        try:
            # The answer comes in any order, so it is put back by name.
            found = dict(map(_look_up, await self._post("batchGet", {"documents": names})))
            return [found[name] for name in names]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise StoreError(f"the store's answer to batchGet makes no sense: {error!r}") from error

    async def list_collection(self, collection: str, at_most: int) -> dict[str, Document]:
        """The first documents of a collection by their ids, with their paths. Raises StoreError.

        At most 300, whatever is asked for.
        """
        answer = await self._call("GET", f"/{collection}?pageSize={at_most}", "list")
        try:
            found = [_read_document(document) for document in answer.get("documents", [])]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise StoreError(f"the store's answer to list makes no sense: {error!r}") from error
        return {name.removeprefix(self._root + "/"): document for name, document in found}

    async def commit(self, *writes: Write) -> list[Written]:
        """Do all of the writes or none; returns what each of them did.

        Raises ConflictError when a condition did not hold, and StoreError when it failed or the
        outcome is unknown.
        """
        answer = await self._post("commit", {"writes": [self._write(write) for write in writes]})
        try:
            return [_written(result) for result in answer["writeResults"]]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise StoreError(f"the store's answer to commit makes no sense: {error!r}") from error

    def _write(self, write: Write) -> dict[str, object]:
        name = f"{self._root}/{write.path}"
        if write.fields is None:
            body: dict[str, object] = {"delete": name}
        else:
            fields = {key: _encode(value) for key, value in write.fields.items()}
            body = {"update": {"name": name, "fields": fields}}
            if write.merge:
                # Masked and not among the fields: deleted. An empty mask leaves all as it is.
                body["updateMask"] = {"fieldPaths": [*fields, *write.drop]}
            if write.increments:
                body["updateTransforms"] = [
                    {"fieldPath": path, "increment": _encode(by)}
                    for path, by in write.increments.items()
                ]
        if write.condition is not None:
            body["currentDocument"] = write.condition
        return body

    async def _post(self, verb: str, body: Mapping[str, object]) -> Any:
        return await self._call("POST", f":{verb}", verb, json.dumps(body).encode())

    async def _call(self, method: str, place: str, verb: str, content: bytes = b"") -> Any:
        headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": "application/json"}
        try:
            async with asyncio.timeout(CALL_LIMIT_S):
                response = await self._http.request(
                    method, self._url + place, headers=headers, content=content
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise StoreError(f"the store did not answer {verb}: {error!r}") from error
        if not response.is_success:
            status = _status(response)
            kind = ConflictError if status in CONFLICTS and verb == "commit" else StoreError
            raise kind(f"the store refused {verb}: {response.status_code} {status}")
        try:
            return response.json()
        except ValueError as error:
            raise StoreError(f"the store's answer to {verb} is no JSON") from error


def _status(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"]["status"])
    except (ValueError, KeyError, TypeError):
        return "UNKNOWN"


def _look_up(item: Mapping[str, Any]) -> tuple[str, Document | None]:
    if "missing" in item:
        return item["missing"], None
    return _read_document(item["found"])


def _read_document(document: Mapping[str, Any]) -> tuple[str, Document]:
    fields = {key: _decode(value) for key, value in document.get("fields", {}).items()}
    return document["name"], Document(fields, document["updateTime"])


def _written(result: Mapping[str, Any]) -> Written:
    values = [_decode(value) for value in result.get("transformResults", [])]
    return Written(result.get("updateTime", ""), values)


def _encode(value: object) -> dict[str, object]:
    match value:
        case str():
            return {"stringValue": value}
        case int():
            return {"integerValue": str(value)}
        case float():
            return {"doubleValue": value}
        case datetime():
            stamp = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            return {"timestampValue": stamp}
        case list() | tuple():
            return {"arrayValue": {"values": [_encode(each) for each in value]}}
    raise TypeError(f"no Firestore value is known for a {type(value).__name__}")


def _decode(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "stringValue" | "timestampValue":
            return content
        case "integerValue":
            return int(content)
        case "doubleValue":
            return float(content)
        case "arrayValue":
            values: Sequence[Mapping[str, Any]] = content.get("values", [])
            return [_decode(each) for each in values]
        case "mapValue":
            return {key: _decode(each) for key, each in content.get("fields", {}).items()}
    return None
