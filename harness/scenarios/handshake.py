"""The platform subscribes: once with the verify token that the bot was given, once with another."""

from collections import Counter
from dataclasses import dataclass

from emulator.meta import Handshake
from harness.scenarios.outside import problems_of
from harness.stage import Stage

WRONG_TOKEN = "not-the-verify-token"


@dataclass(frozen=True, slots=True)
class Handshakes:
    """Both answers, and hosts the bot reached for that are not part of the world."""

    right: Handshake
    wrong: Handshake
    problems: Counter[str]


def run_handshakes(stage: Stage) -> Handshakes:
    with stage.world() as world:
        right = world.meta.subscribe()
        wrong = world.meta.subscribe(verify_token=WRONG_TOKEN)
        world.run_until_quiet()
        return Handshakes(right, wrong, problems_of(world.findings()))
