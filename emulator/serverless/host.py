"""The serverless host: which instance handles a request, when it is frozen, and when it is too
slow.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from emulator.delivery import Delivery, Invocation
from emulator.errors import ScenarioError
from emulator.exchange import Outcome, Reply, Request
from emulator.gate import Gate, LatePolicy
from emulator.kernel import Kernel
from emulator.serverless.platforms import (
    NO_LIMIT_S,
    PLATFORMS,
    Ending,
    HostKind,
    Platform,
)
from emulator.serverless.raised import Raised

# Where a scenario wants a delivery handled: deliveries with one label share an instance as long as
# it lives, those with different labels do not. None leaves the choice to the host.
Placement = Callable[[Delivery], str | None]

SHUTDOWN_LIMIT_S = 2.0
FAILED: Ending = "failed"
TIMED_OUT: Ending = "timed-out"


@dataclass(frozen=True, slots=True)
class HostProfile:
    """A kind of host, and what of it can be chosen; None is what the platform does by default.

    Requests spread over `instances`; more are started when all are busy, up to `max_instances`.
    An instance takes `concurrency` requests at a time. Times in seconds. `late` is what becomes of
    calls that were left behind a response.
    """

    kind: HostKind = "vercel"
    instances: int = 4
    max_instances: int = 100
    timeout_s: float | None = None
    late: LatePolicy | None = None
    concurrency: int | None = None

    @property
    def platform(self) -> Platform:
        return PLATFORMS[self.kind]

    @property
    def limit_s(self) -> float:
        """How long an invocation may take; infinite where nothing limits it."""
        return self.timeout_s if self.timeout_s is not None else self.platform.timeout_s

    @property
    def at_once(self) -> int:
        """How many requests an instance takes at a time."""
        wanted = self.concurrency if self.concurrency is not None else self.platform.concurrency
        return min(wanted, self.platform.most_concurrency)

    @property
    def most(self) -> int:
        """How many instances may run."""
        return self.instances if self.platform.fixed else self.max_instances


class State(Enum):
    """The life of an instance."""

    BOOTING = "booting"
    BUSY = "busy"
    IDLE = "idle"
    FROZEN = "frozen"
    RETIRING = "retiring"
    DEAD = "dead"


@dataclass(slots=True, eq=False)
class Instance:
    """One copy of the bot with its own memory. `serving` are the requests in flight, oldest first,
    each with whom to tell of its outcome; those that came while it booted are among them.
    """

    name: str
    state: State
    boot: Invocation
    serving: dict[Invocation, Callable[[Outcome], None]] = field(default_factory=dict)

    @property
    def invocation(self) -> Invocation | None:
        """The oldest request in flight."""
        return next(iter(self.serving), None)

    @property
    def at_rest(self) -> bool:
        """Alive, and without a request."""
        return self.state in (State.FROZEN, State.IDLE)


class Driver(Protocol):
    """Runs instances. Everything it learns comes back through the host's `booted`, `responded`,
    `returned`, `failed`.
    """

    def start(self, instance: Instance) -> None:
        """Cold start; `Host.booted` follows, now or after calls of the start-up have been
        answered.
        """

    def begin(self, instance: Instance, invocation: Invocation) -> None:
        """Thaw the instance, unless it serves others already, and hand it the request."""

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
        self.platform = profile.platform
        gate.late_policy = profile.late or self.platform.late
        self.instances: dict[str, Instance] = {}
        self.cold_starts = 0
        self.throttled = 0
        self._placement = placement
        self._labelled: dict[str, str] = {}

    # -- from the kernel

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        """Handle one request on an instance, or answer it when it is too large, or no instance may
        take it.
        """
        now = self._kernel.clock.now
        platform = self.platform
        request = platform.forwarded(
            request, self._kernel.chance, delivery.name, self._kernel.clock.unix
        )
        if platform.request_bytes is not None and len(request.body) > platform.request_bytes:
            done(platform.answer("too-large", request))
            return
        instance = self._place(delivery) or self._choose(delivery)
        if instance is None:
            self.throttled += 1
            done(platform.answer("throttled", request))
            return
        invocation = Invocation(delivery, request, instance.name, entry, now)
        first = not instance.serving
        instance.serving[invocation] = done
        if self.profile.limit_s < NO_LIMIT_S:
            invocation.timer = self._kernel.at(
                now + self.profile.limit_s,
                delivery.name + "/function-timeout",
                lambda: self._time_out(instance, invocation),
                roots=delivery.roots,
                task=delivery.name,
            )
        if instance.state is State.BOOTING:
            if first:
                self._driver.start(instance)
            return
        if instance.state is State.FROZEN:
            self._gate.thawed(instance.name)
        instance.state = State.BUSY
        self._driver.begin(instance, invocation)

    # -- from the driver

    def booted(self, instance: Instance) -> None:
        """The cold start is over."""
        if self.platform.freezes:
            self._gate.close(instance.boot, awake=bool(instance.serving))
        for invocation in list(instance.serving):
            # The first may have been the end of the instance.
            if invocation in instance.serving:
                instance.state = State.BUSY
                self._driver.begin(instance, invocation)

    def responded(
        self,
        instance: Instance,
        invocation: Invocation,
        reply: Reply,
        error: Raised | None = None,
    ) -> None:
        """The last byte of the response was sent; `error` is what it is the answer to."""
        if invocation not in instance.serving or invocation.reply is not None:
            return
        platform = self.platform
        if platform.response_bytes is not None and len(reply.body) > platform.response_bytes:
            self.too_large(instance, invocation, f"{len(reply.body):,} bytes")
            return
        self._answer(instance, invocation, platform.returned(reply, invocation.request), error)

    def too_large(self, instance: Instance, invocation: Invocation, what: str) -> None:
        """The response is above the platform's limit, so that the caller gets the platform's."""
        if invocation not in instance.serving or invocation.reply is not None:
            return
        self._kernel.note(
            "finding",
            "response-too-large",
            cause=invocation.entry,
            roots=invocation.roots,
            generation=invocation.generation,
            instance=invocation.instance,
            detail={"what": what},
        )
        reply = self.platform.answer("response-too-large", invocation.request)
        self._answer(instance, invocation, reply, None)

    def thawed(self, invocation: Invocation) -> None:
        """The application call, frozen at its response, goes on."""
        invocation.thawed = self._kernel.clock.now
        invocation.lingering = True

    def returned(self, instance: Instance, invocation: Invocation, *errors: Raised) -> None:
        """The application call returned, and all work that it registered is over; `errors` are what
        they raised, unless that was told before. A leftover one's return is only noted.
        """
        if invocation.thawed == self._kernel.clock.now:
            invocation.lingering = False
        for error in errors:
            self._note(instance, "exception", invocation, error.detail)
        done = instance.serving.get(invocation)
        if done is None:
            return
        answered = invocation.reply is not None
        if not answered:
            ending: Ending = "raised" if errors else "no-response"
            invocation.reply = self.platform.answer(ending, invocation.request)
        self._end(instance, invocation)
        if not answered and invocation.reply is not None:
            done(invocation.reply)

    # -- for scenarios

    def recycle(self, name: str) -> None:
        """The platform retires an idle instance: its application is told (ASGI shutdown), then it
        is gone.

        Raises ScenarioError when the instance is busy.
        """
        instance = self.instances[name]
        if not instance.at_rest:
            raise ScenarioError(
                f"{name} is {instance.state.value}; only an instance at rest can be recycled"
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
        """Whether the instance of these deliveries can take no other just now."""
        instance = self.instances.get(self._labelled.get(label, ""))
        return instance is not None and not self._has_room(instance)

    # -- inside

    def _has_room(self, instance: Instance) -> bool:
        return instance.state is not State.RETIRING and len(instance.serving) < self.profile.at_once

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
            return instance if self._has_room(instance) else None
        if len(self.instances) >= self.profile.most:
            return None
        instance = self._new_instance()
        self._labelled[label] = instance.name
        return instance

    def _choose(self, delivery: Delivery) -> Instance | None:
        """An instance by seeded choice: one that serves others and has room, where instances are
        filled; else one at rest, or a cold one while fewer than `instances` run or all are busy.
        """
        alive = len(self.instances)
        free = [instance for instance in self.instances.values() if self._has_room(instance)]
        spreads = self.platform.fixed
        awake = [] if spreads else [instance for instance in free if instance.serving]
        options = awake or free
        cold_wanted = not awake and alive < self.profile.instances
        count = len(options) + (1 if cold_wanted else 0)
        if count == 0:
            return self._new_instance() if alive < self.profile.most else None
        pick = 0
        if count > 1:
            pick = int(self._kernel.chance.fraction("instance/" + delivery.name) * count)
        return options[pick] if pick < len(options) else self._new_instance()

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

    def _answer(
        self, instance: Instance, invocation: Invocation, reply: Reply, error: Raised | None
    ) -> None:
        invocation.reply = reply
        if error is not None:
            self._note(instance, "exception", invocation, error.detail)
        done = instance.serving[invocation]
        if self.platform.ends == "last byte":
            self._end(instance, invocation)
        done(reply)

    def _end(self, instance: Instance, invocation: Invocation) -> None:
        """End of the invocation. Of the last one: freeze, and withhold whatever it did not wait
        for.
        """
        self._kernel.cancel(invocation.timer)
        del instance.serving[invocation]
        if instance.serving:
            if self.platform.freezes:
                self._gate.close(invocation, awake=True)
        elif self.platform.freezes:
            instance.state = State.FROZEN
            self._driver.freeze(instance)
            self._gate.close(invocation)
        else:
            instance.state = State.IDLE

    def _time_out(self, instance: Instance, invocation: Invocation) -> None:
        done = instance.serving.get(invocation)
        if done is None:
            return
        why = f"no end of the invocation within {self.profile.limit_s:g} s"
        if self.platform.kills and len(instance.serving) == 1:
            self.die(instance, TIMED_OUT, why)
            return
        answered = invocation.reply is not None
        reply = invocation.reply or self.platform.answer(TIMED_OUT, invocation.request)
        invocation.reply = reply
        self._note(instance, "timed out", invocation, {"why": why})
        self._end(instance, invocation)
        if not answered:
            done(reply)

    def die(self, instance: Instance, ending: Ending, why: str) -> None:
        """The instance is gone with its memory; requests that it was handling get the platform's
        answer.
        """
        serving = dict(instance.serving)
        instance.state = State.DEAD
        instance.serving.clear()
        del self.instances[instance.name]
        self._gate.abandon(instance.boot)
        self._note(instance, "killed", next(iter(serving), None), {"why": why})
        for invocation in serving:
            self._kernel.cancel(invocation.timer)
            self._gate.abandon(invocation)
        self._driver.kill(instance)
        for invocation, done in serving.items():
            if invocation.reply is None:
                invocation.reply = self.platform.answer(ending, invocation.request)
                done(invocation.reply)

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
