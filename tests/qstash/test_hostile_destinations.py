"""Destinations that answer with anything but a response: the attempt fails, is tried again, and
nothing is lost or kept without bound.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from emulator.exchange import Reply
from emulator.net import Client, Network
from emulator.net.client import MAX_HEAD_BYTES
from emulator.net.running import FreeRunning
from emulator.serverless.remote import Remote
from tests.qstash.support import CONSUMER, HOST, Bench

# Far beyond what anything here takes, also where other work keeps the cores busy.
PATIENCE_S = 60.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\n"
HOSTILE = {
    "garbage": b"\x00\xff not HTTP at all \r\n\r\n" * 20,
    "nothing": b"",
    "half a head": HEAD + b"X: 1",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "redirect to nowhere": b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n",
    "headers without end": HEAD + b"X: " + b"x" * (MAX_HEAD_BYTES + 1),
    "many headers": HEAD + b"X: 1234567890\r\n" * (MAX_HEAD_BYTES // 15 + 1),
    "a length that is none": HEAD + b"Content-Length: many\r\n\r\n",
    "a length that is not kept": HEAD + b"Content-Length: 100\r\n\r\nshort",
    "two lengths": HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a chunk that is none": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a body without bounds": HEAD + b"Content-Length: 8000000\r\n\r\n" + b"x" * 7_000_000,
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
}


class Server:
    """Answers the first request with hostile bytes, drop by drop if `drip_s`, and then well."""

    def __init__(self, hostile: bytes, *, drip_s: float = 0.0, hold: bool = False) -> None:
        self.hostile = hostile
        self.drip_s = drip_s
        self.hold = hold
        self.asked = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n") and await self.answer(writer):
                await reader.readexactly(len(b"{}"))
            if self.hold:
                # Until the client hangs up.
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, writer: asyncio.StreamWriter) -> bool:
        self.asked += 1
        if self.asked > 1:
            writer.write(OK)
            return True
        step = 1 if self.drip_s else len(self.hostile) or 1
        for start in range(0, len(self.hostile), step):
            writer.write(self.hostile[start : start + step])
            await writer.drain()
            if self.drip_s:
                await asyncio.sleep(self.drip_s)
        return False


class Live(Bench):
    """A bench whose deliveries go over sockets to a server on this machine."""

    def __init__(self, server: Server, network: Network) -> None:
        super().__init__()
        self.network = network
        self.client = Client(network)
        self.running = FreeRunning(self.kernel, network)
        self.kernel.elsewhere = Remote(self.kernel, self.client, settled=self.running.poke)

        self.server = network.run(self.listen(server))
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/job"

    async def listen(self, server: Server) -> asyncio.Server:
        return await asyncio.start_server(server.serve, "127.0.0.1", 0)

    async def shut(self) -> None:
        self.server.close()
        # Connections that were hung up on end in the next rounds.
        for _ in range(8):
            await asyncio.sleep(0)

    def does(self, action: Callable[[], object]) -> None:
        async def do() -> None:
            action()

        self.network.run(do())

    def until(self, over: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not over():
            assert time.monotonic() < until, self.qstash.events()
            time.sleep(0.005)


@contextmanager
def live(server: Server) -> Iterator[Live]:
    with Network() as network:
        bench = Live(server, network)
        try:
            yield bench
        finally:
            network.post(bench.running.stop)
            bench.client.close()
            network.run(bench.shut())


def deliver(bench: Live, headers: dict[str, str] | None = None) -> list[str]:
    """Publish, see the first attempt fail, skip to the next; returns the states of the message."""
    ids: list[str] = []
    bench.does(lambda: ids.append(bench.publish_id(headers, url=bench.url)))
    bench.does(bench.running.poke)
    bench.until(lambda: "RETRY" in bench.states(ids[0]))
    # To the retry and no further: what is skipped is taken from the attempt's own time.
    bench.does(lambda: bench.running.skip_to(min(step.due for step in bench.kernel.agenda)))
    bench.until(lambda: not bench.qstash.pending())
    return bench.states(ids[0])


RETRIED = ["CREATED", "ACTIVE", "ERROR", "RETRY", "ACTIVE", "DELIVERED"]


@pytest.mark.parametrize("kind", HOSTILE)
def test_answer__that_is_none_is_a_failed_attempt(kind: str) -> None:
    server = Server(HOSTILE[kind])
    with live(server) as bench:
        assert deliver(bench) == RETRIED
        assert server.asked == 2


def test_answer__that_comes_byte_by_byte_is_given_up() -> None:
    server = Server(HEAD + b"X: " + b"x" * 1_000_000, drip_s=0.02)
    with live(server) as bench:
        assert deliver(bench, {"Upstash-Timeout": "1s"}) == RETRIED


def test_answer__that_never_comes_is_given_up() -> None:
    with live(Server(b"", hold=True)) as bench:
        assert deliver(bench, {"Upstash-Timeout": "1s"}) == RETRIED


def test_bodies_of_failures__are_kept_up_to_a_bound() -> None:
    body = b"x" * 3_000_000
    bench = Bench(Reply(500, (("Content-Type", "text/plain"),), body))
    for _ in range(40):
        bench.publish_id({"Upstash-Retries": "0"})
        bench.run()

    shown = [str(letter.get("responseBody", "")) for letter in bench.qstash.dead_letters()]
    assert len(shown) == 40
    assert shown[-1] == body.decode()
    assert sum(map(len, shown)) <= 64 * 2**20
    assert all(letter["responseStatus"] == 500 for letter in bench.qstash.dead_letters())


def test_callbacks__that_fail_themselves_come_to_an_end() -> None:
    bench = Bench(Reply(500))
    loops = {
        "Upstash-Retries": "1",
        "Upstash-Callback": CONSUMER,
        "Upstash-Callback-Callback": CONSUMER,
        "Upstash-Callback-Failure-Callback": CONSUMER,
        "Upstash-Callback-Failure-Callback-Failure-Callback": CONSUMER,
        "Upstash-Failure-Callback": CONSUMER,
        "Upstash-Failure-Callback-Callback": CONSUMER,
    }
    bench.publish_id(loops)
    bench.run()

    # The message and a callback after each of its attempts, the failure callbacks of both of them,
    # and its own; each is tried twice.
    assert len(bench.consumer.seen) == 2 * (1 + 2 + 2 + 1)
    assert len(bench.qstash.dead_letters()) == 6
    assert bench.qstash.pending() == 0


def test_callback__that_publishes_itself_again_is_cut() -> None:
    bench = Bench()
    call = bench.call()
    bench.publish_id({"Upstash-Callback": HOST + "/loop"}, call=call)

    for _ in range(20):
        bench.run()
        call.invocation.delivery.generation += 1
        bench.publish({"Upstash-Callback": HOST + "/loop"}, call=call)
    bench.run()

    assert [entry.name for entry in bench.kernel.journal.entries("finding")] == ["runaway"]
