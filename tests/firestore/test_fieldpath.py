import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.fieldpath import (
    ABSENT,
    FieldPath,
    format_path,
    parse_path,
    project,
    read,
    with_value,
    without,
)
from emulator.firestore.values import Fields


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ("a",)),
        ("profile.name", ("profile", "name")),
        ("`a.b`.c", ("a.b", "c")),
        (r"`x\`y\\z`", (r"x`y\z",)),
        ("`m_1:é`", ("m_1:é",)),
        ("__name__", ("__name__",)),
    ],
)
def test_parse_path__reads_segments(text: str, path: FieldPath) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize("text", ["", "a.", ".a", "a..b", "a-b", "1a", "`a", "``", "a`b`", "a b"])
def test_parse_path__refuses(text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_path(text)
    assert caught.value.message == f'Invalid property path "{text}".'


@given(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=4).map(tuple))
def test_format_path__is_read_back(path: FieldPath) -> None:
    assert parse_path(format_path(path)) == path


def test_read__tells_null_from_absent() -> None:
    assert read({"a": {"b": None}}, ("a", "b")) is None
    assert read({"a": {"b": None}}, ("a", "c")) is ABSENT
    assert read({"a": 1}, ("a", "b")) is ABSENT


def test_with_value__leaves_the_original_alone() -> None:
    before: Fields = {"a": {"b": 1}, "c": 2}
    assert with_value(before, ("a", "d"), 3) == {"a": {"b": 1, "d": 3}, "c": 2}
    assert before == {"a": {"b": 1}, "c": 2}


def test_with_value__replaces_what_is_no_map() -> None:
    assert with_value({"a": "text"}, ("a", "b", "c"), 1) == {"a": {"b": {"c": 1}}}


def test_without__removes_one_field() -> None:
    before: Fields = {"a": {"b": 1, "c": 2}}
    assert without(before, ("a", "b")) == {"a": {"c": 2}}
    assert before == {"a": {"b": 1, "c": 2}}


def test_without__is_content_when_nothing_is_there() -> None:
    assert without({"a": 1}, ("a", "b")) == {"a": 1}
    assert without({"a": 1}, ("x",)) == {"a": 1}


def test_project__keeps_what_the_mask_names() -> None:
    fields: Fields = {"a": {"b": 1, "c": 2}, "d": 3}
    assert project(fields, [("a", "b"), ("nope",), ("__name__",)]) == {"a": {"b": 1}}
    assert project(fields, []) == {}
    assert project(fields, None) == fields
