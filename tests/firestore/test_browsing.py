"""Which collections and documents there are, page by page."""

from collections.abc import Callable
from typing import Any

import pytest

from emulator.firestore import Firestore

Ask = Callable[..., tuple[int, Any]]
ROOT = "projects/demo-thrice/databases/(default)/documents"


@pytest.fixture(autouse=True)
def documents(firestore: Firestore) -> None:
    for path in ("a/1", "b/1", "b/1/inner/x", "b/absent/inner/y", "c/1"):
        firestore.put(path, {"n": 1})


def test_collections__are_those_directly_below(ask: Ask) -> None:
    assert ask("POST", ":listCollectionIds", {}) == (200, {"collectionIds": ["a", "b", "c"]})
    assert ask("POST", "/b/1:listCollectionIds", {}) == (200, {"collectionIds": ["inner"]})
    assert ask("POST", "/a/1:listCollectionIds", {}) == (200, {})


def test_collections__come_in_pages(ask: Ask) -> None:
    _, first = ask("POST", ":listCollectionIds", {"pageSize": 2})
    assert first == {"collectionIds": ["a", "b"], "nextPageToken": "b"}
    _, rest = ask("POST", ":listCollectionIds", {"pageToken": first["nextPageToken"]})
    assert rest == {"collectionIds": ["c"]}


def test_collections_of_a_collection__are_refused(ask: Ask) -> None:
    status, answer = ask("POST", "/a:listCollectionIds", {})
    assert (status, answer["error"]["message"]) == (
        400,
        f'Document name "{ROOT}/a" names a collection.',
    )


def test_missing_documents__are_listed_when_asked_for(ask: Ask) -> None:
    _, plain = ask("GET", "/b")
    assert [one["name"] for one in plain["documents"]] == [f"{ROOT}/b/1"]
    _, every = ask("GET", "/b?showMissing=true")
    assert [sorted(one) for one in every["documents"]] == [
        ["createTime", "fields", "name", "updateTime"],
        ["name"],
    ]
    assert every["documents"][1] == {"name": f"{ROOT}/b/absent"}


def test_missing_documents__come_in_pages_and_backwards(ask: Ask) -> None:
    path = "/b?showMissing=true&pageSize=1&orderBy=__name__%20desc"
    _, first = ask("GET", path)
    assert [one["name"] for one in first["documents"]] == [f"{ROOT}/b/absent"]
    _, rest = ask("GET", f"{path}&pageToken={first['nextPageToken']}")
    assert [one["name"] for one in rest["documents"]] == [f"{ROOT}/b/1"]
    assert "nextPageToken" not in rest
