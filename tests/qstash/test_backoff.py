"""Waits before retries: the default table, the hints, the order of precedence."""

import pytest

from emulator.clock import VIRTUAL_EPOCH
from emulator.qstash.backoff import default_wait, parse_hint, wait_before
from emulator.qstash.expression import parse_expression


def test_default_wait__documented_table() -> None:
    table = [default_wait(retry) for retry in range(1, 8)]

    assert table == [12.182, 148.413, 1808.042, 22026.466, 86_400, 86_400, 86_400]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("6m5s", 365.0),
        ("1.5s", 1.5),
        ("250ms", 0.25),
        ("1h0m0.5s", 3600.5),
        ("1500us", 0.002),
        ("Mon, 21 Sep 2026 14:13:30 GMT", 10.0),
        ("Sun, 20 Sep 2026 14:13:30 GMT", 0.0),
    ],
)
def test_hint__formats(text: str, seconds: float) -> None:
    # 14:13:20 on that Monday.
    assert parse_hint(text, VIRTUAL_EPOCH) == seconds


@pytest.mark.parametrize(
    "text", ["", "soon", "-5", "1.5", "5x", "Mon, 99 Xxx 2026 14:13:30 GMT", "2026-09-21T14:13:30Z"]
)
def test_hint__anything_else_is_none(text: str) -> None:
    assert parse_hint(text, VIRTUAL_EPOCH) is None


def test_wait__hint_beats_expression_beats_default() -> None:
    expression = parse_expression("7000")
    hint = (("retry-after", "3"),)

    assert wait_before(1, headers=hint, expression=expression, unix=0.0) == 3.0
    assert wait_before(1, headers=(), expression=expression, unix=0.0) == 7.0
    assert wait_before(1, headers=(), expression=None, unix=0.0) == 12.182


def test_wait__hints_are_tried_in_their_order() -> None:
    headers = (
        ("X-RateLimit-Reset-Tokens", "4s"),
        ("X-RateLimit-Reset-Requests", "3s"),
        ("X-RateLimit-Reset", "2"),
        ("Retry-After", "1"),
    )

    waits = [
        wait_before(1, headers=headers[: 4 - number], expression=None, unix=0.0)
        for number in range(4)
    ]

    assert waits == [1.0, 2.0, 3.0, 4.0]


def test_wait__hint_beyond_a_day_is_ignored() -> None:
    day = (("Retry-After", "86400"),)
    longer = (("Retry-After", "86401"),)

    assert wait_before(1, headers=day, expression=None, unix=0.0) == 86_400
    assert wait_before(1, headers=longer, expression=None, unix=0.0) == 12.182


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1 / 0", 86_400.0), ("0 - 5", 0.0), ("0 / 0", 12.182), ("1234.4", 1.234), ("9e9", 86_400.0)],
)
def test_wait__expression_is_kept_within_a_day(text: str, seconds: float) -> None:
    assert wait_before(1, headers=(), expression=parse_expression(text), unix=0.0) == seconds


def test_wait__expression_counts_retries_from_zero() -> None:
    expression = parse_expression("1000 * retried")

    waits = [wait_before(retry, headers=(), expression=expression, unix=0.0) for retry in (1, 2, 3)]

    assert waits == [0.0, 1.0, 2.0]
