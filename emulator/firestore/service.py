"""Firestore as a service of the world: what requests touch, and what a harness may ask directly."""

import base64
from collections.abc import Iterable, Mapping

from emulator.call import Access, Call
from emulator.errors import ScenarioError
from emulator.exchange import Blocked, Outcome, Reply, Request
from emulator.firestore.api import app, refused
from emulator.firestore.attempt import Wait
from emulator.firestore.errors import FirestoreError
from emulator.firestore.listening import Listeners
from emulator.firestore.names import check_ids, database_name, database_of
from emulator.firestore.oplog import Billed, OpLog
from emulator.firestore.plain import Plain, fields_from_plain, fields_to_plain
from emulator.firestore.quota import Meter, Quota
from emulator.firestore.store import Documents
from emulator.firestore.target import find_target
from emulator.firestore.touched import access_of, listened
from emulator.firestore.transactions import Concurrency, Transactions
from emulator.firestore.transcoding import LISTEN, message_to_json, rest_request
from emulator.firestore.wire import CONTENT_TYPE, dump
from emulator.firestore.writes import Update
from emulator.grpc import POLL, STREAM, is_grpc
from emulator.kernel import Kernel
from emulator.service import call_asgi
from emulator.step import Step

ORIGIN = "https://firestore.googleapis.com"

_ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_ID_LENGTH = 20  # Firestore docs, "Add data": automatically generated ids


class Firestore:
    """One Firestore with any number of databases, which never mix.

    The methods that take a collection or path mean the database in use: `project`'s default one
    until a request or `put` has named another; with several in use, `database`
    ("projects/p/databases/d") must say which, or ScenarioError is raised. They are not billed and
    not logged, and mind no locks. `origins` are further addresses at which this fake answers; for
    `concurrency` and `lock_timeout_s` see `Transactions`. Nothing is refused for its price unless
    there is a `quota`.
    """

    name = "firestore"

    def __init__(
        self,
        kernel: Kernel,
        *,
        project: str = "demo-thrice",
        origins: Iterable[str] = (),
        concurrency: Concurrency = "pessimistic",
        lock_timeout_s: float | None = None,
        quota: Quota | None = None,
    ) -> None:
        """Raises ScenarioError when an option makes no sense."""
        self.kernel = kernel
        self.project = project
        self.store = Documents(lambda: kernel.clock.unix)
        self.transactions = Transactions(
            lambda: kernel.clock.now, concurrency=concurrency, lock_timeout_s=lock_timeout_s
        )
        self.listeners = Listeners(self.store)
        self.store.on_commit = self.listeners.committed
        self.oplog = OpLog()
        self.meter = Meter(lambda: kernel.clock.unix, quota)
        # Ids of collections that were asked for wherever they are; as many as the bot's queries
        # name.
        self.grouped: set[str] = set()
        # Databases that were asked for, as an ordered set; as many as the bot is configured with.
        self.databases: dict[str, None] = {}
        self._origins = frozenset(
            (ORIGIN, ORIGIN + ":443", *(one.lower().rstrip("/") for one in origins))
        )
        self._own_ids = 0

    # -- the service -------------------------------------------------------------------------------

    def claims(self, request: Request) -> bool:
        return request.origin in self._origins

    def access(self, request: Request) -> Access:
        """What a request touches: documents, and as `firestore:<collection>/*` who is in one.

        A write that requires its document to exist leaves the collection as it is; every other one
        may change it. What can not be read (a malformed body) touches nothing: it will be refused.
        """
        try:
            if is_grpc(request):
                if request.raw_path == LISTEN:
                    return listened(self, request)
                request = rest_request(request)
            target = find_target(request.method, request.raw_path)
            return Access("unknown") if target is None else access_of(self, target, request)
        except FirestoreError:
            return Access("invalid")

    def answer(self, call: Call) -> Outcome | Blocked:
        """Apply a call and answer it, unless it has to wait for a lock: then it is to be asked
        again once that is free.
        """
        if is_grpc(call.request) and call.request.raw_path == LISTEN:
            return self._listen(call.request, call)
        waits: list[Wait] = []
        reply = self._exchange(call.request, call, waits)
        return self._block(call, waits[0]) if waits else reply

    def handle(self, request: Request, call: Call | None = None) -> Reply:
        """Answer a request; without a call it is the harness's own. What would have to wait for a
        lock is refused.
        """
        return self._exchange(request, call, None)

    def new_transaction_id(self, call: Call | None) -> str:
        """The id of a transaction, base64, drawn by its cause and not by the order of calls."""
        drawn = self.kernel.chance.bits(f"firestore/transaction/{self._cause(call)}", 24)
        return base64.b64encode(drawn).decode()

    def new_id(self, call: Call | None) -> str:
        """An automatic document id, drawn by its cause and not by the order of calls."""
        cause = self._cause(call)
        return self.kernel.chance.text(f"firestore/id/{cause}", _ID_LENGTH, _ALPHANUMERIC)

    # -- for harness and tests ---------------------------------------------------------------------

    def documents(
        self, collection: str, *, database: str | None = None
    ) -> dict[str, dict[str, Plain]]:
        """The documents of a collection by id, oldest first, as copies in plain Python."""
        found = self.store.in_collection(self._full_name(collection, database))
        return {
            document.name.rpartition("/")[2]: fields_to_plain(document.fields) for document in found
        }

    def count(self, collection: str, *, database: str | None = None) -> int:
        """How many documents a collection has; costs the same however many."""
        return self.store.count(self._full_name(collection, database))

    def put(self, path: str, fields: Mapping[str, object], *, database: str | None = None) -> None:
        """Store a document, replacing what is there; for what must exist before the bot works.

        Raises ScenarioError for a path that names no document and for values that Firestore can not
        store.
        """
        ids = path.split("/")
        if len(ids) % 2:
            raise ScenarioError(f"{path} names a collection, not a document")
        name = self._full_name(path, database)
        try:
            check_ids(ids)
            self.store.commit((Update(name, fields_from_plain(fields, path)),))
        except FirestoreError as error:
            raise ScenarioError(f"{path} can not be stored: {error.message}") from error
        self.databases.setdefault(database_of(name))

    def mark(self) -> int:
        """The present, for `created_since`."""
        return self.store.committed_us

    def created_since(
        self, mark: int, collection: str, *, database: str | None = None
    ) -> list[str]:
        """Ids of the documents that came into being after the mark and still exist, oldest first.

        Costs as much as there are such documents, whatever else is stored.
        """
        created = self.store.created_after(self._full_name(collection, database), mark)
        return [document.name.rpartition("/")[2] for document in created]

    # -- inside ------------------------------------------------------------------------------------

    def _cause(self, call: Call | None) -> str:
        if call is not None:
            return call.name
        self._own_ids += 1
        return f"harness/{self._own_ids}"

    def _exchange(self, request: Request, call: Call | None, waits: list[Wait] | None) -> Reply:
        if is_grpc(request):
            try:
                request = rest_request(request)
            except FirestoreError as error:
                return refused(self, call, error)
        scope = {"thrice.fake": self, "thrice.call": call, "thrice.waits": waits}
        return call_asgi(app, request, **scope)

    def _listen(self, request: Request, call: Call) -> Reply | Blocked:
        """One message of an open call, or its question for news."""
        stream = request.header(STREAM) or ""
        try:
            if request.header(POLL) is None:
                told = self.listeners.hear(stream, message_to_json(request))
            else:
                news = self.listeners.news(stream)
                if isinstance(news, Blocked):
                    return news
                told = news
        except FirestoreError as error:
            return refused(self, call, error)
        reads = sum("targetChange" not in one for one in told)
        billed = Billed(reads=reads)
        self.meter.use(billed)
        self.oplog.note(
            "listen",
            (),
            time=self.kernel.clock.now,
            billed=billed,
            instance=call.invocation.instance,
            caller=call.invocation.name,
        )
        return Reply(200, (("content-type", CONTENT_TYPE),), dump(told))

    def _block(self, call: Call, wait: Wait) -> Blocked:
        """Leave a call waiting until the locks are free, or until the wait is over by itself."""
        blocked = Blocked()
        timer: Step | None = None

        def watch() -> None:
            nonlocal timer
            due = self.transactions.due(wait)
            if due is None:
                return
            timer = self.kernel.at(
                due,
                call.name + "/lock",
                look,
                roots=call.roots,
                task=call.invocation.name,
            )

        def look() -> None:
            self.transactions.look_again(wait)
            if not wait.is_over:
                watch()

        def end() -> None:
            self.kernel.cancel(timer)
            blocked.wake()

        wait.on_end = end
        watch()
        return blocked

    def _full_name(self, path: str, database: str | None) -> str:
        if database is None:
            if len(self.databases) > 1:
                used = ", ".join(self.databases)
                raise ScenarioError(
                    f"firestore has {len(self.databases)} databases in use ({used}):"
                    " say which one with database="
                )
            database = next(iter(self.databases), database_name(self.project))
        return f"{database}/documents/{path}"
