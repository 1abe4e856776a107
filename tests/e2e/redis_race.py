"""Three instances of a bot that decide by a Redis store whether a message is theirs, and a world
that says in which order their commands are done.
"""

import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import redis as redis_py
import upstash_redis

from emulator.call import Call
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Outcome, Reply, Request
from emulator.gate import Gate
from emulator.kernel import Kernel
from emulator.net import Arrival, Listener, Network
from emulator.redis import Keyspace, load
from emulator.redis.listener import RedisListener
from emulator.redis.service import ORIGIN as REDIS
from emulator.redis.service import Redis
from emulator.step import Agenda, Step
from emulator.upstash import ORIGIN, TOKEN, Upstash
from tests.e2e.redis_store import FOLDER, PATIENCE_S

INSTANCES = 3
# Naively: look, and write when nothing was there. Or in one command, which only one can win.
Idiom = Literal["look and write", "claim"]
# All look before any writes; or each is done before the next one looks.
Order = Literal["together", "one by one"]


@dataclass(slots=True)
class _Round:
    """Where the instances are with one message."""

    parked: dict[int, Call] = field(default_factory=dict)
    over: set[int] = field(default_factory=set)


class Race:
    """The world: each instance has an address of its own for each protocol."""

    def __init__(self, order: Order) -> None:
        load()
        self.order = order
        self._next: Step | None = None
        self.kernel = Kernel(schedule=lambda chance: self)
        self.keyspace = Keyspace(self.kernel)
        services = (Upstash(self.kernel, self.keyspace), Redis(self.kernel, self.keyspace))
        self.gate = Gate(self.kernel, services)
        self.gate.watch = self._answered
        self._events: queue.SimpleQueue[tuple[int, Arrival] | None] = queue.SimpleQueue()
        self._round = _Round()
        self._invocations = [self._invocation(number) for number in range(INSTANCES)]
        self._network = Network()
        self._listeners = [
            (self._listen(Listener, ORIGIN, number), self._listen(RedisListener, REDIS, number))
            for number in range(INSTANCES)
        ]
        self.rest = [rest.address for rest, _ in self._listeners]
        self.resp = [resp.address for _, resp in self._listeners]

    def close(self) -> None:
        for pair in self._listeners:
            for listener in pair:
                listener.close()
        self._network.close()

    def play(self, bots: Callable[[], None]) -> None:
        """Do the commands of what `bots` does, which runs on a thread of its own, to its end."""

        def run() -> None:
            try:
                bots()
            finally:
                self._events.put(None)

        thread = threading.Thread(target=run)
        thread.start()
        while (event := self._events.get(timeout=PATIENCE_S)) is not None:
            number, arrival = event
            self._round.parked[number] = self.gate.arrive(
                self._invocations[number],
                arrival.request,
                timeout_s=None,
                deliver_outcome=arrival.answer,
            )
            self._go_on()
        thread.join()

    # -- the schedule of the world

    def latency(self, call: Call) -> float:
        return 0.0

    def pick(self, agenda: Agenda) -> Step | None:
        return self._next

    # -- inside

    def _go_on(self) -> None:
        """Do what may be done now, in the order that is wanted."""
        here = self._round
        if self.order == "together":
            # Nobody goes on before all who are not over have got as far.
            if len(here.parked) == INSTANCES - len(here.over):
                for number in sorted(here.parked):
                    self._do(number)
        else:
            while (turn := len(here.over)) in here.parked:
                self._do(turn)
                here = self._round
        if len(here.over) == INSTANCES:
            self._round = _Round(parked=here.parked)

    def _do(self, number: int) -> None:
        call = self._round.parked.pop(number)
        self._next = call.step
        assert self.kernel.run_step()

    def _answered(self, call: Call, outcome: Outcome) -> None:
        """An instance is over with a message when it has written, or has found it there."""
        assert isinstance(outcome, Reply)
        nothing = b"null" in outcome.body or outcome.body in (b"$-1\r\n", b"_\r\n")
        if call.access.writes or not nothing:
            self._round.over.add(int(call.invocation.instance[1:]))

    def _invocation(self, number: int) -> Invocation:
        request = Request("POST", "https://bot.example/api/messenger")
        delivery = Delivery(
            name=f"u0.w{number}",
            kind="user",
            due=0.0,
            build=lambda: request,
            on_outcome=lambda outcome: None,
            timeout_s=10.0,
            roots=("u0",),
        )
        return Invocation(delivery, request, f"i{number}", -1, 0.0)

    def _listen(self, kind: Any, origin: str, number: int) -> Any:
        return kind(
            self._network,
            origin=origin,
            on_arrival=lambda arrival: self._events.put((number, arrival)),
        )


@contextmanager
def race(order: Order) -> Iterator[Race]:
    world = Race(order)
    try:
        yield world
    finally:
        world.close()


def outcomes(client: str, idiom: Idiom, order: Order, rounds: int) -> list[list[bool]]:
    """Which instances took each of so many messages for theirs."""
    found: list[list[bool]] = []
    with race(order) as world:
        if client in ("redis-py", "upstash-redis"):
            world.play(lambda: found.extend(_in_python(world, client, idiom, rounds)))
        else:
            world.play(lambda: found.extend(_in_node(world, client, idiom, rounds)))
    return found


def _in_python(world: Race, client: str, idiom: Idiom, rounds: int) -> Sequence[list[bool]]:
    clients: list[Any] = (
        [redis_py.Redis.from_url(url) for url in world.resp]
        if client == "redis-py"
        else [upstash_redis.Redis(url, TOKEN) for url in world.rest]
    )
    barrier = threading.Barrier(INSTANCES)
    found = [[False] * INSTANCES for _ in range(rounds)]

    def bot(number: int) -> None:
        own = clients[number]
        for one in range(rounds):
            # The next message comes when all are done with this one.
            barrier.wait(PATIENCE_S)
            key = f"seen:{one}"
            if idiom == "claim":
                found[one][number] = bool(own.set(key, "1", nx=True))
            elif own.get(key) is None:
                own.set(key, "1")
                found[one][number] = True

    threads = [threading.Thread(target=bot, args=(number,)) for number in range(INSTANCES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for own in clients:
        own.close()
    return found


def _in_node(world: Race, client: str, idiom: Idiom, rounds: int) -> Sequence[list[bool]]:
    ended = subprocess.run(
        ["node", "race.mjs"],
        cwd=FOLDER,
        env={
            **os.environ,
            "CLIENT": client,
            "IDIOM": idiom,
            "ROUNDS": str(rounds),
            "TOKEN": TOKEN,
            "URLS": json.dumps(world.resp if client == "ioredis" else world.rest),
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found: list[list[bool]] = json.loads(ended.stdout.splitlines()[-1])
    return found
