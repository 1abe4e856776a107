"""An exception in words."""

import json
import os

import pytest

from emulator.serverless.raised import Raised


def raised(error: BaseException) -> Raised:
    try:
        raise error
    except BaseException as caught:
        return Raised.of(caught)


def test_message__is_its_first_line() -> None:
    assert raised(ValueError("first\nFor more information: x")).error == "ValueError: first"


def test_message__may_be_empty() -> None:
    assert raised(TimeoutError()).error == "TimeoutError"


def test_message__is_bounded() -> None:
    assert raised(ValueError("x" * 999)).error == "ValueError: " + "x" * 200 + "..."


def test_message__has_no_query_of_a_url() -> None:
    error = raised(ValueError("400 for url 'https://graph.example.com/me?access_token=secret' x"))
    assert error.error == "ValueError: 400 for url 'https://graph.example.com/me' x"


def test_message_that_can_not_be_made__leaves_the_type() -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert raised(Odd()).error == "Odd"


def test_group_of_one__is_that_one() -> None:
    group = ExceptionGroup("many", [ExceptionGroup("few", [KeyError("mid")])])
    assert raised(group).error == "KeyError: 'mid'"
    assert raised(ExceptionGroup("two", [KeyError("a"), KeyError("b")])).error == (
        "ExceptionGroup: two (2 sub-exceptions)"
    )


def test_place__is_where_the_bots_own_code_was() -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads("{")
    place = Raised.of(caught.value).place
    name, _, line = place.rpartition(":")
    assert os.path.samefile(name, __file__)
    with open(name) as file:
        assert "json.loads" in file.read().splitlines()[int(line) - 1]


def test_place__is_nowhere_without_a_traceback() -> None:
    assert Raised.of(ValueError("x")).place == ""


def test_traceback__is_the_whole() -> None:
    whole = raised(ValueError("first\nsecond")).traceback
    assert whole.startswith("Traceback (most recent call last):")
    assert whole.endswith("ValueError: first\nsecond\n")
