"""The gate: every request of the bot to the outside passes here, is parked, counted, and answered
when a schedule says so.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from emulator.call import Access, Call
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Blocked, Failure, Outcome, Reply, Request, Slow
from emulator.faults.fault import Answered, FaultPlan
from emulator.kernel import Kernel
from emulator.service import Service
from emulator.step import Step, StepKind

# What becomes of calls that nobody waited for. On a real host leftover work goes on when the
# instance serves its next request, or never: `withheld` calls are never answered, `answered` ones
# take effect during the next request, `reset` ones fail then.
LatePolicy = Literal["withheld", "answered", "reset"]

# How long the world keeps a request of the bot to its own address open; the caller's own time limit
# usually ends it sooner.
SELF_POST_TIMEOUT_S = 900.0


def shown_url(request: Request) -> str:
    """The URL without its query: platforms take access tokens there, and secrets are never
    shown.
    """
    return request.url.partition("?")[0]


class Gate:
    """Takes the calls of one world's bot."""

    def __init__(self, kernel: Kernel, services: Sequence[Service]) -> None:
        self._kernel = kernel
        self._services = services
        self._by_origin: dict[str, Service | None] = {}
        self.unknown_hosts: dict[str, int] = {}
        self.late_calls: list[Call] = []
        self.recording_only = False
        self.late_policy: LatePolicy = "withheld"
        # Which calls fail, and how; none while it is None.
        self.faults: FaultPlan | None = None
        # Told of every call and what its caller got, just before the caller is told.
        self.watch: Callable[[Call, Outcome], None] | None = None
        self._held: dict[str, list[Call]] = {}
        self._running_late: dict[str, list[Call]] = {}
        # Instances of which nothing runs.
        self._frozen: set[str] = set()

    def arrive(
        self,
        invocation: Invocation,
        request: Request,
        *,
        timeout_s: float | None,
        deliver_outcome: Callable[[Outcome], None],
        background: bool = False,
    ) -> Call:
        """Park a call that the bot has just made.

        `timeout_s` is the client's own patience (None: endless). `deliver_outcome` is called at
        most once, later, never from inside this method. A `background` call is one of work
        that was started with the instance. A call of an invocation that has ended is
        late: it is noted and never answered.
        """
        kernel = self._kernel
        service = self._service_for(request)
        ordinal = invocation.calls
        invocation.calls += 1
        call = Call(
            name=f"{invocation.name}#{ordinal}",
            invocation=invocation,
            request=request,
            service=service.name if service is not None else self._kind_of(request),
            access=service.access(request)
            if service is not None
            else Access(request.method.lower()),
            arrived=kernel.clock.now,
            timeout_s=timeout_s,
            deliver_outcome=deliver_outcome,
            background=background,
        )
        call.entry = kernel.note(
            "call",
            call.name,
            cause=invocation.entry,
            roots=invocation.roots,
            generation=invocation.generation,
            instance=invocation.instance,
            detail={
                "service": call.service,
                "verb": call.access.verb,
                "method": request.method,
                "url": shown_url(request),
            },
        )
        if not invocation.open or self.recording_only:
            self._note_late(call, "arrived after the response")
            if self.recording_only:
                return call
            if invocation.instance in self._frozen:
                self._hold(call)
            else:
                self._go_on(call)
            return call
        if ordinal >= kernel.limits.calls_per_invocation:
            self._find(call, "too-many-calls", {"limit": kernel.limits.calls_per_invocation})
            self._refuse(call, "too many calls in one invocation")
            return call
        if service is None and call.service == "unknown":
            host = request.parts.netloc
            self.unknown_hosts[host] = self.unknown_hosts.get(host, 0) + 1
            self._find(call, "unknown-host", {"host": host})
            self._refuse(call, f"{host} is not part of this world")
            return call
        self._park(call, service)
        return call

    def close(self, invocation: Invocation, *, awake: bool = False) -> None:
        """The invocation ended: nobody waited for the calls that are still parked, so they never
        take effect, except those that wait at their service already.

        Its instance is frozen, unless it is `awake` for other requests: then what was left behind
        goes on beside them, as `late_policy` says, until there are none.
        """
        invocation.open = False
        goes_on = awake and self.late_policy == "answered"
        for call in invocation.parked:
            self._note_late(call, "still parked at the response")
            if goes_on:
                self._run_late(call)
                continue
            self._withdraw(call)
            self._kernel.cancel(call.timer)
            self._hold(call)
        invocation.parked.clear()
        if awake:
            return
        self._frozen.add(invocation.instance)
        for call in self._running_late.pop(invocation.instance, ()):
            if not call.answered:
                self._withdraw(call)
                self._hold(call)

    def thawed(self, instance: str) -> None:
        """The instance runs again: what its earlier invocations left behind goes on, as
        `late_policy` says.
        """
        self._frozen.discard(instance)
        for call in self._held.pop(instance, ()):
            self._go_on(call)

    def abandon(self, invocation: Invocation) -> None:
        """The instance died: its parked calls are on the wire and still take effect, but nobody
        hears the answers.
        """
        invocation.open = False
        self._frozen.discard(invocation.instance)
        self._held.pop(invocation.instance, None)
        self._running_late.pop(invocation.instance, None)
        for call in invocation.parked:
            call.answered = True
            self._kernel.cancel(call.timer)
        invocation.parked.clear()

    # -- inside

    def _park(self, call: Call, service: Service | None) -> None:
        """Have the call wait until a schedule picks it, or its client gives up."""
        kernel, invocation, timeout_s = self._kernel, call.invocation, call.timeout_s
        invocation.parked.append(call)
        perform = (
            (lambda: self._apply(call, service))
            if service is not None
            else (lambda: self._self_post(call))
        )
        call.step = kernel.agenda.add(
            Step(
                call.name,
                StepKind.ANSWER,
                kernel.clock.now + kernel.schedule.latency(call),
                perform,
                task=invocation.name,
                roots=invocation.roots,
                call=call,
            )
        )
        if timeout_s is not None:
            call.timer = kernel.at(
                kernel.clock.now + timeout_s,
                call.name + "/timeout",
                lambda: self._give_up(call, timeout_s),
                roots=invocation.roots,
                task=invocation.name,
            )

    def _withdraw(self, call: Call) -> None:
        if call.blocked is None:
            self._kernel.cancel(call.step)

    def _hold(self, call: Call) -> None:
        call.withheld = True
        if self.late_policy != "withheld":
            self._held.setdefault(call.invocation.instance, []).append(call)

    def _run_late(self, call: Call) -> None:
        """Remember a late call of an instance that runs, for when it is frozen."""
        running = self._running_late.setdefault(call.invocation.instance, [])
        # An instance may run for long.
        running[:] = [other for other in running if not other.answered]
        running.append(call)

    def _go_on(self, call: Call) -> None:
        """A late call of an instance that runs just now."""
        if self.late_policy == "withheld":
            call.withheld = True
            return
        call.withheld = False
        self._run_late(call)
        kernel = self._kernel
        service = self._service_for(call.request)
        if self.late_policy == "reset" or service is None:
            action = lambda: self._settle(call, Failure("reset", "the connection was lost"))  # noqa: E731
        elif call.blocked is not None:
            return  # at its service, where it goes on by itself
        else:
            action = lambda: self._apply(call, service)  # noqa: E731
        call.step = kernel.agenda.add(
            Step(
                call.name + "/late",
                StepKind.ANSWER,
                kernel.clock.now + kernel.schedule.latency(call),
                action,
                task=call.invocation.name,
                roots=call.roots,
                call=call,
            )
        )

    def _service_for(self, request: Request) -> Service | None:
        origin = request.origin
        if origin not in self._by_origin:
            self._by_origin[origin] = next(
                (service for service in self._services if service.claims(request)), None
            )
        return self._by_origin[origin]

    def _kind_of(self, request: Request) -> Literal["bot", "unknown"]:
        return "bot" if request.origin in self._kernel.origins else "unknown"

    def _apply(self, call: Call, service: Service) -> None:
        if call.slow is not None:
            # Frozen between its effect and its answer, which has come in the meantime.
            self._conclude(call, call.slow.outcome)
            return
        answered = self._answer(call, service)
        if isinstance(answered, Blocked):
            call.blocked = answered
            answered.wake = lambda: self._enable(call, service)
            return
        if not isinstance(answered, Slow):
            if call.withheld:
                # Applied while nobody runs who could hear of it.
                call.slow = Slow(answered)
            else:
                self._conclude(call, answered)
            return
        call.slow = answered
        if answered.outcome is None:
            self._conclude(call, None)
            return
        kernel = self._kernel
        call.step = kernel.agenda.add(
            Step(
                call.name + "/answer",
                StepKind.ANSWER,
                kernel.clock.now + answered.latency_s,
                lambda: self._conclude(call, answered.outcome),
                task=call.invocation.name,
                roots=call.roots,
                call=call,
            )
        )

    def _answer(self, call: Call, service: Service) -> Answered:
        """The service's own answer, or what a fault makes of it."""
        fault = self.faults(call) if self.faults is not None else None
        if fault is None:
            return service.answer(call)
        kernel = self._kernel
        kernel.note(
            "fault",
            call.name,
            cause=call.entry,
            roots=call.roots,
            generation=call.invocation.generation,
            instance=call.invocation.instance,
            detail={"kind": fault.kind, "service": call.service, "verb": call.access.verb},
        )
        return fault.apply(call, lambda: service.answer(call))

    def _enable(self, call: Call, service: Service) -> None:
        """What a call waits for at its service is over: it may be tried again."""

        def perform() -> None:
            call.blocked = None
            self._apply(call, service)

        kernel = self._kernel
        call.step = kernel.agenda.add(
            Step(
                call.name + "/unblocked",
                StepKind.ANSWER,
                kernel.clock.now,
                perform,
                task=call.invocation.name,
                roots=call.roots,
                call=call,
            )
        )

    def _conclude(self, call: Call, outcome: Outcome | None) -> None:
        """The answer of an applied call arrives; None is that it never will."""
        self._note_answer(call, outcome)
        if outcome is not None:
            self._settle(call, outcome)

    def _self_post(self, call: Call) -> None:
        invocation = call.invocation

        def answered(outcome: Outcome) -> None:
            self._note_answer(call, outcome)
            self._answer_soon(call, outcome)

        accepted = self._kernel.deliver(
            Delivery(
                name=invocation.child("h"),
                kind="trigger",
                due=self._kernel.clock.now,
                build=lambda: call.request,
                on_outcome=answered,
                timeout_s=SELF_POST_TIMEOUT_S,
                roots=invocation.roots,
                generation=invocation.generation + 1,
                cause=call.entry,
                routes=call.routes,
            )
        )
        if not accepted:
            self._settle(call, Failure("refused", "this user message was cut as a runaway"))

    def _refuse(self, call: Call, why: str) -> None:
        """Its caller waits for the refusal as for any other answer."""
        call.invocation.parked.append(call)
        self._answer_soon(call, Failure("refused", why))

    def _answer_soon(self, call: Call, outcome: Outcome) -> None:
        """Answer through the agenda, so that an answer never overtakes the call's own arrival."""
        kernel = self._kernel
        call.step = kernel.agenda.add(
            Step(
                call.name + "/answer",
                StepKind.ANSWER,
                kernel.clock.now,
                lambda: self._settle(call, outcome),
                task=call.invocation.name,
                roots=call.roots,
                call=call,
            )
        )

    def _settle(self, call: Call, outcome: Outcome) -> None:
        if call.answered or call.withheld:
            return
        call.answered = True
        self._kernel.cancel(call.timer)
        if call in call.invocation.parked:
            call.invocation.parked.remove(call)
        if self.watch is not None:
            self.watch(call, outcome)
        call.deliver_outcome(outcome)

    def _give_up(self, call: Call, after_s: float) -> None:
        """The bot's client has waited long enough; the call may still take effect."""
        if not call.answered and not call.withheld:
            self._kernel.note(
                "timeout",
                call.name,
                cause=call.entry,
                roots=call.roots,
                generation=call.invocation.generation,
                instance=call.invocation.instance,
                detail={"service": call.service, "after_s": after_s},
            )
        self._settle(call, Failure("timeout", f"no answer within {after_s:g} s"))

    def _note_answer(self, call: Call, outcome: Outcome | None) -> None:
        if outcome is None:
            status: int | str = "none"
        else:
            status = outcome.status if isinstance(outcome, Reply) else outcome.kind
        self._kernel.note(
            "answer",
            call.name,
            cause=call.entry,
            roots=call.roots,
            generation=call.invocation.generation,
            instance=call.invocation.instance,
            detail={"status": status},
        )

    def _note_late(self, call: Call, why: str) -> None:
        call.late = True
        self.late_calls.append(call)
        self._kernel.note(
            "late",
            call.name,
            cause=call.entry,
            roots=call.roots,
            generation=call.invocation.generation,
            instance=call.invocation.instance,
            detail={
                "service": call.service,
                "verb": call.access.verb,
                "url": shown_url(call.request),
                "why": why,
            },
        )

    def _find(self, call: Call, name: str, detail: dict[str, object]) -> None:
        self._kernel.note(
            "finding",
            name,
            cause=call.entry,
            roots=call.roots,
            generation=call.invocation.generation,
            instance=call.invocation.instance,
            detail=detail,
        )
