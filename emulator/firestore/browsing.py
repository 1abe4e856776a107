"""What lies where: the documents of a collection page by page, the collections of a document."""

from collections.abc import Iterator

from emulator.firestore.asked import Asked
from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.oplog import billed_for_reading
from emulator.firestore.paging import Listing, listing
from emulator.firestore.proto_json import JSONObject, load, message, string
from emulator.firestore.store import Documents
from emulator.firestore.target import Target
from emulator.firestore.wire import document_to_json

# Firestore API, ListCollectionIdsRequest: a page is as large as asked for; this when nothing is.
DEFAULT_COLLECTIONS = 100


def list_documents(asked: Asked, target: Target) -> JSONObject:
    """A page of a collection, by name."""
    mask = asked.query.paths("mask.fieldPaths")
    asked.paths = (target.name,)
    wanted = listing(target.name, asked.query)
    asked.fake.meter.check_reads()
    if asked.query.flag("showMissing"):
        return _list_all(asked, wanted)
    page = asked.fake.store.page(
        wanted.collection, size=wanted.size, after=wanted.after, descending=wanted.descending
    )
    asked.billed = billed_for_reading(len(page.documents))
    answer: JSONObject = {}
    if page.documents:
        answer["documents"] = [document_to_json(document, mask) for document in page.documents]
    if page.more:
        answer["nextPageToken"] = wanted.token(page.documents[-1].name.rpartition("/")[2])
    return answer


def list_collection_ids(asked: Asked, target: Target) -> JSONObject:
    """The ids of the collections directly below a document, or the database."""
    body = message(load(asked.body), "", ("pageSize", "pageToken", "readTime"))
    if len(target.ids) % 2:
        raise InvalidArgumentError(f'Document name "{target.name}" names a collection.')
    asked.paths = (target.name,)
    asked.fake.meter.check_reads()
    after = string(body.get("pageToken", ""), "page_token")
    size = body.get("pageSize", 0)
    if not isinstance(size, int) or size < 0:
        raise InvalidArgumentError(f"pageSize must not be negative: {size}")
    ids = sorted(one for one in set(_below(asked.fake.store, target.name)) if one > after)
    size = size or DEFAULT_COLLECTIONS
    asked.billed = billed_for_reading(1)
    answer: JSONObject = {"collectionIds": ids[:size]} if ids else {}
    if len(ids) > size:
        answer["nextPageToken"] = ids[size - 1]
    return answer


def _list_all(asked: Asked, wanted: Listing) -> JSONObject:
    """Also the names of documents that are not there and have collections; costs by the
    collection, and by the number of all collections.
    """
    store = asked.fake.store
    ids = {document.name.rpartition("/")[2] for document in store.in_collection(wanted.collection)}
    ids |= set(_below(store, wanted.collection))
    order = sorted(ids, reverse=wanted.descending)
    if wanted.after is not None:
        after = wanted.after
        order = [one for one in order if (one < after if wanted.descending else one > after)]
    mask = asked.query.paths("mask.fieldPaths")
    documents: list[JSONObject] = []
    for one in order[: wanted.size]:
        name = f"{wanted.collection}/{one}"
        document = store.get(name)
        documents.append({"name": name} if document is None else document_to_json(document, mask))
    asked.billed = billed_for_reading(len(documents))
    answer: JSONObject = {"documents": documents} if documents else {}
    if len(order) > wanted.size:
        answer["nextPageToken"] = wanted.token(order[wanted.size - 1])
    return answer


def _below(store: Documents, parent: str) -> Iterator[str]:
    """The next id in the name of each collection below a name."""
    prefix = parent + "/"
    for name in store.collections():
        if name.startswith(prefix):
            yield name[len(prefix) :].partition("/")[0]
