"""Webhooks on their way: when each copy is sent, what counts as taken, when it is sent again.

Knows nothing of what a notification says.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args
from weakref import WeakValueDictionary

from emulator.delivery import Delivery, DeliveryKind, retry_name
from emulator.errors import ScenarioError
from emulator.exchange import Failure, Outcome, Request
from emulator.kernel import Kernel
from emulator.meta.outage import GIVE_UP_AFTER_S, Outage
from emulator.meta.subscribed import Subscribed
from emulator.meta.wire import webhook_request
from emulator.step import StepKind

Spacing = Literal["at-once", "staggered", "shuffled"]

ACK_TIMEOUT_S = 20.0  # Messenger docs, FAQ: the webhook has 20 seconds to answer
SLOW_ACK_S = 5.0  # Messenger docs, "Meta Webhooks for Messenger Platform": 5 seconds or less

# Seconds between one copy and the next; seconds by which a shuffled copy is late. Duplicates have
# been seen at the same instant and seconds apart.
STAGGER_S = (0.05, 1.0)
SHUFFLE_S = (0.0, 1.5)

# Of the intervals "Meta Webhooks for Messenger Platform" only says "immediately, a few more times".
# These are seconds after the first attempt failed: a quick burst, every 5 minutes up to the alert,
# every 10 minutes from there until it is given up. An attempt that is unanswered when the next is
# due delays that one; they never overlap.
REDELIVERY_S: tuple[float, ...] = (
    *(0.0, 2.0, 10.0, 30.0, 60.0),
    *(minutes * 60.0 for minutes in (5, 10, 15)),
    *(minutes * 60.0 for minutes in (25, 35, 45, 55)),
)

# How many acknowledgements and alerts are kept for reports; the counts go on beyond.
KEEP_RECORDS = 1_000


@dataclass(frozen=True, slots=True)
class Ack:
    """An acknowledgement that counts, but came late (`took_s` seconds) or with a status not 200."""

    name: str
    roots: tuple[str, ...]
    status: int
    took_s: float


@dataclass(frozen=True, slots=True)
class Alert:
    """Told the developer at `at` seconds of the clock: nothing was taken for a quarter of an hour.

    `name`, `roots` and `attempts` are those of the copy that failed then.
    """

    name: str
    roots: tuple[str, ...]
    attempts: int
    at: float


@dataclass(slots=True, eq=False)
class Webhook:
    """One notification, however often it is sent. The courier keeps it only while a copy of it is
    under way.

    `render` makes the body, given the time of the sending in unix milliseconds. `cause` is the
    journal entry of the event; `kind`, `generation` and `routes` are those of its deliveries.
    `copies` counts all that were asked for so far.
    """

    name: str
    roots: tuple[str, ...]
    cause: int
    render: Callable[[int], bytes]
    kind: DeliveryKind = "user"
    generation: int = 0
    routes: tuple[str, ...] = ()
    copies: int = 0
    under_way: int = 0
    taken: bool = False


class Courier:
    """Delivers webhooks to one callback; every copy on its own, without regard to the others.

    What is lost is noted as a finding: `webhook-disabled` once the platform has ended the
    subscription for an hour of failure, `webhook-lost` for every notification of which no copy was
    taken.
    """

    def __init__(
        self,
        kernel: Kernel,
        *,
        url: str,
        app_secret: str,
        copies: int,
        spacing: Spacing,
        timeout_s: float = ACK_TIMEOUT_S,
        subscribed: Subscribed | None = None,
    ) -> None:
        """`subscribed` is where the end of the subscription is seen and set. Raises ScenarioError
        when there would be no copy, or the spacing has no meaning.
        """
        if copies < 1:
            raise ScenarioError(f"copies must be at least 1, not {copies}")
        if spacing not in get_args(Spacing):
            known = ", ".join(get_args(Spacing))
            raise ScenarioError(f"spacing must be one of {known}, not {spacing}")
        self.kernel = kernel
        self.url = url
        self.app_secret = app_secret
        self.copies = copies
        self.spacing: Spacing = spacing
        self.timeout_s = timeout_s
        self.subscribed = subscribed or Subscribed(frozenset())
        self.outage = Outage()
        # The copies whose next attempt is on the agenda; they leave with it.
        self._waiting: WeakValueDictionary[str, _Copy] = WeakValueDictionary()
        self.slow_acks: deque[Ack] = deque(maxlen=KEEP_RECORDS)
        self.odd_acks: deque[Ack] = deque(maxlen=KEEP_RECORDS)
        self.alerts: deque[Alert] = deque(maxlen=KEEP_RECORDS)
        self.slow_ack_count = 0
        self.odd_ack_count = 0
        self.alert_count = 0
        self.lost_count = 0

    def send(self, webhook: Webhook, *, at: float | None = None, copies: int | None = None) -> None:
        """Put copies on the agenda, the first of them for `at` seconds of the clock (now when None)
        unless they are shuffled.

        Sent again, a webhook goes on counting its copies where it had stopped.
        """
        if at is not None and at > self.kernel.clock.now and self.subscribed.stopped is not None:
            # The subscription may be back by then.
            later = partial(self.send, webhook, copies=copies)
            self.kernel.at(at, webhook.name + "/send", later, roots=webhook.roots)
            return
        chance = self.kernel.chance
        first = webhook.copies
        count = self.copies if copies is None else copies
        webhook.copies += count
        webhook.under_way += count
        due = start = self.kernel.clock.now if at is None else at
        for number in range(first, first + count):
            copy = _Copy(self, webhook, number)
            if self.spacing == "staggered" and number > first:
                due += chance.uniform("meta/stagger/" + copy.name, *STAGGER_S)
            elif self.spacing == "shuffled":
                due = start + chance.uniform("meta/shuffle/" + copy.name, *SHUFFLE_S)
            copy.dispatch(due)

    def dispatch(self, copy: "_Copy", delivery: Delivery) -> None:
        if self.kernel.deliver(delivery):
            self._waiting[delivery.name] = copy

    def stop(self) -> None:
        """The subscription has ended: what was still to be sent is lost.

        Looks through the agenda, which takes an hour of failure or the app's own wish each time.
        """
        for step in list(self.kernel.agenda):
            if step.kind is StepKind.START:
                copy = self._waiting.get(step.task)
                if copy is not None:
                    self.kernel.cancel(step)
                    copy.lose()

    def resume(self) -> None:
        """The app is subscribed again: what happens from now on is sent; what was lost stays so."""
        self.outage = Outage()

    def succeeded(self, ack: Ack) -> None:
        self.outage.end()
        if ack.took_s > SLOW_ACK_S:
            self.slow_ack_count += 1
            self.slow_acks.append(ack)
        if ack.status != 200:
            self.odd_ack_count += 1
            self.odd_acks.append(ack)

    def failed(self, copy: "_Copy") -> None:
        """An attempt failed, or no further one is made: alert or disable when it is time to."""
        if self.subscribed.stopped is not None:
            return
        now = self.kernel.clock.now
        webhook = copy.webhook
        self.outage.fail(now)
        if self.outage.is_alert_due(now):
            self.alert_count += 1
            self.alerts.append(Alert(copy.name, webhook.roots, copy.attempts, now))
        if self.outage.is_over(now):
            self.subscribed.stopped = "disabled"
            self.kernel.note(
                "finding",
                "webhook-disabled",
                cause=webhook.cause,
                roots=webhook.roots,
                detail={"since": self.outage.since, "after_s": GIVE_UP_AFTER_S},
            )
            self.stop()

    def note_lost(self, webhook: Webhook, attempts: int) -> None:
        self.lost_count += 1
        self.kernel.note(
            "finding",
            "webhook-lost",
            cause=webhook.cause,
            roots=webhook.roots,
            generation=webhook.generation,
            detail={
                "webhook": webhook.name,
                "copies": webhook.copies,
                "attempts": attempts,
                "why": self.subscribed.stopped or "given up",
            },
        )


class _Copy:
    """One copy of a webhook, from its first attempt until it is taken or given up.

    When the kernel cuts one of its user messages the copy just ends: that is neither.
    """

    __slots__ = (
        "__weakref__",
        "attempts",
        "courier",
        "failing_since",
        "name",
        "number",
        "started",
        "webhook",
    )

    def __init__(self, courier: Courier, webhook: Webhook, number: int) -> None:
        self.courier = courier
        self.webhook = webhook
        self.number = number
        self.name = f"{webhook.name}.w{number}"
        self.attempts = 0
        self.started = 0.0
        self.failing_since: float | None = None

    def dispatch(self, due: float) -> None:
        if self.courier.subscribed.stopped is not None:
            self.lose()
            return
        retried = self.attempts
        self.attempts += 1
        self.courier.dispatch(
            self,
            Delivery(
                name=retry_name(self.name, retried) if retried else self.name,
                kind="redelivery" if retried else self.webhook.kind,
                due=due,
                build=self.build,
                on_outcome=self.conclude,
                timeout_s=self.courier.timeout_s,
                roots=self.webhook.roots,
                generation=self.webhook.generation,
                cause=self.webhook.cause,
                routes=self.webhook.routes,
            ),
        )

    def build(self) -> Request:
        clock = self.courier.kernel.clock
        self.started = clock.now
        # Copies sent at the same instant still differ in `time`, as reported of real duplicates: a
        # bot that compares whole bodies must not get away with it.
        body = self.webhook.render(round(clock.unix * 1000) + self.number)
        return webhook_request(self.courier.url, body, app_secret=self.courier.app_secret)

    def conclude(self, outcome: Outcome) -> None:
        now = self.courier.kernel.clock.now
        if isinstance(outcome, Failure) or not outcome.ok:
            self._fail(now)
            return
        webhook = self.webhook
        webhook.taken = True
        webhook.under_way -= 1
        took_s = now - self.started
        self.courier.succeeded(Ack(self.name, webhook.roots, outcome.status, took_s))

    def lose(self) -> None:
        """Nothing more is sent of this copy."""
        webhook = self.webhook
        webhook.under_way -= 1
        if not webhook.under_way and not webhook.taken:
            self.courier.note_lost(webhook, self.attempts)

    def _fail(self, now: float) -> None:
        if self.failing_since is None:
            self.failing_since = now
        since = self.failing_since
        self.courier.failed(self)
        if self.courier.subscribed.stopped is not None:
            self.lose()
            return
        if self.attempts <= len(REDELIVERY_S):
            self.dispatch(since + REDELIVERY_S[self.attempts - 1])
            return
        self.courier.kernel.at(
            since + GIVE_UP_AFTER_S,
            self.name + "/give-up",
            self._give_up,
            roots=self.webhook.roots,
            task=self.name,
        )

    def _give_up(self) -> None:
        self.courier.failed(self)
        self.lose()
