"""The simulated driver: instances of a Python ASGI app in this process, each with a loop and
threads of its own, on virtual time.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from emulator.delivery import Invocation
from emulator.errors import BotHungError, BotStartError, EmulatorBug
from emulator.exchange import Failure, Outcome, Request
from emulator.gate import Gate
from emulator.kernel import Kernel
from emulator.serverless.application import Application
from emulator.serverless.baton import Crew, MainThread, Seat, Waiter, current_seat
from emulator.serverless.bot_threads import forget_at_exit
from emulator.serverless.host import FAILED, Host, Instance, State
from emulator.serverless.loop import InstanceLoop
from emulator.step import Step

if TYPE_CHECKING:
    import asyncio

    from emulator.serverless.simulation import Simulation

# Which invocation the running code belongs to. Tasks inherit it from the task that made them,
# threads and pool jobs from the code that started them, also when they run during a later
# invocation.
CURRENT: ContextVar[Invocation | None] = ContextVar("thrice_invocation", default=None)
# Rounds of cancelling and draining a dead instance gets; a task that survives cancelling more often
# is left behind.
CANCEL_ROUNDS = 10


@dataclass(slots=True, eq=False)
class _Running:
    """What the driver keeps of one instance."""

    instance: Instance
    crew: Crew
    main: MainThread
    loop: InstanceLoop
    application: Application | None = None
    modules: dict[str, ModuleType] = field(default_factory=dict)
    sleepers: dict[Waiter, float] = field(default_factory=dict)
    pools: "WeakSet[ThreadPoolExecutor]" = field(default_factory=WeakSet)
    arrivals: list[tuple[tuple[str, ...], Callable[[], None]]] = field(default_factory=list)
    timer: Step | None = None
    timer_due: float | None = None
    closing: bool = False
    draws: dict[str, int] = field(default_factory=dict)
    survivors: set[str] = field(default_factory=set)


class AsgiDriver:
    """Runs the instances of one world. Nothing is ever concurrent with the kernel: performing a
    step runs one instance until each of its threads stands still.
    """

    def __init__(self, kernel: Kernel, gate: Gate, simulation: "Simulation") -> None:
        self._kernel = kernel
        self._gate = gate
        self._simulation = simulation
        self._running: dict[str, _Running] = {}
        self._by_crew: dict[Crew, _Running] = {}
        self._events: deque[Callable[[], None]] = deque()
        self._pumping = False
        self.host: Host | None = None
        simulation.attach(self)

    # -- what the host asks for

    def start(self, instance: Instance) -> None:
        crew = Crew(instance.name, hang_limit_s=self._simulation.hang_limit_s)
        loop = InstanceLoop(lambda: self._kernel.clock.unix)
        running = _Running(instance, crew, MainThread(crew), loop)
        self._running[instance.name] = running
        self._by_crew[crew] = running
        host = self._host()

        def failed(reason: str) -> None:
            self._events.append(lambda: _raise(BotStartError(reason)))

        def boot() -> None:
            CURRENT.set(instance.boot)
            application = Application(self._simulation.load(running.modules), loop)
            running.application = application
            self._spawn(
                running,
                application.lifespan(
                    started=lambda: self._events.append(lambda: host.booted(instance)),
                    failed=failed,
                ),
                instance.boot,
            )
            loop.drain()

        self._run(running, boot)

    def begin(self, instance: Instance, invocation: Invocation) -> None:
        running = self._running[instance.name]
        running.draws.clear()

        def handle() -> None:
            self._thaw(running)
            self._spawn(running, self._handle(running, invocation), invocation)
            running.loop.drain()

        self._run(running, handle)

    def freeze(self, instance: Instance) -> None:
        running = self._running[instance.name]
        running.loop.freeze()
        self._disarm(running)
        self._note_surviving_threads(running)

    def kill(self, instance: Instance) -> None:
        running = self._running.pop(instance.name, None)
        if running is not None:
            self._disarm(running)
            self._dispose(running)

    def recycle(self, instance: Instance, over: Callable[[], None]) -> None:
        """Thaw the instance for its shutdown; `over` is called when its lifespan has ended."""
        running = self._running[instance.name]
        application = running.application
        if application is None or not running.main.free:
            over()
            return

        def shut_down() -> None:
            self._thaw(running)
            application.shut_down(lambda: self._events.append(over))
            running.loop.drain()

        self._run(running, shut_down)

    # -- for worlds

    def leftovers(self) -> list[str]:
        """Names of frozen instances with work that was not done."""
        return [
            name
            for name, running in self._running.items()
            if running.loop.has_leftovers() or running.sleepers
        ]

    def reveal(self, name: str) -> None:
        """Thaw an instance once, so that the gate (recording only) sees what it still wanted."""
        running = self._running[name]

        def go_on() -> None:
            self._thaw(running)
            running.loop.drain()
            running.loop.freeze()

        if running.main.free:
            self._run(running, go_on)
        self._wake_sleepers(running)
        self._disarm(running)

    def rest(self) -> None:
        """Give `sys.modules` back to the process between runs of the world."""
        self._simulation.modules_at_rest()

    def close(self) -> None:
        """Shut down: every instance's tasks are cancelled, its loop closed, its threads ended."""
        while self._running:
            _, running = self._running.popitem()
            self._disarm(running)
            self._dispose(running)
        self.rest()
        self._simulation.detach(self)

    # -- what the patches ask for, on bots' threads

    def send(self, request: Request, timeout_s: float | None) -> Outcome:
        """A blocking call: this thread stands still until the world answers."""
        seat = current_seat()
        running = self._by_crew.get(seat.crew) if seat is not None else None
        if seat is None or running is None or running.closing:
            return Failure("refused", "this instance is gone")
        waiter = Waiter(seat)
        outcomes: list[Outcome] = []

        def deliver(outcome: Outcome) -> None:
            outcomes.append(outcome)
            self._resume(running, waiter)

        self._emit_call(running, seat, request, timeout_s, deliver)
        seat.wait(waiter)
        return outcomes[0]

    async def send_async(self, request: Request, timeout_s: float | None) -> Outcome:
        seat = current_seat()
        running = self._by_crew.get(seat.crew) if seat is not None else None
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
            lambda outcome: self._answer(running, future, outcome),
        )
        return await future

    def draw(self, size: int) -> bytes:
        """Seeded bytes for the bot, addressed by what runs and how often it drew."""
        seat = current_seat()
        running = self._by_crew.get(seat.crew) if seat is not None else None
        if running is None:
            return self._kernel.chance.stream("bot").randbytes(size)
        invocation = CURRENT.get()
        name = invocation.name if invocation is not None else running.instance.name
        drawn = running.draws[name] = running.draws.get(name, 0) + 1
        return self._kernel.chance.stream(f"bot/{name}/{drawn}").randbytes(size)

    def refuse(self, host: str) -> None:
        """A library other than httpx reached for the network."""
        invocation = CURRENT.get()
        self._events.append(lambda: self._note_unmediated(invocation, host))

    def now(self) -> float:
        """Unix seconds on the world's clock."""
        return self._kernel.clock.unix

    def expires(self, waiter: Waiter, after_s: float) -> None:
        """End a thread's wait after so many virtual seconds."""
        running = self._by_crew.get(waiter.seat.crew)
        if running is not None:
            running.sleepers[waiter] = self._kernel.clock.unix + max(after_s, 0.0)

    def carry_over(self) -> Callable[[], None]:
        invocation = CURRENT.get()
        return lambda: _set_current(invocation)

    def employs(self, executor: ThreadPoolExecutor) -> None:
        seat = current_seat()
        running = self._by_crew.get(seat.crew) if seat is not None else None
        if running is not None:
            running.pools.add(executor)

    # -- inside: running

    def _run(self, running: _Running, job: Callable[[], None]) -> None:
        """Do a job on the instance's main thread, then tell the host what came of it."""
        self._enter(running)
        self._hold(running, lambda: running.main.run(job))

    def _resume(self, running: _Running, waiter: Waiter) -> None:
        """Let a thread that stood still go on."""
        if waiter.released or running.closing:
            return
        self._enter(running)
        waiter.release()
        self._hold(running, running.crew.settle)

    def _enter(self, running: _Running) -> None:
        self._simulation.activate(running.modules)
        self._simulation.clock.move_to(self._kernel.clock.unix)

    def _hold(self, running: _Running, hand_over: Callable[[], None]) -> None:
        """Hand over the baton, and again while threads have left work for the loop; then pump."""
        try:
            hand_over()
            running.main.check()
            while running.main.free and running.loop.is_ready():
                running.main.run(running.loop.drain)
        except SystemExit as error:
            why = f"the bot called sys.exit({error.code!r})"
            self._events.append(lambda: self._crashed(running, why))
        except BotHungError as error:
            self._simulation.tainted = True
            invocation = running.instance.invocation
            doing = (
                f" while it handled {invocation.name} ({invocation.request.raw_path})"
                if invocation
                else " at its start"
            )
            raise BotHungError(f"{error}{doing}", error.stack) from None
        self._collect_arrivals(running)
        self._pump()
        if self._running.get(running.instance.name) is running:
            self._arm(running)

    def _collect_arrivals(self, running: _Running) -> None:
        """Calls of worker threads, in an order that does not depend on which thread was faster."""
        if running.arrivals:
            running.arrivals.sort(key=lambda arrival: arrival[0])
            self._events.extend(event for _, event in running.arrivals)
            running.arrivals.clear()

    def _pump(self) -> None:
        """Hand what happened to the host, in order, on the kernel's thread."""
        if self._pumping:
            return
        self._pumping = True
        try:
            while self._events:
                self._events.popleft()()
        finally:
            self._pumping = False

    def _arm(self, running: _Running) -> None:
        """Keep the instance's earliest timer on the world's agenda while it is running."""
        due = self._next_due(running)
        pending = running.timer is not None and running.timer.pending
        if due == running.timer_due and (due is None or pending):
            return
        self._disarm(running)
        if due is None:
            return
        invocation = running.instance.invocation or running.instance.boot
        running.timer_due = due
        running.timer = self._kernel.at(
            self._kernel.clock.now + due - self._kernel.clock.unix,
            f"{invocation.name}/timer",
            lambda: self._fire(running),
            roots=invocation.roots,
            task=invocation.name,
        )

    def _next_due(self, running: _Running) -> float | None:
        if running.instance.state is State.FROZEN or running.loop.frozen:
            return None
        dues = [due for waiter, due in running.sleepers.items() if not waiter.released]
        if running.main.free and (timer := running.loop.next_timer()) is not None:
            dues.append(timer)
        return min(dues, default=None)

    def _disarm(self, running: _Running) -> None:
        self._kernel.cancel(running.timer)
        running.timer = None
        running.timer_due = None

    def _fire(self, running: _Running) -> None:
        running.timer_due = None
        self._wake_sleepers(running)
        if running.main.free and not running.loop.frozen:
            self._run(running, running.loop.drain)

    def _wake_sleepers(self, running: _Running) -> None:
        """End the waits that are due, one after the other, in the order of their times and
        threads.
        """
        limit = self._kernel.clock.unix + 1e-6
        due = sorted(
            (when, waiter.seat.index, waiter)
            for waiter, when in running.sleepers.items()
            if waiter.released or when <= limit
        )
        for _, _, waiter in due:
            running.sleepers.pop(waiter, None)
            if not waiter.released and not running.closing:
                self._enter(running)
                waiter.expire()
                self._hold(running, running.crew.settle)

    def _thaw(self, running: _Running) -> None:
        running.loop.thaw()
        if running.application is not None:
            running.application.thaw()

    # -- inside: calls

    def _emit_call(
        self,
        running: _Running,
        seat: Seat,
        request: Request,
        timeout_s: float | None,
        deliver: Callable[[Outcome], None],
    ) -> None:
        invocation = self._invocation_of(running)

        def arrive() -> None:
            self._gate.arrive(invocation, request, timeout_s=timeout_s, deliver_outcome=deliver)

        if seat is running.main.seat:
            self._events.append(arrive)
        else:
            body = request.body.decode("latin-1")
            running.arrivals.append(((invocation.name, request.method, request.url, body), arrive))

    def _invocation_of(self, running: _Running) -> Invocation:
        """Whose call it is. Work that was started with the instance counts for the request it may
        serve just now.
        """
        instance = running.instance
        invocation = CURRENT.get()
        if invocation is None or (invocation is instance.boot and not invocation.open):
            return instance.invocation or instance.boot
        return invocation

    def _answer(
        self, running: _Running, future: "asyncio.Future[Outcome]", outcome: Outcome
    ) -> None:
        if running.closing or future.done():
            return
        if not running.main.free:
            running.loop.call_soon(_set_result, future, outcome)
            return

        def go_on() -> None:
            _set_result(future, outcome)
            running.loop.drain()

        self._run(running, go_on)

    def _crashed(self, running: _Running, why: str) -> None:
        if self.host is not None and running.instance.name in self.host.instances:
            self.host.die(running.instance, FAILED, why)

    def _note_unmediated(self, invocation: Invocation | None, host: str) -> None:
        self._kernel.note(
            "finding",
            "unmediated",
            cause=invocation.entry if invocation is not None else -1,
            roots=invocation.roots if invocation is not None else (),
            detail={"host": host},
        )

    def _note_surviving_threads(self, running: _Running) -> None:
        """Report threads that outlive the response, apart from idle workers of pools: they can not
        be frozen in this process.
        """
        for seat in list(running.crew.seats):
            name = seat.thread.name
            if seat is running.main.seat or _is_worker(seat.thread) or name in running.survivors:
                continue
            running.survivors.add(name)
            invocation = running.instance.invocation or running.instance.boot
            self._kernel.note(
                "instance",
                running.instance.name,
                cause=invocation.entry,
                roots=invocation.roots,
                instance=running.instance.name,
                detail={"event": "thread survives the response", "thread": name},
            )

    # -- inside: the application

    def _spawn(self, running: _Running, coroutine: Any, invocation: Invocation) -> None:
        context = Context()
        context.run(CURRENT.set, invocation)
        running.loop.create_task(coroutine, name=invocation.name, context=context)

    async def _handle(self, running: _Running, invocation: Invocation) -> None:
        host, instance, application = self._host(), running.instance, running.application
        if application is None:
            raise EmulatorBug(f"{instance.name} was given a request before it had started")
        error = await application.call(
            invocation.request,
            responded=lambda reply: self._events.append(
                lambda: host.responded(instance, invocation, reply)
            ),
            freeze_at_last_byte=host.profile.kind == "lambda",
        )
        self._events.append(lambda: host.returned(instance, invocation, error))
        if instance.invocation is invocation:
            running.loop.freeze()

    def _host(self) -> Host:
        if self.host is None:
            raise EmulatorBug("the driver has no host")
        return self.host

    # -- inside: ending

    def _dispose(self, running: _Running) -> None:
        """Cancel what is left, close the loop, end the threads. Nothing it does on the way has an
        effect.
        """
        running.closing = True
        crew, loop = running.crew, running.loop

        def unwind() -> None:
            loop.thaw()
            for _ in range(CANCEL_ROUNDS):
                unfinished = loop.unfinished()
                if not unfinished:
                    break
                for task in unfinished:
                    task.cancel()
                loop.drain()
            loop.drain()
            for pool in list(running.pools):
                pool.shutdown(wait=False, cancel_futures=True)
            loop.close()

        self._simulation.activate(running.modules)
        if not crew.lost and running.main.free:
            with suppress(BotHungError, SystemExit):
                running.main.run(unwind)
        threads = [seat.thread for seat in crew.seats]
        ended = crew.dismiss()
        if ended and not loop.is_closed():
            # The main thread had to be ended first; what its loop still holds is unwound on a fresh
            # one.
            relief = Crew(crew.name, hang_limit_s=crew.hang_limit_s)
            self._by_crew[relief] = running
            with suppress(BotHungError, SystemExit):
                MainThread(relief).run(unwind)
            ended = relief.dismiss()
            del self._by_crew[relief]
        if not ended:
            self._simulation.tainted = True
            forget_at_exit(threads)
        del self._by_crew[crew]


def _set_current(invocation: Invocation | None) -> None:
    CURRENT.set(invocation)


def _set_result(future: "asyncio.Future[Outcome]", outcome: Outcome) -> None:
    if not future.done():
        future.set_result(outcome)


def _is_worker(thread: Any) -> bool:
    """Pools keep their threads on purpose; they wait for the next job."""
    return type(thread).__name__ == "WorkerThread" or thread.name.startswith(
        ("ThreadPoolExecutor", "AnyIO", "asyncio_")
    )


def _raise(error: Exception) -> None:
    raise error
