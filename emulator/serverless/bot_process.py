"""One instance of a bot as a process group: started, watched until it answers, its output kept, and
ended with everything it has started.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from emulator.errors import BotStartError
from emulator.exchange import Outcome, Reply, Request
from emulator.net import Arrival, Client, Network, wall
from emulator.net.authority import Authority
from emulator.net.client import Place
from emulator.net.ports import free_port, listening_ports
from emulator.net.proxy import Proxy
from emulator.redis.listener import Listening, listener_for
from emulator.serverless.asleep import ThreadWatch, Watch, watch
from emulator.serverless.background import Background
from emulator.serverless.clock_file import ClockFile
from emulator.serverless.led import AUTHORITY_FILE, leading_to
from emulator.serverless.preloading import with_preload
from emulator.serverless.stopping import Stopper, ToldStopper, TreeStopper

# Real seconds a command may take until it answers at its webhook's route.
START_LIMIT_S = 60.0
# Lines of its output that go into the message when it does not start.
SHOWN_LINES = 12
GUARD = Path(__file__).with_name("_guard.py")
# Between two looks at a process that does not answer yet (real seconds).
PROBE_EVERY_S = 0.02
# How long one look waits for an answer.
PROBE_LIMIT_S = 5.0
# What a process is given to shut down by itself before it is killed (real seconds).
GRACE_S = 2.0
# How long the guard may take to kill what is left; it takes milliseconds.
KILL_LIMIT_S = 10.0
KEEP_LINES = 200
KEEP_LINE_CHARACTERS = 1_000
# Node resolves "localhost" to the second first.
HOSTS = ("127.0.0.1", "::1")


class BotProcess:
    """A command that runs, or is about to.

    `services` are the origins it is to reach, each at an address of this instance's own, so that
    every call has a certain cause; `environment` is given those addresses by origin and makes the
    variables. Whatever else it reaches for comes in by a proxy of its own, whose certificates
    `authority` makes. `on_call`, `on_gone`, `on_ready` and `on_exit` are called on the network
    thread.

    `exited` is the status it ended with, None while it runs. `dirty` tells that it must not serve
    another world. `stopped` tells that nothing of it runs before `go_on`.
    """

    shared = False
    stops = True

    def __init__(
        self,
        network: Network,
        client: Client,
        *,
        name: str,
        command: str,
        root: Path,
        webhook: str,
        start_limit_s: float,
        wait_until: bool = False,
        services: Sequence[str],
        authority: Authority,
        environment: Callable[[Mapping[str, str]], Mapping[str, str]],
        on_call: Callable[["BotProcess", Arrival], None],
        on_gone: Callable[["BotProcess", Arrival], None],
        on_ready: Callable[["BotProcess"], None],
        on_exit: Callable[["BotProcess"], None],
    ) -> None:
        self.name = name
        self.place: Place = (HOSTS[0], free_port())
        self.started = wall.monotonic()
        self.ready = False
        self.exited: int | None = None
        self.dirty = False
        self.stopped = False
        self.accepts = False
        self.held: list[Arrival] = []
        self.lines: deque[str] = deque(maxlen=KEEP_LINES)
        self._network = network
        self._client = client
        self._command = command
        self._webhook = webhook
        self._start_limit_s = start_limit_s
        self._on_ready = on_ready
        self._on_exit = on_exit
        self._partial = b""
        self._ending = False
        self._listeners: list[Listening | Proxy] = []
        # Only a name: the guard makes the folder and removes it, so that it can not be left behind
        # by whoever ends this process in between.
        self._folder = tempfile.mktemp(prefix="thrice-bot-")
        self.background = (
            Background(Path(self._folder) / "thrice-background") if wait_until else None
        )
        try:
            addresses = {}
            for origin in services:
                listener = listener_for(
                    network,
                    origin=origin,
                    on_arrival=lambda arrival: on_call(self, arrival),
                    on_gone=lambda arrival: on_gone(self, arrival),
                )
                self._listeners.append(listener)
                addresses[origin] = listener.address
            proxy = Proxy(
                network,
                authority,
                on_arrival=lambda arrival: on_call(self, arrival),
                on_gone=lambda arrival: on_gone(self, arrival),
            )
            self._listeners.append(proxy)
            said = environment(addresses)
            led = leading_to(proxy.port, f"{self._folder}/{AUTHORITY_FILE}", given=said)
            self._guard = self._spawn(command, root, {**led, **said}, authority)
        except BaseException:
            self._close_listeners()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self.watch: Watch = watch(self._guard.pid, keeper=True)
        self._stopper: Stopper = (
            TreeStopper(self.watch, self._guard.pid)
            if isinstance(self.watch, ThreadWatch)
            else ToldStopper(self._tell)
        )
        network.run(self._follow())

    @property
    def port(self) -> int:
        return self.place[1]

    def age_s(self) -> float:
        """Real seconds since it was started."""
        return wall.monotonic() - self.started

    def keep(self, arrival: Arrival) -> None:
        """A call that no world is there for: kept for the cold start while it is starting, else
        dropped.
        """
        if self.ready:
            self.dirty = True
            arrival.drop()
        else:
            self.held.append(arrival)

    def follows(self, clock: ClockFile) -> bool:
        """Whether what listens on its port sees this clock, which its environment leads to."""
        return clock.is_followed(self.port, Path(self._folder))

    def check_start(self) -> None:
        """Raise BotStartError when a process that does not answer yet never will."""
        if self.exited is not None:
            what = f"the command ended with status {self.exited} before it answered"
        elif self.age_s() < self._start_limit_s:
            return
        elif self.accepts or self.port in (ports := self._ports()):
            what = (
                f"port {self.port} takes connections, but GET {self._webhook} was not answered "
                f"within {self._start_limit_s:g} s"
            )
        elif ports:
            what = (
                f"the command listens on port {', '.join(map(str, ports))} and not on {self.port}, "
                "the port it was given; use {port} in the command, or the variable PORT"
            )
        else:
            what = (
                f"nothing listens on port {self.port} after {self._start_limit_s:g} s; the command "
                "has to listen on {port}, or on the port in the variable PORT"
            )
        raise BotStartError("\n".join([f"{what}: {self._command}", *self.printed()]))

    def printed(self) -> list[str]:
        """The last lines of its output, for a message."""
        return [f"  the bot printed: {line}" for line in list(self.lines)[-SHOWN_LINES:]]

    def refused(self) -> None:
        """It is about to end, or has; that is heard of by itself."""

    @property
    def escaped(self) -> Sequence[str]:
        """The commands of processes that have left the session that it was started in."""
        return self._stopper.escaped

    def stop_running(self) -> None:
        """Stop every process of it, those that have left its group too; nothing of it runs then."""
        self.stopped = True
        self._stopper.stop()

    def go_on(self) -> None:
        """Let its stopped processes run again."""
        self._stopper.go_on()
        self.stopped = False

    def terminate(self) -> None:
        """Ask it to shut down by itself; `stop` waits for that. A stopped one runs again then."""
        self._tell(b"term\n")
        self.stopped = False

    def kill(self) -> None:
        """Have every process of the group killed, without waiting for it."""
        self._ending = True
        if self._guard.stdin is not None:
            with suppress(OSError):
                self._guard.stdin.close()

    def stop(self, *, grace_s: float = 0.0) -> None:
        """End it and let go of its ports; returns when nothing is left.

        `grace_s` real seconds are given to a shutdown that `terminate` has asked for.
        """
        self._ending = True
        with suppress(subprocess.TimeoutExpired):
            self._guard.wait(grace_s)
        self.kill()
        try:
            self._guard.wait(KILL_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            self._guard.wait()
        self.watch.close()
        if self.background is not None:
            self.background.close()
        self._client.forget(self.place)
        self._close_listeners()
        # The guard removes it; this is for a guard that was killed itself.
        shutil.rmtree(self._folder, ignore_errors=True)

    # -- inside

    def _tell(self, word: bytes) -> None:
        """Say something to the guard."""
        lifeline = self._guard.stdin
        if lifeline is not None and not lifeline.closed:
            # A guard that is gone has ended everything already.
            with suppress(OSError):
                lifeline.write(word)
                lifeline.flush()

    def _ports(self) -> list[int]:
        """Ports that it listens on; none where the system does not tell."""
        return listening_ports(self.watch.pids()) if isinstance(self.watch, ThreadWatch) else []

    def _spawn(
        self, command: str, root: Path, environment: Mapping[str, str], authority: Authority
    ) -> "subprocess.Popen[bytes]":
        port = str(self.port)
        return subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", str(GUARD)),
                self._folder,
                command.replace("{port}", port),
                *(AUTHORITY_FILE, authority.pem),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=root,
            env=with_preload(
                {
                    "PYTHONUNBUFFERED": "1",
                    **os.environ,
                    **environment,
                    "PORT": port,
                    "TMPDIR": self._folder,
                    **({"THRICE_BACKGROUND": str(self.background.path)} if self.background else {}),
                }
            ),
            start_new_session=True,
        )

    def _close_listeners(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()

    # -- on the network thread

    async def _follow(self) -> None:
        assert self._guard.stdout is not None
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: _Output(self), self._guard.stdout)
        self._probe(0)

    def _probe(self, host: int) -> None:
        """Ask for the webhook's route; any answer at all means that it is there."""
        if self._ending or self.exited is not None:
            return
        place = (HOSTS[host], self.port)
        request = Request(
            "GET",
            f"http://{HOSTS[0]}:{self.port}{self._webhook}",
            (("User-Agent", "thrice-readiness"), ("Accept", "*/*")),
        )

        def judge(outcome: Outcome) -> None:
            if self._ending or self.exited is not None:
                return
            if isinstance(outcome, Reply):
                self.place = place
                self.ready = True
                self._on_ready(self)
                return
            self.accepts = self.accepts or outcome.kind != "refused"
            asyncio.get_running_loop().call_later(
                PROBE_EVERY_S, self._probe, (host + 1) % len(HOSTS)
            )

        self._client.send(place, request, judge, timeout_s=PROBE_LIMIT_S)

    def hear(self, data: bytes) -> None:
        """Output of the bot."""
        *whole, self._partial = (self._partial + data).split(b"\n")
        self._partial = self._partial[-KEEP_LINE_CHARACTERS:]
        for line in whole:
            self.lines.append(line.decode("utf-8", "replace").rstrip()[:KEEP_LINE_CHARACTERS])

    def ended(self) -> None:
        """Its output is at its end, so the guard is about to exit, or has."""
        code = self._guard.poll()
        if code is None:
            asyncio.get_running_loop().call_later(0.001, self.ended)
            return
        if self._partial:
            self.hear(b"\n")
        self.exited = code
        if not self._ending:
            self._on_exit(self)


class _Output(asyncio.Protocol):
    def __init__(self, process: BotProcess) -> None:
        self._process = process

    def data_received(self, data: bytes) -> None:
        self._process.hear(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._process.ended()
