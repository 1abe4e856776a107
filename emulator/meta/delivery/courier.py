"""Webhooks on their way: when each copy is sent, what counts as taken, when it is sent again.

Knows nothing of what a notification says.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Literal, get_args
from weakref import WeakValueDictionary

from emulator.delivery import Delivery
from emulator.errors import ScenarioError
from emulator.kernel import Kernel
from emulator.meta.delivery.copies import Copy
from emulator.meta.delivery.disturbance import NO_DISTURBANCE, Disturbance
from emulator.meta.delivery.line import Line
from emulator.meta.delivery.outage import Outage
from emulator.meta.delivery.product import (
    ACK_TIMEOUT_S,
    MESSENGER,
    REDELIVERY_S,
    SLOW_ACK_S,
    Product,
)
from emulator.meta.delivery.signing import Signatures
from emulator.meta.delivery.spacing import Spacing, check_spacing, due_times
from emulator.meta.delivery.subscribed import Subscribed
from emulator.meta.delivery.webhook import PARTS_LIMIT, Part, Webhook
from emulator.meta.platform import Field
from emulator.step import StepKind

__all__ = [
    "ACK_TIMEOUT_S",
    "REDELIVERY_S",
    "SLOW_ACK_S",
    "Ack",
    "Alert",
    "Courier",
    "Grouping",
    "Order",
    "Part",
    "Spacing",
    "Webhook",
]

# Whether notifications wait for the one before them. The older reference of Messenger's webhooks
# (2017) says that the next event is not sent before the answer to this one.
Order = Literal["parallel", "serial"]

# How what failed comes again: as it was; each item of it in a request of its own; or in one request
# with others that wait to come again. No page promises the first.
Grouping = Literal["as-sent", "apart", "together"]

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


class Courier:
    """Delivers the webhooks of one app about one account to one callback.

    Copies of one notification go on their own, without regard to each other, and so do
    notifications unless the order is `serial`. What is lost is noted as a finding:
    `webhook-disabled` once the platform has ended the subscription because of continuous failure
    (after `webhook-alert`), `webhook-lost` for every notification of which something was not taken
    by any copy.

    Set `disturbance` for what goes wrong on demand with what is sent from then on.
    """

    def __init__(
        self,
        kernel: Kernel,
        *,
        url: str,
        app_secret: str,
        copies: int,
        spacing: Spacing | Sequence[float],
        timeout_s: float | None = None,
        subscribed: Subscribed | None = None,
        product: Product = MESSENGER,
        order: Order = "parallel",
        grouping: Grouping = "as-sent",
        signatures: Signatures = "both",
    ) -> None:
        """`subscribed` is where the end of the subscription is seen and set; `timeout_s` replaces
        that of the product; a `spacing` in seconds lists when each copy is sent after the first.

        Raises ScenarioError when there would be no copy, or another option has no meaning.
        """
        if copies < 1:
            raise ScenarioError(f"copies must be at least 1, not {copies}")
        if order not in get_args(Order):
            raise ScenarioError(f"order must be one of parallel, serial, not {order}")
        if grouping not in get_args(Grouping):
            known = ", ".join(get_args(Grouping))
            raise ScenarioError(f"grouping must be one of {known}, not {grouping}")
        if signatures not in get_args(Signatures):
            known = ", ".join(get_args(Signatures))
            raise ScenarioError(f"signatures must be one of {known}, not {signatures}")
        self.kernel = kernel
        self.url = url
        self.app_secret = app_secret
        self.copies = copies
        self.spacing = check_spacing(spacing)
        self.product = product if timeout_s is None else product.waiting(timeout_s)
        self.grouping: Grouping = grouping
        self.signatures: Signatures = signatures
        self.line = Line() if order == "serial" else None
        self.disturbance = NO_DISTURBANCE
        self.subscribed = subscribed or Subscribed(frozenset())
        self.outage = Outage()
        # The copies whose next attempt is on the agenda, by its name; they leave with it.
        self.waiting: WeakValueDictionary[str, Copy] = WeakValueDictionary()
        # Those of them that would share the request of another.
        self.alone: dict[Copy, None] = {}
        self._previous: Webhook | None = None
        self.slow_acks: deque[Ack] = deque(maxlen=KEEP_RECORDS)
        self.odd_acks: deque[Ack] = deque(maxlen=KEEP_RECORDS)
        self.alerts: deque[Alert] = deque(maxlen=KEEP_RECORDS)
        self.slow_ack_count = 0
        self.odd_ack_count = 0
        self.alert_count = 0
        self.lost_count = 0

    def send(self, webhook: Webhook, *, at: float | None = None, copies: int | None = None) -> None:
        """Put copies on the agenda, the first of them for `at` seconds of the clock (now when None)
        unless they are shuffled or disturbed.

        Sent again, a webhook goes on counting its copies where it had stopped, and waits for no
        other.
        """
        kernel, disturbance = self.kernel, self.disturbance
        due = kernel.clock.now if at is None else at
        if disturbance.late_s or disturbance.spread_s:
            drawn = kernel.chance.fraction(f"meta/late/{webhook.name}/{webhook.copies}")
            due += disturbance.late_s + round(disturbance.spread_s * drawn, 3)
        brought = self._bring(webhook, disturbance)
        count = self.copies if copies is None else copies
        if due > kernel.clock.now and (self.line is not None or self.subscribed.silent is not None):
            # The line, and whether the app is subscribed, are those of then.
            begin = partial(self._begin, webhook, count, disturbance, brought, due)
            kernel.at(due, webhook.name + "/send", begin, roots=webhook.roots)
        else:
            self._begin(webhook, count, disturbance, brought, due)

    def stop(self) -> None:
        """The subscription has ended: what was still to be sent is lost.

        Looks through the agenda, which takes long continuous failure or the app's own wish each
        time.
        """
        for step in list(self.kernel.agenda):
            copy = self.waiting.get(step.task)
            if copy is not None and (step.kind is StepKind.START or copy.step is step):
                self.kernel.cancel(step)
                copy.step = None
                copy.lose()
        self.alone.clear()
        if self.line is not None:
            for copy in self.line.clear():
                copy.lose()

    def resume(self) -> None:
        """The app is subscribed again: what happens from now on is sent; what was lost stays so."""
        self.outage = Outage()

    def subscribe(self, fields: frozenset[Field]) -> None:
        """Subscribe the app to the account, to these fields and no others."""
        self.subscribed.fields = fields
        self.subscribed.stopped = None
        self.resume()

    def unsubscribe(self) -> None:
        """The app does not want to be told any more; nothing new if that is so."""
        if self.subscribed.stopped is None:
            self.subscribed.stopped = "unsubscribed"
            self.stop()

    # -- for copies

    def dispatch(self, copy: Copy, delivery: Delivery) -> bool:
        """False when the kernel has cut it."""
        if not self.kernel.deliver(delivery):
            return False
        self.waiting[delivery.name] = copy
        return True

    def is_cut(self, roots: Sequence[str]) -> bool:
        cut = self.kernel.cut
        return bool(cut) and any(root in cut for root in roots)

    def find_company(self, lead: Copy) -> list[Copy]:
        """Others that wait to come again and share the request of this one from now on; one copy
        of each notification, and as many items as a request holds.
        """
        room = PARTS_LIMIT - len(lead.parts)
        found = {lead.webhook: lead}
        for copy in islice(self.alone, PARTS_LIMIT):
            size = len(copy.parts)
            fits = 0 < size <= room and lead.webhook.goes_with(copy.webhook)
            if fits and copy.webhook not in found and not self.is_cut(copy.roots):
                room -= size
                found[copy.webhook] = copy
        riders = list(found.values())[1:]
        for rider in riders:
            del self.alone[rider]
            rider.ride()
        return riders

    def settle(self, webhook: Webhook) -> None:
        """Nothing waits for this webhook any more."""
        if self.line is not None:
            self.line.settle(webhook, now=self.kernel.clock.now)

    def succeeded(self, copy: Copy, status: int, took_s: float) -> None:
        self.outage.end()
        is_slow = took_s > copy.product.slow_ack_s
        if not is_slow and status == 200:
            return
        ack = Ack(copy.name, copy.webhook.roots, status, took_s)
        if is_slow:
            self.slow_ack_count += 1
            self.slow_acks.append(ack)
        if status != 200:
            self.odd_ack_count += 1
            self.odd_acks.append(ack)

    def failed(self, copy: Copy) -> None:
        """An attempt failed, or no further one is made: alert or disable when it is time to."""
        product = copy.product
        if self.subscribed.silent is not None or product.give_up != "disable":
            return
        now = self.kernel.clock.now
        webhook = copy.webhook
        self.outage.fail(now)
        if self.outage.is_alert_due(now, product):
            self.alert_count += 1
            self.alerts.append(Alert(copy.name, webhook.roots, copy.attempts, now))
            self._note_outage("webhook-alert", webhook, product.alert_after_s)
        if self.outage.is_over(now, product):
            self.subscribed.stopped = "disabled"
            self._note_outage("webhook-disabled", webhook, product.give_up_after_s)
            self.stop()

    def note_lost(self, webhook: Webhook, attempts: int) -> None:
        self.lost_count += 1
        self.kernel.note(
            "finding",
            "webhook-lost",
            cause=webhook.cause,
            roots=webhook.untaken(),
            generation=webhook.generation,
            detail={
                "webhook": webhook.name,
                "copies": webhook.copies,
                "attempts": attempts,
                "why": webhook.dropped,
            },
        )

    # -- inside

    def _note_outage(self, name: str, webhook: Webhook, after_s: float | None) -> None:
        self.kernel.note(
            "finding",
            name,
            cause=webhook.cause,
            roots=webhook.roots,
            detail={"since": self.outage.since, "after_s": after_s},
        )

    def _bring(self, webhook: Webhook, disturbance: Disturbance) -> Webhook | None:
        """The notification before this one if it comes along, and remember this one."""
        before, fits = self._previous, False
        if webhook.join is not None:
            fits = disturbance.with_previous and before is not None and webhook.goes_with(before)
            self._previous = webhook
        return before if fits and before is not webhook else None

    def _begin(
        self,
        webhook: Webhook,
        count: int,
        disturbance: Disturbance,
        brought: Webhook | None,
        due: float,
    ) -> None:
        first = webhook.copies
        product = webhook.product or self.product
        again = product.redelivery_s[: disturbance.again]
        copies = [
            Copy(self, webhook, number, disturbance, brought)
            for number in range(first, first + count + len(again))
        ]
        webhook.copies += len(copies)
        webhook.under_way += len(copies)
        if self.subscribed.silent is not None:
            for copy in copies:
                copy.lose()
            return
        waits = self.line is not None and (first == 0 or webhook in self.line)
        start = 0.0 if waits else due
        names = [copy.name for copy in copies[:count]]
        times = [
            *due_times(self.spacing, self.kernel.chance, names, start=start),
            *(start + after_s for after_s in again),
        ]
        batch = list(zip(copies, times, strict=True))
        if self.line is not None and waits:
            self.line.enter(webhook, batch, now=self.kernel.clock.now)
            return
        for copy, at in batch:
            copy.dispatch(at)
