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
from emulator.serverless.host import FAILED, SHUTDOWN_LIMIT_S, TIMED_OUT, Host, Instance, State
from emulator.serverless.intake import Intake, Running
from emulator.serverless.raised import Raised

if TYPE_CHECKING:
    from emulator.serverless.live import Live

# How long to wait for the next event while a process is busy, and while nothing is known to be
# under way (real seconds). Short, because a process falls asleep without telling anybody.
BUSY_WAIT_S = 0.0003
IDLE_WAIT_S = 0.02
# A bot whose processes end by themselves so often in one world is not judged: each start costs a
# second, and every failure brings a redelivery.
DEATHS_LIMIT = 20
# A connection that breaks may be the process dying; its end is known this much later at most.
DEATH_KNELL_S = 0.5
# How long a process that is stuck is watched, to tell one that waits from one that computes.
DOZE_LIMIT_S = 1.0
# How long a freeze lasts at least (real seconds). Real ones outlast the shortest timers: what
# `setTimeout` with 0 or 1 left behind is due when its instance runs again.
SHORTEST_FREEZE_S = 0.003
# What frozen instances are given at the end of a world, to show what they still want to do.
LAST_WORDS_S = 0.1


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
        running = Running(instance, body, instance.boot, instance.boot)
        running.pending, body.held = body.held, []
        self._intake.add(running)
        self._settle(running)

    def begin(self, instance: Instance, invocation: Invocation) -> None:
        running = self._of(instance)
        if running.body.stopped and not self._thaw(running):
            self._start_anew(running)
            return
        self._requests += 1
        number = self._requests
        running.requests[number] = running.latest = invocation
        running.spent_s[invocation] = 0.0
        self._release(running, invocation)
        self._live.client.send(
            running.body.place,
            invocation.request,
            lambda outcome: self._live.events.put(
                Event("response", running.body, outcome=outcome, request=number)
            ),
            # Work that was left behind may fail at any time, and servers answer that by closing
            # the connection that it came over.
            fresh=not running.clean,
        )
        self._settle(running)

    def freeze(self, instance: Instance) -> None:
        """Stop its processes. What they sent before, and was not waited for, is kept until they run
        again: it is late however it was read.

        A bot that somebody else has started runs on.
        """
        running = self._of(instance)
        if running.body.stops:
            running.body.stop_running()
            running.stopped_at = wall.monotonic()
            self._live.escaped.update(dict.fromkeys(running.body.escaped))

    def recycle(self, instance: Instance, over: Callable[[], None]) -> None:
        """Ask the process to shut down; it is killed when that takes too long."""
        running = self._of(instance)
        running.clean = False
        if running.body.stopped and not self._thaw(running):
            over()
            return
        running.over = over
        self._release(running, instance.boot)
        running.body.terminate()
        self._settle(running)

    def kill(self, instance: Instance) -> None:
        running = self._intake.get(instance.name)
        if running is not None:
            self._let_go(running, clean=False)

    # -- for worlds

    def leftovers(self) -> list[str]:
        """Thaw every instance once, give it some time, and take in what it does; the names of those
        that made calls.
        """
        if not self._host().platform.freezes:
            return []
        if self._wake():
            wall.pause(LAST_WORDS_S)
        found = []
        for running in self._intake:
            known = len(self._gate.late_calls)
            self._tail(running)
            if len(self._gate.late_calls) > known:
                found.append(running.instance.name)
        return found

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
        self._gate.recording_only = True
        self._intake.take(0.0)
        for running in self._intake:
            running.clean &= running.instance.at_rest and not running.pending
        self._wake(only_clean=True)
        for running in self._intake:
            if running.clean:
                self._tail(running)
            self._let_go(running, clean=running.clean)
        self._live.detach(self)

    # -- freezing

    def _thaw(self, running: Running) -> bool:
        """Let a stopped instance run, and wait until it has done what it was about to do: what
        comes of that is left over for certain, if nothing else was handed to it yet.

        Returns whether it is still there.
        """
        wall.pause(max(0.0, running.stopped_at + SHORTEST_FREEZE_S - wall.monotonic()))
        self._release(running, running.serving)
        running.body.go_on()
        self._tail(running)
        return running.body.exited is None

    def _wake(self, *, only_clean: bool = False) -> bool:
        """Let all stopped instances run; returns whether there were any."""
        stopped = [
            running
            for running in self._intake
            if running.body.stopped and (running.clean or not only_clean)
        ]
        for running in stopped:
            self._release(running, running.serving)
            running.body.go_on()
        return bool(stopped)

    def _start_anew(self, running: Running) -> None:
        """Its process has ended behind the last response: the platform starts another before it
        hands over the next request (AWS Lambda, execution environment).
        """
        instance, host = running.instance, self._host()
        self._count_death(running)
        self._let_go(running, clean=False)
        host.cold_starts += 1
        instance.state = State.BOOTING
        instance.boot.open = True
        self.start(instance)

    def _hang_up(self, running: Running) -> bool:
        """End the oldest of too many calls that are never answered, as peers do whose clients have
        been frozen for long; returns whether there were any.
        """
        excess = running.too_many()
        if excess:
            self._release(running, running.serving)
        for arrival in excess:
            del running.late[arrival]
            arrival.drop()
        return bool(excess)

    # -- releasing

    def _release(self, running: Running, invocation: Invocation) -> None:
        """Something is about to be handed to this invocation: from now on, what comes is its."""
        running.serving = invocation
        self._intake.released = running
        running.body.watch.released()

    def _answer(self, running: Running, arrival: Arrival, outcome: Outcome) -> None:
        late = running.late.pop(arrival, None)
        call = running.calls.pop(arrival, None)
        if late is None:
            self.oldest_s = max(self.oldest_s, arrival.age_s)
        call = call or late
        if arrival.gone or call is None or running not in self._intake:
            return
        if not (isinstance(outcome, Failure) and outcome.kind == "timeout"):
            self._release(running, call.invocation)
        arrival.answer(outcome)
        self._settle(running)
        if late is not None:
            running.serving = running.latest

    # -- settling

    def _settle(self, running: Running) -> None:
        """Return when the instance has parked a call, has responded, is gone, or is stuck."""
        instance = running.instance
        if instance.at_rest:
            self._tail(running)
            return
        began, serving = wall.monotonic(), running.serving
        limit_s = self._live.settle_limit_s
        if instance.state is State.RETIRING:
            limit_s = min(limit_s, SHUTDOWN_LIMIT_S)
        # The platform's limit is for what the invocation has run in all, in real seconds.
        deadline = began + self._host().profile.limit_s - running.spent_s.get(serving, 0.0)
        until = min(began + limit_s, deadline)
        wait_s = 0.0
        while True:
            if self._intake.take(wait_s, running):
                until = min(wall.monotonic() + limit_s, deadline)
            if self._advance(running) and instance.state is not State.BUSY:
                break
            waits = running.waits
            if waits and self._is_asleep(running):
                # What was read while that was found out had been sent before.
                self._intake.take(0.0, running)
                if self._advance(running):
                    if instance.state is not State.BUSY:
                        break
                    continue
                self._park(running)
                if running.stands_still(serving, since=began):
                    break
            if instance.state is State.BOOTING and not waits:
                running.body.check_start()
            elif wall.monotonic() > until:
                if waits:
                    self._live.restless = True
                    self._park(running)
                elif wall.monotonic() > deadline:
                    limit_s = self._host().profile.limit_s
                    why = f"no end of the invocation within {limit_s:g} s of real time"
                    self._host().die(instance, TIMED_OUT, why)
                else:
                    self._give_up(running, limit_s)
                break
            wait_s = BUSY_WAIT_S if waits else IDLE_WAIT_S
        if serving in running.spent_s:
            running.spent_s[serving] += wall.monotonic() - began
        self._sweep()

    def _advance(self, running: Running) -> bool:
        """Tell the host what became of the instance, if anything did; returns whether it did."""
        instance = running.instance
        if running not in self._intake:
            return True
        if running.outcomes:
            self._responded(running, *running.outcomes.popleft())
        elif ended := [one for one in running.outlasting if not running.work_left(one)]:
            self._ended(running, ended[0])
        elif running.body.exited is not None:
            # Its end may be known before what it sent in time has been read.
            self._live.network.drain()
            self._intake.take(0.0, running)
            if running.outcomes:
                self._responded(running, *running.outcomes.popleft())
            elif running.over is not None:
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
        watch = running.body.watch
        asleep = watch.asleep(self._live.network.drain)
        self._live.restless |= watch.restless
        return asleep

    def _park(self, running: Running) -> None:
        """Hand the calls that were read to the gate."""
        for arrival in running.take_pending():
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
            running.late[arrival] = call
        else:
            running.calls[arrival] = call
        if arrival.gone:
            running.forsake(arrival)

    def _responded(self, running: Running, invocation: Invocation, outcome: Outcome) -> None:
        """A request in flight is over. What is parked by now was not waited for; what was read and
        is not parked was made just before the response, or just behind it.
        """
        instance, host = running.instance, self._host()
        if isinstance(outcome, Failure) and not isinstance(outcome, TooLarge):
            if outcome.kind == "refused":
                running.body.refused()
            self._listen_for_death(running)
            if running.body.exited is not None:
                self._died(running)
                return
        # What is left over is this invocation's.
        running.serving = invocation
        if isinstance(outcome, Reply):
            host.responded(instance, invocation, outcome)
        elif isinstance(outcome, TooLarge):
            host.too_large(instance, invocation, outcome.message)
        else:
            running.clean = False
            host.returned(instance, invocation, Raised(outcome.message, "", outcome.message))
        if invocation in instance.serving and running.work_left(invocation):
            running.outlasting.append(invocation)
        else:
            self._ended(running, invocation)

    def _ended(self, running: Running, invocation: Invocation) -> None:
        """An answered request has done all that it registered. Whether the application's own call
        is over can not be seen from outside.
        """
        running.serving = invocation
        failures = running.failures(invocation)
        self._host().returned(running.instance, invocation, *failures)
        if invocation in running.outlasting:
            running.outlasting.remove(invocation)
        running.spent_s.pop(invocation, None)
        for arrival, call in list(running.calls.items()):
            if call.late:
                running.clean = False
                running.late[arrival] = running.calls.pop(arrival)
        self._tail(running)

    def _tail(self, running: Running) -> None:
        """Let what the instance does unasked happen, until it sleeps, and hand over the calls in
        it; one that is stopped does nothing.
        """
        until = wall.monotonic() + self._live.settle_limit_s
        body = running.body
        while running in self._intake and body.exited is None and not body.stopped:
            # Of a process that has just ended, its keeper is left for a moment, and sleeps.
            asleep = self._is_asleep(running) and body.watch.alive()
            self._intake.take(0.0 if asleep else BUSY_WAIT_S, running)
            over = wall.monotonic() > until
            if not asleep and not over:
                continue
            # Not one by one: in what order calls are read depends on sockets.
            more = bool(running.pending)
            self._park(running)
            if over and not asleep:
                self._live.restless = True
                return
            if not self._hang_up(running) and not more:
                return

    def _give_up(self, running: Running, limit_s: float) -> None:
        if running.over is not None:
            running.over()
            return
        what = (
            "it waits for something that is not part of the world, or for a timer of its own"
            if self._falls_asleep(running)
            else "it computes without end"
        )
        why = f"stuck: no call and no response within {limit_s:g} s of real time; {what}"
        self._note("stuck", running.serving, {"what": why})
        self._host().die(running.instance, TIMED_OUT, why)

    def _falls_asleep(self, running: Running) -> bool:
        """Whether it sleeps, or soon does: on a busy machine it may have had no core until now."""
        until = wall.monotonic() + DOZE_LIMIT_S
        while not self._is_asleep(running) and wall.monotonic() < until:
            wall.pause(BUSY_WAIT_S)
        # Beside a thread that never rests, the others count as asleep.
        return wall.monotonic() < until and not running.body.watch.restless

    def _died(self, running: Running) -> None:
        status = self._count_death(running)
        why = f"the process ended by itself with status {status}"
        self._host().die(running.instance, FAILED, why)

    def _count_death(self, running: Running) -> int | None:
        """Note that a process has ended by itself; returns its status. Raises BotDiedError when
        that is too often.
        """
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
        self._note("process-ended", running.serving, {"status": status})
        return status

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
            until = wall.monotonic() + self._live.settle_limit_s
            while not self._advance(running) and running.pending and not running.body.stopped:
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
