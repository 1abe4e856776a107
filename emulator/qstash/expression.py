"""Retry-delay expressions, parsed into a short program and never handed to `eval`."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

MAX_LENGTH = 1_024
MAX_DEPTH = 32

_TOKEN = re.compile(r"\s*(?:([0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+)|([A-Za-z_]+)|(\S))")


def _power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan


def _exponential(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _divide(dividend: float, divisor: float) -> float:
    if divisor:
        return dividend / divisor
    return math.nan if dividend == 0 or math.isnan(dividend) else math.copysign(math.inf, dividend)


def _remainder(dividend: float, divisor: float) -> float:
    return math.fmod(dividend, divisor) if divisor and math.isfinite(dividend) else math.nan


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    return lambda x: float(function(x)) if math.isfinite(x) else x


def _round_half_away(x: float) -> int:
    return int(math.copysign(math.floor(abs(x) + 0.5), x))


# Arithmetic is that of floating point without exceptions: too large is infinite, undefined is
# not-a-number.
_UNARY: dict[str, Callable[[float], float]] = {
    "exp": _exponential,
    "sqrt": lambda x: math.sqrt(x) if x >= 0 else math.nan,
    "abs": abs,
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
    "round": _whole(_round_half_away),
    "negate": lambda x: -x,
}
_BINARY: dict[str, Callable[[float, float], float]] = {
    "pow": _power,
    "min": min,
    "max": max,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "%": _remainder,
    "^": _power,
}
# QStash docs, "Retry": the functions an expression may call, with the number of their arguments.
_ARGUMENTS = {
    "pow": 2,
    "exp": 1,
    "sqrt": 1,
    "abs": 1,
    "floor": 1,
    "ceil": 1,
    "round": 1,
    "min": 2,
    "max": 2,
}


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression.

    `text` is as sent; `program` has numbers and the names of what to apply, in postfix order.
    """

    text: str
    program: tuple[float | str, ...]

    def evaluate(self, retried: int) -> float:
        """Milliseconds before the next attempt, `retried` being 0 for the first retry.

        The result may be negative, infinite or not a number.
        """
        stack: list[float] = []
        for item in self.program:
            if isinstance(item, float):
                stack.append(item)
            elif item == "retried":
                stack.append(float(retried))
            elif item in _UNARY:
                stack.append(_UNARY[item](stack.pop()))
            else:
                right = stack.pop()
                stack.append(_BINARY[item](stack.pop(), right))
        return stack[0]


@lru_cache(maxsize=256)
def parse_expression(text: str, *, extended: bool = False) -> Expression:
    """Parse a retry-delay expression; raises ValueError with the place of the first mistake.

    `extended` takes `%` and `^` too, of which the docs say nothing.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"expression has {len(text)} characters, at most {MAX_LENGTH} are allowed")
    return Expression(text, _Parser(text, extended=extended).parse())


class _Parser:
    """Recursive descent over `sum = product {(+|-) product}`, `product = factor {(*|/) factor}`."""

    def __init__(self, text: str, *, extended: bool) -> None:
        self._products = ("*", "/", "%") if extended else ("*", "/")
        self._powers = extended
        self._tokens = [
            (match.group(1) or match.group(2) or match.group(3), match.start(match.lastindex or 0))
            for match in _TOKEN.finditer(text)
        ]
        self._tokens.append(("", len(text)))
        self._at = 0
        self._depth = 0
        self._program: list[float | str] = []

    def parse(self) -> tuple[float | str, ...]:
        self._sum()
        if self._token:
            raise self._unexpected()
        return tuple(self._program)

    @property
    def _token(self) -> str:
        return self._tokens[self._at][0]

    def _unexpected(self) -> ValueError:
        token, position = self._tokens[self._at]
        what = f"unexpected '{token}'" if token else "unexpected end"
        return ValueError(f"{what} at position {position}")

    def _expect(self, token: str) -> None:
        if self._token != token:
            raise self._unexpected()
        self._at += 1

    def _chain(self, operators: tuple[str, ...], operand: Callable[[], None]) -> None:
        operand()
        while self._token in operators:
            operator = self._token
            self._at += 1
            operand()
            self._program.append(operator)

    def _sum(self) -> None:
        self._chain(("+", "-"), self._product)

    def _product(self) -> None:
        self._chain(self._products, self._power if self._powers else self._factor)

    def _power(self) -> None:
        self._factor()
        if self._token == "^":
            self._at += 1
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise ValueError(f"expression is nested deeper than {MAX_DEPTH}")
            self._power()
            self._depth -= 1
            self._program.append("^")

    def _factor(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValueError(f"expression is nested deeper than {MAX_DEPTH}")
        token = self._token
        if token in ("+", "-"):
            self._at += 1
            self._factor()
            if token == "-":
                self._program.append("negate")
        elif token == "(":
            self._at += 1
            self._sum()
            self._expect(")")
        elif token == "retried":
            self._at += 1
            self._program.append(token)
        elif token in _ARGUMENTS:
            self._at += 1
            self._expect("(")
            for number in range(_ARGUMENTS[token]):
                if number:
                    self._expect(",")
                self._sum()
            self._expect(")")
            self._program.append(token)
        elif token[:1].isdigit() or (token[:1] == "." and len(token) > 1):
            self._at += 1
            self._program.append(float(token))
        else:
            raise self._unexpected()
        self._depth -= 1
