"""The wall clock that bots see, by freezegun; started once for a run and moved with the world's
clock.
"""

import datetime as real_datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from freezegun import api, freeze_time

from emulator.errors import ScenarioError

UTC = real_datetime.UTC
_EPOCH = real_datetime.datetime(1970, 1, 1)
_timedelta = real_datetime.timedelta


class BotClock:
    """`time.time`, `datetime.now`, `time.monotonic` and their kin, as the bot sees them.

    Starting costs 26 to 63 ms, because freezegun looks through every loaded module: once per run,
    never per world.
    """

    def __init__(self) -> None:
        self._freezer: Any = None
        self._frozen: Any = None
        self.unix = float("nan")

    def start(self, unix: float) -> None:
        # real_asyncio: other event loops of the process (a test's own) keep their real clock, and
        # the ignored module what pytest measures tests with.
        self._freezer = freeze_time(_at(unix), real_asyncio=True, ignore=["_pytest.timing"])
        self._freezer.start()
        # In the place of freezegun's own, which would have to be told each time in a form that the
        # bot may never look at.
        self._frozen = _Moment(self)
        api.freeze_factories[-1] = self._frozen
        self.unix = unix

    def move_to(self, unix: float) -> None:
        """Raises ScenarioError when a freeze of somebody else's hides this clock from bots."""
        if self._frozen is not None and (
            not api.freeze_factories or api.freeze_factories[-1] is not self._frozen
        ):
            raise ScenarioError(
                "freezegun was started or stopped while the world has the clock, so bots would see "
                "the wrong time; start it before the world is made, which then begins at that time"
            )
        self.unix = unix

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The real clock for a moment."""
        unix = self.unix
        self.stop()
        try:
            yield
        finally:
            self.start(unix)

    def stop(self) -> None:
        if self._freezer is not None:
            self._freezer.stop()
            self._freezer = self._frozen = None


class _Moment(api.FrozenDateTimeFactory):
    """What freezegun asks for the time: made when somebody asks, in UTC."""

    def __init__(self, clock: BotClock) -> None:
        self._clock = clock

    def __call__(self) -> real_datetime.datetime:
        return _at(self._clock.unix)


def frozen_at() -> float | None:
    """Where somebody has frozen the process's clock, in seconds since 1970; None where nobody
    has.
    """
    if not api.freeze_factories:
        return None
    return (api.freeze_factories[-1]() - _EPOCH).total_seconds()


def _at(unix: float) -> real_datetime.datetime:
    return _EPOCH + _timedelta(seconds=unix)
