"""What a request to the REST surface is about: verb, database, and path below its documents.

Works on the raw path, decoded segment by segment, so that an escaped colon or slash in an id is
never taken for syntax.
"""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.names import check_ids, database_name

# Custom verbs of the v1 API. Those on the documents root, and those on any document (or the root)
# as a parent.
ROOT_VERBS = frozenset(
    {
        "commit",
        "batchGet",
        "beginTransaction",
        "rollback",
        "batchWrite",
        "listen",
        "write",
        "executePipeline",
    }
)
PARENT_VERBS = frozenset({"runQuery", "runAggregationQuery", "listCollectionIds", "partitionQuery"})
# What this surface does; the other verbs are answered UNIMPLEMENTED.
SERVED = frozenset(
    {
        *("get", "list", "create", "patch", "delete"),
        *("commit", "batchGet", "runQuery", "beginTransaction", "rollback"),
        *("batchWrite", "runAggregationQuery", "listCollectionIds"),
    }
)
# Verbs that stream: their JSON is an array, an error is its only element.
STREAMS = frozenset(
    {"batchGet", "runQuery", "runAggregationQuery", "listen", "write", "executePipeline"}
)

_OF_DOCUMENT = {"GET": "get", "PATCH": "patch", "DELETE": "delete"}
_OF_COLLECTION = {"GET": "list", "POST": "create"}


@dataclass(frozen=True, slots=True)
class Target:
    """`ids` lead from the documents root to the document or collection that the verb is about."""

    verb: str
    database: str
    ids: tuple[str, ...]

    @property
    def root(self) -> str:
        return self.database + "/documents"

    @property
    def name(self) -> str:
        """Full name of the document or collection."""
        return "/".join((self.root, *self.ids))

    @property
    def served(self) -> bool:
        return self.verb in SERVED

    @property
    def streams(self) -> bool:
        return self.verb in STREAMS


# The same documents are asked for again and again, and by `access` before by the request itself.
@lru_cache(maxsize=1024)
def find_target(method: str, raw_path: str) -> Target | None:
    """The target of a request, or None when no method of the API has this address.

    Raises InvalidArgumentError when an id in it is one that can not exist.
    """
    segments = raw_path.split("/")
    if len(segments) < 7:
        return None
    root, version, projects, project, databases, database, documents, *rest = segments
    if (root, version, projects, databases) != ("", "v1", "projects", "databases"):
        return None
    verb = ""
    if method == "POST":
        head, colon, last = segments[-1].rpartition(":")
        if colon and last in (PARENT_VERBS if rest else ROOT_VERBS | PARENT_VERBS):
            verb = last
            if rest:
                rest[-1] = head
            else:
                documents = head
    if documents != "documents":
        return None
    if not verb:
        verbs = _OF_COLLECTION if len(rest) % 2 else _OF_DOCUMENT
        if not rest or method not in verbs:
            return None
        verb = verbs[method]
    names = (_decoded(project), _decoded(database))
    ids = tuple(_decoded(segment) for segment in rest)
    check_ids(names + ids)
    return Target(verb, database_name(*names), ids)


def _decoded(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise InvalidArgumentError(f'Resource id "{segment}" is not UTF-8.') from None
