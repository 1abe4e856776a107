import pytest

from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.names import (
    check_document_name,
    check_ids,
    database_name,
    database_of,
    relative,
    split,
)

DATABASE = "projects/p/databases/(default)"
NAME = DATABASE + "/documents/users/u1/notes/n1"


def test_names__are_taken_apart() -> None:
    assert database_name("p") == DATABASE
    assert database_of(NAME) == DATABASE
    assert relative(NAME) == "users/u1/notes/n1"
    assert split(NAME) == (DATABASE + "/documents/users/u1/notes", "n1")


@pytest.mark.parametrize("one", ["m_x:1", "é" * 750, "x" * 1500, "___", "__a", "a__", "a b\n"])
def test_check_ids__takes(one: str) -> None:
    check_ids([one])


@pytest.mark.parametrize(
    ("one", "message"),
    [
        ("", r"^Resource id is empty\.$"),
        (".", r'^Resource id "\." is invalid\.$'),
        ("..", r'^Resource id "\.\." is invalid\.$'),
        ("a/b", r'^Resource id "a/b" is invalid\.$'),
        ("__x__", r'^Resource id "__x__" is invalid because it is reserved\.$'),
        ("é" * 751, r"^Resource id is longer than 1,500 bytes: é{40}\.\.\.$"),
    ],
)
def test_check_ids__refuses(one: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        check_ids(["users", one])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("users/u1", r'^Document name "users/u1" is not in the database "projects/p/databases/.*'),
        (
            "projects/p/databases/other/documents/users/u1",
            r'^Document name "projects/p/databases/other/documents/users/u1" is not in the data.*',
        ),
        (DATABASE + "/documents/users", r'^Document name ".*" names a collection, not a docu.*\.$'),
        (DATABASE + "/documents/users/", r"^Resource id is empty\.$"),
    ],
)
def test_check_document_name__refuses(name: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        check_document_name(name, DATABASE)
