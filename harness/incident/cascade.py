"""What one user message sets off, in a model: the platform's copies, the store, the queue.

Several user messages of different senders can be played together; they do not influence one
another.
"""

from collections.abc import Coroutine
from typing import Any, Protocol

from emulator.chance import Chance
from emulator.qstash.wire import DEFAULT_RETRIES
from harness.incident.core import LATER, Ask, Core, Task
from harness.incident.model import Model, Tally


class Visit:
    """One webhook on its way to the bot."""

    __slots__ = ("asker", "body", "generation", "sender")

    def __init__(self, sender: str, generation: int, body: Any, asker: Task | None = None) -> None:
        self.sender = sender
        self.generation = generation
        self.body = body
        self.asker = asker


class Job:
    """One message of the queue, however often it is delivered."""

    __slots__ = ("body", "generation", "name", "retried", "sender")

    def __init__(self, name: str, sender: str, generation: int, body: Any) -> None:
        self.name = name
        self.sender = sender
        self.generation = generation
        self.body = body
        self.retried = 0


class Door(Protocol):
    """How requests get to the bot, and what its answers mean; `body` of visits and jobs is its
    own business.
    """

    def messages(self, sender: str, copies: int) -> list[Any]:
        """The bodies of the copies in which the platform tells of a user message."""

    def webhook(self, visit: Visit) -> Coroutine[Any, Any, Any]:
        """Have the bot handle a webhook."""

    def delivery(self, job: Job) -> Coroutine[Any, Any, Any]:
        """Have the bot handle an attempt of the queue."""

    def read_publish(self, name: str, asked: Any) -> tuple[Any, float]:
        """The body of the job that a publish makes, and how long the queue is to wait (seconds)."""

    def is_refusal(self, outcome: Any) -> bool:
        """Whether the bot has refused a request, because of its signature or what it says."""

    def wait_s(self, job: Job, outcome: Any) -> float | None:
        """Seconds until another attempt, None when this one has succeeded."""


class Cascade:
    """A store, a queue and a platform around one bot, which counts what passes.

    Whoever makes it sets `door` before the first message.
    """

    door: Door

    def __init__(self, model: Model, *, seed: int = 1) -> None:
        self.model = model
        self.core = Core(latency_s=model.latency_s)
        self.chance = Chance(seed)
        self._documents: set[str] = set()
        # Jobs of each sender, for names that do not depend on who is played together.
        self._jobs: dict[str, int] = {}
        self._messages = 0
        self._publishes = 0
        self._invocations = 0
        self._rejected = 0
        self._levels: list[int] = []
        self._last = 0.0

    def message(self, sender: str) -> None:
        """A user writes, at the beginning; each sender may write once."""
        self._messages += 1
        self._jobs[sender] = 0
        for body in self.door.messages(sender, self.model.copies):
            self.core.at(0.0, self._visit, Visit(sender, 0, body))

    def run(self) -> Tally:
        """Play to the end, or to the horizon of the model."""
        self.core.run(self.model.horizon_s)
        return Tally(
            messages=self._messages,
            publishes=self._publishes,
            invocations=self._invocations,
            rejected=self._rejected,
            levels=tuple(self._levels),
            quiet=not len(self.core),
            virtual_s=self._last,
        )

    # -- effects of the bot's calls

    def read(self, task: Task, key: str) -> bool:
        return key in self._documents

    def write(self, task: Task, key: str) -> None:
        self._documents.add(key)

    def create(self, task: Task, key: str) -> bool:
        if key in self._documents:
            return False
        self._documents.add(key)
        return True

    def clear(self, task: Task, key: str) -> None:
        self._documents.discard(key)

    def finish(self, task: Task, _: None) -> bool:
        job: Job = task.subject
        return not self.model.fails(self.chance, job.name, job.retried)

    def publish(self, task: Task, asked: Any) -> None:
        sender = task.subject.sender
        number = self._jobs[sender]
        self._jobs[sender] = number + 1
        name = f"{sender}.q{number}"
        body, delay_s = self.door.read_publish(name, asked)
        self._publishes += 1
        job = Job(name, sender, task.subject.generation + 1, body)
        self.core.at(self.core.clock.now + delay_s, self._attempt, job)

    def trigger(self, task: Task, body: Any) -> object:
        """The bot posts to its own webhook, and waits for the first answer."""
        job: Job = task.subject
        if self.model.levels is not None and job.generation >= self.model.levels:
            return None
        now = self.core.clock.now
        for number in range(self.model.triggers):
            asker = task if number == 0 else None
            self.core.at(now, self._visit, Visit(job.sender, job.generation, body, asker))
        return LATER

    # -- requests to the bot

    def _visit(self, visit: Visit) -> None:
        self._invocations += 1
        self.core.start(Task(self.door.webhook(visit), visit, self._visited))

    def _visited(self, task: Task, outcome: Any) -> None:
        self._rejected += self.door.is_refusal(outcome)
        if task.subject.asker is not None:
            self.core.answer(task.subject.asker, None)

    def _attempt(self, job: Job) -> None:
        self._invocations += 1
        self._last = self.core.clock.now
        if len(self._levels) < job.generation:
            self._levels.append(0)
        self._levels[job.generation - 1] += 1
        self.core.start(Task(self.door.delivery(job), job, self._attempted))

    def _attempted(self, task: Task, outcome: Any) -> None:
        job: Job = task.subject
        self._rejected += self.door.is_refusal(outcome)
        wait_s = self.door.wait_s(job, outcome)
        if wait_s is None or job.retried >= DEFAULT_RETRIES:
            return
        job.retried += 1
        self.core.at(self.core.clock.now + wait_s, self._attempt, job)


class StoreCalls:
    """The bot's calls to the store, as what the core waits for."""

    def __init__(self, cascade: Cascade) -> None:
        self._cascade = cascade

    def read(self, key: str) -> Ask:
        return Ask(self._cascade.read, key)

    def write(self, key: str) -> Ask:
        return Ask(self._cascade.write, key)

    def create(self, key: str) -> Ask:
        return Ask(self._cascade.create, key)

    def clear(self, key: str) -> Ask:
        return Ask(self._cascade.clear, key)

    def finish(self) -> Ask:
        return Ask(self._cascade.finish, None)
