"""The simulated driver: instances of a Python ASGI app in this process, each with a loop and
threads of its own, on virtual time.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.delivery import Invocation
from emulator.errors import BotStartError, EmulatorBug
from emulator.exchange import Failure, Outcome, Request
from emulator.gate import Gate
from emulator.kernel import Kernel
from emulator.serverless.application import Application
from emulator.serverless.baton import Crew, Seat, Waiter, current_seat
from emulator.serverless.host import FAILED, Host, Instance
from emulator.serverless.running import CURRENT, RunningInstance

if TYPE_CHECKING:
    import asyncio

    from emulator.serverless.simulation import Simulation


class AsgiDriver:
    """Runs the instances of one world. Nothing is ever concurrent with the kernel: performing a
    step runs one instance until each of its threads stands still.
    """

    def __init__(
        self, kernel: Kernel, gate: Gate, simulation: "Simulation", *, warm: bool = False
    ) -> None:
        self._gate = gate
        self._warm = warm
        self._running: dict[str, RunningInstance] = {}
        self.kernel = kernel
        self.simulation = simulation
        self.events: deque[Callable[[], None]] = deque()
        self.crews: dict[Crew, RunningInstance] = {}
        self._pumping = False
        self.host: Host | None = None
        simulation.attach(self)

    # -- what the host asks for

    def start(self, instance: Instance) -> None:
        warm = self.simulation.warm.pop(0) if self._warm and self.simulation.warm else None
        if warm is not None:
            self._running[instance.name] = warm
            warm.move(instance, self)
            warm.do(lambda: self.events.append(lambda: self._host().booted(instance)))
            return
        running = self._running[instance.name] = RunningInstance(instance, self)
        loop = running.loop
        host = self._host()

        def failed(reason: str) -> None:
            self.events.append(lambda: _raise(BotStartError(reason)))

        def boot() -> None:
            CURRENT.set(instance.boot)
            application = Application(self.simulation.load(running.modules), loop)
            running.application = application
            running.spawn(
                application.lifespan(
                    started=lambda: self.events.append(lambda: host.booted(instance)),
                    failed=failed,
                ),
                instance.boot,
            )
            loop.drain()

        running.do(boot)

    def begin(self, instance: Instance, invocation: Invocation) -> None:
        running = self._running[instance.name]
        if not running.in_flight:
            running.draws.clear()
        running.in_flight.add(invocation)
        if not running.main.free:
            # Its thread stands in a blocking call of another request; this one's turn comes then.
            running.thaw()
            running.loop.call_soon(
                lambda: running.spawn(self._handle(running, invocation), invocation)
            )
            return

        def handle() -> None:
            running.thaw()
            running.spawn(self._handle(running, invocation), invocation)
            running.loop.drain()

        running.do(handle)

    def freeze(self, instance: Instance) -> None:
        running = self._running[instance.name]
        running.loop.freeze()
        running.disarm()
        running.note_surviving_threads()

    def kill(self, instance: Instance) -> None:
        running = self._running.pop(instance.name, None)
        if running is not None:
            running.disarm()
            running.dispose()

    def recycle(self, instance: Instance, over: Callable[[], None]) -> None:
        """Thaw the instance for its shutdown; `over` is called when its lifespan has ended."""
        running = self._running[instance.name]
        application = running.application
        if application is None or not running.main.free:
            over()
            return

        def shut_down() -> None:
            running.thaw()
            application.shut_down(lambda: self.events.append(over))
            running.loop.drain()

        running.do(shut_down)

    # -- for worlds

    def leftovers(self) -> list[str]:
        """Names of frozen instances with work that was not done."""
        if not self.freezes:
            return []
        return [name for name, running in self._running.items() if running.has_leftovers()]

    def reveal(self, name: str) -> None:
        """Thaw an instance once, so that the gate (recording only) sees what it still wanted."""
        running = self._running[name]

        if running.main.free:
            running.do(running.run_out)
        running.wake_sleepers()
        running.disarm()

    def rest(self) -> None:
        """Give `sys.modules` back to the process between runs of the world."""
        self.simulation.modules_at_rest()

    def close(self) -> None:
        """Shut down: every instance's tasks are cancelled, its loop closed, its threads ended."""
        self._gate.recording_only = True
        for running in self._running.values():
            running.disarm()
            if self._warm and running.instance.at_rest and running.rests():
                self.simulation.warm.append(running)
            else:
                running.dispose()
        self._running.clear()
        self.rest()
        self.simulation.detach(self)

    # -- what the patches ask for, on bots' threads

    def send(self, request: Request, timeout_s: float | None) -> Outcome:
        """A blocking call: this thread stands still until the world answers."""
        seat = current_seat()
        running = self.crews.get(seat.crew) if seat is not None else None
        if seat is None or running is None or running.closing:
            return Failure("refused", "this instance is gone")
        waiter = Waiter(seat)
        outcomes: list[Outcome] = []

        def deliver(outcome: Outcome) -> None:
            outcomes.append(outcome)
            running.resume(waiter)

        self._emit_call(running, seat, request, timeout_s, deliver)
        seat.wait(waiter)
        return outcomes[0]

    async def send_async(self, request: Request, timeout_s: float | None) -> Outcome:
        seat = current_seat()
        running = self.crews.get(seat.crew) if seat is not None else None
        if seat is None or running is None or running.closing:
            return Failure("refused", "this instance is gone")
        if seat is not running.main.seat:
            # A loop of the bot's own on one of its threads: to the world that is a blocking call.
            return self.send(request, timeout_s)
        future: asyncio.Future[Outcome] = running.loop.create_future()
        self._emit_call(
            running,
            seat,
            request,
            timeout_s,
            lambda outcome: running.answer(future, outcome),
        )
        return await future

    def draw(self, size: int) -> bytes:
        """Seeded bytes for the bot, addressed by what runs and how often it drew."""
        seat = current_seat()
        running = self.crews.get(seat.crew) if seat is not None else None
        if running is None:
            return self.kernel.chance.stream("bot").randbytes(size)
        invocation = CURRENT.get()
        name = invocation.name if invocation is not None else running.instance.name
        drawn = running.draws[name] = running.draws.get(name, 0) + 1
        return self.kernel.chance.stream(f"bot/{name}/{drawn}").randbytes(size)

    def refuse(self, host: str) -> None:
        """A library other than httpx reached for the network."""
        invocation = CURRENT.get()
        self.events.append(lambda: self._note_unmediated(invocation, host))

    def now(self) -> float:
        """Unix seconds on the world's clock."""
        return self.kernel.clock.unix

    def expires(self, waiter: Waiter, after_s: float) -> None:
        """End a thread's wait after so many virtual seconds."""
        running = self.crews.get(waiter.seat.crew)
        if running is not None:
            running.sleepers[waiter] = self.kernel.clock.unix + max(after_s, 0.0)

    def carry_over(self) -> Callable[[], None]:
        invocation = CURRENT.get()
        return lambda: _set_current(invocation)

    # -- inside: running

    @property
    def freezes(self) -> bool:
        return self._host().platform.freezes

    def pump(self) -> None:
        """Hand what happened to the host, in order, on the kernel's thread."""
        if self._pumping:
            return
        self._pumping = True
        try:
            while self.events:
                self.events.popleft()()
        finally:
            self._pumping = False

    # -- inside: calls

    def _emit_call(
        self,
        running: RunningInstance,
        seat: Seat,
        request: Request,
        timeout_s: float | None,
        deliver: Callable[[Outcome], None],
    ) -> None:
        invocation, background = running.current_invocation()

        def arrive() -> None:
            self._gate.arrive(
                invocation,
                request,
                timeout_s=timeout_s,
                deliver_outcome=deliver,
                background=background,
            )

        if seat is running.main.seat:
            self.events.append(arrive)
            return
        body = request.body.decode("latin-1")
        running.emit((invocation.name, request.method, request.url, body), arrive)

    def crashed(self, running: RunningInstance, why: str) -> None:
        if self.host is not None and running.instance.name in self.host.instances:
            self.host.die(running.instance, FAILED, why)

    def _note_unmediated(self, invocation: Invocation | None, host: str) -> None:
        self.kernel.note(
            "finding",
            "unmediated",
            cause=invocation.entry if invocation is not None else -1,
            roots=invocation.roots if invocation is not None else (),
            detail={"host": host},
        )

    # -- inside: the application

    async def _handle(self, running: RunningInstance, invocation: Invocation) -> None:
        host, instance, application = self._host(), running.instance, running.application
        ends_at_last_byte = host.platform.ends == "last byte"
        if application is None:
            raise EmulatorBug(f"{instance.name} was given a request before it had started")
        error = await application.call(
            invocation.request,
            responded=lambda reply, error: self.events.append(
                lambda: host.responded(instance, invocation, reply, error)
            ),
            ends_at_last_byte=ends_at_last_byte,
            at_last_byte=lambda: ends_at_last_byte and running.is_done(invocation),
            thawed=lambda: host.thawed(invocation),
        )
        errors = [error] if error is not None else []
        self.events.append(lambda: host.returned(instance, invocation, *errors))
        running.is_done(invocation)

    def _host(self) -> Host:
        if self.host is None:
            raise EmulatorBug("the driver has no host")
        return self.host


def _set_current(invocation: Invocation | None) -> None:
    CURRENT.set(invocation)


def _raise(error: Exception) -> None:
    raise error
