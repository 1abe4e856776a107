"""A served queue that is killed again and again while it is published to and delivers, and the
account of what became of every message.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

from qstash import QStash

from emulator.net.ports import free_port
from emulator.queue_users import QUEUE_USERS
from tests.e2e.support import ROOT

PATIENCE_S = 300.0
PUBLISHERS = 3


class Destination:
    """Notes each delivery; every fifth message is refused at its first."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.refused: set[str] = set()
        self.busy = 0
        self._lock = threading.Lock()
        destination = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                with destination._lock:
                    destination.busy += 1
                body = self.rfile.read(int(self.headers["content-length"]))
                status = destination.receive(self.headers["upstash-message-id"], body)
                try:
                    self.send_response(status)
                    self.send_header("content-length", "0")
                    self.end_headers()
                finally:
                    with destination._lock:
                        destination.busy -= 1

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Whoever asked was killed."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/job"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def receive(self, message_id: str, body: bytes) -> int:
        with self._lock:
            if int(body) % 5 == 0 and message_id not in self.refused:
                self.refused.add(message_id)
                return 500
            self.received.append(message_id)
            return 200

    def quiet(self) -> None:
        """Wait until what was sent to it has been handled."""
        still = 0
        while still < 5:
            before = len(self.received)
            time.sleep(0.02)
            still = still + 1 if not self.busy and len(self.received) == before else 0

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Account:
    """What is known of the messages.

    `acknowledged` are the ids by number; `settled` tells how often those were received that the
    file had as delivered at some kill, `in_flight` at how many kills a message had been received
    and that was not in the file yet, and `received` how often each was in the end. `unknown` are
    those that were received when the file did not have them.
    """

    acknowledged: dict[int, str] = field(default_factory=dict)
    settled: dict[str, int] = field(default_factory=dict)
    in_flight: Counter[str] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)
    unknown: set[str] = field(default_factory=set)

    def note(self, data: Path, received: Counter[str]) -> None:
        """Hold what the file says against what has been received."""
        with closing(sqlite3.connect(data)) as database:
            states = dict(database.execute("SELECT id, state FROM messages"))
        done = [message_id for message_id, state in states.items() if state == "DELIVERED"]
        for message_id, times in (received - self.received).items():
            if message_id not in states:
                self.unknown.add(message_id)
            elif states[message_id] != "DELIVERED":
                self.in_flight[message_id] += times
        for message_id in done:
            self.settled.setdefault(message_id, received[message_id])
        self.received = received

    def check(self) -> None:
        """Nothing that was acknowledged is lost, and nothing is sent again that is in the file as
        delivered; what was on its way at a kill is sent again, once for each.
        """
        acknowledged = set(self.acknowledged.values())
        assert acknowledged <= set(self.received)
        # Killed before their publish was answered: nobody was told of them.
        assert not self.unknown & acknowledged
        assert {one: self.received[one] for one in self.settled} == self.settled
        for message_id, times in self.received.items():
            assert times == 1 + self.in_flight[message_id], message_id


def serve(data: Path, ports: str) -> "subprocess.Popen[str]":
    """A served queue that is ready."""
    running = subprocess.Popen(
        [
            *(sys.executable, "-m", "harness", "serve", "--data", str(data)),
            *("--ports", ports, "--control-port", "0", "--seed", "1"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert running.stderr is not None
    line = running.stderr.readline()
    if "thrice is running" not in line:
        running.kill()
        raise AssertionError(line + running.stderr.read())
    return running


def kill_and_count(data: Path, *, kills: int, seed: int) -> Account:
    """Kill the queue so many times at random moments; returns the account of all messages."""
    chance = Random(seed)
    port = free_port()
    ports = f"{port},{free_port()},{free_port()},{free_port()}"
    account = Account()
    destination = Destination()
    numbers = iter(range(10_000_000))
    lock = threading.Lock()
    stop = threading.Event()

    def publish() -> None:
        client = QStash(QUEUE_USERS[0].token, base_url=f"http://127.0.0.1:{port}", retry=False)
        while not stop.is_set():
            with lock:
                number = next(numbers)
            try:
                sent = client.message.publish(
                    url=destination.url,
                    body=str(number),
                    retry_delay="50",
                    delay=1 if number % 7 == 0 else None,
                )
            except Exception:
                # Killed in the middle of it: nothing was acknowledged.
                time.sleep(0.05)
                continue
            account.acknowledged[number] = sent.message_id  # type: ignore[union-attr]

    try:
        for _ in range(kills):
            running = serve(data, ports)
            stop.clear()
            publishers = [threading.Thread(target=publish) for _ in range(PUBLISHERS)]
            for thread in publishers:
                thread.start()
            wait_until(partial(published, account, len(account.acknowledged) + 5))
            time.sleep(chance.uniform(0.0, 0.4))
            running.send_signal(signal.SIGKILL)
            running.communicate()
            stop.set()
            for thread in publishers:
                thread.join()
            destination.quiet()
            account.note(data, Counter(destination.received))
        running = serve(data, ports)
        wait_until(lambda: set(account.acknowledged.values()) <= set(destination.received))
        destination.quiet()
        # Retries of what was refused last, and messages that nobody was told of.
        time.sleep(1.5)
        destination.quiet()
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=PATIENCE_S)
        assert running.returncode == 0
        with closing(sqlite3.connect(data)) as database:
            waiting = database.execute("SELECT id FROM messages WHERE ended IS NULL").fetchall()
        assert waiting == []
        account.received = Counter(destination.received)
    finally:
        stop.set()
        destination.close()
    return account


def published(account: Account, more_than: int) -> bool:
    return len(account.acknowledged) > more_than


def wait_until(over: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not over():
        assert time.monotonic() < until
        time.sleep(0.01)
