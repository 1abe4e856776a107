"""Deliberate faults of a delivery: what the network between the world and a bot can do to it."""

from dataclasses import dataclass
from typing import Literal

FaultKind = Literal["slow", "cut-request", "cut-response", "refused"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one delivery.

    `slow` sends `step_bytes` every `pause_s` real seconds; `cut-request` hangs up after `at_byte`
    bytes of the request, `cut-response` after as many of the response; `refused` never connects.
    """

    kind: FaultKind
    at_byte: int = 0
    step_bytes: int = 16
    pause_s: float = 0.01
