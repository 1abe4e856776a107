"""Schedules: pure choosers of the next step, given what is pending."""

from collections.abc import Sequence
from typing import Protocol

from emulator.call import Call
from emulator.chance import Chance
from emulator.errors import ThriceError
from emulator.step import Agenda, Step

# Time between a call's arrival and its effect: an ordinary remote store or queue (seconds). Wide
# enough that concurrent check-then-act handlers overlap, as they do in production; on a local
# emulator they almost never would.
LATENCY_LOW_S = 0.020
LATENCY_HIGH_S = 0.060


class Schedule(Protocol):
    """Chooses; it never performs and never changes the agenda."""

    def latency(self, call: Call) -> float:
        """Seconds until a parked call is due."""

    def pick(self, agenda: Agenda) -> Step | None:
        """The next step, or None when nothing is pending."""


class Fifo:
    """Earliest first, with a seeded latency per call. The default."""

    def __init__(
        self, chance: Chance, *, low_s: float = LATENCY_LOW_S, high_s: float = LATENCY_HIGH_S
    ) -> None:
        self._chance = chance
        self._low_s = low_s
        self._high_s = high_s

    def latency(self, call: Call) -> float:
        return self._chance.uniform("latency/" + call.name, self._low_s, self._high_s)

    def pick(self, agenda: Agenda) -> Step | None:
        return agenda.earliest()


class DivergedError(ThriceError):
    """A replayed run offered other steps than the recorded one."""


class Replay:
    """Follows recorded choices, then goes on as `then` would. Raises DivergedError at the first
    difference.

    Scenarios run their world piece by piece, and what is due later than the piece is offered here
    but not performed: so a choice counts as made once its step is off the agenda, and a step that
    was not recorded is no difference until it was performed.
    """

    def __init__(self, choices: Sequence[str], then: Schedule) -> None:
        self._choices = choices
        self._then = then
        self._offered: Step | None = None
        self._difference = ""
        self.position = 0

    def latency(self, call: Call) -> float:
        return self._then.latency(call)

    def pick(self, agenda: Agenda) -> Step | None:
        performed = self._offered is not None and not self._offered.pending
        if performed and not self._difference:
            self.position += 1
        if self.position >= len(self._choices):
            self._offered = None
            return self._then.pick(agenda)
        wanted = self._choices[self.position]
        step = agenda.earliest()
        if step is not None and step.name != wanted:
            step = next((candidate for candidate in agenda if candidate.name == wanted), step)
        if step is not None and step.name == wanted:
            self._difference = ""
        elif performed and self._difference:
            raise DivergedError(self._difference)
        else:
            offered = ", ".join(candidate.name for candidate in agenda) or "nothing"
            self._difference = (
                f"diverged at step {self.position + 1}: recorded {wanted}, but pending is {offered}"
            )
        self._offered = step
        return step

    def check_end(self) -> None:
        """Raises DivergedError when not all of the recorded choices were made."""
        performed = self._offered is not None and not self._offered.pending
        if self.position + (performed and not self._difference) < len(self._choices):
            wanted = self._choices[self.position]
            raise DivergedError(
                self._difference
                or f"diverged at step {self.position + 1}: recorded {wanted}, but it is over"
            )
