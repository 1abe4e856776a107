"""The simulated driver: instances of a Python ASGI app in this process, each on a loop and a thread
of its own, on virtual time.
"""

import asyncio
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from emulator.delivery import Invocation
from emulator.errors import BotHungError, BotStartError, EmulatorBug
from emulator.exchange import Failure, Outcome, Reply, Request
from emulator.gate import Gate
from emulator.kernel import Kernel
from emulator.serverless.baton import BotThread, current_thread
from emulator.serverless.host import FAILED, Host, Instance, State
from emulator.serverless.loop import InstanceLoop
from emulator.step import Step

if TYPE_CHECKING:
    from emulator.serverless.simulation import Simulation

# Which invocation the running task belongs to; tasks it creates inherit it, also when they run
# during a later invocation.
CURRENT: ContextVar[Invocation | None] = ContextVar("thrice_invocation", default=None)
# Rounds of cancelling and draining a dead instance gets; a task that survives cancelling more often
# is left to the garbage collector.
CANCEL_ROUNDS = 10


@dataclass(slots=True, eq=False)
class _Waiter:
    """Who waits for the outcome of a call: a future of the loop, or a parked thread."""

    future: "asyncio.Future[Outcome] | None" = None
    thread: BotThread | None = None
    outcome: Outcome | None = None


@dataclass(slots=True, eq=False)
class _Running:
    """What the driver keeps of one instance."""

    instance: Instance
    thread: BotThread
    loop: InstanceLoop
    app: Any = None
    modules: dict[str, ModuleType] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    thawing: "list[asyncio.Future[None]]" = field(default_factory=list)
    timer: Step | None = None
    timer_due: float | None = None
    closing: bool = False
    draws: dict[str, int] = field(default_factory=dict)
    shutdown: "asyncio.Future[None] | None" = None


class AsgiDriver:
    """Runs the instances of one world. Nothing is ever concurrent: performing a step runs one
    instance until it is idle.
    """

    def __init__(self, kernel: Kernel, gate: Gate, simulation: "Simulation") -> None:
        self._kernel = kernel
        self._gate = gate
        self._simulation = simulation
        self._running: dict[str, _Running] = {}
        self._by_thread: dict[BotThread, _Running] = {}
        self._events: deque[Callable[[], None]] = deque()
        self._pumping = False
        self.host: Host | None = None
        simulation.attach(self)

    # -- what the host asks for

    def start(self, instance: Instance) -> None:
        thread = BotThread(instance.name, hang_limit_s=self._simulation.hang_limit_s)
        running = _Running(instance, thread, InstanceLoop(lambda: self._kernel.clock.unix))
        self._running[instance.name] = running
        self._by_thread[thread] = running

        def boot() -> None:
            running.app, running.modules = self._simulation.load()
            self._spawn(running, self._lifespan(running), instance.boot)
            running.loop.drain()

        self._run(running, boot)

    def begin(self, instance: Instance, invocation: Invocation) -> None:
        running = self._running[instance.name]

        running.draws.clear()

        def handle() -> None:
            running.loop.thaw()
            for waiting in running.thawing:
                if not waiting.done():
                    waiting.set_result(None)
            running.thawing.clear()
            self._spawn(running, self._handle(running, invocation), invocation)
            running.loop.drain()

        self._run(running, handle)

    def freeze(self, instance: Instance) -> None:
        running = self._running[instance.name]
        running.loop.freeze()
        self._disarm(running)

    def kill(self, instance: Instance) -> None:
        running = self._running.pop(instance.name, None)
        if running is not None:
            self._disarm(running)
            self._dispose(running)

    # -- for worlds

    def leftovers(self) -> list[str]:
        """Names of frozen instances with work that was not done."""
        return [name for name, running in self._running.items() if running.loop.has_leftovers()]

    def reveal(self, name: str) -> None:
        """Thaw an instance once, so that the gate (recording only) sees what it still wanted."""
        running = self._running[name]

        def go_on() -> None:
            running.loop.thaw()
            for waiting in running.thawing:
                if not waiting.done():
                    waiting.set_result(None)
            running.thawing.clear()
            running.loop.drain()
            running.loop.freeze()

        self._run(running, go_on)
        self._disarm(running)

    def rest(self) -> None:
        """Give `sys.modules` back to the process between runs of the world."""
        self._simulation.modules_at_rest()

    def close(self) -> None:
        """Shut down: every instance's tasks are cancelled, its loop closed, its thread ended."""
        while self._running:
            _, running = self._running.popitem()
            self._disarm(running)
            self._dispose(running)
        self.rest()
        self._simulation.detach(self)

    # -- what the patches ask for, on bots' threads

    def send(self, request: Request, timeout_s: float | None) -> Outcome:
        """A blocking call: park this thread until the world answers."""
        thread = current_thread()
        running = self._by_thread.get(thread) if thread is not None else None
        if thread is None or running is None or running.closing:
            return Failure("refused", "this instance is gone")
        waiter = _Waiter(thread=thread)
        self._emit_call(running, request, timeout_s, waiter)
        thread.park()
        return waiter.outcome or Failure("reset", "no outcome")

    async def send_async(self, request: Request, timeout_s: float | None) -> Outcome:
        thread = current_thread()
        running = self._by_thread.get(thread) if thread is not None else None
        if running is None or running.closing:
            return Failure("refused", "this instance is gone")
        waiter = _Waiter(future=running.loop.create_future())
        self._emit_call(running, request, timeout_s, waiter)
        assert waiter.future is not None
        return await waiter.future

    def draw(self, size: int) -> bytes:
        """Seeded bytes for the bot, addressed by what runs and how often it drew."""
        thread = current_thread()
        running = self._by_thread.get(thread) if thread is not None else None
        if running is None:
            return self._kernel.chance.stream("bot").randbytes(size)
        invocation = CURRENT.get()
        name = invocation.name if invocation is not None else running.instance.name
        drawn = running.draws[name] = running.draws.get(name, 0) + 1
        return self._kernel.chance.stream(f"bot/{name}/{drawn}").randbytes(size)

    def refuse(self, host: str) -> None:
        """A library other than httpx reached for the network."""
        invocation = CURRENT.get()
        self._events.append(
            lambda: self._note_unmediated(invocation, host),
        )

    # -- inside: running

    def _run(self, running: _Running, job: Callable[[], None]) -> None:
        """Do a job on the instance's thread, then tell the host what came of it."""
        self._enter(running)
        self._hold(running, lambda: running.thread.run(job))

    def _enter(self, running: _Running) -> None:
        if running.app is not None:
            self._simulation.activate(running.modules)
        self._simulation.clock.move_to(self._kernel.clock.unix)

    def _hold(self, running: _Running, hand_over: Callable[[], None]) -> None:
        try:
            hand_over()
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
        self._pump()
        if self._running.get(running.instance.name) is running:
            self._arm(running)

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
        busy = running.instance.state in (State.BUSY, State.BOOTING) and not running.loop.frozen
        due = running.loop.next_timer() if busy and not running.thread.parked else None
        if due == running.timer_due and (
            due is None or (running.timer is not None and running.timer.pending)
        ):
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

    def _disarm(self, running: _Running) -> None:
        self._kernel.cancel(running.timer)
        running.timer = None
        running.timer_due = None

    def _fire(self, running: _Running) -> None:
        running.timer_due = None
        if not running.thread.parked:
            self._run(running, running.loop.drain)

    def _emit_call(
        self, running: _Running, request: Request, timeout_s: float | None, waiter: _Waiter
    ) -> None:
        invocation = CURRENT.get() or running.instance.invocation or running.instance.boot
        self._events.append(
            lambda: _ignore(
                self._gate.arrive(
                    invocation,
                    request,
                    timeout_s=timeout_s,
                    deliver_outcome=lambda outcome: self._answer(running, waiter, outcome),
                )
            )
        )

    def _answer(self, running: _Running, waiter: _Waiter, outcome: Outcome) -> None:
        if running.closing:
            return
        if waiter.thread is not None:
            waiter.outcome = outcome
            self._enter(running)
            self._hold(running, waiter.thread.resume)
            return
        future = waiter.future
        if future is None or future.done():
            return
        if running.thread.parked:
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

    # -- inside: ASGI

    def _spawn(self, running: _Running, coroutine: Any, invocation: Invocation) -> None:
        context = Context()
        context.run(CURRENT.set, invocation)
        running.loop.create_task(coroutine, name=invocation.name, context=context)

    async def _handle(self, running: _Running, invocation: Invocation) -> None:
        """One application call, from the request to its return."""
        host = self._host()
        instance, loop, request = running.instance, running.loop, invocation.request
        freeze_at_last_byte = host.profile.kind == "lambda"
        gone = loop.create_future()
        body_given = False
        status = 0
        headers: list[tuple[str, str]] = []
        chunks: list[bytes] = []
        complete = False

        async def receive() -> dict[str, Any]:
            nonlocal body_given
            if not body_given:
                body_given = True
                return {"type": "http.request", "body": request.body, "more_body": False}
            if not complete:
                await gone
            return {"type": "http.disconnect"}

        async def send(message: Mapping[str, Any]) -> None:
            nonlocal status, complete
            if message["type"] == "http.response.start":
                status = message["status"]
                headers.extend(
                    (_text(key), _text(value)) for key, value in message.get("headers", ())
                )
            elif message["type"] == "http.response.body" and not complete:
                chunks.append(bytes(message.get("body", b"")))
                if not message.get("more_body", False):
                    complete = True
                    reply = Reply(status, tuple(headers), b"".join(chunks))
                    self._events.append(lambda: host.responded(instance, invocation, reply))
                    if not gone.done():
                        gone.set_result(None)
                    if freeze_at_last_byte:
                        # Frozen at this very byte: neither the app's own call nor anything that is
                        # ready goes on.
                        loop.freeze()
                        thawed = loop.create_future()
                        running.thawing.append(thawed)
                        await thawed

        error: str | None = None
        try:
            await running.app(_scope(request, running.state), receive, send)
        except asyncio.CancelledError:
            if running.closing:
                raise
            error = traceback.format_exc()
        except Exception:
            error = traceback.format_exc()
        self._events.append(lambda: host.returned(instance, invocation, error))
        if instance.invocation is invocation:
            loop.freeze()

    async def _lifespan(self, running: _Running) -> None:
        """ASGI lifespan: start-up at a cold start; shutdown when `running.shutdown` is set."""
        host = self._host()
        instance = running.instance
        asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        await asked.put({"type": "lifespan.startup"})
        begun = False
        failure: str | None = None

        def booted() -> None:
            nonlocal begun
            if not begun:
                begun = True
                self._events.append(lambda: host.booted(instance))

        async def send(message: Mapping[str, Any]) -> None:
            nonlocal failure
            if message["type"] == "lifespan.startup.complete":
                booted()
            elif message["type"] == "lifespan.startup.failed":
                failure = message.get("message") or "lifespan.startup.failed"
                self._events.append(lambda: _raise(BotStartError(_last_line(failure or ""))))
            elif message["type"] == "lifespan.shutdown.complete" and running.shutdown is not None:
                running.shutdown.set_result(None)

        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": running.state,
        }
        try:
            await running.app(scope, asked.get, send)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            # As servers do by default: an app that does not know the lifespan protocol is served
            # without it.
            if not begun and failure is None and not _refuses_lifespan(error):
                problem = BotStartError(f"{type(error).__name__}: {error}")
                self._events.append(lambda: _raise(problem))
                return
        if failure is None:
            booted()

    def _host(self) -> Host:
        if self.host is None:
            raise EmulatorBug("the driver has no host")
        return self.host

    # -- inside: ending

    def _dispose(self, running: _Running) -> None:
        """Cancel what is left, close the loop, end the thread. Nothing it does on the way has an
        effect.
        """
        running.closing = True
        thread, loop = running.thread, running.loop

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
            loop.close()

        if not thread.lost:
            self._enter(running)
            with suppress(BotHungError, SystemExit):
                thread.abandon()
                thread.run(unwind)
        ended = thread.close()
        if ended and not loop.is_closed():
            # The thread had to be ended by force; what its loop still holds is unwound on a fresh
            # one.
            relief = BotThread(thread.name, hang_limit_s=self._simulation.hang_limit_s)
            self._by_thread[relief] = running
            with suppress(BotHungError, SystemExit):
                relief.run(unwind)
            ended = relief.close()
            del self._by_thread[relief]
        if not ended:
            self._simulation.tainted = True
        del self._by_thread[thread]


def _scope(request: Request, state: Mapping[str, Any]) -> dict[str, Any]:
    parts = request.parts
    headers = [
        (key.lower().encode("latin-1"), value.encode("latin-1")) for key, value in request.headers
    ]
    if request.header("host") is None:
        headers.insert(0, (b"host", parts.netloc.encode("latin-1")))
    if request.body and request.header("content-length") is None:
        headers.append((b"content-length", str(len(request.body)).encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": parts.scheme,
        "path": unquote(request.raw_path),
        "raw_path": request.raw_path.encode("latin-1", "replace"),
        "query_string": request.raw_query.encode("latin-1", "replace"),
        "root_path": "",
        "headers": headers,
        "client": ("203.0.113.7", 443),
        "server": (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)),
        "state": dict(state),
    }


def _text(value: bytes | str) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _set_result(future: "asyncio.Future[Outcome]", outcome: Outcome) -> None:
    if not future.done():
        future.set_result(outcome)


def _refuses_lifespan(error: Exception) -> bool:
    """Apps written for HTTP only fail on the scope's type: an assertion, a missing key, or an error
    that names the scope.
    """
    return (
        isinstance(error, AssertionError | KeyError | TypeError)
        or "lifespan" in str(error)
        or "scope" in str(error)
    )


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else text


def _raise(error: Exception) -> None:
    raise error


def _ignore(value: object) -> None:
    """The gate keeps the call itself."""
