"""Where parameters and tokens are found, and how lenient the reading is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.meta.graph.parameters import as_object, clean, parse_json, read_parameters, read_token

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@pytest.mark.parametrize(
    ("query", "content_type", "body", "expected"),
    [
        ("", JSON, b'{"a":{"b":1}}', {"a": {"b": 1}}),
        ("", "application/json; charset=utf-8", b' {"a":"\xc3\xa4"}', {"a": "ä"}),
        ("", FORM, b"a=%7B%22b%22%3A1%7D&c=", {"a": '{"b":1}', "c": ""}),
        ("", "", b'{"a":1}', {"a": 1}),
        ("", "text/plain", b'{"a":1}', {"a": 1}),
        ("", "", b"a=1", {"a": "1"}),
        ("", FORM, b'{"a":1}', {'{"a":1}': ""}),
        ("a=1&b=2", JSON, b'{"a":3}', {"a": 3, "b": "2"}),
        ("a=1", JSON, b"", {"a": "1"}),
        ("", "", b"", {}),
    ],
)
def test_read_parameters(
    query: str, content_type: str, body: bytes, expected: dict[str, object]
) -> None:
    assert read_parameters(query, content_type, body) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"[1]",
        b'"text"',
        b"null",
        b"{",
        b'{"a":NaN}',
        b'{"a":"\xff"}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' + b"[" * 100_000,
    ],
)
def test_read_parameters__malformed_json(body: bytes) -> None:
    assert read_parameters("", JSON, body) is None


@pytest.mark.parametrize(
    ("query", "authorization", "parameters", "expected"),
    [
        ("access_token=q", "Bearer h", {"access_token": "b"}, "q"),
        ("x=1", "Bearer h", {"access_token": "b"}, "h"),
        ("", "OAuth h", None, "h"),
        ("", "bearer  h ", None, "h"),
        ("", "Basic aGk=", {"access_token": "b"}, "b"),
        ("", "Bearer", {"access_token": "b"}, "b"),
        ("", "", {"access_token": 5}, ""),
        ("access_token=", "", {}, ""),
        ("", "", None, ""),
    ],
)
def test_read_token(
    query: str, authorization: str, parameters: dict[str, object] | None, expected: str
) -> None:
    assert read_token(query, authorization, parameters) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"id": "1"}, {"id": "1"}),
        ('{"id":"1"}', {"id": "1"}),
        ("{'id':'1'}", {"id": "1"}),
        ("{'text':'say \"hi\"', 'n': 2}", {"text": 'say "hi"', "n": 2}),
        (r"{'text':'it\'s'}", {"text": "it's"}),
        ("{\"text\":'don\\'t', 'x':\"it's\"}", {"text": "don't", "x": "it's"}),
        ("{'text':'open", None),
        ("[1]", None),
        ("text", None),
        ("", None),
        (5, None),
        (None, None),
        (["id"], None),
    ],
)
def test_as_object(value: object, expected: dict[str, object] | None) -> None:
    assert as_object(value) == expected


@given(st.text("ab0{}[]:,\"'\\ \n\x00é😀\ud800"))
def test_as_object__never_raises(text: str) -> None:
    assert as_object(text) is None or isinstance(as_object(text), dict)


@pytest.mark.parametrize("unit", ["'", '\\"', "\\'", "'\\", "\\"])
def test_as_object__reads_hostile_quotes_in_linear_time(unit: str) -> None:
    started = time.process_time()

    assert as_object("{" + unit * 200_000) is None

    assert time.process_time() - started < 2.0


def test_parse_json__refuses_constants_that_json_does_not_have() -> None:
    assert parse_json("[Infinity]") is None


def test_clean__replaces_lone_surrogates_only() -> None:
    assert clean("a\ud83db 😀 ä") == "a\ufffdb 😀 ä"
