"""The small languages of header values."""

import re

import pytest

from emulator.qstash.flow import FlowControl
from emulator.qstash.grammar import (
    is_name,
    parse_boolean,
    parse_count,
    parse_duration,
    parse_flow,
    parse_labels,
    parse_period,
    parse_whole,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0),
        ("50s", 50),
        ("10m", 600),
        ("1d10h30m", 124_200),
        ("1h30m3s", 5_403),
        ("7d", 604_800),
    ],
)
def test_duration__sums_its_parts(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "10", "s", "-1s", "1.5s", "10 s", "10S", "1w", "٣s", "9" * 16 + "s"]
)
def test_duration__refuses_anything_else(text: str) -> None:
    message = f"'{text}' is not a duration such as 50s or 1d10h30m"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("True", True), (" TRUE ", True), ("False", False)]
)
def test_boolean__in_any_case(text: str, value: bool) -> None:
    assert parse_boolean(text) is value


def test_boolean__refuses_anything_else() -> None:
    with pytest.raises(ValueError, match=r"^'yes' is neither true nor false$"):
        parse_boolean("yes")


def test_labels__are_trimmed_and_keep_their_order() -> None:
    assert parse_labels(" b, a ,,c c ") == ("b", "a", "c c")
    assert parse_labels("") == ()


def test_whole__refuses_signs_and_fractions() -> None:
    assert parse_whole("17") == 17
    for text in ("-1", "+1", "1.0", "", "x"):
        with pytest.raises(ValueError, match=f"^'{re.escape(text)}' is not a whole number$"):
            parse_whole(text)


def test_count__begins_with_one() -> None:
    assert parse_count("1") == 1
    with pytest.raises(ValueError, match=r"^must be greater than zero$"):
        parse_count("0")


@pytest.mark.parametrize(("text", "seconds"), [("10", 10), (" 1m ", 60), ("7d", 604_800)])
def test_period__is_a_duration_or_seconds(text: str, seconds: int) -> None:
    assert parse_period(text) == seconds


@pytest.mark.parametrize("text", ["0", "604801", "1w", ""])
def test_period__refuses_anything_else(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not"):
        parse_period(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rate=2", FlowControl("k", None, 2, 1)),
        ("parallelism=3", FlowControl("k", 3, None, 1)),
        (" period = 10s ,RATE=2,parallelism=3", FlowControl("k", 3, 2, 10)),
    ],
)
def test_flow__in_any_order(text: str, expected: FlowControl) -> None:
    assert parse_flow("k", text) == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "'' is not one of parallelism=, rate=, period="),
        ("rate", "'rate' is not one of parallelism=, rate=, period="),
        ("rate=1,rate=2", "'rate=2' is not one of parallelism=, rate=, period="),
        ("period=1s", "needs a parallelism or a rate"),
        ("rate=0", "must be greater than zero"),
        ("rate=-1", "'-1' is not a whole number"),
    ],
)
def test_flow__refuses_anything_else(text: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        parse_flow("k", text)


@pytest.mark.parametrize(
    ("text", "expected"), [("a-Z_0.9", True), ("", False), ("a b", False), ("é", False)]
)
def test_name(text: str, expected: bool) -> None:
    assert is_name(text) is expected
