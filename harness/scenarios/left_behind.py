"""What responses leave behind: ten messages, with their calls answered as services do, and in the
order in which work that nobody waits for shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.call import Call
from emulator.chance import Chance
from emulator.clock import WEEK_S
from emulator.recorded import RecordedCall
from emulator.schedule import Fifo
from emulator.step import Agenda, Step
from harness.scenarios.rapid import BATCH, SENDER, TEXTS
from harness.scenarios.scenario import MakeSchedule, Record, Scenario, record_of
from harness.stage import Stage

ORDINARY, LAST = "at-once", "newest first"
# Seconds. Ten at once, as users write; then one after the other, each with the bot to itself.
GAPS_S = {ORDINARY: 0.1, LAST: 120.0}
COPIES = {ORDINARY: 3, LAST: 1}
SETTLE_S = 3 * 3_600.0
# How long an answer takes in the run with an order of its own (seconds).
LATENCY_S = 0.03


class NewestFirst(Fifo):
    """Of the calls of one invocation answers those first that were made last: one that is not
    waited for stays unanswered until the response, however many others are awaited after it.

    Of calls made together each is the last one in its turn, from message to message. No answer is
    put off for a wait of the bot's own: most of these are time limits.
    """

    def __init__(self, chance: Chance) -> None:
        super().__init__(chance, low_s=LATENCY_S, high_s=LATENCY_S)
        self._left: dict[tuple[str, float], str] = {}

    def pick(self, agenda: Agenda) -> Step | None:
        first = agenda.earliest()
        if first is None or first.call is None:
            return first
        call = first.call
        parked = [
            (step, step.call)
            for step in agenda
            if step.call is not None and step.call.invocation is call.invocation
        ]
        newest = max(call.arrived for _, call in parked)
        together = [(step, call) for step, call in parked if call.arrived == newest]
        return self._one_of(together, newest)

    def _one_of(self, together: list[tuple[Step, Call]], arrived: float) -> Step:
        """The first but the one whose turn it is to be the last."""
        together.sort(key=lambda pair: _ordinal(pair[1]))
        first, call = together[0]
        place = _number(call) % len(together)
        left = self._left.setdefault((call.invocation.name, arrived), together[place][1].name)
        return next((step for step, call in together if call.name != left), first)


def _ordinal(call: Call) -> int:
    return int(call.name.rpartition("#")[2])


def _number(call: Call) -> int:
    """Which user message it is about; 0 when that is none."""
    return int(call.roots[0].removeprefix("u")) if call.roots else 0


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What one run left behind. `late` are the calls that nobody waited for; `mids` are the ids of
    the user messages by their roots.
    """

    name: str
    record: Record
    mids: Mapping[str, str]
    late: tuple[RecordedCall, ...]


def play_left_behind(stage: Stage, name: str, schedule: MakeSchedule = Fifo) -> LeftBehind:
    """Write ten messages, let everything settle and every wait of the bot's end, then thaw all
    instances once, in a world that only records.
    """
    if name == LAST and schedule is Fifo:
        schedule = NewestFirst
    with stage.world(copies=COPIES[name], schedule=schedule) as world:
        for number, text in enumerate(TEXTS):
            world.meta.message(text, sender=SENDER, at=GAPS_S[name] * number)
        world.meta.batch(BATCH, sender=SENDER, at=GAPS_S[name] * len(TEXTS))
        world.run_until(SETTLE_S)
        # Leftovers show themselves only once their own sleeps are over.
        world.advance(seconds=WEEK_S - world.now)
        world.reveal_leftovers()
        return LeftBehind(
            name,
            record_of(world),
            dict(world.kernel.mids),
            tuple(map(RecordedCall.of, world.gate.late_calls)),
        )


LEFT_BEHIND = Scenario(
    "left-behind",
    "ten messages, and what their responses left behind",
    (ORDINARY, LAST),
    play_left_behind,
)
