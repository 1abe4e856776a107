"""What transactions and queries touch."""

import json
from collections.abc import Callable

from emulator.call import Access
from emulator.exchange import Request
from emulator.firestore import Firestore
from emulator.firestore.touched import SEARCHED_LIMIT

ROOT = "projects/demo-thrice/databases/(default)/documents"
QUERY: dict[str, object] = {"structuredQuery": {"from": [{"collectionId": "seen"}], "limit": 1}}
RequestFor = Callable[..., Request]


def keys(*paths: str) -> frozenset[str]:
    return frozenset(f"firestore:{path}" for path in paths)


def test_query__touches_whatever_might_come_into_its_results(
    firestore: Firestore, request_for: RequestFor
) -> None:
    firestore.put("seen/a", {})
    firestore.put("seen/b", {})

    assert firestore.access(request_for("POST", ":runQuery", QUERY)) == Access(
        "runQuery", reads=keys("seen/*", "seen/a", "seen/b")
    )


def test_query__of_a_large_collection_touches_its_results(
    firestore: Firestore, request_for: RequestFor
) -> None:
    for number in range(SEARCHED_LIMIT + 1):
        firestore.put(f"seen/{number:03}", {})

    assert firestore.access(request_for("POST", ":runQuery", QUERY)) == Access(
        "runQuery", reads=keys("seen/*", "seen/000")
    )


def test_beginning__touches_the_order_of_beginnings(
    firestore: Firestore, request_for: RequestFor
) -> None:
    begun = keys("transactions")
    reads = {"documents": [f"{ROOT}/a/b"], "newTransaction": {}}

    for path, body, access in (
        (":beginTransaction", {}, Access("beginTransaction", writes=begun)),
        (":batchGet", reads, Access("batchGet", reads=keys("a/b"), writes=begun)),
        (
            ":runQuery",
            {**QUERY, "newTransaction": {}},
            Access("runQuery", reads=keys("seen/*"), writes=begun),
        ),
    ):
        assert firestore.access(request_for("POST", path, body)) == access


def test_end__touches_what_the_transaction_holds(
    firestore: Firestore, request_for: RequestFor
) -> None:
    body = {"documents": [f"{ROOT}/a/b"], "newTransaction": {}}
    [row] = json.loads(firestore.handle(request_for("POST", ":batchGet", body)).body)
    ending = {"transaction": row["transaction"]}

    assert firestore.access(request_for("POST", ":rollback", ending)) == Access(
        "rollback", reads=keys("a/b")
    )
    assert firestore.access(
        request_for("POST", ":commit", {**ending, "writes": [{"delete": f"{ROOT}/c/d"}]})
    ) == Access("commit", reads=keys("a/b"), writes=keys("c/d", "c/*"))


def test_group__touches_the_collections_that_are_there_and_those_to_come(
    firestore: Firestore, request_for: RequestFor
) -> None:
    firestore.put("users/u1/seen/a", {})
    new = request_for("PATCH", "/users/u2/seen/b", {})
    assert firestore.access(new).writes == keys("users/u2/seen/b", "users/u2/seen/*")
    query = {"structuredQuery": {"from": [{"collectionId": "seen", "allDescendants": True}]}}
    assert firestore.access(request_for("POST", ":runQuery", query)) == Access(
        "runQuery", reads=keys("*/seen/*", "users/u1/seen/*", "users/u1/seen/a")
    )
    # From now on, so that the two depend on each other.
    assert firestore.access(new).writes == keys("users/u2/seen/b", "users/u2/seen/*", "*/seen/*")


def test_aggregation__touches_what_its_query_does(
    firestore: Firestore, request_for: RequestFor
) -> None:
    firestore.put("seen/a", {})
    asked = {"structuredAggregationQuery": {**QUERY, "aggregations": [{"count": {}}]}}
    assert firestore.access(request_for("POST", ":runAggregationQuery", asked)) == Access(
        "runAggregationQuery", reads=keys("seen/*", "seen/a")
    )


def test_list_of_collections__touches_them_all(
    firestore: Firestore, request_for: RequestFor
) -> None:
    firestore.put("seen/a", {})
    assert firestore.access(request_for("POST", ":listCollectionIds", {})) == Access(
        "listCollectionIds", reads=keys("*//*", "seen/*")
    )
