"""The service against a simple model of it: what is handed out when, in any order of calls."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from emulator.sqs import FIFO_URL
from tests.sqs.support import Bench, dead_url, fifo

WINDOW_S = 300.0
VISIBILITY_S = 30.0
MOST_RECEIVES = 5


@dataclass
class Known:
    """A message as the model knows it."""

    body: str
    group: str
    received: int = 0
    hidden_until: float = 0.0
    handles: list[str] = field(default_factory=list)


class Model(RuleBasedStateMachine):
    """A list of messages in their order, and a dictionary of ids."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.there: list[Known] = []
        self.dead: list[str] = []
        self.ids: dict[str, float] = {}
        self.sent = 0

    @property
    def now(self) -> float:
        return self.bench.now

    @rule(group=st.sampled_from("ab"), dedup=st.sampled_from("xyz"))
    def send(self, group: str, dedup: str) -> None:
        self.sent += 1
        body = f"{self.sent}"
        self.bench.ask("SendMessage", FIFO_URL, **fifo(body, group, dedup))
        if self.now - self.ids.get(dedup, -WINDOW_S) >= WINDOW_S:
            self.ids[dedup] = self.now
            self.there.append(Known(body, group))

    @rule(most=st.integers(1, 3))
    def receive(self, most: int) -> None:
        found = self.bench.receive(FIFO_URL, most=most)
        expected = self._next(most)
        assert [one["Body"] for one in found] == [known.body for known in expected]
        for known, one in zip(expected, found, strict=True):
            known.handles.append(one["ReceiptHandle"])

    def _next(self, most: int) -> list[Known]:
        """What is handed out: groups by their first message, none of which is in flight."""
        taken: list[Known] = []
        blocked = {known.group for known in self.there if known.hidden_until > self.now}
        for group in dict.fromkeys(known.group for known in self.there):
            for known in [one for one in self.there if one.group == group]:
                if group in blocked or len(taken) == most:
                    break
                if known.received == MOST_RECEIVES:
                    self.there.remove(known)
                    self.dead.append(known.body)
                    continue
                known.received += 1
                known.hidden_until = self.now + VISIBILITY_S
                taken.append(known)
        return taken

    @rule(data=st.data())
    def delete(self, data: Any) -> None:
        held = [known for known in self.there if known.handles]
        if not held:
            return
        known = data.draw(st.sampled_from(held))
        handle = data.draw(st.sampled_from(known.handles))
        latest = handle == known.handles[-1]
        status, _, _ = self.bench.told("DeleteMessage", FIFO_URL, ReceiptHandle=handle)
        in_flight = known.hidden_until > self.now
        assert status == (400 if latest and not in_flight else 200)
        if latest and in_flight:
            self.there.remove(known)

    @rule(data=st.data(), seconds=st.sampled_from([0, 10, 100]))
    def change_visibility(self, data: Any, seconds: int) -> None:
        held = [known for known in self.there if known.hidden_until > self.now]
        if held:
            known = data.draw(st.sampled_from(held))
            self.bench.ask(
                "ChangeMessageVisibility",
                FIFO_URL,
                ReceiptHandle=known.handles[-1],
                VisibilityTimeout=seconds,
            )
            known.hidden_until = self.now + seconds

    @rule(seconds=st.sampled_from([1, 10, 30, 300]))
    def wait(self, seconds: int) -> None:
        self.bench.run(self.now + seconds)

    @invariant()
    def the_counts_agree(self) -> None:
        told = self.bench.ask("GetQueueAttributes", FIFO_URL, AttributeNames=["All"])["Attributes"]
        hidden = sum(known.hidden_until > self.now for known in self.there)
        assert told["ApproximateNumberOfMessagesNotVisible"] == str(hidden)
        assert told["ApproximateNumberOfMessages"] == str(len(self.there) - hidden)

    def teardown(self) -> None:
        names = ["ApproximateNumberOfMessages"]
        told = self.bench.ask("GetQueueAttributes", dead_url(".fifo"), AttributeNames=names)
        assert told["Attributes"][names[0]] == str(len(self.dead))


TestModel = Model.TestCase
TestModel.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, derandomize=True, database=None
)
