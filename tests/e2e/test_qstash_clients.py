"""Every call of the vendor's Python SDK, synchronous and asynchronous, over sockets."""

import asyncio
import inspect
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from qstash import AsyncQStash
from qstash import QStash as Client

from emulator.net import Arrival, Listener, Network
from emulator.net.running import FreeRunning
from tests.qstash.sdk_tour import STOPS, Tour
from tests.qstash.support import API, HOST, Bench, Breaking

CLIENTS = {"sync": Client, "async": AsyncQStash}
# Far beyond what anything here takes, also where other work keeps the cores busy.
PATIENCE_S = 60.0


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.consumer = bench.kernel.origins[HOST] = Breaking(bench.kernel)
    return bench


@pytest.fixture
def address(bench: Bench) -> Iterator[str]:
    """Where the queue of this world listens, while its clock goes with the wall's."""
    network = Network()
    running = FreeRunning(bench.kernel, network)

    def arrived(arrival: Arrival) -> None:
        running.keep_time()
        arrival.answer(bench.qstash.handle(arrival.request))
        running.poke()

    listener = Listener(network, origin=API, on_arrival=arrived)
    try:
        yield listener.address
    finally:
        network.post(running.stop)
        listener.close()
        network.close()


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.__name__)
@pytest.mark.parametrize("kind", CLIENTS)
def test_tour(stop: Callable[[Tour], None], kind: str, bench: Bench, address: str) -> None:
    loop = asyncio.new_event_loop()

    def do(result: Any) -> Any:
        return loop.run_until_complete(result) if inspect.isawaitable(result) else result

    def rest() -> None:
        until = time.monotonic() + PATIENCE_S
        while bench.qstash.pending():
            assert time.monotonic() < until
            time.sleep(0.005)

    client: Any = CLIENTS[kind](bench.qstash.token, retry=False, base_url=address)
    try:
        stop(Tour(client, do, rest, bench))
    finally:
        # The clients have no way to hang up.
        inner = client.http._client
        do(inner.aclose() if kind == "async" else inner.close())
        loop.close()


def test_raw_requests__for_what_the_sdk_has_no_method_for(bench: Bench, address: str) -> None:
    with httpx.Client(
        base_url=address, headers={"Authorization": f"Bearer {bench.qstash.token}"}
    ) as client:
        group = {"endpoints": [{"url": HOST + "/one"}]}
        assert client.post("/v2/topics/g/endpoints", json=group).status_code == 200
        headers = {"headers": {"Upstash-Delay": "1h"}}
        assert client.patch("/v2/topics/g", json=headers).status_code == 200
        assert client.post("/v2/publish/g", content=b"x").json()[0]["url"] == HOST + "/one"
        assert client.delete("/v2/messages", params={"topicName": "g"}).json() == {"cancelled": 1}
        assert client.get("/v2/flowControl", params={"search": "x"}).json() == []
        assert client.post("/v2/flowControl/a b/reset").status_code == 200
        assert client.get("/v2/flowControl").json()[0]["flowControlKey"] == "a b"
        assert client.get("/v2/logs", params={"count": 1}).json()["logs"]
        gone = client.post("/v2/dlq/retry/1-0")
        assert (gone.status_code, gone.json()) == (404, {"error": "dlq message 1-0 not found"})
        assert client.post("/v2/dlq/retry").json() == {"responses": [], "cursor": ""}
        wrong = client.put("/v2/queues")
        assert (wrong.status_code, wrong.text) == (405, "Method Not Allowed")
        assert client.get("/v2/keys", params={"qstash_token": "x"}).status_code == 200
