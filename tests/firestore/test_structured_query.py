"""What queries find, in which order; and what they must not pretend to understand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.firestore import Delete, Documents, Fields, Update
from emulator.firestore.errors import FirestoreError, InvalidArgumentError, UnimplementedError
from emulator.firestore.filters import Filter
from emulator.firestore.structured_query import StructuredQuery, run, structured_query

ROOT = "projects/p/databases/(default)/documents"
NAME = ("__name__",)


def make_store(**documents: Fields) -> Documents:
    store = Documents(lambda: 1_790_000_000.0)
    for last, fields in documents.items():
        store.commit((Update(f"{ROOT}/m/{last}", fields),))
    return store


def field(path: str) -> dict[str, str]:
    return {"fieldPath": path}


def where(path: str, op: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"fieldFilter": {"field": field(path), "op": op, "value": value}}


def number(value: int) -> dict[str, str]:
    return {"integerValue": str(value)}


def ask(store: Documents, **query: object) -> list[str]:
    asked = structured_query({"from": [{"collectionId": "m"}], **query}, ROOT)
    return [document.name.rpartition("/")[2] for document in run(asked, store).documents]


STORE = make_store(
    a={"n": 1, "tags": ["x", "y"], "who": "ada"},
    b={"n": 2.0, "tags": ["y"], "who": "bob"},
    c={"n": 3, "tags": "y", "who": "ada"},
    d={"n": "2", "who": None},
    e={"n": float("nan"), "in": {"ner": 7}},
    f={},
)


@pytest.mark.parametrize(
    ("op", "value", "found"),
    [
        ("EQUAL", number(2), ["b"]),
        ("EQUAL", {"stringValue": "2"}, ["d"]),
        ("EQUAL", number(9), []),
        ("LESS_THAN", number(2), ["a"]),
        ("LESS_THAN_OR_EQUAL", number(2), ["a", "b"]),
        ("GREATER_THAN", number(1), ["b", "c"]),
        ("GREATER_THAN_OR_EQUAL", number(1), ["a", "b", "c"]),
        ("GREATER_THAN", {"stringValue": ""}, ["d"]),
        ("GREATER_THAN_OR_EQUAL", {"doubleValue": "NaN"}, []),
        ("IN", {"arrayValue": {"values": [number(3), number(1), {"stringValue": "2"}]}}, "acd"),
    ],
)
def test_field_filter(op: str, value: dict[str, Any], found: list[str]) -> None:
    assert ask(STORE, where=where("n", op, value)) == list(found)


def test_field_filter__array_contains() -> None:
    assert ask(STORE, where=where("tags", "ARRAY_CONTAINS", {"stringValue": "y"})) == ["a", "b"]


def test_field_filter__of_an_inner_field() -> None:
    assert ask(STORE, where=where("in.ner", "EQUAL", number(7))) == ["e"]


def test_field_filter__of_the_name() -> None:
    value = {"referenceValue": f"{ROOT}/m/d"}

    assert ask(STORE, where=where("__name__", "GREATER_THAN", value)) == ["e", "f"]
    assert ask(STORE, where=where("__name__", "EQUAL", value)) == ["d"]


@pytest.mark.parametrize(("path", "op", "found"), [("who", "IS_NULL", "d"), ("n", "IS_NAN", "e")])
def test_unary_filter(path: str, op: str, found: str) -> None:
    assert ask(STORE, where={"unaryFilter": {"field": field(path), "op": op}}) == list(found)


def test_composite_filter__all_must_hold() -> None:
    both = [where("who", "EQUAL", {"stringValue": "ada"}), where("n", "GREATER_THAN", number(1))]

    assert ask(STORE, where={"compositeFilter": {"op": "AND", "filters": both}}) == ["c"]


def test_order__by_a_field_leaves_out_who_lacks_it() -> None:
    assert ask(STORE, orderBy=[{"field": field("n")}]) == ["e", "a", "b", "c", "d"]


def test_order__the_name_decides_last_and_in_the_last_direction() -> None:
    by_who = [{"field": field("who"), "direction": "DESCENDING"}]

    assert ask(STORE, orderBy=by_who) == ["b", "c", "a", "d"]


def test_order__without_any_is_by_name() -> None:
    assert ask(make_store(z={}, b={}, y={})) == ["b", "y", "z"]


def test_order__an_inequality_implies_one() -> None:
    store = make_store(a={"n": 3}, b={"n": 1}, c={"n": 2})

    assert ask(store, where=where("n", "GREATER_THAN", number(0))) == ["b", "c", "a"]


def test_order__implied_ones_follow_the_last_direction() -> None:
    store = make_store(a={"n": 1, "k": 0}, b={"n": 2, "k": 0}, c={"n": 9, "k": 1})
    filters = where("n", "GREATER_THAN", number(0))

    assert ask(
        store, where=filters, orderBy=[{"field": field("k"), "direction": "DESCENDING"}]
    ) == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("cursors", "found"),
    [
        ({"startAt": {"values": [number(2)], "before": True}}, "bc"),
        ({"startAt": {"values": [number(2)]}}, "c"),
        ({"endAt": {"values": [number(2)], "before": True}}, "a"),
        ({"endAt": {"values": [number(2)]}}, "ab"),
        ({"startAt": {}}, ""),
        ({"startAt": {"before": True}, "endAt": {"values": [number(0)]}}, ""),
    ],
)
def test_cursor__cuts_before_or_behind_a_value(cursors: dict[str, Any], found: str) -> None:
    store = make_store(a={"n": 1}, b={"n": 2}, c={"n": 3})
    assert ask(store, orderBy=[{"field": field("n")}], **cursors) == list(found)


def test_cursor__of_several_orders_minds_the_direction_of_each() -> None:
    store = make_store(
        a={"n": 1, "k": 1}, b={"n": 1, "k": 2}, c={"n": 2, "k": 1}, d={"n": 2, "k": 2}
    )
    orders = [{"field": field("n")}, {"field": field("k"), "direction": 2}]
    behind = {"values": [number(1), number(2)]}
    assert ask(store, orderBy=orders) == ["b", "a", "d", "c"]
    assert ask(store, orderBy=orders, startAt=behind) == ["a", "d", "c"]


def test_cursor__of_the_name() -> None:
    place = {"values": [{"referenceValue": f"{ROOT}/m/c"}], "before": True}
    assert ask(STORE, startAt=place) == ["c", "d", "e", "f"]


def test_group__is_every_collection_of_an_id_below_the_parent() -> None:
    store = make_store(a={"n": 1})
    for path in ("x/1/m/b", "x/1/y/2/m/c", "m/a/other/d"):
        store.commit((Update(f"{ROOT}/{path}", {"n": 2}),))

    def group(parent: str, **selector: object) -> list[str]:
        query = structured_query({"from": [{"allDescendants": True, **selector}]}, parent)
        return [one.name.removeprefix(ROOT) for one in run(query, store).documents]

    assert group(ROOT, collectionId="m") == ["/m/a", "/x/1/m/b", "/x/1/y/2/m/c"]
    assert group(f"{ROOT}/x/1", collectionId="m") == ["/x/1/m/b", "/x/1/y/2/m/c"]
    assert group(f"{ROOT}/m/a") == ["/m/a/other/d"]


def test_covers__tells_where_a_query_looks() -> None:
    plain = structured_query({"from": [{"collectionId": "m"}]}, ROOT)
    group = structured_query({"from": [{"collectionId": "m", "allDescendants": True}]}, ROOT)
    names = [f"{ROOT}/{path}" for path in ("m/a", "x/1/m/b", "other/a")]
    assert [plain.covers(name) for name in names] == [True, False, False]
    assert [group.covers(name) for name in names] == [True, True, False]


def test_window() -> None:
    assert ask(STORE, limit=2) == ["a", "b"]
    assert ask(STORE, offset=4, limit=5) == ["e", "f"]
    assert ask(STORE, limit=0) == []


def test_skipped__what_the_offset_left_out() -> None:
    for offset, skipped in ((0, 0), (4, 4), (9, 6)):
        query = StructuredQuery(f"{ROOT}/m", (), ((NAME, False),), offset=offset)
        assert run(query, STORE).skipped == skipped


def test_query__below_a_document_sees_its_own_collections_only() -> None:
    store = make_store(a={})
    store.commit((Update(f"{ROOT}/m/a/m/inner", {}),))
    query = structured_query({"from": [{"collectionId": "m"}]}, f"{ROOT}/m/a")

    assert [document.name for document in run(query, store).documents] == [f"{ROOT}/m/a/m/inner"]


def test_select__is_read() -> None:
    query = structured_query(
        {"from": [{"collectionId": "m"}], "select": {"fields": [field("a.b"), field("__name__")]}},
        ROOT,
    )
    everything = structured_query({"from": [{"collectionId": "m"}], "select": {}}, ROOT)

    assert query.fields == (("a", "b"), NAME)
    assert everything.fields is None


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"findNearest": {}}, r"^The field findNearest of a query is not served here\.$"),
    ],
)
def test_unserved__is_refused(query: dict[str, object], message: str) -> None:
    with pytest.raises(UnimplementedError, match=message):
        ask(STORE, **query)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"from": []}, r"^Invalid value at 'structured_query\.from': one collection must be named"),
        ({"limit": -1}, r"^Invalid value at 'structured_query\.limit': must not be negative: -1"),
        ({"limit": "2"}, r"^Invalid value at 'structured_query\.limit' \(TYPE_INT32\), \"2\"$"),
        (
            {"startAt": {"values": [number(1), number(2)]}},
            r"^Invalid value at 'structured_query\.start_at': the cursor has 2 values for 1 orders",
        ),
        (
            {"startAt": {"values": [number(1)]}},
            r"^Invalid value at 'structured_query\.start_at': __name__ is compared with references",
        ),
        ({"where": {}}, r"^Invalid value at 'structured_query\.where': one kind of filter must be"),
        (
            {"where": where("n", "IN", number(1))},
            r"^'IN' requires an ArrayValue with 1 to 30 values\.$",
        ),
        (
            {"where": where("n", "IN", {"arrayValue": {"values": [number(1)] * 31}})},
            r"^'IN' requires an ArrayValue with 1 to 30 values\.$",
        ),
        (
            {"orderBy": [{"field": field("n"), "direction": "UP"}]},
            r"^Invalid value at 'structured_query\.order_by\[0\]\.direction' \(DIRECTION\), \"UP\"",
        ),
        ({"where": where("a..b", "EQUAL", number(1))}, r'^Invalid property path "a\.\.b"\.$'),
    ],
)
def test_nonsense__is_refused(query: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        ask(STORE, **query)


def test_no_query__is_refused() -> None:
    with pytest.raises(FirestoreError):
        structured_query(None, ROOT)


values = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from([1.0, 0.5, "1"]))


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcd"),
            st.one_of(st.just("gone"), st.dictionaries(st.just("n"), values)),
        ),
        max_size=20,
    ),
    values,
)
def test_equality__the_index_agrees_with_looking_at_everything(
    writes: list[tuple[str, Any]], value: Any
) -> None:
    store = make_store(a={"n": 1})
    query = StructuredQuery(f"{ROOT}/m", (Filter(("n",), "==", value),), ((NAME, False),))
    alike = StructuredQuery(f"{ROOT}/m", (Filter(("n",), "in", [value]),), ((NAME, False),))
    for last, fields in writes:
        name = f"{ROOT}/m/{last}"
        store.commit((Delete(name) if fields == "gone" else Update(name, fields),))
        assert run(query, store) == run(alike, store)
