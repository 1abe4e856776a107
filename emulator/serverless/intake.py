"""What comes in from the bodies of one world's instances, and whose it is."""

import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from emulator.call import Call
from emulator.delivery import Invocation
from emulator.exchange import Outcome
from emulator.net import Arrival
from emulator.serverless.body import Body, Event
from emulator.serverless.host import Instance


@dataclass(slots=True, eq=False)
class Running:
    """What the settle driver keeps of one instance.

    `serving` is the invocation that its calls belong to: the cold start, then each request's, also
    after that has ended. `pending` are calls that were read and are not yet at the gate, `calls`
    those that wait there, `late` those that nobody waited for. `request` numbers the request in
    flight, and `outcome` is what came of it. `over` is to be called when an instance that is
    recycled has ended.
    """

    instance: Instance
    body: Body
    serving: Invocation
    pending: list[Arrival] = field(default_factory=list)
    calls: dict[Arrival, Call] = field(default_factory=dict)
    late: list[Arrival] = field(default_factory=list)
    request: int = 0
    outcome: Outcome | None = None
    clean: bool = True
    over: Callable[[], None] | None = None

    def forsake(self, arrival: Arrival) -> None:
        """The bot gave up waiting: the call is on the wire and still takes effect."""
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
                if running.request == event.request:
                    running.outcome = event.outcome
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
