"""The serverless host: which instance handles a request, when it is frozen, and when it is too
slow.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol

from emulator.delivery import Delivery, Invocation
from emulator.errors import ScenarioError
from emulator.exchange import Outcome, Reply, Request
from emulator.gate import Gate, LatePolicy
from emulator.kernel import Kernel
from emulator.serverless.raised import Raised
from emulator.step import Step

HostKind = Literal["lambda", "vercel"]

# Where a scenario wants a delivery handled: deliveries with one label share an instance as long as
# it lives, those with different labels do not. None leaves the choice to the host.
Placement = Callable[[Delivery], str | None]

# AWS Lambda quotas: a function may run 15 minutes. Vercel limits, "Max duration": 300 s by default
# with fluid compute.
DEFAULT_TIMEOUT_S: dict[HostKind, float] = {"lambda": 900.0, "vercel": 300.0}
# What a caller gets when every instance is busy: Lambda throttles with 429, Vercel with 503
# FUNCTION_THROTTLED (Vercel errors page).
THROTTLED: dict[HostKind, Reply] = {
    "lambda": Reply(429, (("content-type", "text/plain"),), b"TooManyRequestsException"),
    "vercel": Reply(503, (("content-type", "text/plain"),), b"FUNCTION_THROTTLED"),
}
# Vercel errors page: 504 FUNCTION_INVOCATION_TIMEOUT, 500 FUNCTION_INVOCATION_FAILED; Lambda behind
# an HTTP front end answers alike.
TIMED_OUT = Reply(504, (("content-type", "text/plain"),), b"FUNCTION_INVOCATION_TIMEOUT")
SHUTDOWN_LIMIT_S = 2.0
FAILED = Reply(500, (("content-type", "text/plain"),), b"FUNCTION_INVOCATION_FAILED")


@dataclass(frozen=True, slots=True)
class HostProfile:
    """`lambda` freezes at the last byte of the response, `vercel` when the application call
    returns.

    Requests spread over `instances`; more are started when all are busy, up to `max_instances`.
    Times in seconds. `late` is what becomes of calls that were left behind a response.
    """

    kind: HostKind = "vercel"
    instances: int = 4
    max_instances: int = 100
    timeout_s: float | None = None
    late: LatePolicy = "withheld"

    @property
    def limit_s(self) -> float:
        return self.timeout_s if self.timeout_s is not None else DEFAULT_TIMEOUT_S[self.kind]


class State(Enum):
    """The life of an instance."""

    BOOTING = "booting"
    BUSY = "busy"
    FROZEN = "frozen"
    RETIRING = "retiring"
    DEAD = "dead"


@dataclass(slots=True, eq=False)
class Instance:
    """One copy of the bot with its own memory; one request at a time."""

    name: str
    state: State
    boot: Invocation
    invocation: Invocation | None = None
    done: Callable[[Outcome], None] | None = None
    timer: Step | None = None


class Driver(Protocol):
    """Runs instances. Everything it learns comes back through the host's `booted`, `responded`,
    `returned`, `failed`.
    """

    def start(self, instance: Instance) -> None:
        """Cold start; `Host.booted` follows, now or after calls of the start-up have been
        answered.
        """

    def begin(self, instance: Instance, invocation: Invocation) -> None:
        """Thaw the instance and hand it the request."""

    def freeze(self, instance: Instance) -> None:
        """Nothing of the instance may run from here on."""

    def recycle(self, instance: Instance, over: Callable[[], None]) -> None:
        """Thaw the instance and have its application shut down; `over` is called when it has."""

    def kill(self, instance: Instance) -> None:
        """The instance and its memory are gone."""


class Host:
    """Routes requests to instances of one bot. A `Destination` of the kernel."""

    def __init__(
        self,
        kernel: Kernel,
        gate: Gate,
        driver: Driver,
        profile: HostProfile,
        placement: Placement | None = None,
    ) -> None:
        self._kernel = kernel
        self._gate = gate
        self._driver = driver
        self.profile = profile
        gate.late_policy = profile.late
        self.instances: dict[str, Instance] = {}
        self.cold_starts = 0
        self.throttled = 0
        self._placement = placement
        self._labelled: dict[str, str] = {}

    # -- from the kernel

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        """Handle one request on an instance, or throttle it when `max_instances` are busy."""
        instance = self._place(delivery) or self._choose(delivery)
        if instance is None:
            self.throttled += 1
            done(THROTTLED[self.profile.kind])
            return
        invocation = Invocation(delivery, request, instance.name, entry, self._kernel.clock.now)
        instance.invocation = invocation
        instance.done = done
        invocation.timer = self._kernel.at(
            self._kernel.clock.now + self.profile.limit_s,
            delivery.name + "/function-timeout",
            lambda: self._time_out(instance, invocation),
            roots=delivery.roots,
            task=delivery.name,
        )
        if instance.state is State.BOOTING:
            self._driver.start(instance)
        else:
            instance.state = State.BUSY
            self._gate.thawed(instance.name)
            self._driver.begin(instance, invocation)

    # -- from the driver

    def booted(self, instance: Instance) -> None:
        """The cold start is over."""
        self._gate.close(instance.boot)
        if instance.invocation is not None:
            instance.state = State.BUSY
            self._driver.begin(instance, instance.invocation)

    def responded(
        self,
        instance: Instance,
        invocation: Invocation,
        reply: Reply,
        error: Raised | None = None,
    ) -> None:
        """The last byte of the response was sent; `error` is what it is the answer to."""
        done = instance.done
        if instance.invocation is not invocation or done is None or invocation.reply is not None:
            return
        invocation.reply = reply
        if error is not None:
            self._note(instance, "exception", invocation, error.detail)
        if self.profile.kind == "lambda":
            self._end(instance, invocation)
        done(reply)

    def thawed(self, invocation: Invocation) -> None:
        """The application call, frozen at its response, goes on."""
        invocation.thawed = self._kernel.clock.now
        invocation.lingering = True

    def returned(
        self, instance: Instance, invocation: Invocation, error: Raised | None = None
    ) -> None:
        """The application call returned; `error` is what it raised, unless that was told before. A
        leftover one's return is only noted.
        """
        if invocation.thawed == self._kernel.clock.now:
            invocation.lingering = False
        if error is not None:
            self._note(instance, "exception", invocation, error.detail)
        done = instance.done
        if instance.invocation is not invocation or done is None:
            return
        answered = invocation.reply is not None
        if not answered:
            invocation.reply = FAILED
        self._end(instance, invocation)
        if not answered:
            done(FAILED)

    # -- for scenarios

    def recycle(self, name: str) -> None:
        """The platform retires an idle instance: its application is told (ASGI shutdown), then it
        is gone.

        Raises ScenarioError when the instance is busy.
        """
        instance = self.instances[name]
        if instance.state is not State.FROZEN:
            raise ScenarioError(
                f"{name} is {instance.state.value}; only a frozen instance can be recycled"
            )
        instance.state = State.RETIRING
        instance.boot.open = True
        self._note(instance, "shutdown", None, {})
        # AWS Lambda, execution environment: 2 s for the shutdown phase, then the instance is
        # killed.
        timer = self._kernel.at(
            self._kernel.clock.now + SHUTDOWN_LIMIT_S, f"{name}.shutdown/timeout", lambda: retired()
        )

        def retired() -> None:
            self._kernel.cancel(timer)
            if name in self.instances:
                self.die(instance, FAILED, "recycled")

        self._driver.recycle(instance, retired)

    def kill(self, name: str) -> None:
        """The instance dies where it is; a request on it fails like a crash does."""
        instance = self.instances[name]
        self.die(instance, FAILED, "killed")

    def is_busy(self, label: str) -> bool:
        """Whether the instance of these deliveries serves one just now."""
        instance = self.instances.get(self._labelled.get(label, ""))
        return instance is not None and instance.state is not State.FROZEN

    # -- inside

    def _place(self, delivery: Delivery) -> Instance | None:
        """The instance of the delivery's label: a cold one at first and when the last one is gone.

        None when the host has to choose: there is no label, its instance is busy, or as many as may
        run do so.
        """
        label = self._placement(delivery) if self._placement is not None else None
        if label is None:
            return None
        instance = self.instances.get(self._labelled.get(label, ""))
        if instance is not None:
            return instance if instance.state is State.FROZEN else None
        if len(self.instances) >= self.profile.max_instances:
            return None
        instance = self._new_instance()
        self._labelled[label] = instance.name
        return instance

    def _choose(self, delivery: Delivery) -> Instance | None:
        """An idle instance by seeded choice, a cold one while fewer than `instances` run or all are
        busy.
        """
        alive = len(self.instances)
        idle = [instance for instance in self.instances.values() if instance.state is State.FROZEN]
        cold_wanted = alive < self.profile.instances
        options = len(idle) + (1 if cold_wanted else 0)
        if options == 0:
            if alive >= self.profile.max_instances:
                return None
            return self._new_instance()
        pick = 0
        if options > 1:
            pick = int(self._kernel.chance.fraction("instance/" + delivery.name) * options)
        return idle[pick] if pick < len(idle) else self._new_instance()

    def _new_instance(self) -> Instance:
        name = f"i{self.cold_starts}"
        self.cold_starts += 1
        entry = self._kernel.note("instance", name, instance=name, detail={"event": "cold start"})
        boot = Invocation(
            Delivery(
                name=f"{name}.boot",
                kind="probe",
                due=self._kernel.clock.now,
                build=lambda: Request("GET", "lifespan:"),
                on_outcome=lambda outcome: None,
                timeout_s=self.profile.limit_s,
            ),
            Request("GET", "lifespan:"),
            name,
            entry,
            self._kernel.clock.now,
        )
        instance = Instance(name, State.BOOTING, boot)
        self.instances[name] = instance
        return instance

    def _end(self, instance: Instance, invocation: Invocation) -> None:
        """End of the invocation: freeze, and withhold whatever it did not wait for."""
        self._kernel.cancel(invocation.timer)
        instance.invocation = None
        instance.done = None
        instance.state = State.FROZEN
        self._driver.freeze(instance)
        self._gate.close(invocation)

    def _time_out(self, instance: Instance, invocation: Invocation) -> None:
        if instance.invocation is invocation:
            self.die(
                instance, TIMED_OUT, f"no end of the invocation within {self.profile.limit_s:g} s"
            )

    def die(self, instance: Instance, reply: Reply, why: str) -> None:
        """The instance is gone with its memory; a request it was handling gets `reply`."""
        invocation, done = instance.invocation, instance.done
        instance.state = State.DEAD
        instance.invocation = None
        instance.done = None
        del self.instances[instance.name]
        self._gate.abandon(instance.boot)
        self._note(instance, "killed", invocation, {"why": why})
        if invocation is not None:
            self._kernel.cancel(invocation.timer)
            self._gate.abandon(invocation)
        self._driver.kill(instance)
        if invocation is not None and done is not None and invocation.reply is None:
            invocation.reply = reply
            done(reply)

    def _note(
        self,
        instance: Instance,
        event: str,
        invocation: Invocation | None,
        detail: dict[str, object],
    ) -> None:
        self._kernel.note(
            "instance",
            instance.name,
            cause=invocation.entry if invocation is not None else -1,
            roots=invocation.roots if invocation is not None else (),
            instance=instance.name,
            detail={"event": event, **detail},
        )
