"""The platform subscribes: once with the verify token that the bot was given, once with another."""

from dataclasses import dataclass

from emulator.meta import Handshake
from emulator.schedule import Fifo
from harness.scenarios.conversation import SETTLE_S
from harness.scenarios.scenario import MakeSchedule, Record, Scenario, record_of
from harness.stage import Stage

WRONG_TOKEN = "not-the-verify-token"


@dataclass(frozen=True, slots=True)
class Handshakes:
    """Both answers."""

    name: str
    record: Record
    right: Handshake
    wrong: Handshake


def play_handshake(stage: Stage, name: str, schedule: MakeSchedule = Fifo) -> Handshakes:
    """Probe the webhook twice, one after the other."""
    with stage.world(schedule=schedule) as world:
        right = world.meta.subscribe()
        wrong = world.meta.subscribe(verify_token=WRONG_TOKEN)
        # Not until it is quiet: a bot may set up a schedule when it starts, and that never ends.
        world.run_until(SETTLE_S)
        return Handshakes(name, record_of(world), right, wrong)


HANDSHAKE = Scenario("handshake", "subscription handshake", ("handshake",), play_handshake)
