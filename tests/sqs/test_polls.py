"""Receives that wait: on the world's clock, and no longer than they have to."""

import json
from collections.abc import Callable

import pytest

from emulator.call import Access, Call
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Blocked, Outcome, Reply, Request
from emulator.sqs import FIFO_URL, QUEUE_URL
from tests.sqs.support import Bench, asking, fifo


class Waiter:
    """A receive of a bot, as the gate has it: tried again whenever it is worth it."""

    def __init__(self, bench: Bench, wait_s: int | None = 10, url: str = QUEUE_URL) -> None:
        fields = {} if wait_s is None else {"WaitTimeSeconds": wait_s}
        request = asking("ReceiveMessage", url, **fields)
        self.bench = bench
        self.call = _call(bench, request)
        self.tries = 0
        self.answered_at: float | None = None
        self.bodies: list[str] = []
        self.attempt()

    def _again(self) -> None:
        self.bench.kernel.at(self.bench.now, "again", self.attempt)

    def attempt(self) -> None:
        self.tries += 1
        answered = self.bench.sqs.answer(self.call)
        if isinstance(answered, Blocked):
            answered.wake = self._again
            return
        assert isinstance(answered, Reply)
        self.answered_at = self.bench.now
        found = json.loads(answered.body).get("Messages", [])
        self.bodies = [one["Body"] for one in found]


def _call(bench: Bench, request: Request) -> Call:
    def ignore(outcome: Outcome) -> None:
        """Nobody waits."""

    build: Callable[[], Request] = lambda: request  # noqa: E731
    delivery = Delivery("u0.w0", "user", 0.0, build, ignore, 10.0)
    return Call(
        name=f"u0.w0#{bench.kernel.steps}.{len(bench.kernel.agenda)}",
        invocation=Invocation(delivery, request, "i0", 0, 0.0),
        request=request,
        service="sqs",
        access=Access("receiveMessage"),
        arrived=bench.now,
        timeout_s=None,
        deliver_outcome=ignore,
    )


def test_receive__ends_without_a_message_when_its_time_is_over() -> None:
    bench = Bench()
    waiter = Waiter(bench)
    bench.run()
    assert (waiter.answered_at, waiter.bodies) == (10.0, [])
    assert bench.sqs.cost == 1


def test_receive__ends_with_a_message_that_comes() -> None:
    bench = Bench()
    waiter = Waiter(bench)
    bench.send_at(4.0, "one")
    bench.run()
    assert (waiter.answered_at, waiter.bodies) == (4.0, ["one"])


@pytest.mark.parametrize("how", ["delayed", "in flight"])
def test_receive__ends_with_a_message_that_becomes_visible(how: str) -> None:
    bench = Bench()
    bench.send("one", DelaySeconds=3 if how == "delayed" else 0)
    if how == "in flight":
        bench.receive(VisibilityTimeout=3)
    waiter = Waiter(bench)
    bench.run()
    assert (waiter.answered_at, waiter.bodies) == (3.0, ["one"])


def test_receive__ends_when_a_group_goes_on() -> None:
    bench = Bench()
    for body in ("one", "two"):
        bench.ask("SendMessage", FIFO_URL, **fifo(body))
    (held,) = bench.receive(FIFO_URL, most=1)
    waiter = Waiter(bench, url=FIFO_URL)
    bench.kernel.at(2.0, "delete", lambda: bench.delete(held, FIFO_URL))
    bench.run()
    assert (waiter.answered_at, waiter.bodies) == (2.0, ["two"])


def test_message__goes_to_one_of_those_who_wait() -> None:
    bench = Bench()
    first, second = Waiter(bench), Waiter(bench)
    bench.send_at(4.0, "one")
    bench.run()
    assert sorted([first.bodies, second.bodies]) == [[], ["one"]]
    assert sorted([first.answered_at or 0, second.answered_at or 0]) == [4.0, 10.0]


def test_receive__does_not_wait_without_being_asked_to() -> None:
    bench = Bench()
    assert Waiter(bench, None).answered_at == 0.0
    bench.ask("SetQueueAttributes", Attributes={"ReceiveMessageWaitTimeSeconds": "2"})
    waiter = Waiter(bench, None)
    bench.run()
    assert waiter.answered_at == 2.0


def test_world__is_quiet_once_nobody_waits() -> None:
    bench = Bench()
    bench.send("one", DelaySeconds=900)
    assert len(bench.kernel.agenda) == 0
    Waiter(bench)
    bench.run()
    bench.receive()
    assert len(bench.kernel.agenda) == 0
