import pytest

from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.target import Target, find_target

ROOT = "/v1/projects/p/databases/(default)/documents"
DATABASE = "projects/p/databases/(default)"


@pytest.mark.parametrize(
    ("method", "path", "verb", "ids"),
    [
        ("GET", "/users/u1", "get", ("users", "u1")),
        ("GET", "/users", "list", ("users",)),
        ("GET", "/users/u1/notes", "list", ("users", "u1", "notes")),
        ("POST", "/users", "create", ("users",)),
        ("PATCH", "/users/u1", "patch", ("users", "u1")),
        ("DELETE", "/users/u1", "delete", ("users", "u1")),
        ("POST", ":commit", "commit", ()),
        ("POST", ":batchGet", "batchGet", ()),
        ("POST", ":runQuery", "runQuery", ()),
        ("POST", "/users/u1:runQuery", "runQuery", ("users", "u1")),
        ("GET", "/users/a:runQuery", "get", ("users", "a:runQuery")),
        ("POST", "/odd:name", "create", ("odd:name",)),
        ("GET", "/users/a%2Eb%3Acommit%20x", "get", ("users", "a.b:commit x")),
        ("GET", "/users/%E2%82%AC", "get", ("users", "€")),
    ],
)
def test_find_target__reads_verb_and_path(
    method: str, path: str, verb: str, ids: tuple[str, ...]
) -> None:
    assert find_target(method, ROOT + path) == Target(verb, DATABASE, ids)


def test_find_target__reads_an_escaped_database() -> None:
    target = find_target("GET", "/v1/projects/p/databases/%28default%29/documents/a/b")
    assert target is not None
    assert target.name == DATABASE + "/documents/a/b"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", ROOT + "/users/u1"),
        ("POST", ROOT + "/users/u1"),
        ("PATCH", ROOT + "/users"),
        ("GET", ROOT),
        ("GET", ROOT + ":commit"),
        ("POST", ROOT + ":explode"),
        ("POST", ROOT + "/users/u1:commit"),
        ("GET", "/v2/projects/p/databases/d/documents/a/b"),
        ("GET", "/v1/projects/p/databases/d/indexes/a/b"),
        ("GET", "/"),
    ],
)
def test_find_target__knows_no_other_address(method: str, path: str) -> None:
    assert find_target(method, path) is None


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/users//", r"^Resource id is empty\.$"),
        ("/users/a%2Fb", r'^Resource id "a/b" is invalid\.$'),
        ("/users/%FF", r'^Resource id "%FF" is not UTF-8\.$'),
        ("/users/__x__", r'^Resource id "__x__" is invalid because it is reserved\.$'),
    ],
)
def test_find_target__refuses_impossible_ids(path: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        find_target("GET", ROOT + path)
