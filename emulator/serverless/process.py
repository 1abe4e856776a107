"""The settle driver: instances of a bot as processes, and one thing released at a time.

Performing a step hands something to one process and returns when that has parked its next call, has
responded, or is stuck. So a foreign process is as deterministic as its own code is.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from emulator.delivery import Invocation
from emulator.errors import BotDiedError, EmulatorBug
from emulator.exchange import Failure, Outcome, Reply
from emulator.gate import Gate
from emulator.kernel import Kernel
from emulator.net import Arrival, wall
from emulator.net.client import TooLarge
from emulator.serverless.body import Event
from emulator.serverless.host import (
    FAILED,
    SHUTDOWN_LIMIT_S,
    TIMED_OUT,
    Host,
    Instance,
    State,
)
from emulator.serverless.intake import Intake, Running
from emulator.serverless.raised import Raised

if TYPE_CHECKING:
    from emulator.serverless.live import Live

# How long to wait for the next event while a process is busy, and while nothing is known to be
# under way (real seconds). Short, because a process falls asleep without telling anybody.
BUSY_WAIT_S = 0.0003
IDLE_WAIT_S = 0.02
# How long a process may go on after its response before the world does (real seconds).
TAIL_LIMIT_S = 1.0
# A bot whose processes end by themselves so often in one world is not judged: each start costs a
# second, and every failure brings a redelivery.
DEATHS_LIMIT = 20
# A connection that breaks may be the process dying; its end is known this much later at most.
DEATH_KNELL_S = 0.5
# What frozen instances are given at the end of a world, to show what they still want to do.
LAST_WORDS_S = 0.1
# Vercel errors page: the code for a response above the platform's limit.
TOO_LARGE = Reply(500, (("content-type", "text/plain"),), b"FUNCTION_RESPONSE_PAYLOAD_TOO_LARGE")


class ProcessDriver:
    """Runs the instances of one world on processes. All methods are for the kernel's thread.

    `oldest_s` is the longest that a call was left waiting for its answer, in real seconds.
    """

    def __init__(self, kernel: Kernel, gate: Gate, live: "Live") -> None:
        self.host: Host | None = None
        self.oldest_s = 0.0
        self._kernel = kernel
        self._gate = gate
        self._live = live
        self._intake = Intake(live.events)
        self._requests = 0
        self._deaths = 0
        self._closed = False

    # -- what the host asks for

    def start(self, instance: Instance) -> None:
        """Give the instance a process; one that is still starting is waited for."""
        body = self._live.source.take()
        running = Running(instance, body, instance.boot)
        running.pending, body.held = body.held, []
        self._intake.add(running)
        self._settle(running)

    def begin(self, instance: Instance, invocation: Invocation) -> None:
        running = self._of(instance)
        self._requests += 1
        number = running.request = self._requests
        running.serving = invocation
        running.outcome = None
        self._release(running)
        self._live.client.send(
            running.body.place,
            invocation.request,
            lambda outcome: self._live.events.put(
                Event("response", running.body, outcome=outcome, request=number)
            ),
        )
        self._settle(running)

    def freeze(self, instance: Instance) -> None:
        """Its process runs on; whatever it still wants is withheld and noted as late."""

    def recycle(self, instance: Instance, over: Callable[[], None]) -> None:
        """Ask the process to shut down; it is killed when that takes too long."""
        running = self._of(instance)
        running.serving = instance.boot
        running.over = over
        running.clean = False
        self._release(running)
        running.body.terminate()
        self._settle(running)

    def kill(self, instance: Instance) -> None:
        running = self._intake.get(instance.name)
        if running is not None:
            self._let_go(running, clean=False)

    # -- for worlds

    def leftovers(self) -> list[str]:
        """All instances: what one of them left behind shows in what it does, given time."""
        names = self._intake.names()
        if names:
            wall.pause(LAST_WORDS_S)
        return names

    def reveal(self, name: str) -> None:
        running = self._intake.get(name)
        if running is not None:
            self._tail(running)

    def rest(self) -> None:
        """Nothing to give back between runs of the world."""

    def close(self) -> None:
        """Give the processes back: those that are as good as new serve the next world."""
        if self._closed:
            return
        self._closed = True
        self._intake.take(0.0)
        for running in self._intake:
            idle = running.instance.state is State.FROZEN and not running.calls
            self._let_go(running, clean=running.clean and idle and not running.pending)
        self._live.detach(self)

    # -- releasing

    def _release(self, running: Running) -> None:
        """Something is about to be handed to this instance: from now on, what comes is its."""
        self._intake.released = running
        running.body.watch.released()

    def _answer(self, running: Running, arrival: Arrival, outcome: Outcome) -> None:
        running.calls.pop(arrival, None)
        self.oldest_s = max(self.oldest_s, arrival.age_s)
        if arrival.gone or running not in self._intake:
            return
        if not (isinstance(outcome, Failure) and outcome.kind == "timeout"):
            self._release(running)
        arrival.answer(outcome)
        self._settle(running)

    # -- settling

    def _settle(self, running: Running) -> None:
        """Return when the instance has parked a call, has responded, is gone, or is stuck."""
        limit_s = self._live.settle_limit_s
        if running.instance.state is State.FROZEN:
            self._tail(running)
            return
        if running.instance.state is State.BUSY:
            limit_s = min(limit_s, self._host().profile.limit_s)
        elif running.instance.state is State.RETIRING:
            limit_s = min(limit_s, SHUTDOWN_LIMIT_S)
        until = wall.monotonic() + limit_s
        wait_s = 0.0
        while True:
            if self._intake.take(wait_s, running):
                until = wall.monotonic() + limit_s
            if self._advance(running):
                break
            waits = bool(running.pending or running.serving.parked)
            if waits and self._is_asleep(running):
                # What was read while that was found out had been sent before.
                self._intake.take(0.0, running)
                if not self._advance(running):
                    self._park(running)
                break
            if running.instance.state is State.BOOTING and not waits:
                running.body.check_start()
            elif wall.monotonic() > until:
                self._give_up(running, limit_s)
                break
            wait_s = BUSY_WAIT_S if waits else IDLE_WAIT_S
        self._sweep()

    def _advance(self, running: Running) -> bool:
        """Tell the host what became of the instance, if anything did; returns whether it did."""
        instance = running.instance
        if running not in self._intake:
            return True
        if running.outcome is not None:
            outcome, running.outcome = running.outcome, None
            self._responded(running, outcome)
        elif running.body.exited is not None:
            if running.over is not None:
                running.over()
            else:
                self._died(running)
        elif instance.state is State.BOOTING and running.body.ready:
            self._park(running)
            self._host().booted(instance)
        else:
            return False
        return True

    def _is_asleep(self, running: Running) -> bool:
        return running.body.watch.asleep(self._live.network.drain)

    def _park(self, running: Running) -> None:
        """Hand the calls that were read to the gate, in an order that does not depend on sockets:
        calls made in parallel come in any.
        """
        pending, running.pending = running.pending, []
        for arrival in sorted(pending, key=_order):
            self._arrive(running, arrival)

    def _arrive(self, running: Running, arrival: Arrival) -> None:
        call = self._gate.arrive(
            running.serving,
            arrival.request,
            timeout_s=None,
            deliver_outcome=partial(self._answer, running, arrival),
        )
        if call.late:
            running.clean = False
            running.late.append(arrival)
        else:
            running.calls[arrival] = call
            if arrival.gone:
                running.forsake(arrival)

    def _responded(self, running: Running, outcome: Outcome) -> None:
        """The request in flight is over. Calls read by now were made before, and not waited for."""
        instance, invocation = running.instance, running.serving
        if isinstance(outcome, Failure) and not isinstance(outcome, TooLarge):
            if outcome.kind == "refused":
                running.body.refused()
            self._listen_for_death(running)
            if running.body.exited is not None:
                self._died(running)
                return
        self._park(running)
        if invocation.parked:
            running.clean = False
        host = self._host()
        if isinstance(outcome, Reply):
            host.responded(instance, invocation, outcome)
            # The end of the application's own call can not be seen from outside.
            host.returned(instance, invocation)
        elif isinstance(outcome, TooLarge):
            self._note("response-too-large", invocation, {"what": outcome.message})
            host.responded(instance, invocation, TOO_LARGE)
            host.returned(instance, invocation)
        else:
            running.clean = False
            host.returned(instance, invocation, Raised(outcome.message, "", outcome.message))
        running.late += running.calls
        running.calls.clear()
        self._tail(running)

    def _tail(self, running: Running) -> None:
        """Let what the instance does after its response happen, and withhold the calls in it."""
        until = wall.monotonic() + TAIL_LIMIT_S
        while running in self._intake and running.body.exited is None:
            # Of a process that has just ended, its keeper is left for a moment, and sleeps.
            asleep = self._is_asleep(running) and running.body.watch.alive()
            self._intake.take(0.0 if asleep else BUSY_WAIT_S, running)
            if running.pending:
                self._park(running)
            elif asleep or wall.monotonic() > until:
                return

    def _give_up(self, running: Running, limit_s: float) -> None:
        if running.over is not None:
            running.over()
            return
        what = (
            "it waits for something that is not part of the world, or for a timer of its own"
            if self._is_asleep(running)
            else "it computes without end"
        )
        why = f"stuck: no call and no response within {limit_s:g} s of real time; {what}"
        self._note("stuck", running.serving, {"what": why})
        self._host().die(running.instance, TIMED_OUT, why)

    def _died(self, running: Running) -> None:
        status = running.body.exited
        self._deaths += 1
        if self._deaths == DEATHS_LIMIT:
            raise BotDiedError(
                "\n".join(
                    [
                        f"the bot's processes ended by themselves {DEATHS_LIMIT} times in one run, "
                        f"at last with status {status} while handling {running.serving.name} "
                        f"({running.serving.request.raw_path})",
                        *running.body.printed(),
                    ]
                )
            )
        why = f"the process ended by itself with status {status}"
        self._note("process-ended", running.serving, {"status": status})
        self._host().die(running.instance, FAILED, why)

    def _listen_for_death(self, running: Running) -> None:
        """A broken connection may be the first that is seen of a process that dies."""
        until = wall.monotonic() + DEATH_KNELL_S
        while running.body.exited is None and wall.monotonic() < until:
            self._intake.take(BUSY_WAIT_S)
            if self._is_asleep(running) and running.body.watch.alive():
                return

    def _sweep(self) -> None:
        """What other instances did unasked: a timer of theirs, an end."""
        for running in self._intake:
            until = wall.monotonic() + TAIL_LIMIT_S
            while not self._advance(running) and running.pending:
                if self._is_asleep(running) or wall.monotonic() > until:
                    self._intake.take(0.0)
                    self._park(running)
                else:
                    self._intake.take(BUSY_WAIT_S)

    # -- inside

    def _let_go(self, running: Running, *, clean: bool) -> None:
        self._intake.remove(running)
        if not clean:
            running.body.dirty = True
        for arrival in (*running.pending, *running.calls, *running.late):
            arrival.drop()
        self._live.source.give_back(running.body)

    def _note(self, name: str, invocation: Invocation, detail: dict[str, object]) -> None:
        self._kernel.note(
            "finding",
            name,
            cause=invocation.entry,
            roots=invocation.roots,
            generation=invocation.generation,
            instance=invocation.instance,
            detail=detail,
        )

    def _of(self, instance: Instance) -> Running:
        running = self._intake.get(instance.name)
        if running is None:
            raise EmulatorBug(f"{instance.name} was never started")
        return running

    def _host(self) -> Host:
        if self.host is None:
            raise EmulatorBug("the driver has no host")
        return self.host


def _order(arrival: Arrival) -> tuple[str, str, bytes]:
    request = arrival.request
    return request.method, request.url, request.body
