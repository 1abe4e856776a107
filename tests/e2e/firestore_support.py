"""A Firestore on a port, free-running, and Google's own clients in processes of their own that play
commands against it.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from emulator.call import Call
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Request
from emulator.firestore import Delete, Firestore
from emulator.firestore.service import ORIGIN
from emulator.gate import Gate
from emulator.kernel import Kernel, Limits
from emulator.net import Arrival, Listener, Network
from emulator.net.running import FreeRunning
from emulator.step import Agenda, Step
from tests._needs import needs_packages

PROJECT = "demo-thrice"
PATIENCE_S = 30.0
HERE = Path(__file__).parent
NODE_FOLDER = HERE / "node_firestore"
needs_clients = needs_packages(NODE_FOLDER)

PYTHON_CLIENTS = ("sync", "async")
NODE_CLIENTS = ("grpc", "admin", "rest")
OVER_GRPC = [
    *PYTHON_CLIENTS,
    *(pytest.param(name, marks=needs_clients) for name in NODE_CLIENTS if name != "rest"),
]
CLIENTS = [
    *PYTHON_CLIENTS,
    *(pytest.param(name, marks=needs_clients) for name in NODE_CLIENTS),
]


class Held:
    """A schedule that does what is due at once, but for the calls that `hold` wants held."""

    def __init__(self) -> None:
        self.hold: Callable[[Call], bool] = lambda call: False

    def latency(self, call: Call) -> float:
        return 0.0

    def pick(self, agenda: Agenda) -> Step | None:
        steps = (step for step in agenda if step.call is None or not self.hold(step.call))
        return next(steps, None)


class Served:
    """A Firestore that real clients reach at `host`. Each of its listeners is an instance."""

    def __init__(self, **options: Any) -> None:
        self.network = Network()
        self.schedule = Held()
        self.kernel = Kernel(
            schedule=lambda chance: self.schedule, limits=Limits(calls_per_invocation=10**9)
        )
        self.firestore = Firestore(self.kernel, project=PROJECT, **options)
        self.gate = Gate(self.kernel, (self.firestore,))
        self.running = FreeRunning(self.kernel, self.network)
        self.listeners: list[Listener] = []

    def instance(self) -> str:
        """A further address, whose calls are those of an instance of its own: `host:port`."""
        name = f"i{len(self.listeners)}"
        request = Request("POST", "https://my-bot.example.com/")
        delivery = Delivery(
            name=f"u0.{name}",
            kind="probe",
            due=0.0,
            build=lambda: request,
            on_outcome=lambda outcome: None,
            timeout_s=1.0,
            roots=("u0",),
        )
        invocation = Invocation(delivery, request, name, 0, 0.0)

        def arrived(arrival: Arrival) -> None:
            self.running.keep_time()
            self.gate.arrive(
                invocation, arrival.request, timeout_s=None, deliver_outcome=arrival.answer
            )
            self.running.poke()

        listener = Listener(self.network, origin=ORIGIN, on_arrival=arrived)
        self.listeners.append(listener)
        return f"127.0.0.1:{listener.port}"

    def inside(self, action: Callable[[], Any]) -> Any:
        """Do something on the thread of the world, and wait for it."""

        async def do() -> Any:
            done = action()
            self.running.poke()
            return done

        return self.network.run(do())

    def clear(self) -> None:
        """Forget all documents, faults and what is held."""

        def forget() -> None:
            store = self.firestore.store
            names = [one.name for full in store.collections() for one in store.in_collection(full)]
            store.commit([Delete(name) for name in names])
            self.gate.faults = self.gate.watch = None
            self.schedule.hold = lambda call: False
            self.firestore.meter.quota = None

        self.inside(forget)

    def close(self) -> None:
        self.running.stop()
        for listener in self.listeners:
            listener.close()
        self.network.close()


class Failed(Exception):
    """What a client raised: the name of its code, and its words."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class Process:
    """A client's process, which plays commands as several clients."""

    def __init__(self, command: Sequence[str], folder: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "METADATA_SERVER_DETECTION": "none", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._numbers = count()
        self._asked: dict[int, Future[Any]] = {}
        self._ready: Future[None] = Future()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(self, who: str, command: str, content: Any = None) -> "Future[Any]":
        """Have a command played beside the others."""
        self._ready.result(PATIENCE_S)
        number = next(self._numbers)
        asked = self._asked[number] = Future[Any]()
        assert self._process.stdin is not None
        told = {"number": number, "who": who, "command": command, "content": content}
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        return asked

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(PATIENCE_S)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if told == "ready":
                self._ready.set_result(None)
                continue
            asked = self._asked.pop(told["number"])
            if "error" in told:
                asked.set_exception(Failed(told["error"], told["text"]))
            else:
                asked.set_result(told["result"])
        for asked in (self._ready, *self._asked.values()):
            if not asked.done():
                asked.set_exception(Failed("EXIT", "the process has ended"))


class Player:
    """One client."""

    def __init__(self, process: Process, who: str, instance: str = "") -> None:
        self.who = who
        self.instance = instance
        self._process = process

    def start(self, command: str, content: Any = None) -> "Future[Any]":
        return self._process.start(self.who, command, content)

    def play(self, command: str, content: Any = None) -> Any:
        """What came of a command. Raises Failed."""
        return self.start(command, content).result(PATIENCE_S)

    def refusal(self, command: str, content: Any = None) -> str:
        """The code that a command fails with, by its name."""
        with pytest.raises(Failed) as caught:
            self.play(command, content)
        return caught.value.code


def key_file(folder: Path) -> Path:
    """The key of a service account that nobody has: without one, REST makes no request."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "k",
        "private_key": pem.decode(),
        "client_email": f"bot@{PROJECT}.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    file = folder / "key.json"
    file.write_text(json.dumps(account))
    return file


@contextmanager
def client_process(names: Sequence[str], folder: Path) -> Iterator[Process]:
    """A process for clients of one language, each named `<kind>@<host>:<port>`."""
    environment = {"GOOGLE_CLOUD_PROJECT": PROJECT}
    if any(name.startswith("rest@") for name in names):
        environment["GOOGLE_APPLICATION_CREDENTIALS"] = str(key_file(folder))
    if names[0].partition("@")[0] in NODE_CLIENTS:
        process = Process(["node", "client.mjs", *names], NODE_FOLDER, environment)
    else:
        command = [sys.executable, str(HERE / "firestore" / "client.py"), *names]
        process = Process(command, folder, environment)
    try:
        yield process
    finally:
        process.close()


class Clients:
    """Clients of every kind: some of each, all of them instances of their own. Those of a language
    share a process, which starts when one of them is needed.
    """

    def __init__(self, served: Served, folder: Path, *, each: int = 3) -> None:
        self.served = served
        self._folder = folder
        self._each = each
        self._stack = ExitStack()
        self._players: dict[str, list[Player]] = {}

    def of(self, kind: str) -> list[Player]:
        """All clients of a kind."""
        if kind not in self._players:
            kinds = PYTHON_CLIENTS if kind in PYTHON_CLIENTS else NODE_CLIENTS
            names = {one: [self._named(one) for _ in range(self._each)] for one in kinds}
            every = [name for named in names.values() for name, _ in named]
            process = self._stack.enter_context(client_process(every, self._folder))
            for one, named in names.items():
                self._players[one] = [Player(process, name, instance) for name, instance in named]
        return self._players[kind]

    def close(self) -> None:
        self._stack.close()

    def _named(self, kind: str) -> tuple[str, str]:
        host = self.served.instance()
        return f"{kind}@{host}", f"i{len(self.served.listeners) - 1}"
