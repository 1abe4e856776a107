"""What a command to each Redis surface costs, beside redis-server itself in the same run.

`python -m loadtests.stores`. Every figure is of one unmodified client that sends one command after
the other (or 50 in one request) over a socket, with the server in another process: commands per
second of the wall clock, and per CPU second of the server. What is not installed is left out, and
said to be.

Last figures, on two cores that others used as well (load 5), per second and per CPU second: without
a network 23,000 and 23,000 by REST, 24,000 and 23,000 by RESP; redis-py 7,200 and 11,500, 50 at
once 10,500 and 13,600; the same before a redis-server 6,900 and 12,500, 10,800 and 15,800;
upstash-redis 1,700 and 6,250, 50 at once 22,000 and 30,000. redis-server 7.0.15 itself by redis-py
24,000 and 100,000, 50 at once 96,000 and 300,000.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from emulator.net import Arrival, Listener, Network
from emulator.net.ports import free_port

COMMANDS = 3_000
BATCH = 50
PATIENCE_S = 20.0


def serve() -> None:
    """The fakes, until standard input ends; prints where they are."""
    from emulator.kernel import Kernel
    from emulator.redis import Keyspace, load
    from emulator.redis.listener import RedisListener
    from emulator.redis.server import PROGRAM, RedisServer
    from emulator.redis.service import ORIGIN as REDIS
    from emulator.redis.service import Redis
    from emulator.upstash import ORIGIN, PLANS, Upstash

    load()
    kernel, network = Kernel(), Network()
    keyspace = Keyspace(kernel)
    upstash = Upstash(kernel, keyspace, plan=PLANS["payg"])
    redis = Redis(kernel, keyspace)

    def by_rest(arrival: Arrival) -> None:
        arrival.answer(upstash.handle(arrival.request))

    def by_resp(arrival: Arrival) -> None:
        arrival.answer(redis.handle(arrival.request))

    listeners: list[Listener | RedisListener] = [
        Listener(network, origin=ORIGIN, on_arrival=by_rest),
        RedisListener(network, origin=REDIS, on_arrival=by_resp),
    ]
    server = RedisServer()
    if shutil.which(PROGRAM) is not None:
        before = Redis(kernel, Keyspace(kernel, server=server))

        def by_server(arrival: Arrival) -> None:
            arrival.answer(before.handle(arrival.request))

        listeners.append(RedisListener(network, origin=REDIS, on_arrival=by_server))
    print(*(listener.address for listener in listeners), flush=True)
    sys.stdin.read()
    for listener in listeners:
        listener.close()
    network.close()
    server.close()


@contextmanager
def fakes() -> Iterator[tuple[list[str], int]]:
    """Where the REST and the RESP surface are, and one before a redis-server if there is any; and
    the process that serves them.
    """
    command = [sys.executable, "-c", "from loadtests.stores import serve; serve()"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split(), process.pid
        finally:
            process.stdin.close()


@contextmanager
def redis_server() -> Iterator[tuple[str, int]]:
    """Where a redis-server of our own is, and its process."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="thrice-redis-") as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL) as process:
            try:
                _await(f"redis://127.0.0.1:{port}")
                yield f"redis://127.0.0.1:{port}", process.pid
            finally:
                process.send_signal(signal.SIGTERM)


def _await(url: str) -> None:
    import redis

    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            with redis.Redis.from_url(url) as client:
                client.ping()
            return
        except redis.ConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has taken so far."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(title: str, pid: int, commands: int, run: Callable[[], None]) -> None:
    """Do it, and print what it cost."""
    before, began = cpu_s(pid), time.perf_counter()
    run()
    took, cost = time.perf_counter() - began, cpu_s(pid) - before
    print(f"  {title:45} {commands / took:8,.0f} /s   {commands / max(cost, 0.01):8,.0f} /CPU s")


def by_redis_py(url: str, pid: int, title: str) -> None:
    import redis

    def one_by_one() -> None:
        for number in range(COMMANDS):
            client.set(f"k{number % 500}", "v", nx=True, ex=100)

    def in_batches() -> None:
        for _ in range(COMMANDS // BATCH):
            pipeline = client.pipeline(transaction=False)
            for number in range(BATCH):
                pipeline.set(f"k{number}", "v", nx=True, ex=100)
            pipeline.execute()

    with redis.Redis.from_url(url) as client:
        client.ping()
        measured(f"redis-py, {title}", pid, COMMANDS, one_by_one)
        measured(f"redis-py, {title}, {BATCH} at once", pid, COMMANDS, in_batches)


def by_upstash(url: str, pid: int) -> None:
    import upstash_redis

    from emulator.upstash import TOKEN

    commands = COMMANDS // 3

    def one_by_one() -> None:
        for number in range(commands):
            client.set(f"k{number % 500}", "v", nx=True, ex=100)

    def in_batches() -> None:
        for _ in range(COMMANDS // BATCH):
            pipeline = client.pipeline()
            for number in range(BATCH):
                pipeline.set(f"k{number}", "v", nx=True, ex=100)
            pipeline.exec()

    with upstash_redis.Redis(url, TOKEN) as client:
        client.ping()
        measured("upstash-redis, REST", pid, commands, one_by_one)
        measured(f"upstash-redis, REST, {BATCH} at once", pid, COMMANDS, in_batches)


def in_process() -> None:
    """The database alone, without any network."""
    from emulator.exchange import Request
    from emulator.kernel import Kernel
    from emulator.redis import Keyspace
    from emulator.redis.service import Redis, request_of
    from emulator.upstash import ORIGIN, PLANS, TOKEN, Upstash

    kernel = Kernel()
    keyspace = Keyspace(kernel)
    upstash = Upstash(kernel, keyspace, plan=PLANS["payg"])
    redis = Redis(kernel, keyspace)
    headers = (("Authorization", f"Bearer {TOKEN}"),)
    rest = Request("POST", ORIGIN + "/", headers, b'["SET","k","v","NX","EX",100]')
    resp = request_of(b"SET", b"k", b"v", b"NX", b"EX", b"100")
    surfaces: dict[str, Callable[[], object]] = {
        "no network, REST": lambda: upstash.handle(rest),
        "no network, RESP": lambda: redis.handle(resp),
    }
    for title, ask in surfaces.items():
        ask()

        def run(ask: Callable[[], object] = ask) -> None:
            for _ in range(COMMANDS):
                ask()

        measured(title, os.getpid(), COMMANDS, run)


def main() -> None:
    print(f"SET NX EX, one client, {COMMANDS:,} commands:")
    in_process()
    try:
        with fakes() as ((rest, resp, *before), pid):
            by_redis_py(resp, pid, "ours")
            for url in before:
                by_redis_py(url, pid, "ours before a redis-server")
            by_upstash(rest, pid)
    except ModuleNotFoundError as error:
        print(f"  left out, for {error.name} is not installed: clients over sockets")
    if shutil.which("redis-server") is None:
        print("  left out, for it is not installed: redis-server")
        return
    with redis_server() as (url, pid):
        by_redis_py(url, pid, "redis-server")


if __name__ == "__main__":
    main()
