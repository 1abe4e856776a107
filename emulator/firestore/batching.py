"""Batches of writes that succeed or fail each by itself, as bulk writers send them."""

from emulator.firestore import transacting
from emulator.firestore.asked import Asked
from emulator.firestore.errors import FirestoreError, InvalidArgumentError
from emulator.firestore.oplog import NOTHING, billed_for_writing
from emulator.firestore.proto_json import JSONObject, items, load, message
from emulator.firestore.store import Committed
from emulator.firestore.target import Target
from emulator.firestore.wire import committed_to_json, writes_from_json


def batch_write(asked: Asked, target: Target) -> JSONObject:
    """Every write is committed on its own, once nobody else holds a lock on any of them."""
    body = message(load(asked.body), "", ("writes", "labels"))
    writes = writes_from_json(body.get("writes", []), target.database)
    names = [write.name for write in writes]
    if len(set(names)) != len(names):
        # Firestore API, BatchWriteRequest.writes: a document may be written once only.
        raise InvalidArgumentError("A document is written more than once in one BatchWrite.")
    transacting.wait_for_locks(asked, names)
    results: list[object] = []
    told: list[JSONObject] = []
    billed = NOTHING
    for write in writes:
        try:
            committed: Committed = asked.fake.store.commit((write,))
        except FirestoreError as error:
            results.append({})
            told.append({"code": error.grpc, "message": error.message})
        else:
            results += items(committed_to_json(committed)["writeResults"], "write_results")
            told.append({})
            billed += billed_for_writing((write,))
    asked.billed = billed
    return {"writeResults": results, "status": told} if writes else {}
