"""Retry-delay expressions: the documented forms, and what must not get in."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.qstash.expression import MAX_DEPTH, MAX_LENGTH, parse_expression


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1000", [1000, 1000, 1000, 1000]),
        ("1000 * (1 + retried)", [1000, 2000, 3000, 4000]),
        ("pow(2, retried) * 1000", [1000, 2000, 4000, 8000]),
        ("max(1000, pow(2, retried) * 100)", [1000, 1000, 1000, 1000]),
        ("7000 * retried", [0, 7000, 14_000, 21_000]),
        ("min(pow(3, retried) * 1000, 300000)", [1000, 3000, 9000, 27_000]),
    ],
)
def test_evaluate__documented_examples(text: str, values: list[float]) -> None:
    expression = parse_expression(text)

    assert [expression.evaluate(retried) for retried in range(4)] == values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3 * 4", 14),
        ("20 - 3 - 4", 13),
        ("20 / 4 / 5", 1),
        ("-(2 - 5)", 3),
        ("- - 2", 2),
        ("2 * -3", -6),
        ("1.5e3 + .5", 1500.5),
        ("sqrt(9) + abs(0 - 4)", 7),
        ("floor(2.7) + ceil(2.1)", 5),
        ("round(2.5) + round(0 - 0.5)", 2),
        ("exp(0)", 1),
    ],
)
def test_evaluate__arithmetic(text: str, value: float) -> None:
    assert parse_expression(text).evaluate(0) == value


def test_evaluate__never_raises() -> None:
    assert parse_expression("1000 / retried").evaluate(0) == math.inf
    assert parse_expression("pow(10, 999)").evaluate(0) == math.inf
    assert parse_expression("exp(99999)").evaluate(0) == math.inf
    assert parse_expression("floor(1 / 0)").evaluate(0) == math.inf
    assert math.isnan(parse_expression("retried / retried").evaluate(0))
    assert math.isnan(parse_expression("sqrt(0 - 1)").evaluate(0))
    assert math.isnan(parse_expression("pow(0 - 8, 0.5)").evaluate(0))


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "unexpected end at position 0"),
        ("1 +", "unexpected end at position 3"),
        ("(1", "unexpected end at position 2"),
        ("1)", "unexpected '\\)' at position 1"),
        ("2 ** 3", "unexpected '\\*' at position 3"),
        ("2 ^ 3", "unexpected '\\^' at position 2"),
        ("7 % 2", "unexpected '%' at position 2"),
        ("retries * 2", "unexpected 'retries' at position 0"),
        ("__import__('os')", "unexpected '__import__' at position 0"),
        ("pow(2)", "unexpected '\\)' at position 5"),
        ("max(1, 2, 3)", "unexpected ',' at position 8"),
        ("sqrt 4", "unexpected '4' at position 5"),
        ("1 2", "unexpected '2' at position 2"),
        (".", "unexpected '.' at position 0"),
    ],
)
def test_parse__names_the_place_of_a_mistake(text: str, mistake: str) -> None:
    with pytest.raises(ValueError, match=f"^{mistake}$"):
        parse_expression(text)


@pytest.mark.parametrize("text", ["(" * 40 + "1" + ")" * 40, "-" * 40 + "1", "abs(" * 40])
def test_parse__depth_is_bounded(text: str) -> None:
    with pytest.raises(ValueError, match=f"^expression is nested deeper than {MAX_DEPTH}$"):
        parse_expression(text)


def test_parse__length_is_bounded() -> None:
    text = "1+" * MAX_LENGTH + "1"
    with pytest.raises(
        ValueError,
        match=rf"^expression has {len(text)} characters, at most {MAX_LENGTH} are allowed$",
    ):
        parse_expression(text)


def test_parse__a_long_sum_is_not_deep() -> None:
    assert parse_expression("+".join(["1"] * 400)).evaluate(0) == 400


@given(st.text(alphabet="0123456789+-*/()., retidpowmaxb", max_size=60))
def test_parse__any_text_is_a_number_or_a_value_error(text: str) -> None:
    try:
        expression = parse_expression(text)
    except ValueError:
        return
    assert isinstance(expression.evaluate(3), float)
