"""Firestore as a service of the world: what requests touch, and what a harness may ask directly."""

from collections.abc import Iterable, Mapping

from emulator.call import Access, Call
from emulator.errors import ScenarioError
from emulator.exchange import Outcome, Reply, Request
from emulator.firestore.api import app, parameters_of
from emulator.firestore.errors import FirestoreError
from emulator.firestore.names import check_ids, database_name, database_of
from emulator.firestore.oplog import OpLog
from emulator.firestore.paging import listing
from emulator.firestore.plain import Plain, fields_from_plain, fields_to_plain
from emulator.firestore.proto_json import load
from emulator.firestore.query import Query
from emulator.firestore.store import Documents
from emulator.firestore.target import Target, find_target
from emulator.firestore.wire import written_names
from emulator.firestore.writes import Update
from emulator.kernel import Kernel
from emulator.service import call_asgi

ORIGIN = "https://firestore.googleapis.com"

_ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_ID_LENGTH = 20  # Firestore docs, "Add data": automatically generated ids


class Firestore:
    """One Firestore with any number of databases, which never mix.

    The methods that take a collection or path mean the database in use: `project`'s default one
    until a request or `put` has named another; with several in use, `database`
    ("projects/p/databases/d") must say which, or ScenarioError is raised. They are not billed and
    not logged. `origins` are further addresses at which this fake answers.
    """

    name = "firestore"

    def __init__(
        self, kernel: Kernel, *, project: str = "demo-thrice", origins: Iterable[str] = ()
    ) -> None:
        self.kernel = kernel
        self.project = project
        self.store = Documents(lambda: kernel.clock.unix)
        self.oplog = OpLog()
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
            target = find_target(request.method, request.raw_path)
            return Access("unknown") if target is None else self._access(target, request)
        except FirestoreError:
            return Access("invalid")

    def answer(self, call: Call) -> Outcome:
        return self.handle(call.request, call)

    def handle(self, request: Request, call: Call | None = None) -> Reply:
        """Answer a request; without a call it is the harness's own."""
        return call_asgi(app, request, **{"thrice.fake": self, "thrice.call": call})

    def new_id(self, call: Call | None) -> str:
        """An automatic document id, drawn by its cause and not by the order of calls."""
        if call is None:
            self._own_ids += 1
        cause = f"harness/{self._own_ids}" if call is None else call.name
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

    def _access(self, target: Target, request: Request) -> Access:
        path = "/".join(target.ids)
        match target.verb:
            case "get":
                return Access("get", reads=frozenset({_key(path)}))
            case "list":
                wanted = listing(target.name, Query(request.raw_query, parameters_of(target.verb)))
                page = self.store.page(
                    target.name,
                    size=wanted.size,
                    after=wanted.after,
                    descending=wanted.descending,
                )
                return Access(
                    "list",
                    # Changes of the listed documents matter as much as who is listed.
                    reads=frozenset(
                        {_key(path + "/*"), *(_key_of(one.name) for one in page.documents)}
                    ),
                )
            case "batchGet":
                named = load(request.body).get("documents")
                names = named if isinstance(named, list) else []
                return Access(
                    "batchGet",
                    reads=frozenset(_key_of(name) for name in names if isinstance(name, str)),
                )
            case "create":
                query = Query(request.raw_query, parameters_of(target.verb))
                last = query.text("documentId")
                return Access(
                    "create",
                    writes=frozenset(
                        {_key(path + "/*"), *([_key(f"{path}/{last}")] if last else [])}
                    ),
                )
            case "patch":
                query = Query(request.raw_query, parameters_of(target.verb))
                condition = query.precondition()
                must_exist = condition.exists is True or condition.updated_us is not None
                return Access("patch", writes=_written(_key(path), may_join=not must_exist))
            case "delete":
                return Access("delete", writes=_written(_key(path), may_join=True))
            case "commit":
                writes = (
                    _written(_key_of(name), may_join=may_join)
                    for name, may_join in written_names(load(request.body))
                )
                return Access("commit", writes=frozenset().union(*writes))
            case unserved:
                return Access(unserved)


def _key(path: str) -> str:
    return f"firestore:{path}"


def _key_of(name: str) -> str:
    """The key of a full name; a malformed one stands for itself."""
    parts = name.split("/", 5)
    return _key(parts[5] if len(parts) == 6 else name)


def _written(key: str, *, may_join: bool) -> frozenset[str]:
    """The keys of a write; its collection's too when the document may come into being or end."""
    return frozenset({key, key.rpartition("/")[0] + "/*"}) if may_join else frozenset({key})
