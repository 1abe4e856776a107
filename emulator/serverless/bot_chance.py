"""Chance inside the bot: `random`, `os.urandom`, `uuid4` and `secrets` draw from the world's seed
on a bot's threads.
"""

import os
import random
from collections.abc import Callable

from emulator.serverless.baton import current_seat


class BotChance:
    """Replaces the process's entropy, for bots' threads only; everything else keeps the real one.

    `draw(n)` gives n seeded bytes for whatever runs now. The global `random` generator is seeded at
    the start and restored at the end, so that a test's own sequence goes on as if nothing had
    happened.
    """

    def __init__(self, draw: Callable[[int], bytes]) -> None:
        self._draw = draw
        self._urandom: Callable[[int], bytes] | None = None
        self._state: object = None

    def start(self, seed: bytes) -> None:
        real = self._urandom = os.urandom
        draw = self._draw

        def urandom(size: int, /) -> bytes:
            return draw(size) if current_seat() is not None else real(size)

        os.urandom = urandom
        random._urandom = urandom  # type: ignore[attr-defined]
        self._state = random.getstate()
        random.seed(seed)

    def stop(self) -> None:
        if self._urandom is None:
            return
        os.urandom = self._urandom
        random._urandom = self._urandom  # type: ignore[attr-defined]
        random.setstate(self._state)  # type: ignore[arg-type]
        self._urandom = None
