"""One copy of a notification on its way: its attempts, and who shares a request with it."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from emulator.delivery import Delivery, retry_name
from emulator.exchange import Failure, Outcome, Reply, Request
from emulator.meta.delivery.disturbance import Disturbance, Failing
from emulator.meta.delivery.webhook import PARTS_LIMIT, Part, Webhook
from emulator.meta.delivery.wire import webhook_request
from emulator.step import Step

if TYPE_CHECKING:
    from emulator.meta.delivery.courier import Courier


class Copy:
    """One copy of a webhook, from its first attempt until it is taken or given up.

    `places` are the parts of the webhook that it is about, all when None. `brought` is another
    webhook, the items of which come along once. `due` is when its own next attempt is due: while
    its items ride in the request of another copy it has no step of its own. When the kernel cuts
    one of its user messages the copy just ends: it is neither taken nor given up.
    """

    __slots__ = (
        "__weakref__",
        "_carried",
        "_has_left",
        "_started",
        "attempts",
        "brought",
        "courier",
        "disturbance",
        "due",
        "failing_since",
        "name",
        "number",
        "places",
        "product",
        "riders",
        "step",
        "webhook",
    )

    def __init__(
        self,
        courier: "Courier",
        webhook: Webhook,
        number: int,
        disturbance: Disturbance,
        brought: Webhook | None = None,
    ) -> None:
        self.courier = courier
        self.webhook = webhook
        self.number = number
        self.disturbance = disturbance
        self.brought = brought
        self.product = webhook.product or courier.product
        self.name = f"{webhook.name}.w{number}"
        self.places: tuple[int, ...] | None = None
        self.attempts = 0
        self.due = 0.0
        self.failing_since: float | None = None
        # Of a wait of its own, which the courier may end; not that of a delivery.
        self.step: Step | None = None
        self._started = 0.0
        self._has_left = False
        self._carried: Webhook | None = None
        self.riders: Sequence[Copy] = ()

    @property
    def parts(self) -> list[Part]:
        parts = self.webhook.parts
        return list(parts) if self.places is None else [parts[place] for place in self.places]

    @property
    def roots(self) -> tuple[str, ...]:
        return self.webhook.roots if self.places is None else _roots(self.parts)

    def dispatch(self, due: float) -> None:
        """Make the next attempt at `due` seconds of the clock."""
        courier = self.courier
        if courier.subscribed.silent is not None:
            self.lose()
            return
        self.due = due
        if self.attempts and courier.grouping == "together":
            courier.alone[self] = None
        elif courier.line is None and self.brought is None:
            self._leave()
            return
        self._wait(due, self._next_name, self._leave)

    def ride(self) -> None:
        """The items go along in the request of another copy, so that no own one is made."""
        self.courier.kernel.cancel(self.step)
        self.step = None

    def part(self) -> None:
        """That request failed, so that the own one is made when it is due."""
        self.dispatch(self.due)

    def take(self) -> None:
        webhook = self.webhook
        webhook.under_way -= 1
        webhook.take(self.places)
        if webhook.taken or not webhook.under_way:
            self._end()

    def lose(self) -> None:
        """Nothing more is sent of this copy, nor of what would have come along."""
        riders, self.riders = self.riders, ()
        for rider in riders:
            rider.lose()
        self._has_left = True
        webhook = self.webhook
        webhook.under_way -= 1
        webhook.dropped = self.courier.subscribed.silent or "given up"
        if not webhook.under_way:
            self._end()

    def _end(self) -> None:
        """All of it was taken, or nothing more is sent of it: of what was not taken, nobody hears
        any more, whoever of its copies was the last.
        """
        if not self.webhook.taken:
            self.courier.note_lost(self.webhook, self.attempts)
        self.courier.settle(self.webhook)

    # -- one attempt

    @property
    def _next_name(self) -> str:
        return retry_name(self.name, self.attempts) if self.attempts else self.name

    @property
    def _under_way(self) -> str:
        """The name of the attempt that was made last."""
        return retry_name(self.name, self.attempts - 1) if self.attempts > 1 else self.name

    @property
    def _failing(self) -> Failing | None:
        """How the attempt under way ends whatever the bot answers, if somebody wants that."""
        return self.disturbance.failing if self.attempts <= self.disturbance.fails else None

    def _wait(self, due: float, name: str, action: Callable[[], None]) -> None:
        self.step = self.courier.kernel.at(due, name, action, roots=self.roots, task=name)
        self.courier.waiting[name] = self

    def _leave(self) -> None:
        courier = self.courier
        courier.alone.pop(self, None)
        self.step = None
        name = self._next_name
        retried = self.attempts
        self.attempts += 1
        if self._failing == "refused":
            self._wait(self.due, name, self._refuse)
            return
        webhook = self.webhook
        if courier.grouping == "together" and retried:
            self.riders = courier.find_company(self)
        roots = self.roots
        if self.riders or self.brought is not None:
            beside = [rider.roots for rider in self.riders]
            beside += [self.brought.roots] if self.brought is not None else []
            roots = tuple(dict.fromkeys((*roots, *chain.from_iterable(beside))))
        self._has_left = False
        sent = courier.dispatch(
            self,
            Delivery(
                name=name,
                kind="redelivery" if retried else webhook.kind,
                due=self.due,
                build=self._build,
                on_outcome=self._answered,
                timeout_s=self.product.timeout_s,
                roots=roots,
                generation=webhook.generation,
                cause=webhook.cause,
                routes=webhook.routes,
            ),
        )
        if not sent:
            self._drop()
        elif courier.line is not None or self.riders or self.brought is not None:
            # The kernel tells nobody of a delivery that it drops because of a cut.
            check = partial(self._check, roots)
            courier.kernel.at(self.due, name + "/left", check, roots=roots, task=name)

    def _check(self, roots: tuple[str, ...]) -> None:
        if not self._has_left and self.courier.is_cut(roots):
            self._drop()

    def _drop(self) -> None:
        """The kernel does not deliver this attempt: it has cut a user message that is in it."""
        riders, self.riders, self.brought = self.riders, (), None
        for rider in riders:
            rider.part()
        if self.courier.is_cut(self.roots):
            self.courier.settle(self.webhook)
        else:
            self.attempts -= 1
            self.dispatch(self.due)

    def _build(self) -> Request:
        courier = self.courier
        clock = courier.kernel.clock
        self._has_left = True
        self._started = clock.now
        # Copies sent at the same instant still differ in `time`, as reported of real duplicates: a
        # bot that compares whole bodies must not get away with it.
        time_ms = round(clock.unix * 1000) + self.number
        if self.disturbance.same_time:
            if self.webhook.first_ms is None:
                self.webhook.first_ms = time_ms
            time_ms = self.webhook.first_ms
        body = self._body(time_ms)
        return webhook_request(
            courier.url,
            body,
            app_secret=courier.app_secret,
            signatures=courier.signatures,
        )

    def _body(self, time_ms: int) -> bytes:
        webhook = self.webhook
        brought = self._carried = self.brought
        self.brought = None
        doubled = self.disturbance.doubled and self.attempts == 1
        as_sent = self.places is None and not (self.riders or brought or doubled)
        if as_sent or webhook.join is None:
            return webhook.render(time_ms)
        bodies = [part.body for part in self.parts]
        if doubled:
            bodies *= 2
        for rider in self.riders:
            bodies += [part.body for part in rider.parts]
        if brought is not None:
            bodies += [part.body for part in brought.parts]
        return webhook.join(bodies[:PARTS_LIMIT], time_ms)

    def _refuse(self) -> None:
        self.step = None
        self._started = self.courier.kernel.clock.now
        self._note_fault("refused")
        self._settle(Failure("refused", "no connection, on purpose"))

    def _answered(self, outcome: Outcome) -> None:
        """The bot has answered, or failed by itself."""
        failing = self._failing
        if failing is None or isinstance(outcome, Failure):
            self._settle(outcome)
            return
        self._note_fault(failing)
        if failing == "cut":
            self._settle(Failure("reset", "the connection was cut, on purpose"))
            return
        until = self._started + self.product.timeout_s
        self.courier.kernel.at(
            until,
            self._under_way + "/hang",
            partial(self._settle, Failure("timeout", "the answer got lost, on purpose")),
            roots=self.roots,
            task=self._under_way,
        )

    def _settle(self, outcome: Outcome) -> None:
        now = self.courier.kernel.clock.now
        riders, self.riders = self.riders, ()
        carried, self._carried = self._carried, None
        if isinstance(outcome, Reply) and self.product.takes(outcome.status):
            self.courier.succeeded(self, outcome.status, now - self._started)
            for rider in riders:
                rider.take()
            if carried is not None:
                carried.take()
                self.courier.settle(carried)
            self.take()
            return
        if self.failing_since is None:
            self.failing_since = now
        self.courier.failed(self)
        for rider in riders:
            rider.part()
        if self.courier.subscribed.silent is not None:
            self.lose()
        elif self.courier.grouping == "apart" and self.webhook.join and len(self.parts) > 1:
            self._split()
        else:
            self._go_on(self.failing_since)

    # -- after a failure

    def _go_on(self, since: float) -> None:
        times = self.product.redelivery_s
        if self.attempts <= len(times):
            self.dispatch(since + times[self.attempts - 1])
        else:
            self._wait(since + self.product.give_up_after_s, self.name + "/give-up", self._give_up)

    def _give_up(self) -> None:
        self.step = None
        self.courier.failed(self)
        self.lose()

    def _split(self) -> None:
        """From here on each part goes by itself, at the times of the whole."""
        webhook = self.webhook
        places = range(len(webhook.parts)) if self.places is None else self.places
        webhook.under_way += len(places) - 1
        names = {self.webhook.name}
        for place in places:
            copy = Copy(self.courier, webhook, self.number, self.disturbance)
            copy.places = (place,)
            copy.attempts = self.attempts
            copy.failing_since = self.failing_since
            if place:
                name = next(iter(webhook.parts[place].roots), webhook.name)
                if name in names:
                    name = f"{webhook.name}.p{place}"
                names.add(name)
                copy.name = f"{name}.w{self.number}"
            copy._go_on(self.failing_since or 0.0)

    def _note_fault(self, kind: Failing) -> None:
        webhook = self.webhook
        self.courier.kernel.note(
            "fault",
            self._under_way,
            cause=webhook.cause,
            roots=self.roots,
            generation=webhook.generation,
            detail={"kind": kind, "service": "webhook", "verb": "attempt"},
        )


def _roots(parts: list[Part]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(root for part in parts for root in part.roots))
