"""What comes in from the bodies of one world's instances, and whose it is."""

import queue
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from emulator.call import Call
from emulator.delivery import Invocation
from emulator.exchange import Outcome
from emulator.net import Arrival, wall
from emulator.serverless.body import Body, Event
from emulator.serverless.host import Instance, State
from emulator.serverless.raised import Raised

# Of several requests on an instance, one that waits for nothing of the world waits for a timer of
# its own, or for another of them: how long it is waited for before others are (real seconds).
OWN_TIMER_S = 0.1
# Calls that were left behind and are never answered keep their connections, and clients have no
# end of them: httpx has 100 by default ("Resource Limits"). Of more than this the oldest are ended.
MOST_WITHHELD = 50


def _order(arrival: Arrival) -> tuple[str, str, bytes]:
    request = arrival.request
    return request.method, request.url, request.body


@dataclass(slots=True, eq=False)
class Running:
    """What the settle driver keeps of one instance.

    `serving` is the invocation that its calls belong to: the one that was handed something last,
    also after it has ended; `latest` is the one that was begun last. `pending` are calls that were
    read and are not yet at the gate, `calls` those that wait there, `late` those that nobody waited
    for and nobody answered. `requests` are the invocations in flight by the numbers of their
    requests, and `outcomes` what came of some. `over` is to be called when an instance that is
    recycled has ended; `stopped_at` is when it was frozen last, in monotonic seconds.
    """

    instance: Instance
    body: Body
    serving: Invocation
    latest: Invocation
    pending: list[Arrival] = field(default_factory=list)
    calls: dict[Arrival, Call] = field(default_factory=dict)
    late: dict[Arrival, Call] = field(default_factory=dict)
    requests: dict[int, Invocation] = field(default_factory=dict)
    outcomes: deque[tuple[Invocation, Outcome]] = field(default_factory=deque)
    outlasting: list[Invocation] = field(default_factory=list)
    spent_s: dict[Invocation, float] = field(default_factory=dict)
    clean: bool = True
    stopped_at: float = 0.0
    over: Callable[[], None] | None = None

    @property
    def waits(self) -> bool:
        """Whether the world has something that the instance may be waiting for."""
        return bool(
            self.pending
            or self.instance.boot.parked
            or any(invocation.parked for invocation in self.instance.serving)
            or any(call.step is not None and call.step.pending for call in self.late.values())
        )

    def stands_still(self, released: Invocation, *, since: float) -> bool:
        """Whether the one that was handed something at `since` has done all that it could."""
        if self.instance.state is not State.BUSY or released not in self.instance.serving:
            return True
        return bool(released.parked) or wall.monotonic() > since + OWN_TIMER_S

    def take_pending(self) -> list[Arrival]:
        """The calls that were read, in an order that does not depend on sockets: calls made in
        parallel come in any.
        """
        pending, self.pending = self.pending, []
        return sorted(pending, key=_order)

    def work_left(self, invocation: Invocation) -> bool:
        """Whether work that a request has registered is not over."""
        ident, background = invocation.request.header("x-vercel-id"), self.body.background
        return ident is not None and background is not None and background.pending(ident) > 0

    def failures(self, invocation: Invocation) -> list[Raised]:
        """Why work that a request has registered came to nothing."""
        ident, background = invocation.request.header("x-vercel-id"), self.body.background
        return background.failures(ident) if ident is not None and background is not None else []

    def too_many(self) -> list[Arrival]:
        """The oldest of the late calls that nobody is going to answer, if these are too many."""
        withheld = [
            arrival
            for arrival, call in self.late.items()
            if call.blocked is None and (call.step is None or not call.step.pending)
        ]
        return withheld[:-MOST_WITHHELD]

    def forsake(self, arrival: Arrival) -> None:
        """The bot gave up waiting: the call is on the wire and still takes effect."""
        self.late.pop(arrival, None)
        call = self.calls.pop(arrival, None)
        if call is not None and call in call.invocation.parked:
            call.invocation.parked.remove(call)


class Intake:
    """The instances of one world, by name, and the events of their bodies.

    `released` is the instance that was handed something last. Of several that share an address, it
    is the one that calls: one thing is released at a time.
    """

    def __init__(self, events: "queue.SimpleQueue[Event]") -> None:
        self.released: Running | None = None
        self._events = events
        self._running: dict[str, Running] = {}
        self._by_body: dict[Body, Running] = {}

    def __iter__(self) -> Iterator[Running]:
        return iter(list(self._running.values()))

    def __contains__(self, running: Running) -> bool:
        return self._running.get(running.instance.name) is running

    def names(self) -> list[str]:
        return list(self._running)

    def get(self, name: str) -> Running | None:
        return self._running.get(name)

    def add(self, running: Running) -> None:
        self._running[running.instance.name] = running
        self._by_body[running.body] = running

    def remove(self, running: Running) -> None:
        del self._running[running.instance.name]
        if self._by_body.get(running.body) is running:
            del self._by_body[running.body]
        if self.released is running:
            self.released = None

    def take(self, wait_s: float, focus: Running | None = None) -> bool:
        """Take in everything that has happened; wait `wait_s` real seconds for something to happen.

        Returns whether any of it was a call of `focus`.
        """
        called = False
        try:
            event = self._events.get(timeout=wait_s) if wait_s > 0 else self._events.get_nowait()
            while True:
                owner = self._hand_over(event)
                called = called or (event.kind == "call" and owner is focus)
                event = self._events.get_nowait()
        except queue.Empty:
            return called

    def _hand_over(self, event: Event) -> Running | None:
        """Give an event to whom it is about; returns the instance whose body it came from."""
        body, arrival = event.body, event.arrival
        owner = self.released if body is None or body.shared else self._by_body.get(body)
        if event.kind == "response":
            for running in self._running.values():
                invocation = running.requests.pop(event.request, None)
                if invocation is not None and event.outcome is not None:
                    running.outcomes.append((invocation, event.outcome))
        elif event.kind == "gone" and arrival is not None:
            for running in self._running.values():
                running.forsake(arrival)
        elif event.kind == "call" and arrival is not None:
            if owner is not None:
                owner.pending.append(arrival)
            elif body is not None:
                body.keep(arrival)
            else:
                arrival.drop()
        return owner
