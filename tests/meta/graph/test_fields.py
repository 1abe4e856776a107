"""The names in `fields`, with those inside of others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.meta.graph.addressing import Refusal
from emulator.meta.graph.fields import Fields, Kind, Node, read_wanted, show, show_all

INNER = Kind("Inner", ("id",), frozenset({"id", "a", "b"}))
OUTER = Kind("Outer", ("id", "one"), frozenset({"id", "one", "many", "gone"}))
ONE = Node(INNER, {"id": "1", "a": "x", "b": "y"})
NODE = Node(OUTER, {"id": "0", "one": ONE, "many": [ONE, ONE, ONE]})


def wanted(text: str) -> Fields:
    read = read_wanted({"fields": text})
    assert not isinstance(read, Refusal)
    return read


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"fields": "first_name,last_name"}, ["first_name", "last_name"]),
        ({"fields": "first_name, last_name ,"}, ["first_name", "last_name"]),
        ({"fields": ""}, []),
        ({"fields": "  "}, []),
        ({"fields": ["name"]}, []),
        ({}, []),
        (None, []),
    ],
)
def test_read_wanted(parameters: dict[str, object] | None, expected: list[str]) -> None:
    read = read_wanted(parameters)

    assert not isinstance(read, Refusal)
    assert list(read) == expected


def test_read_wanted__inside_of_others() -> None:
    read = wanted("a, b.order(up).limit( 5 ) { c{d} , e } ,f{}")

    assert list(read) == ["a", "b", "f"]
    assert read["b"].limit == 5
    assert list(read["b"].inner) == ["c", "e"]
    assert list(read["b"].inner["c"].inner) == ["d"]
    assert not read["f"].inner


@pytest.mark.parametrize(
    "text", ["a{", "a}", "{a}", "a b", "a{b}c", ".limit(1)", "a(b)", "a;b", "}"]
)
def test_read_wanted__what_is_no_list_of_names(text: str) -> None:
    refused = read_wanted({"fields": text})

    assert isinstance(refused, Refusal)
    assert (refused.code, refused.message) == (2500, "Syntax error in the parameter fields")


@pytest.mark.parametrize("given", ["x", "-1", "9" * 5000])
def test_read_wanted__a_limit_that_is_none(given: str) -> None:
    assert wanted(f"a.limit({given})")["a"].limit is None


def test_show__what_is_usual() -> None:
    assert show(NODE, wanted("")) == {"id": "0", "one": {"id": "1"}}


def test_show__what_is_asked_for_and_the_id() -> None:
    shown = show(NODE, wanted("many.limit(2){b},gone,one{a}"))

    assert shown == {
        "many": {"data": [{"b": "y", "id": "1"}] * 2},
        "one": {"a": "x", "id": "1"},
        "id": "0",
    }
    assert list(shown) == ["many", "one", "id"]


@pytest.mark.parametrize(("text", "kind"), [("z", "Outer"), ("many{z}", "Inner")])
def test_show__what_there_is_not(text: str, kind: str) -> None:
    refused = show_all([NODE], wanted(text))

    assert isinstance(refused, Refusal)
    assert refused.message == (
        f"(#100) Tried accessing nonexisting field (z) on node type ({kind})"
    )


@given(st.text(alphabet="ab{},.() limt19", max_size=60))
def test_read_wanted__raises_on_no_input(text: str) -> None:
    read = read_wanted({"fields": text})

    if not isinstance(read, Refusal):
        show(NODE, read)


def test_read_wanted__at_any_depth() -> None:
    depth = 5_000
    read = wanted("a{" * depth + "b" + "}" * depth)

    assert list(read) == ["a"]
