"""The service against a simple model of it: names, times and ends of tasks, in any order of doing
things.
"""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from emulator.cloudtasks import QUEUE
from emulator.exchange import Reply
from tests.cloudtasks.support import Bench, at

NAMES = st.sampled_from(["a", "b", "c"])
KEPT_S = 3_600.0
MOST_ATTEMPTS = 3
WAIT_S = 10.0


@dataclass
class Known:
    """A task as the model knows it."""

    due: float
    attempts: int = 0


class Model(RuleBasedStateMachine):
    """A dictionary of tasks, and one of the names that are not free."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        retry = {"maxAttempts": MOST_ATTEMPTS, "minBackoff": "10s", "maxBackoff": "10s"}
        self.bench.tune(retryConfig=retry)
        self.there: dict[str, Known] = {}
        self.gone: dict[str, float] = {}
        self.expected: list[tuple[float, str]] = []
        self.works = True
        self.paused = False

    @property
    def now(self) -> float:
        return self.bench.now

    @rule(name=NAMES, delay=st.sampled_from([0, 5, 60, 4_000]))
    def create(self, name: str, delay: int) -> None:
        free = name not in self.there and self.now - self.gone.get(name, -KEPT_S) >= KEPT_S
        status, _ = self.bench.create(name, scheduleTime=at(self.bench, self.now + delay))
        assert status == (200 if free else 409)
        if free:
            self.there[name] = Known(self.now + delay)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        status, _ = self.bench.ask("DELETE", f"{QUEUE}/tasks/{name}")
        assert status == (200 if name in self.there else 404)
        if self.there.pop(name, None) is not None:
            self.gone[name] = self.now

    @rule(works=st.booleans())
    def change_worker(self, works: bool) -> None:
        self.works = works
        self.bench.answers = (Reply(200 if works else 500),)

    @precondition(lambda self: not self.paused)
    @rule()
    def pause(self) -> None:
        self.bench.ask("POST", f"{QUEUE}:pause", {})
        self.paused = True

    @precondition(lambda self: self.paused)
    @rule()
    def resume(self) -> None:
        self.bench.ask("POST", f"{QUEUE}:resume", {})
        self.paused = False
        for known in self.there.values():
            known.due = max(known.due, self.now)
        self._pass(self.now)

    @rule(seconds=st.sampled_from([1, 10, 100, 3_600]))
    def wait(self, seconds: int) -> None:
        self._pass(self.now + seconds)

    def _pass(self, until: float) -> None:
        while not self.paused and self.there:
            name, known = min(self.there.items(), key=lambda item: item[1].due)
            if known.due > until:
                break
            known.attempts += 1
            self.expected.append((known.due, name))
            if self.works or known.attempts == MOST_ATTEMPTS:
                del self.there[name]
                self.gone[name] = known.due
            else:
                known.due += WAIT_S
        self.bench.run(until)

    @invariant()
    def the_same_was_delivered(self) -> None:
        # What was created for now has not been run yet.
        self._pass(self.now)
        seen = [
            (round(when, 3), str(request.header("X-CloudTasks-TaskName")))
            for when, request in self.bench.seen
        ]
        assert sorted(seen) == sorted((round(when, 3), name) for when, name in self.expected)

    @invariant()
    def the_same_is_there(self) -> None:
        _, shown = self.bench.ask("GET", f"{QUEUE}/tasks")
        names = {str(task["name"]).rpartition("/")[2] for task in shown.get("tasks", [])}
        assert names == set(self.there)


TestModel = Model.TestCase
TestModel.settings = settings(
    max_examples=30, stateful_step_count=25, deadline=None, derandomize=True, database=None
)
