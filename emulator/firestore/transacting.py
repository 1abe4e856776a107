"""What requests do with transactions: begin, join, commit, roll back; and writes outside of any."""

from collections.abc import Callable, Iterable, Sequence

from emulator.firestore.asked import Asked, MustWait
from emulator.firestore.attempt import Transaction
from emulator.firestore.errors import InvalidArgumentError, UnimplementedError
from emulator.firestore.oplog import billed_for_writing
from emulator.firestore.proto_json import JSONObject, load, message, string
from emulator.firestore.store import Committed
from emulator.firestore.target import Target
from emulator.firestore.wire import committed_to_json, writes_from_json
from emulator.firestore.writes import Write

# The members of a request to read that have to do with transactions.
READING = ("transaction", "newTransaction", "readTime")


def begin_transaction(asked: Asked, target: Target) -> JSONObject:
    body = message(load(asked.body), "", ("options",))
    return {"transaction": _begin(asked, target, body.get("options", {}), "options").id}


def commit(asked: Asked, target: Target) -> JSONObject:
    body = message(load(asked.body), "", ("writes", "transaction"))
    writes = writes_from_json(body.get("writes", []), target.database)
    return committed_to_json(write(asked, writes, asked_transaction(body), target.database))


def rollback(asked: Asked, target: Target) -> JSONObject:
    body = message(load(asked.body), "", ("transaction",))
    asked.transaction = asked_transaction(body)
    asked.fake.transactions.roll_back(asked.transaction, database=target.database)
    return {}


def write(
    asked: Asked, writes: Sequence[Write], transaction: str = "", database: str = ""
) -> Committed:
    """Commit writes, once nobody else holds a lock on what they write.

    Raises MustWait until then, and FirestoreError. After a refusal other than ABORTED the
    transaction goes on: the client rolls it back.
    """
    transactions = asked.fake.transactions
    asked.transaction = transaction
    own = wait_for_locks(asked, [one.name for one in writes], transaction, database)
    asked.fake.meter.check_writes(writes)
    committed = asked.fake.store.commit(writes)
    if own is not None:
        transactions.finish(own)
    asked.billed = billed_for_writing(writes)
    return committed


def wait_for_locks(
    asked: Asked, names: Sequence[str], transaction: str = "", database: str = ""
) -> Transaction | None:
    """Return the transaction of this id, if any, once these documents can be written in it.

    Raises MustWait until then, and FirestoreError.
    """
    transactions = asked.fake.transactions
    asked.paths = tuple(names)
    caller = asked.caller
    if caller is not None:
        transactions.resume(caller)
    own = transactions.use(transaction, database=database) if transaction else None
    wait = transactions.admit(names, own, caller=caller)
    if wait is not None:
        raise MustWait(wait)
    return own


def join(asked: Asked, target: Target, body: JSONObject, keys: Sequence[str]) -> Transaction | None:
    """The transaction in which a request reads, if any: an open one, or one that it begins.

    Raises MustWait as long as these keys (see `Transactions.saw`) can not be read in it.
    """
    if "readTime" in body:
        raise UnimplementedError("The field readTime is not served here.")
    if "newTransaction" in body:
        if "transaction" in body:
            raise InvalidArgumentError(
                "Invalid value (oneof), oneof field 'consistency_selector' is already set."
                " Cannot set 'newTransaction'"
            )
        _line_up(asked, keys, None)
        return _begin(asked, target, body["newTransaction"], "new_transaction")
    asked.transaction = asked_transaction(body)
    if not asked.transaction:
        return None
    own = asked.fake.transactions.use(asked.transaction, database=target.database)
    _line_up(asked, keys, own)
    return own


def saw(
    asked: Asked,
    transaction: Transaction | None,
    keys: Iterable[str],
    look: Callable[[], object],
) -> None:
    """Tell the transaction, if there is one, what was read; see `Transactions.saw`."""
    if transaction is not None:
        asked.fake.transactions.saw(transaction, keys, look)


def announce(rows: list[JSONObject], body: JSONObject, transaction: Transaction | None) -> None:
    """Have the answer name the transaction that its request began: in the first row."""
    if transaction is not None and "newTransaction" in body:
        if not rows:
            rows.append({})
        rows[0]["transaction"] = transaction.id


def asked_transaction(body: JSONObject) -> str:
    return string(body.get("transaction", ""), "transaction")


def _line_up(asked: Asked, keys: Sequence[str], own: Transaction | None) -> None:
    wait = asked.fake.transactions.line_up(keys, own, caller=asked.caller)
    if wait is not None:
        raise MustWait(wait)


def _begin(asked: Asked, target: Target, raw: object, where: str) -> Transaction:
    options = message(raw, where, ("readOnly", "readWrite"))
    if "readOnly" in options:
        raise UnimplementedError("Read-only transactions are not served here.")
    mode = message(options.get("readWrite", {}), f"{where}.read_write", ("retryTransaction",))
    retry = string(mode.get("retryTransaction", ""), f"{where}.read_write.retry_transaction")
    asked.transaction = asked.fake.new_transaction_id(asked.call)
    return asked.fake.transactions.begin(asked.transaction, database=target.database, retry=retry)
