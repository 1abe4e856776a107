"""Transactions and their locks: who may write, who waits for whom, and who is sent back.

No HTTP, no documents, no agenda: the clock is only read, and a wait is handed to whoever can end
it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, get_args

from emulator.errors import ScenarioError
from emulator.firestore.attempt import Transaction, Wait
from emulator.firestore.errors import AbortedError, FirestoreError, InvalidArgumentError
from emulator.firestore.names import group_key, split

# A setting of the database; Firestore docs, "Data contention in transactions": pessimistic by
# default in the Standard edition, optimistic in the Enterprise edition.
Concurrency = Literal["pessimistic", "optimistic"]

# The words of the docs page on contention, of the official emulator, and, as the client libraries
# look for it, of the service.
CONTENTION = "Too much contention on these documents. Please try again."
LOCK_TIMEOUT = "Transaction lock timeout."
CLOSED = "Transaction is invalid or closed."
UNKNOWN = "Invalid transaction."
EXPIRED = "The referenced transaction has expired or is no longer valid."

# How many transactions are remembered after their end, to tell a used id from one that never was
# and to let a further attempt keep its age.
KEEP_CLOSED = 1_000

_Ending = Literal["done", "aborted", "expired"]


def _keys_of(name: str) -> tuple[str, ...]:
    """What a write of a document touches: itself, its collection, and all collections of that
    id.
    """
    collection = split(name)[0]
    return (name, collection + "/*", group_key(collection))


class Transactions:
    """All transactions of one Firestore.

    `now` gives the time in seconds. In pessimistic mode reads take shared locks, and a commit waits
    until nobody else holds one on what it writes; of transactions that wait for each other, the
    youngest by its first attempt is aborted at once. The first read of a transaction waits behind a
    commit that waits for the same: else those that are sent back could keep it from ever happening.
    With `lock_timeout_s` a commit is refused
    after so long a wait, as the official emulator does after 2 s; without it, holders that idle
    lose their locks. In optimistic mode nobody waits, and a commit is refused when anything that
    was read has changed.
    """

    def __init__(
        self,
        now: Callable[[], float],
        *,
        concurrency: Concurrency = "pessimistic",
        lock_timeout_s: float | None = None,
    ) -> None:
        """Raises ScenarioError when an option makes no sense."""
        if concurrency not in get_args(Concurrency):
            raise ScenarioError(
                f"concurrency must be one of pessimistic, optimistic, not {concurrency}"
            )
        if lock_timeout_s is not None and lock_timeout_s <= 0:
            raise ScenarioError(f"lock_timeout_s must be positive, not {lock_timeout_s:g}")
        self.concurrency: Concurrency = concurrency
        self.lock_timeout_s = lock_timeout_s
        self._now = now
        # In the order of their last use, so that those which expired by idling are in front.
        self._open: dict[str, Transaction] = {}
        self._closed: OrderedDict[str, tuple[_Ending, int]] = OrderedDict()
        self._holders: dict[str, dict[Transaction, None]] = {}
        self._waits: dict[str, dict[Wait, None]] = {}
        self._reads: dict[str, dict[Wait, None]] = {}
        # Commits whose wait is over, and what they will be told, until they are tried again. So
        # long they stay in the way of new readers.
        self._ready: dict[str, Wait] = {}
        self._refusals: dict[str, FirestoreError] = {}
        self._begun = 0

    def __len__(self) -> int:
        """How many are open; some of them may have expired."""
        return len(self._open)

    def locks_of(self, id_: str) -> tuple[str, ...]:
        """The keys that an open transaction holds; none for any other id."""
        found = self._open.get(id_)
        return () if found is None else tuple(found.locks)

    # -- the life of a transaction -----------------------------------------------------------------

    def begin(self, id_: str, *, database: str, retry: str = "") -> Transaction:
        """Open a transaction; a further attempt names the one before it, and is as old as that."""
        now = self._now()
        while self._open:
            idlest = next(iter(self._open.values()))
            if now < idlest.expires:
                break
            self._close(idlest, "expired")
        age = self._begun
        self._begun += 1
        if retry in self._open:
            age = self._open[retry].age
        elif retry in self._closed:
            age = self._closed[retry][1]
        transaction = self._open[id_] = Transaction(id_, database, age, started=now, used=now)
        return transaction

    def use(self, id_: str, *, database: str) -> Transaction:
        """The open transaction of this id; raises InvalidArgumentError when there is none."""
        transaction = self._find(id_, database)
        if transaction is None:
            ending = self._closed.get(id_)
            if ending is None:
                raise InvalidArgumentError(UNKNOWN)
            raise InvalidArgumentError(EXPIRED if ending[0] == "expired" else CLOSED)
        transaction.used = self._now()
        self._open[id_] = self._open.pop(id_)
        return transaction

    def saw(
        self, transaction: Transaction, keys: Iterable[str], look: Callable[[], object]
    ) -> None:
        """The transaction has just read; `look` reads the same again, for comparison.

        Keys are names of documents, `<collection>/*` for all that a query might find, and those of
        `group_key`.
        """
        if self.concurrency == "optimistic":
            transaction.seen.append((look, look()))
            return
        for key in keys:
            if key not in transaction.locks:
                transaction.locks[key] = None
                self._holders.setdefault(key, {})[transaction] = None

    def finish(self, transaction: Transaction) -> None:
        """The commit has happened."""
        self._close(transaction, "done")

    def roll_back(self, id_: str, *, database: str) -> None:
        """End a transaction without a trace; its locks are free at once.

        Clients also roll back what was aborted before, and are not refused. Raises
        InvalidArgumentError for every other id that is not open.
        """
        ending = self._closed.get(id_)
        if ending is None or ending[0] != "aborted":
            self._close(self.use(id_, database=database), "done")

    # -- waiting -----------------------------------------------------------------------------------

    def line_up(
        self, keys: Iterable[str], transaction: Transaction | None, *, caller: str | None
    ) -> Wait | None:
        """Whether a transaction can read this now: None, or what has to be waited for.

        `transaction` is None for one that is still to begin. Only first reads wait: who holds no
        lock keeps nobody waiting, so that no circle can come of it.
        """
        if caller is None or (transaction is not None and transaction.locks):
            return None
        wanted = tuple(dict.fromkeys(keys))
        if not any(key in self._waits for key in wanted):
            return None
        return self._start_waiting(Wait(caller, transaction, wanted, self._now(), is_read=True))

    def resume(self, caller: str) -> None:
        """A commit is tried again, or for the first time: it leaves the line. Raises what has
        become of it if it was refused while it waited.
        """
        wait = self._ready.pop(caller, None)
        if wait is not None:
            self._leave(self._waits, wait)
            for read in self._waiting(self._reads, wait.keys):
                if not any(key in self._waits for key in read.keys):
                    self._end(read, None)
        error = self._refusals.pop(caller, None)
        if error is not None:
            raise error

    def admit(
        self, names: Iterable[str], transaction: Transaction | None, *, caller: str | None
    ) -> Wait | None:
        """Whether these documents can be written now: None, or what has to be waited for.

        Without a `caller` nobody could wait. Raises AbortedError when it is refused at once.
        """
        if self.concurrency == "optimistic":
            if transaction is not None and any(look() != seen for look, seen in transaction.seen):
                self._close(transaction, "aborted")
                raise AbortedError(CONTENTION)
            return None
        keys = tuple(dict.fromkeys(key for name in names for key in _keys_of(name)))
        while blockers := self._blockers(keys, transaction):
            if caller is None:
                raise AbortedError(LOCK_TIMEOUT)
            circle = [] if transaction is None else self._circle(transaction, blockers)
            if not circle:
                return self._start_waiting(Wait(caller, transaction, keys, self._now()))
            youngest = max(circle, key=lambda one: (one.age, one.started, one.id))
            self._close(youngest, "aborted")
            if youngest is transaction:
                raise AbortedError(CONTENTION)
        return None

    def due(self, wait: Wait) -> float | None:
        """When a wait has to be looked at again if nothing else ends it; None when something
        will.
        """
        if wait.is_read:
            return None  # it ends with the commits that it is behind
        times = [one.expires for one in self._blockers(wait.keys, wait.transaction)]
        if wait.transaction is not None:
            times.append(wait.transaction.expires)
        if self.lock_timeout_s is not None:
            times.append(wait.since + self.lock_timeout_s)
        return min(times)

    def look_again(self, wait: Wait) -> None:
        """End a wait whose time has come: the locks that it waited for have expired, or it has."""
        own = wait.transaction
        if not self._blockers(wait.keys, own):
            self._end(wait, None)
        elif own is not None and self._now() >= own.expires:
            self._close(own, "expired")
        elif self.lock_timeout_s is not None and self._now() >= wait.since + self.lock_timeout_s:
            error = AbortedError(LOCK_TIMEOUT)
            if own is None:
                self._end(wait, error)
            else:
                self._close(own, "aborted", error)

    # -- inside ------------------------------------------------------------------------------------

    def _find(self, id_: str, database: str) -> Transaction | None:
        found = self._open.get(id_)
        if found is not None and self._now() >= found.expires:
            self._close(found, "expired")
            return None
        return found if found is not None and found.database == database else None

    def _blockers(self, keys: Sequence[str], own: Transaction | None) -> list[Transaction]:
        """The others that hold a lock on any of these; an expired one holds nothing any more."""
        now = self._now()
        found = dict.fromkeys(holder for key in keys for holder in self._holders.get(key, ()))
        return [holder for holder in found if holder is not own and now < holder.expires]

    def _circle(self, own: Transaction, blockers: Sequence[Transaction]) -> list[Transaction]:
        """The transactions that wait for each other if `own` begins to wait for the blockers."""
        came_from = dict.fromkeys(blockers, own)
        unseen = list(blockers)
        while unseen:
            here = unseen.pop()
            if here.wait is None:
                continue
            for further in self._blockers(here.wait.keys, here):
                if further is own:
                    circle = [own]
                    while here is not own:
                        circle.append(here)
                        here = came_from[here]
                    return circle
                if further not in came_from:
                    came_from[further] = here
                    unseen.append(further)
        return []

    def _start_waiting(self, wait: Wait) -> Wait:
        if wait.transaction is not None:
            wait.transaction.wait = wait
        line = self._reads if wait.is_read else self._waits
        for key in wait.keys:
            line.setdefault(key, {})[wait] = None
        return wait

    def _close(
        self, transaction: Transaction, ending: _Ending, error: FirestoreError | None = None
    ) -> None:
        self._open.pop(transaction.id, None)
        self._closed[transaction.id] = (ending, transaction.age)
        if len(self._closed) > KEEP_CLOSED:
            self._closed.popitem(last=False)
        if transaction.wait is not None:
            if error is None:
                expired = ending == "expired"
                error = InvalidArgumentError(EXPIRED) if expired else AbortedError(CONTENTION)
            self._end(transaction.wait, error)
        for key in transaction.locks:
            holders = self._holders[key]
            del holders[transaction]
            if not holders:
                del self._holders[key]
        for wait in self._waiting(self._waits, transaction.locks):
            if not wait.is_over and not self._blockers(wait.keys, wait.transaction):
                self._end(wait, None)

    def _end(self, wait: Wait, error: FirestoreError | None) -> None:
        wait.is_over = True
        if wait.transaction is not None:
            wait.transaction.wait = None
            wait.transaction.used = self._now()
        if wait.is_read:
            self._leave(self._reads, wait)
        else:
            self._ready[wait.caller] = wait
            if error is not None:
                self._refusals[wait.caller] = error
        wait.on_end()

    @staticmethod
    def _waiting(line: dict[str, dict[Wait, None]], keys: Iterable[str]) -> list[Wait]:
        return list(dict.fromkeys(wait for key in keys for wait in line.get(key, ())))

    @staticmethod
    def _leave(line: dict[str, dict[Wait, None]], wait: Wait) -> None:
        for key in wait.keys:
            del line[key][wait]
            if not line[key]:
                del line[key]
