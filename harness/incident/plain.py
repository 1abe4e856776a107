"""The bot without HTTP: handlers called as functions, for counting alone."""

from collections.abc import Coroutine
from typing import Any

from harness.incident.cascade import Cascade, Job, StoreCalls, Visit
from harness.incident.collector import without_collector
from harness.incident.core import Ask
from harness.incident.handlers import handlers_of
from harness.incident.model import Model, Tally


class PlainServices(StoreCalls):
    """Calls that carry what they are about as it is."""

    def publish(self, path: str, sender: str, mid: str, delay_s: float) -> Ask:
        return Ask(self._cascade.publish, delay_s)

    def trigger(self, sender: str) -> Ask:
        return Ask(self._cascade.trigger, None)


class PlainDoor:
    """Opens on the handlers themselves; a failed attempt is made again at once."""

    def __init__(self, cascade: Cascade) -> None:
        self._handlers = handlers_of(cascade.model, PlainServices(cascade))

    def messages(self, sender: str, copies: int) -> list[Any]:
        return [f"mid.{sender}"] * copies

    def webhook(self, visit: Visit) -> Coroutine[Any, Any, None]:
        if visit.generation:
            return self._handlers.trigger(visit.sender)
        return self._handlers.message(visit.sender, visit.body)

    def delivery(self, job: Job) -> Coroutine[Any, Any, bool]:
        return self._handlers.callback(job.sender)

    def read_publish(self, name: str, asked: float) -> tuple[None, float]:
        return None, asked

    def is_refusal(self, outcome: object) -> bool:
        return False

    def wait_s(self, job: Job, outcome: bool) -> float | None:
        return None if outcome else 0.0


def simulate(model: Model, *, messages: int = 1, seed: int = 1) -> Tally:
    """Play a model with so many user messages, each of a sender of its own."""
    cascade = Cascade(model, seed=seed)
    cascade.door = PlainDoor(cascade)
    for number in range(messages):
        cascade.message(f"u{number}")
    with without_collector():
        return cascade.run()
