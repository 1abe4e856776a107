"""A Redis store of a world that listens, over both of its protocols."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from emulator.exchange import Outcome, Request
from emulator.kernel import Kernel
from emulator.net import Arrival, Listener, Network
from emulator.redis import Keyspace, load
from emulator.redis.listener import RedisListener
from emulator.redis.server import RedisServer
from emulator.redis.service import ORIGIN as REDIS
from emulator.redis.service import Redis
from emulator.upstash import ORIGIN, TOKEN, Upstash
from tests._needs import needs_packages

FOLDER = Path(__file__).with_name("node_redis")
# Far beyond what anything here takes, also where other work keeps the cores busy.
PATIENCE_S = 90.0

needs_clients = needs_packages(FOLDER)


Told = Callable[[Request, Outcome], Outcome]


@dataclass(frozen=True, slots=True)
class Served:
    """The store, and where it is reached."""

    keyspace: Keyspace
    upstash: Upstash
    redis: Redis
    url: str
    redis_url: str
    token: str = TOKEN


@contextmanager
def served(told: Told | None = None, *, server: RedisServer | None = None) -> Iterator[Served]:
    """A store that answers at once; its clock stands still. `told` says what becomes of an answer.
    A `server` does the commands of Redis's own protocol.
    """
    load()
    kernel, network = Kernel(), Network()
    keyspace = Keyspace(kernel, server=server)
    upstash, redis = Upstash(kernel, keyspace), Redis(kernel, keyspace)

    def by_rest(arrival: Arrival) -> None:
        reply = upstash.handle(arrival.request)
        arrival.answer(reply if told is None else told(arrival.request, reply))

    def by_resp(arrival: Arrival) -> None:
        reply = redis.handle(arrival.request)
        arrival.answer(reply if told is None else told(arrival.request, reply))

    rest = Listener(network, origin=ORIGIN, on_arrival=by_rest)
    resp = RedisListener(network, origin=REDIS, on_arrival=by_resp)
    try:
        yield Served(keyspace, upstash, redis, rest.address, resp.address)
    finally:
        rest.close()
        resp.close()
        network.close()
