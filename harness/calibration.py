"""Calibration: whether a live bot, asked the same, does the same."""

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.chance import Chance
from emulator.journal import Entry
from emulator.schedule import Fifo, Schedule
from harness.stage import Stage

RUNS = 5
TEXT = "the same every time"
# Long enough for the queue to deliver and for every retry of it but the last.
SETTLE_S = 3_600.0

LATENCY_S = 0.03

Signature = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """`runs` serial runs of one message; `difference` is empty when all made the same calls."""

    runs: int
    calls: int
    difference: str = ""

    @property
    def sentence(self) -> str:
        if self.difference:
            return f"not deterministic: of {self.runs} serial runs, {self.difference}"
        return f"deterministic: {self.runs} serial runs made the same {self.calls} calls"


def calibrate(stage: Stage) -> Calibration:
    """Deliver one message once, in fresh worlds that differ by their ids only, and compare the
    calls the bot makes: names, services, verbs, addresses.
    """
    signatures = []
    for number in range(RUNS):
        # Other ids, but every call takes as long as in the other runs.
        with stage.world(copies=1, nonce=f"calibration{number}", schedule=_even) as world:
            message = world.meta.message(TEXT)
            world.run_until(SETTLE_S)
            names = {message.mid: "<mid>", message.psid: "<psid>"}
            signatures.append([_signature(entry, names) for entry in world.journal.entries("call")])
    first = signatures[0]
    for number, other in enumerate(signatures[1:], start=2):
        if other != first:
            return Calibration(RUNS, len(first), _difference(number, first, other))
    return Calibration(RUNS, len(first))


def _even(chance: Chance) -> Schedule:
    return Fifo(chance, low_s=LATENCY_S, high_s=LATENCY_S)


def _signature(entry: Entry, names: Mapping[str, str]) -> Signature:
    detail = entry.detail
    url = str(detail.get("url"))
    for value, name in names.items():
        url = url.replace(value, name)
    return (entry.name, str(detail.get("service")), str(detail.get("verb")), url)


def _shown(call: Signature) -> str:
    name, service, verb, url = call
    return f"{service} ({verb}) at {name}: {url}"


def _difference(number: int, first: list[Signature], other: list[Signature]) -> str:
    for one, two in zip(first, other, strict=False):
        if one != two:
            return f"run {number} called {_shown(two)}, where the first called {_shown(one)}"
    return f"run {number} made {len(other)} calls, and the first made {len(first)}"
