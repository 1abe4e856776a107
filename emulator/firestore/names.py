"""Resource names: databases, collections and documents, and which ids are allowed in them."""

from collections.abc import Sequence

from emulator.firestore.errors import InvalidArgumentError

DEFAULT_DATABASE = "(default)"
MAX_ID_BYTES = 1_500  # Firestore docs, "Usage and limits": collection ids and document ids


def database_name(project: str, database: str = DEFAULT_DATABASE) -> str:
    return f"projects/{project}/databases/{database}"


def check_ids(ids: Sequence[str]) -> None:
    """Raise InvalidArgumentError for an id that no collection or document may have."""
    for one in ids:
        if not one:
            raise InvalidArgumentError("Resource id is empty.")
        if one in (".", "..") or "/" in one:
            raise InvalidArgumentError(f'Resource id "{one}" is invalid.')
        if one.startswith("__") and one.endswith("__") and len(one) > 3:
            raise InvalidArgumentError(f'Resource id "{one}" is invalid because it is reserved.')
        # A character takes at most four bytes: most ids need no encoding to be judged.
        if len(one) > MAX_ID_BYTES // 4 and len(one.encode()) > MAX_ID_BYTES:
            raise InvalidArgumentError(
                f"Resource id is longer than {MAX_ID_BYTES:,} bytes: {one[:40]}..."
            )


def check_document_name(name: str, database: str) -> None:
    """Raise InvalidArgumentError unless `name` is the full name of a document of `database`."""
    prefix = database + "/documents/"
    if not name.startswith(prefix):
        raise InvalidArgumentError(f'Document name "{name}" is not in the database "{database}".')
    ids = name[len(prefix) :].split("/")
    if len(ids) % 2:
        raise InvalidArgumentError(f'Document name "{name}" names a collection, not a document.')
    check_ids(ids)


def database_of(name: str) -> str:
    """`projects/p/databases/d` of the full name of a document or collection."""
    return "/".join(name.split("/", 4)[:4])


def relative(name: str) -> str:
    """The path below the documents root of a full name: `users/u1`."""
    return name.split("/", 5)[5]


def group_key(collection: str) -> str:
    """What stands for all collections that share a last id, wherever they are."""
    return "*/" + collection.rpartition("/")[2] + "/*"


def split(name: str) -> tuple[str, str]:
    """The collection and the id of a document."""
    collection, _, last = name.rpartition("/")
    return collection, last
