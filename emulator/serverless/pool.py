"""The processes of a bot that is started by a command: enough of them, ahead of need, and none left
over.
"""

import queue
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.errors import EmulatorBug
from emulator.net import Listener, wall
from emulator.net.authority import Authority
from emulator.serverless.body import Body, Event
from emulator.serverless.bot_process import GRACE_S, START_LIMIT_S, BotProcess
from emulator.serverless.clock_file import ClockFile, ClockKind

if TYPE_CHECKING:
    from emulator.serverless.live import Live

# Lines of output kept of processes that have ended.
KEEP_LINES = 100


class ProcessPool:
    """Starts `command` in `root` for each instance; a `Source` of a live run.

    The command goes to the shell; `{port}` in it, and the variable PORT, are the port to listen on.
    `services` are the origins that a bot has to reach; `environment` makes a process's variables
    from the addresses at which it reaches them, by origin, its own public origin among them.
    `clock` says what makes their clocks follow the world's, where that is possible.
    `ahead` processes are started before they are needed. A process that has served a world cleanly
    serves the next one too: its memory is then not fresh, which no serverless platform promises.
    """

    def __init__(
        self,
        command: str,
        *,
        root: Path,
        webhook: str,
        public_url: str,
        services: Sequence[str],
        environment: Callable[[Mapping[str, str]], Mapping[str, str]],
        ahead: int = 10,
        max_instances: int = 100,
        start_limit_s: float = START_LIMIT_S,
        wait_until: bool = False,
        clock: ClockKind = "node",
    ) -> None:
        self.command = command
        self.started = 0
        self.exact = True
        self._root = root
        self._webhook = webhook
        self._public_url = public_url
        self._services = tuple(services)
        self._environment = environment
        self._ahead = ahead
        self._max_instances = max_instances
        self._start_limit_s = start_limit_s
        self._wait_until = wait_until
        self._idle: list[BotProcess] = []
        self._taken: list[BotProcess] = []
        self._ending: list[BotProcess] = []
        self._lines: list[str] = []
        self._front: Listener | None = None
        self._authority = Authority()
        self._opened: Live | None = None
        self._clock_kind: ClockKind = clock
        self._clock: ClockFile | None = None
        self._clock_follows = False

    # -- Source

    @property
    def clock(self) -> ClockFile | None:
        return self._clock if self._clock_follows else None

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self._front.address,) if self._front is not None else ()

    @property
    def output(self) -> tuple[str, ...]:
        """What the bot printed, process by process; the last lines of each."""
        alive = [line for process in (*self._taken, *self._idle) for line in process.lines]
        return (*self._lines, *alive)

    def open(self, live: "Live") -> None:
        """Start the first process, and when that answers the others."""
        self._opened = live
        self._front = Listener(
            live.network,
            origin=self._public_url,
            on_arrival=lambda arrival: live.events.put(Event("call", None, arrival)),
            on_gone=lambda arrival: live.events.put(Event("gone", None, arrival)),
        )
        clock = self._clock = ClockFile(self._clock_kind)
        first = self._start()
        self.exact = first.watch.exact
        self._await_start(first)
        # The others are started by the same command.
        self._clock_follows = first.ready and first.follows(clock)
        self._start_ahead()

    def prepare(self) -> None:
        """Wait until the processes that were started ahead answer: a cold start in the middle of a
        run would leave other calls waiting for a second or more.
        """
        self._idle = [process for process in self._idle if not self._retire_dead(process)]
        self._start_ahead()
        for process in self._idle:
            self._await_start(process)

    def take(self) -> BotProcess:
        self._idle = [process for process in self._idle if not self._retire_dead(process)]
        ready = [process for process in self._idle if process.ready]
        process = (ready or self._idle or [self._start()])[0]
        self._idle.remove(process)
        self._taken.append(process)
        self._start_ahead()
        return process

    def give_back(self, body: Body) -> None:
        """Keep a process that is as good as new, and end any other."""
        process = next(one for one in self._taken if one is body)
        self._taken.remove(process)
        if process.dirty or process.exited is not None or not process.ready:
            self._retire(process)
        else:
            self._idle.append(process)

    def close(self) -> None:
        processes = [*self._idle, *self._taken, *self._ending]
        self._idle, self._taken, self._ending = [], [], []
        try:
            for process in processes:
                process.terminate()
            until = wall.monotonic() + GRACE_S
            for process in processes:
                process.stop(grace_s=max(0.0, until - wall.monotonic()))
                self._remember(process)
        finally:
            for process in processes:
                process.kill()
            front, self._front = self._front, None
            if front is not None:
                front.close()
            if self._clock is not None:
                self._clock.close()

    # -- inside

    @property
    def _live(self) -> "Live":
        if self._opened is None:
            raise EmulatorBug("the pool was not opened")
        return self._opened

    def _start(self) -> BotProcess:
        self._reap()
        events = self._live.events
        name = f"p{self.started}"
        self.started += 1
        process = BotProcess(
            self._live.network,
            self._live.client,
            name=name,
            command=self.command,
            root=self._root,
            webhook=self._webhook,
            start_limit_s=self._start_limit_s,
            wait_until=self._wait_until,
            services=self._services,
            authority=self._authority,
            environment=self._variables,
            on_call=lambda process, arrival: events.put(Event("call", process, arrival)),
            on_gone=lambda process, arrival: events.put(Event("gone", process, arrival)),
            on_ready=lambda process: events.put(Event("ready", process)),
            on_exit=lambda process: events.put(Event("exit", process)),
        )
        self._idle.append(process)
        return process

    def _variables(self, addresses: Mapping[str, str]) -> Mapping[str, str]:
        variables = self._environment({**addresses, self._public_url: self.addresses[0]})
        return variables if self._clock is None else self._clock.joined(variables)

    def _await_start(self, process: BotProcess) -> None:
        """Wait until a process answers, or has made a call that waits for the world.

        Raises BotStartError, which says what it did instead.
        """
        held: list[Event] = []
        while not process.ready and not held:
            process.check_start()
            try:
                event = self._live.events.get(timeout=0.05)
            except queue.Empty:
                continue
            if event.kind == "call":
                held.append(event)
        for event in held:
            self._live.events.put(event)

    def _start_ahead(self) -> None:
        """Start what is missing of the number that is wanted, and one to spare beyond it."""
        there = len(self._taken) + len(self._idle)
        missing = max(self._ahead - there, 1 - len(self._idle))
        for _ in range(min(missing, self._max_instances - there)):
            self._start()

    def _retire_dead(self, process: BotProcess) -> bool:
        if process.exited is None and not process.dirty:
            return False
        self._retire(process)
        return True

    def _retire(self, process: BotProcess) -> None:
        process.kill()
        self._ending.append(process)

    def _reap(self) -> None:
        """Let go of what has ended meanwhile."""
        for process in [one for one in self._ending if one.exited is not None]:
            self._ending.remove(process)
            process.stop()
            self._remember(process)

    def _remember(self, process: BotProcess) -> None:
        self._lines = [*self._lines, *process.lines][-KEEP_LINES:]
