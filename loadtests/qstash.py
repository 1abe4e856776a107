"""The queue's speed and memory, beside its peers: publishing and delivering over HTTP and in
process, what a message costs at 1,000 and at 1,000,000, and a million messages to their end.

`python -m loadtests.qstash` runs all of it, `python -m loadtests.qstash http 20000` a part with so
many messages. Figures are per CPU second of the process that is measured, in turns of 500 requests
of which the best counts: two cores shared with other work (load 11), Python 3.11, 2026-11-22. All
turns together, with what the other work takes from the caches, are told beside them.

Publish over HTTP 13,152/s, which is 0.59 of the echo of Starlette on uvicorn (22,311/s; all turns
0.37; pytest-httpserver 1,724/s, moto's SQS 114/s). In process 51,967 publishes/s (all 34,529) and
31,312 deliveries/s (all 20,212). Delivery over HTTP 9,581/s, all of it. A message among 1,000,000
that wait costs 1.02 times one among 1,000 (all 1.28, with 3 full collections of Python's garbage in
80,000 messages). 796 bytes for each that waits. A million messages: 1,417,000 attempts, 991,900
delivered and 8,100 dead, exact, in 162 CPU s and 819 MB.
"""

import argparse
import gc
import importlib.util
import sys
import threading
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from time import process_time

from emulator.delivery import Delivery
from emulator.exchange import Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.net import Client, Network
from emulator.net.running import FreeRunning
from emulator.qstash import Plan, QStash
from emulator.serverless.remote import Remote
from loadtests._http import ROOT, ask, cpu_s, free_port, memory_mb, post, server

TOKEN = "eyJVc2VySUQiOiJkZWZhdWx0VXNlciIsIlBhc3N3b3JkIjoiZGVmYXVsdFBhc3N3b3JkIn0="
API = "https://qstash.upstash.io"
BOT = "https://bot.example"
BODY = b'{"mid":"m_%010d","psid":"24601","text":"a text of an ordinary length, it says hello"}'
HEADERS = (
    ("Authorization", f"Bearer {TOKEN}"),
    ("Content-Type", "application/json"),
)
OK = Reply(200)
FAILED = Reply(500)
TURNS = 80
# Messages after which the log and the journal are full.
FULL = 60_000


class InProcess:
    """A destination that answers at once; every `fails`-th tenth of the attempts fails."""

    def __init__(self, fails: int = 0) -> None:
        self.seen = 0
        self.failed = 0
        self._fails = fails

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        self.seen += 1
        # Spread over ten attempts so that retries fail now and then, too.
        failed = self.seen * 7 % 10 < self._fails
        self.failed += failed
        done(FAILED if failed else OK)


def world(destination: InProcess | None = None) -> tuple[Kernel, QStash]:
    kernel = Kernel()
    kernel.record_choices = False
    if destination is not None:
        kernel.origins[BOT] = destination
    return kernel, QStash(kernel, plan=Plan())


def publishes(queue: QStash, count: int, *, url: str = BOT + "/job", delay_s: int = 0) -> None:
    more = (("Upstash-Delay", f"{delay_s}s"),) if delay_s else ()
    for number in range(count):
        # As from a socket: every request has a body of its own.
        body = BODY % number
        request = Request("POST", f"{API}/v2/publish/{url}", (*HEADERS, *more), body)
        assert queue.handle(request).status == 200


def run(kernel: Kernel) -> None:
    while kernel.run_step():
        pass


def say(what: str, count: int, seconds: float, more: str = "") -> float:
    rate = count / seconds
    print(f"{what:48} {rate:10,.0f} per CPU s {more}", flush=True)
    return rate


# -- over HTTP


def running_s(pid: int) -> float:
    """CPU seconds of the threads of a process, to the nanosecond (proc(5), schedstat)."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((one / "schedstat").read_text().split()[0]) for one in threads) / 1e9


def cost(pid: int, port: int, request: bytes, count: int) -> float:
    """CPU seconds that so many requests take a server."""
    before = running_s(pid)
    ask(port, repeat(request, count))
    return running_s(pid) - before


def served(name: str, command: list[str], port: int, request: bytes, count: int) -> float:
    """Requests per CPU second of a server, after a tenth of them to warm up."""
    with server(command, port) as pid:
        ask(port, repeat(request, max(count // 10, 100)))
        before = cpu_s(pid)
        ask(port, repeat(request, count))
        return say(name, count, cpu_s(pid) - before)


def publish_over_http(count: int) -> float:
    """Publishing to `thrice serve`, against the bare echo and the peers. The two take turns, and
    the best turn of each counts: whatever else the machine does then disturbs neither.
    """
    port = free_port()
    options = ["--http", "httptools", "--loop", "uvloop", "--no-access-log"]
    uvicorn = [sys.executable, "-m", "uvicorn", "loadtests._echo:app", "--port", str(port)]
    echo = post("/publish", BODY % 0, {"content-type": "application/json"})
    queue = free_port()
    ports = f"{queue},{free_port()},{free_port()},{free_port()}"
    thrice = [sys.executable, "-m", "harness", "serve", "--ports", ports, "--control-port", "0"]
    publish = post(f"/v2/publish/{BOT}/job", BODY % 0, {**dict(HEADERS), "upstash-delay": "1h"})
    turn = 500
    with server([*uvicorn, *options], port) as echoing, server(thrice, queue) as publishing:
        ask(port, repeat(echo, 500))
        ask(queue, repeat(publish, 500))
        turns = [
            (cost(echoing, port, echo, turn), cost(publishing, queue, publish, turn))
            for _ in range(max(count // turn, 1))
        ]
    echoes, publishes = zip(*turns, strict=True)
    limit = say("Starlette echo on uvicorn", turn, min(echoes))
    rate = say("publish to thrice serve", turn, min(publishes))
    everything = sum(echoes) / sum(publishes)
    print(f"{'':48} {rate / limit:10.2f} of the echo, all turns together {everything:.2f}")
    if importlib.util.find_spec("pytest_httpserver") is not None:
        port = free_port()
        peer = [sys.executable, str(ROOT / "loadtests" / "_httpserver.py"), str(port)]
        served("pytest-httpserver echo", peer, port, echo, min(count, 3_000))
    if importlib.util.find_spec("moto") is not None:
        moto(min(count, 500))
    return rate / limit


def moto(count: int) -> None:
    """SendMessage of moto's SQS."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    credentials = (
        "Credential=a/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=a"
    )

    def call(action: str, body: bytes) -> bytes:
        return post(
            "/",
            body,
            {
                "x-amz-target": f"AmazonSQS.{action}",
                "content-type": "application/x-amz-json-1.0",
                "authorization": f"AWS4-HMAC-SHA256 {credentials}",
            },
        )

    send = call(
        "SendMessage",
        b'{"QueueUrl":"http://127.0.0.1:%d/123456789012/q","MessageBody":"%s"}'
        % (port, (BODY % 0).replace(b'"', b"'")),
    )
    with server(command, port) as pid:
        ask(port, iter([call("CreateQueue", b'{"QueueName":"q"}')]), connections=1)
        ask(port, repeat(send, 50), connections=1)
        before = cpu_s(pid)
        ask(port, repeat(send, count), connections=1)
        say("moto server, SQS SendMessage", count, cpu_s(pid) - before)


def deliver_over_http(count: int) -> float:
    """Signed, sent, answered and noted; the receiver is another process."""
    port = free_port()
    receiver = [sys.executable, str(ROOT / "loadtests" / "_http.py"), str(port)]
    with server(receiver, port), Network() as network:
        client = Client(network)
        kernel, queue = world()
        running = FreeRunning(kernel, network)
        kernel.elsewhere = Remote(kernel, client, settled=running.poke)
        publishes(queue, count, url=f"http://127.0.0.1:{port}/job", delay_s=3_600)
        # A few at a time, as a queue with flow control has them.
        queue.engine.traffic.most = 32
        done = threading.Event()
        before = process_time()

        def watch() -> None:
            if queue.pending():
                network.loop.call_later(0.05, watch)
            else:
                done.set()

        network.post(lambda: running.skip_to(kernel.clock.now + 3_601.0))
        network.post(watch)
        done.wait()
        spent = process_time() - before
        network.post(running.stop)
        client.close()
    return say("delivery over HTTP", count, spent)


# -- in process


def in_process(count: int) -> tuple[float, float]:
    """Publishes and deliveries by themselves, without sockets, in turns of 500; the best of each,
    and all of them.
    """
    destination = InProcess()
    kernel, queue = world(destination)
    publishing, delivering = [], []
    for _ in range(count // 500):
        started = process_time()
        publishes(queue, 500, delay_s=60)
        published = process_time()
        run(kernel)
        publishing.append(published - started)
        delivering.append(process_time() - published)
    assert destination.seen == count // 500 * 500
    for name, turns in (("publish", publishing), ("delivery", delivering)):
        say(f"{name} in process", 500, min(turns), f"(all turns {count / sum(turns):,.0f})")
    return 500 / min(publishing), 500 / min(delivering)


def growth(count: int) -> float:
    """What a message costs from publish to end, among 1,000 and among `count` that are kept.

    The log and the journal are full in both worlds, which take turns; the best turn of each counts.
    Python's collector goes through everything once a quarter more is kept than the last time; that
    is a cost of keeping more, which `million` has in its time, and not of a message.
    """

    def filled(kept: int) -> tuple[Kernel, QStash]:
        kernel, queue = world(InProcess())
        publishes(queue, FULL)
        run(kernel)
        publishes(queue, kept, delay_s=604_800)
        return kernel, queue

    def cost(kernel: Kernel, queue: QStash) -> float:
        kept = queue.pending()
        started = process_time()
        publishes(queue, 500)
        while queue.pending() > kept:
            kernel.run_step()
        return (process_time() - started) / 500 * 1e6

    worlds = filled(1_000), filled(count)
    gc.collect()
    before = gc.get_stats()[2]["collections"]
    turns = [[cost(*one) for one in worlds] for _ in range(TURNS)]
    full = gc.get_stats()[2]["collections"] - before
    few, many = (min(found) for found in zip(*turns, strict=True))
    together = sum(one for _, one in turns) / sum(one for one, _ in turns)
    print(f"{'a message among 1,000 that wait':48} {few:10.1f} CPU us")
    print(f"{f'a message among {count:,} that wait':48} {many:10.1f} CPU us")
    print(
        f"{'':48} {many / few:10.2f} times, all turns together {together:.2f} with {full} full "
        "collections"
    )
    return float(many / few)


def kept_memory(count: int) -> float:
    """Bytes per message that waits, the journal's share included."""
    _, queue = world(InProcess())
    publishes(queue, FULL, delay_s=3_600)
    before = memory_mb()
    publishes(queue, count, delay_s=3_600)
    each = (memory_mb() - before) * 2**20 / count
    print(f"{f'memory of a message that waits, {count:,} of them':48} {each:10,.0f} bytes")
    return each


def million(count: int) -> bool:
    """Messages over an hour of delays, of whose attempts 30 % fail, until nothing is left."""
    destination = InProcess(fails=3)
    kernel, queue = world(destination)
    started = process_time()
    for number in range(3_600):
        publishes(
            queue, (count * (number + 1)) // 3_600 - (count * number) // 3_600, delay_s=number
        )
    published = process_time()
    held = memory_mb()
    run(kernel)
    ended = process_time()
    counts = kernel.journal.counts
    dead = counts["dead"]
    delivered = destination.seen - destination.failed
    exact = (
        queue.published == counts["publish"] == count
        and delivered + dead == count
        and destination.failed == counts["delivery"] - delivered
        and queue.pending() == 0
    )
    print(
        f"{count:,} messages: {destination.seen:,} attempts, {delivered:,} delivered, "
        f"{dead:,} dead, {'exact' if exact else 'NOT EXACT'}; "
        f"{kernel.clock.now / 3_600:,.1f} h of virtual time"
    )
    print(
        f"{ended - started:.0f} CPU s ({published - started:.0f} to publish), {held:,.0f} MB when "
        f"all wait, {memory_mb():,.0f} MB at the end"
    )
    return exact


PARTS: dict[str, tuple[Callable[[int], object], int]] = {
    "process": (in_process, 50_000),
    "http": (publish_over_http, 40_000),
    "delivery": (deliver_over_http, 20_000),
    "growth": (growth, 1_000_000),
    "memory": (kept_memory, 200_000),
    "million": (million, 1_000_000),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS)
    parser.add_argument("count", nargs="?", type=int)
    options = parser.parse_args()
    for name, (part, count) in PARTS.items():
        if options.part in (None, name) and part(options.count or count) is False:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
