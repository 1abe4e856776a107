"""One instance of a bot in this process: its loop, its threads, its timers, from cold start
to end.
"""

from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context, ContextVar
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from emulator.delivery import Invocation
from emulator.errors import BotHungError, DirectBindingError
from emulator.exchange import Outcome
from emulator.kernel import Kernel
from emulator.serverless.application import Application
from emulator.serverless.baton import Crew, MainThread, Waiter
from emulator.serverless.bot_threads import forget_at_exit
from emulator.serverless.direct import DirectThread
from emulator.serverless.host import Instance, State
from emulator.serverless.loop import InstanceLoop
from emulator.step import Step, StepKind

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


class Office(Protocol):
    """What the running instances of one world share: the driver."""

    kernel: Kernel
    simulation: "Simulation"
    events: deque[Callable[[], None]]
    crews: "dict[Crew, RunningInstance]"

    @property
    def freezes(self) -> bool:
        """Whether the host freezes an instance that serves nothing."""

    def pump(self) -> None:
        """Hand what happened to the host, in order, on the kernel's thread."""

    def crashed(self, running: "RunningInstance", why: str) -> None:
        """The bot ended its own process."""


class RunningInstance:
    """The driver's side of an instance. All methods are the kernel's thread's unless they say
    otherwise.
    """

    def __init__(self, instance: Instance, office: Office) -> None:
        self._office = office
        self.instance = instance
        self.crew = Crew(instance.name, hang_limit_s=office.simulation.hang_limit_s)
        watchdog = office.simulation.watchdog
        self.main: MainThread | DirectThread = (
            MainThread(self.crew) if watchdog is None else DirectThread(self.crew, watchdog)
        )
        self.loop = InstanceLoop(lambda: self._office.kernel.clock.unix)
        self.application: Application | None = None
        self.modules: dict[str, ModuleType] = {}
        self.sleepers: dict[Waiter, float] = {}
        self.draws: dict[str, int] = {}
        # Requests whose work is not over yet, as far as the bot's own threads know.
        self.in_flight: set[Invocation] = set()
        self.closing = False
        self._arrivals: list[tuple[tuple[str, ...], Callable[[], None]]] = []
        self._timer: Step | None = None
        self._timer_due: float | None = None
        self._survivors: set[str] = set()
        office.crews[self.crew] = self

    def is_done(self, invocation: Invocation) -> bool:
        """Called on the bot's thread, at the very end of a request. When no other is in flight the
        loop stops there, on a host that freezes; returns whether it does.
        """
        if invocation not in self.in_flight:
            return False
        self.in_flight.remove(invocation)
        # The host may have given up some of them.
        self.in_flight.intersection_update(self.instance.serving)
        if self.in_flight or not self._office.freezes:
            return False
        self.loop.freeze()
        return True

    def rests(self) -> bool:
        """Let what a response froze run to its end, and tell whether the instance has nothing left
        to do then: it may serve another world.
        """
        if self.closing or self.crew.lost or not self.main.free or self.application is None:
            return False
        self.do(self.run_out)
        self.disarm()
        lifespan = 1
        return (
            self.main.free
            and not self.has_leftovers()
            and len(self.loop.unfinished()) <= lifespan
            and all(seat is self.main.seat or _is_worker(seat.thread) for seat in self.crew.seats)
        )

    def run_out(self) -> None:
        """Run what is left behind as far as it goes now."""
        self.thaw()
        self.loop.drain()
        self.loop.freeze()

    def move(self, instance: Instance, office: Office) -> None:
        """Become an instance of another world, with the memory that it has."""
        self._office.crews.pop(self.crew, None)
        self._office = office
        self.instance = instance
        self.draws.clear()
        self.in_flight.clear()
        self._survivors.clear()
        office.crews[self.crew] = self

    def emit(self, key: tuple[str, ...], event: Callable[[], None]) -> None:
        """Called on a worker thread: something for the kernel, ordered by `key`."""
        self._arrivals.append((key, event))

    def has_leftovers(self) -> bool:
        """Whether something would run if the instance were thawed now or later."""
        return self.loop.has_leftovers() or any(not waiter.released for waiter in self.sleepers)

    def do(self, job: Callable[[], None]) -> None:
        """Do a job on the instance's main thread, then tell the host what came of it."""
        self._enter()
        self._hold(lambda: self.main.run(job))

    def resume(self, waiter: Waiter) -> None:
        """Let a thread that stood still go on."""
        if waiter.released or self.closing:
            return
        self._enter()
        waiter.release()
        self._hold(self.crew.settle)

    def _enter(self) -> None:
        self._office.simulation.activate(self.modules)
        self._office.simulation.clock.move_to(self._office.kernel.clock.unix)

    def _hold(self, hand_over: Callable[[], None]) -> None:
        """Hand over the baton, and again while threads have left work for the loop; then pump."""
        try:
            hand_over()
            self.main.check()
            while self.main.free and self.loop.is_ready():
                self.main.run(self.loop.drain)
        except SystemExit as error:
            why = f"the bot called sys.exit({error.code!r})"
            self._office.events.append(lambda: self._office.crashed(self, why))
        except BotHungError as error:
            raise BotHungError(f"{error}{self._doing()}", error.stack) from None
        except DirectBindingError as error:
            raise DirectBindingError(error.what + self._doing()) from None
        self._collect_arrivals()
        self._office.pump()
        if not self.closing:
            self._arm()

    def _doing(self) -> str:
        invocation = self.instance.invocation
        if invocation is None:
            return " at its start"
        return f" while it handled {invocation.name} ({invocation.request.raw_path})"

    def _collect_arrivals(self) -> None:
        """Calls of worker threads, in an order that does not depend on which thread was faster."""
        if self._arrivals:
            self._arrivals.sort(key=lambda arrival: arrival[0])
            self._office.events.extend(event for _, event in self._arrivals)
            self._arrivals.clear()

    def _arm(self) -> None:
        """Keep the instance's earliest timer on the world's agenda while it is self."""
        due = self._next_due()
        pending = self._timer is not None and self._timer.pending
        if due == self._timer_due and (due is None or pending):
            return
        self.disarm()
        if due is None:
            return
        invocation = self.instance.invocation or self.instance.boot
        self._timer_due = due
        self._timer = self._office.kernel.at(
            self._office.kernel.clock.now + due - self._office.kernel.clock.unix,
            f"{invocation.name}/timer",
            lambda: self._fire(),
            roots=invocation.roots,
            task=invocation.name,
            kind=StepKind.WAKE,
        )

    def _next_due(self) -> float | None:
        if self.instance.state is State.FROZEN or self.loop.frozen:
            return None
        dues = [due for waiter, due in self.sleepers.items() if not waiter.released]
        if self.main.free and (timer := self.loop.next_timer()) is not None:
            dues.append(timer)
        return min(dues, default=None)

    def disarm(self) -> None:
        self._office.kernel.cancel(self._timer)
        self._timer = None
        self._timer_due = None

    def _fire(self) -> None:
        self._timer_due = None
        self.wake_sleepers()
        if self.main.free and not self.loop.frozen:
            self.do(self.loop.drain)

    def wake_sleepers(self) -> None:
        """End the waits that are due, one after the other, in the order of their times and
        threads.
        """
        limit = self._office.kernel.clock.unix + 1e-6
        due = sorted(
            (when, waiter.seat.index, waiter)
            for waiter, when in self.sleepers.items()
            if waiter.released or when <= limit
        )
        for _, _, waiter in due:
            self.sleepers.pop(waiter, None)
            if not waiter.released and not self.closing:
                self._enter()
                waiter.expire()
                self._hold(self.crew.settle)

    def thaw(self) -> None:
        self.loop.thaw()
        if self.application is not None:
            self.application.thaw()

    def answer(self, future: "asyncio.Future[Outcome]", outcome: Outcome) -> None:
        if self.closing or future.done():
            return
        if not self.main.free:
            self.loop.call_soon(_set_result, future, outcome)
            return

        def go_on() -> None:
            _set_result(future, outcome)
            self.loop.drain()

        self.do(go_on)

    def note_surviving_threads(self) -> None:
        """Report threads that outlive the response, apart from idle workers of pools: they can not
        be frozen in this process.
        """
        for seat in list(self.crew.seats):
            name = seat.thread.name
            if seat is self.main.seat or _is_worker(seat.thread) or name in self._survivors:
                continue
            self._survivors.add(name)
            invocation = self.instance.invocation or self.instance.boot
            self._office.kernel.note(
                "instance",
                self.instance.name,
                cause=invocation.entry,
                roots=invocation.roots,
                instance=self.instance.name,
                detail={"event": "thread survives the response", "thread": name},
            )

    def spawn(self, coroutine: Coroutine[Any, Any, Any], invocation: Invocation) -> None:
        context = Context()
        context.run(CURRENT.set, invocation)
        self.loop.create_task(coroutine, name=invocation.name, context=context)

    def dispose(self) -> None:
        """Cancel what is left, close the loop, end the threads. Nothing it does on the way has an
        effect.
        """
        self.closing = True
        crew, loop = self.crew, self.loop

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
            for pool in list(self.crew.pools.values()):
                pool.shutdown(wait=False, cancel_futures=True)
            loop.close()

        self._office.simulation.activate(self.modules)
        if not crew.lost and self.main.free:
            with suppress(BotHungError, DirectBindingError, SystemExit):
                self.main.run(unwind)
        threads = [seat.thread for seat in crew.seats]
        ended = crew.dismiss()
        if ended and not loop.is_closed():
            # The main thread had to be ended first; what its loop still holds is unwound on a fresh
            # one.
            relief = Crew(crew.name, hang_limit_s=crew.hang_limit_s)
            self._office.crews[relief] = self
            with suppress(BotHungError, SystemExit):
                MainThread(relief).run(unwind)
            ended = relief.dismiss()
            del self._office.crews[relief]
        if not ended:
            self._office.simulation.tainted = True
            forget_at_exit(threads)
        self._office.crews.pop(crew, None)

    def current_invocation(self) -> tuple[Invocation, bool]:
        """Whose call it is, and whether it is background work: what was started with the instance
        counts for the request that it may serve just now.
        """
        instance = self.instance
        invocation = CURRENT.get()
        if invocation is None or (invocation is instance.boot and not invocation.open):
            return instance.invocation or instance.boot, True
        return invocation, False


def _set_result(future: "asyncio.Future[Outcome]", outcome: Outcome) -> None:
    if not future.done():
        future.set_result(outcome)


def _is_worker(thread: Thread) -> bool:
    """Pools keep their threads on purpose; they wait for the next job."""
    return type(thread).__name__ == "WorkerThread" or thread.name.startswith(
        ("ThreadPoolExecutor", "AnyIO", "asyncio_")
    )
