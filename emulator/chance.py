"""One seed, split by name: the same name always draws the same values, whatever was drawn before
it.
"""

import random
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
DIGITS = "0123456789"


class Chance:
    """A seeded source of values, addressed by name instead of by order of use."""

    __slots__ = ("_fraction", "_key", "seed")

    def __init__(self, seed: int | str) -> None:
        self.seed = seed
        self._key = blake2b(str(seed).encode(), digest_size=32).digest()
        # What `bits` of eight bytes begins with; copying it costs half of making it.
        self._fraction = blake2b(key=self._key, digest_size=8)

    def bits(self, name: str, size_bytes: int = 8) -> bytes:
        """Up to 64 bytes that depend on the seed and the name only."""
        return blake2b(name.encode(), key=self._key, digest_size=size_bytes).digest()

    def fraction(self, name: str) -> float:
        """A number in [0, 1)."""
        drawn = self._fraction.copy()
        drawn.update(name.encode())
        return int.from_bytes(drawn.digest(), "big") / 2**64

    def uniform(self, name: str, low: float, high: float) -> float:
        return low + (high - low) * self.fraction(name)

    def choice(self, name: str, options: Sequence[T]) -> T:
        return options[int(self.fraction(name) * len(options))]

    def text(self, name: str, length: int, alphabet: str = BASE64URL) -> str:
        """`length` characters of `alphabet`; used for ids in the shapes the platforms give them."""
        number = int.from_bytes(self.stream(name).randbytes(length), "big")
        out = []
        for _ in range(length):
            number, digit = divmod(number, 256)
            out.append(alphabet[digit % len(alphabet)])
        return "".join(out)

    def stream(self, name: str) -> random.Random:
        """An independent generator for draws in sequence."""
        return random.Random(self.bits(name, 32))
