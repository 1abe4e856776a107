"""An exception in words."""

import json
import linecache
import os
import traceback
from collections.abc import Callable
from pathlib import Path

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


def deep(depth: int) -> None:
    if depth:
        deep(depth - 1)
    int({"a": "1"}["missing"])


def chained() -> None:
    try:
        deep(9)
    except KeyError as error:
        raise ExceptionGroup("two", [ValueError("a"), error]) from error


def in_two_lines() -> None:
    int(
        "no number",
    )


@pytest.mark.parametrize(
    "fails", [chained, in_two_lines, lambda: json.loads("{"), lambda: compile("(", "f", "exec")]
)
def test_traceback__is_what_python_prints_also_the_second_time(fails: Callable[[], object]) -> None:
    for _ in range(2):
        with pytest.raises(Exception) as caught:  # noqa: PT011  # whatever it is
            fails()
        expected = "".join(traceback.format_exception(caught.value))
        assert Raised.of(caught.value).traceback == expected


def test_traceback__shows_the_source_that_is_there_now(tmp_path: Path) -> None:
    file = tmp_path / "bot.py"
    for source in ("1 / 0", "[][0]"):
        file.write_text(source)
        linecache.clearcache()
        with pytest.raises((ZeroDivisionError, IndexError)) as caught:
            exec(compile(source, str(file), "exec"))
        assert f"    {source}\n" in Raised.of(caught.value).traceback


def test_frames__are_kept_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[tuple[object, ...], str] = {}
    monkeypatch.setattr("emulator.serverless.raised._FRAMES", kept)
    monkeypatch.setattr("emulator.serverless.raised.MOST_FRAMES", 2)
    with pytest.raises(ExceptionGroup) as caught:
        chained()
    whole = Raised.of(caught.value).traceback
    assert whole == "".join(traceback.format_exception(caught.value))
    assert 1 <= len(kept) <= 2
