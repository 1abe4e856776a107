"""Listeners: which documents each of them was told of, and what is news to it after a commit.

Answers are lists of `ListenResponse` in proto3 JSON. Whoever has no news waits; nothing is on the
agenda because of it.
"""

import base64
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from emulator.exchange import Blocked
from emulator.firestore.errors import FirestoreError, InvalidArgumentError
from emulator.firestore.moments import format_us
from emulator.firestore.names import check_document_name
from emulator.firestore.proto_json import JSONObject, items, message, string
from emulator.firestore.store import Documents
from emulator.firestore.structured_query import StructuredQuery, run, structured_query
from emulator.firestore.wire import document_to_json
from emulator.firestore.writes import Document

# Open calls that are remembered; those that were not heard of for longest go first. A client that
# loses one opens another.
KEEP_CALLS = 1_000
MAX_TARGETS = 100  # of one call; assumed, as the docs name no number


@dataclass(slots=True)
class _Target:
    """What a client listens to: a query, or named documents. `shown` are the times of the last
    changes that it was told of, by document; `gone` are named documents that it knows to be absent.
    """

    id: int
    query: StructuredQuery | None
    names: tuple[str, ...]
    shown: dict[str, int] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def matching(self, store: Documents) -> list[Document]:
        if self.query is not None:
            return list(run(self.query, store).documents)
        return [document for _, document in store.batch_get(self.names) if document is not None]

    def covers(self, name: str) -> bool:
        return name in self.names if self.query is None else self.query.covers(name)


@dataclass(slots=True)
class _Call:
    """One open call of a client."""

    targets: dict[int, _Target] = field(default_factory=dict)
    waits: Blocked | None = None


class Listeners:
    """The open calls of one Firestore, by the names that the connection gave them."""

    def __init__(self, store: Documents) -> None:
        self._store = store
        self._calls: OrderedDict[str, _Call] = OrderedDict()

    def hear(self, name: str, read: JSONObject) -> list[JSONObject]:
        """A client adds a target, or takes one back. Raises InvalidArgumentError for neither."""
        body = message(read, "", ("database", "addTarget", "removeTarget", "labels"))
        call = self._call(name)
        if "addTarget" in body:
            return self._add(call, body["addTarget"], string(body.get("database", ""), "database"))
        if "removeTarget" in body:
            id_ = _target_id(body["removeTarget"], "remove_target")
            call.targets.pop(id_, None)
            return [{"targetChange": {"targetChangeType": "REMOVE", "targetIds": [id_]}}]
        raise InvalidArgumentError("A target must be added or removed.")

    def news(self, name: str) -> list[JSONObject] | Blocked:
        """What a client has not been told yet; Blocked if nothing, until there may be something."""
        call = self._call(name)
        told = [change for target in call.targets.values() for change in self._changes(target)]
        if not told:
            call.waits = Blocked()
            return call.waits
        return [*told, self._consistent()]

    def watched(self, name: str) -> tuple[tuple[str, ...], tuple[StructuredQuery, ...]]:
        """The documents and the queries that an open call listens to."""
        call = self._calls.get(name)
        targets = () if call is None else tuple(call.targets.values())
        names = tuple(document for target in targets for document in target.names)
        return names, tuple(target.query for target in targets if target.query is not None)

    def committed(self, names: Iterable[str]) -> None:
        """These documents were written: whoever listens to one of them may have news."""
        if not self._calls:
            return
        written = tuple(names)
        for call in self._calls.values():
            waits = call.waits
            if waits is not None and _concerns(call, written):
                call.waits = None
                waits.wake()

    # -- inside

    def _call(self, name: str) -> _Call:
        call = self._calls.get(name)
        if call is None:
            call = self._calls[name] = _Call()
            if len(self._calls) > KEEP_CALLS:
                self._calls.popitem(last=False)
        self._calls.move_to_end(name)
        return call

    def _add(self, call: _Call, raw: object, database: str) -> list[JSONObject]:
        found = message(
            raw,
            "add_target",
            (
                *("targetId", "query", "documents", "resumeToken", "readTime", "once"),
                "expectedCount",
            ),
        )
        id_ = _target_id(found.get("targetId", 0), "add_target.target_id")
        id_ = id_ or max(call.targets, default=0) + 1
        try:
            target = _target(id_, found, database)
            if len(call.targets) >= MAX_TARGETS:
                raise InvalidArgumentError(f"A call listens to at most {MAX_TARGETS} targets.")
        except FirestoreError as error:
            cause = {"code": error.grpc, "message": error.message}
            removed = {"targetChangeType": "REMOVE", "targetIds": [id_], "cause": cause}
            return [{"targetChange": removed}]
        told: list[JSONObject] = [{"targetChange": {"targetChangeType": "ADD", "targetIds": [id_]}}]
        if "resumeToken" in found or "readTime" in found:
            # What it was told before is not remembered, so that it is told everything anew
            # (Firestore API, TargetChange.RESET).
            told.append({"targetChange": {"targetChangeType": "RESET", "targetIds": [id_]}})
        told += self._changes(target)
        told.append(self._change("CURRENT", id_))
        if found.get("once"):
            told.append({"targetChange": {"targetChangeType": "REMOVE", "targetIds": [id_]}})
        else:
            call.targets[id_] = target
        return [*told, self._consistent()]

    def _changes(self, target: _Target) -> list[JSONObject]:
        """What has changed for a target since it was looked at last, which is now."""
        matching = target.matching(self._store)
        shown = {document.name: document.updated_us for document in matching}
        told: list[JSONObject] = [
            {"documentChange": {"document": document_to_json(one), "targetIds": [target.id]}}
            for one in matching
            if target.shown.get(one.name) != one.updated_us
        ]
        absent = [name for name in target.names if name not in shown and name not in target.gone]
        for name in dict.fromkeys((*(one for one in target.shown if one not in shown), *absent)):
            kind = "documentDelete" if self._store.get(name) is None else "documentRemove"
            told.append(
                {
                    kind: {
                        "document": name,
                        "removedTargetIds": [target.id],
                        "readTime": format_us(self._store.read_us),
                    }
                }
            )
        target.shown = shown
        target.gone = {name for name in target.names if name not in shown}
        return told

    def _change(self, kind: str, *ids: int) -> JSONObject:
        read_us = self._store.read_us
        return {
            "targetChange": {
                "targetChangeType": kind,
                **({"targetIds": list(ids)} if ids else {}),
                "readTime": format_us(read_us),
                "resumeToken": base64.b64encode(read_us.to_bytes(8)).decode(),
            }
        }

    def _consistent(self) -> JSONObject:
        """All that came before belongs together: clients show it then."""
        return self._change("NO_CHANGE")


def _concerns(call: _Call, written: Sequence[str]) -> bool:
    return any(target.covers(name) for target in call.targets.values() for name in written)


def _target_id(raw: object, where: str) -> int:
    if not isinstance(raw, int) or raw < 0:
        raise InvalidArgumentError(f"Invalid value at '{where}' (TYPE_INT32), {raw}")
    return raw


def _target(id_: int, found: JSONObject, database: str) -> _Target:
    if "documents" in found:
        named = message(found["documents"], "add_target.documents", ("documents",))
        names = [
            string(name, f"add_target.documents[{at}]")
            for at, name in enumerate(items(named.get("documents", []), "add_target.documents"))
        ]
        for name in names:
            check_document_name(name, database)
        return _Target(id_, None, tuple(names))
    if "query" not in found:
        raise InvalidArgumentError("A target needs a query or documents.")
    asked = message(found["query"], "add_target.query", ("parent", "structuredQuery"))
    parent = string(asked.get("parent", ""), "add_target.query.parent")
    return _Target(id_, structured_query(asked.get("structuredQuery"), parent), ())
