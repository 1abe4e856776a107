"""All documents of one Firestore, and the commits that change them. No HTTP, no gRPC, no log."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from emulator.firestore.fieldpath import Absent, FieldPath, read
from emulator.firestore.names import split
from emulator.firestore.values import Value, equality_key
from emulator.firestore.writes import Document, Write, WriteResult, perform


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit did: one result per write, and its time in microseconds since 1970."""

    results: tuple[WriteResult, ...]
    time_us: int


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a collection, and whether there is more behind it."""

    documents: tuple[Document, ...]
    more: bool


class _Collection:
    """Documents by id in the order of creation, their sorted ids once somebody listed them, and by
    the values of a field once somebody asked for one of them.
    """

    __slots__ = ("documents", "ids", "indexes")

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        self.ids: list[str] | None = None
        # Path, then value, then ids; as many paths as the bot's queries compare for equality.
        self.indexes: dict[FieldPath, dict[Hashable, dict[str, None]]] = {}

    def sorted_ids(self) -> list[str]:
        if self.ids is None:
            self.ids = sorted(self.documents)
        return self.ids

    def put(self, last: str, document: Document) -> None:
        before = self.documents.get(last)
        if before is not None and before.created_us != document.created_us:
            del self.documents[last]  # deleted and made again: it goes to the end
        self.documents[last] = document
        if before is None and self.ids is not None:
            insort(self.ids, last)
        for path, index in self.indexes.items():
            if before is not None:
                _leave(index, path, last, before)
            _enter(index, path, last, document)

    def remove(self, last: str) -> None:
        before = self.documents.pop(last, None)
        if before is None:
            return
        if self.ids is not None:
            del self.ids[bisect_left(self.ids, last)]
        for path, index in self.indexes.items():
            _leave(index, path, last, before)

    def with_value(self, path: FieldPath, value: Value) -> list[Document]:
        index = self.indexes.get(path)
        if index is None:
            index = self.indexes[path] = {}
            for last, document in self.documents.items():
                _enter(index, path, last, document)
        return [self.documents[last] for last in index.get(equality_key(value), ())]


_Index: TypeAlias = dict[Hashable, dict[str, None]]


def _enter(index: _Index, path: FieldPath, last: str, document: Document) -> None:
    value = read(document.fields, path)
    if not isinstance(value, Absent):
        index.setdefault(equality_key(value), {})[last] = None


def _leave(index: _Index, path: FieldPath, last: str, document: Document) -> None:
    value = read(document.fields, path)
    if not isinstance(value, Absent):
        key = equality_key(value)
        del index[key][last]
        if not index[key]:
            del index[key]


class Documents:
    """Documents by full name.

    `unix` gives the time in seconds since 1970. Commit times are whole microseconds and strictly
    increase, also while that clock stands still. Grows with the documents that are stored, and with
    nothing else.
    """

    def __init__(self, unix: Callable[[], float]) -> None:
        self._unix = unix
        self._collections: dict[str, _Collection] = {}
        # Full names of collections by their last ids.
        self._named: dict[str, dict[str, None]] = {}
        self.committed_us = 0
        # Told of the names of the documents that each commit has written.
        self.on_commit: Callable[[Iterable[str]], None] | None = None

    def __len__(self) -> int:
        return sum(len(collection.documents) for collection in self._collections.values())

    @property
    def read_us(self) -> int:
        """The time of a read made now: never before the last commit."""
        return max(round(self._unix() * 1e6), self.committed_us)

    def get(self, name: str) -> Document | None:
        parent, last = split(name)
        collection = self._collections.get(parent)
        return None if collection is None else collection.documents.get(last)

    def batch_get(self, names: Iterable[str]) -> list[tuple[str, Document | None]]:
        """Each named document once, in the order first named."""
        return [(name, self.get(name)) for name in dict.fromkeys(names)]

    def count(self, collection: str) -> int:
        """How many documents a collection (full name) has; costs the same for any number."""
        found = self._collections.get(collection)
        return 0 if found is None else len(found.documents)

    def below(self, parent: str, last: str) -> Iterator[Document]:
        """The documents below a document or database (full name), in collections with the id
        `last`, or in all if that is empty; costs by the collections of that id in all databases.
        """
        names = self._named.get(last, {}) if last else self._collections
        for name in names:
            if name.startswith(parent + "/"):
                yield from self._collections[name].documents.values()

    def collections(self) -> Iterator[str]:
        """Full names of the collections that have documents, in the order of their first one."""
        return iter(self._collections)

    def page(
        self, collection: str, *, size: int, after: str | None = None, descending: bool = False
    ) -> Page:
        """Up to `size` documents by name, beginning behind the id `after`, which need not exist."""
        found = self._collections.get(collection)
        if found is None:
            return Page((), more=False)
        ids = found.sorted_ids()
        # Code points sort as their UTF-8 bytes do, which is the order of names.
        if descending:
            end = len(ids) if after is None else bisect_left(ids, after)
            chosen = ids[max(0, end - size) : end][::-1]
            more = end > size
        else:
            start = 0 if after is None else bisect_right(ids, after)
            chosen = ids[start : start + size]
            more = start + size < len(ids)
        return Page(tuple(found.documents[last] for last in chosen), more)

    def in_collection(self, collection: str) -> Iterator[Document]:
        """The documents directly in a collection, oldest first."""
        found = self._collections.get(collection)
        return iter(()) if found is None else iter(found.documents.values())

    def with_value(self, collection: str, path: FieldPath, value: Value) -> list[Document]:
        """The documents directly in a collection whose field equals a value; costs by result, once
        the field has been asked for.
        """
        found = self._collections.get(collection)
        return [] if found is None else found.with_value(path, value)

    def created_after(self, collection: str, time_us: int) -> list[Document]:
        """The documents created after `time_us` and still there, oldest first; costs by result."""
        found = self._collections.get(collection)
        created: list[Document] = []
        for document in reversed(found.documents.values()) if found is not None else ():
            if document.created_us <= time_us:
                break
            created.append(document)
        return created[::-1]

    def commit(self, writes: Sequence[Write]) -> Committed:
        """Apply all writes, in order, at one moment; or none, when one raises FirestoreError."""
        now_us = max(round(self._unix() * 1e6), self.committed_us + 1)
        staged: dict[str, Document | None] = {}
        results = []
        for write in writes:
            current = staged[write.name] if write.name in staged else self.get(write.name)
            staged[write.name], result = perform(write, current, now_us)
            results.append(result)
        for name, document in staged.items():
            self._place(name, document)
        self.committed_us = now_us
        if self.on_commit is not None:
            self.on_commit(staged)
        return Committed(tuple(results), now_us)

    def _place(self, name: str, document: Document | None) -> None:
        parent, last = split(name)
        collection = self._collections.get(parent)
        if document is not None:
            if collection is None:
                collection = self._collections[parent] = _Collection()
                self._named.setdefault(split(parent)[1], {})[parent] = None
            collection.put(last, document)
        elif collection is not None:
            collection.remove(last)
            if not collection.documents:
                del self._collections[parent]
                named = self._named[split(parent)[1]]
                del named[parent]
                if not named:
                    del self._named[split(parent)[1]]
