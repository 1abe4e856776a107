"""How a queue delivers in what at-least-once delivery in no order allows; the same for every kind
of queue.
"""

from dataclasses import dataclass

from emulator.errors import ScenarioError

MOST_COPIES = 100


@dataclass(frozen=True, slots=True)
class Disturbance:
    """How deliveries come, in what at-least-once delivery in no order allows.

    copies: each attempt is made so often, and the destination's answer to the first one counts.
    copy_after_s: seconds from one copy to the next; without them all come at once.
    late_s: each attempt comes so much later than it is due.
    spread_s: and by up to so much more, drawn from the seed, so that messages overtake each other.
    """

    copies: int = 1
    copy_after_s: float = 0.0
    late_s: float = 0.0
    spread_s: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.copies <= MOST_COPIES:
            raise ScenarioError(f"copies have to be from 1 to {MOST_COPIES}, not {self.copies}")
        for name in ("copy_after_s", "late_s", "spread_s"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise ScenarioError(f"{name} has to be a number of seconds, not {value:g}")


NO_DISTURBANCE = Disturbance()
