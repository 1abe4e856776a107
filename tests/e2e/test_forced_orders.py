"""Choosing the order of a live bot's calls: the enabled steps, and performing one, are enough."""

from collections.abc import Iterator

import pytest

from emulator.chance import Chance
from emulator.schedule import Fifo
from emulator.serverless.live import Live
from emulator.step import Agenda, Step, StepKind
from tests.e2e.support import running, uvicorn, world_of

TIMES = 20


class Chosen(Fifo):
    """Takes deliveries and answers before timers, and of those the one that `rank` puts first."""

    def pick(self, agenda: Agenda) -> Step | None:
        enabled = [step for step in agenda if step.kind is not StepKind.FIRE]
        return min(enabled, key=self.rank) if enabled else super().pick(agenda)

    def rank(self, step: Step) -> tuple[object, ...]:
        raise NotImplementedError


class OneAfterTheOther(Chosen):
    """The first copy to its end, then the second."""

    def rank(self, step: Step) -> tuple[object, ...]:
        return (step.task, step.name)


class InLockstep(Chosen):
    """Each copy one call further, in turn."""

    def rank(self, step: Step) -> tuple[object, ...]:
        _, _, ordinal = step.name.partition("#")
        return (int(ordinal) if ordinal.isdigit() else -1, step.task)


@pytest.fixture(scope="module")
def racy() -> Iterator[Live]:
    with running(uvicorn("reference_bot.broken.check_then_set:app"), ahead=2) as live:
        yield live


def publishes(racy: Live, schedule: type[Chosen], number: int) -> int:
    def choose(chance: Chance) -> Fifo:
        return schedule(chance)

    with world_of(racy, seed=number, copies=2, instances=2, schedule=choose) as world:
        world.meta.message("hello")
        world.run_until_quiet()
        return world.journal.counts["publish"]


def test_check_then_set__publishes_once_when_its_copies_come_one_after_the_other(
    racy: Live,
) -> None:
    assert [publishes(racy, OneAfterTheOther, number) for number in range(TIMES)] == [1] * TIMES


def test_check_then_set__publishes_twice_when_its_copies_run_in_lockstep(racy: Live) -> None:
    assert [publishes(racy, InLockstep, number) for number in range(TIMES)] == [2] * TIMES
