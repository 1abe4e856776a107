"""The small languages of header values."""

import re

import pytest

from emulator.qstash.grammar import parse_boolean, parse_duration, parse_labels, parse_whole


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
