"""What the platform tells an app of its own sends: echoes, delivery receipts, read receipts.

An app that answers them goes in circles, so that this is also where such a loop is ended.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from emulator.errors import ScenarioError
from emulator.kernel import Kernel
from emulator.meta.delivery.courier import Courier
from emulator.meta.delivery.webhook import Join, Part, Webhook
from emulator.meta.items.envelope import Render
from emulator.meta.items.update import Update
from emulator.meta.platform import Field
from emulator.meta.sends.outbox import Sent

# Seconds after the send. No page gives figures, and no order is guaranteed; in reports an echo took
# up to a second and a half.
ECHO_AFTER_S = 0.05
DELIVERY_AFTER_S = 0.15

# How many sends of one loop the bot is told of. The platform itself has no such limit.
ECHO_LIMIT = 20

# In the causal name of a send: it was made because of an echo, a delivery receipt or a status.
# Receipts of reading do not count, as each of them takes a person who opens the thread.
_RETURNED = re.compile(r"\.[eds]0\.w\d")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an app is told of a send of its own, `after_s` seconds later.

    `suffix` goes on with the causal name of the send: `e0` echo, `s0` sent, `d0` delivered, `o0`
    read. `build` is given the send, the account and the unix time of the receipt in seconds. One
    that is not `of_device` also tells of a send to the account itself, which reaches no device.
    """

    suffix: str
    field: Field
    build: Callable[[Sent, "Origin", float], Update]
    after_s: float = 0.0
    of_device: bool = True


@dataclass(frozen=True, slots=True)
class Origin:
    """The account that sends, and the app which does it; `sent_unix` dates a send, in seconds."""

    account: str
    app_id: str
    epoch: float

    def sent_unix(self, sent: Sent) -> float:
        return self.epoch + sent.at

    def sent_ms(self, sent: Sent) -> int:
        return round(self.sent_unix(sent) * 1000)


class Told(Protocol):
    """What a platform tells of a send: `receipts` by themselves, `read` once somebody looks."""

    @property
    def receipts(self) -> tuple[Receipt, ...]: ...

    @property
    def read(self) -> Receipt: ...


class Feedback:
    """Tells one app, through the courier of its webhooks, of what it has sent.

    Keeps the latest unread send of each person, and a number for every loop: only a bot that
    answers its own messages has any.
    """

    def __init__(
        self,
        kernel: Kernel,
        courier: Courier,
        told: Told,
        *,
        origin: Origin,
        render: Render,
        join: Join,
        limit: int = ECHO_LIMIT,
    ) -> None:
        """Raises ScenarioError when `limit` is not at least 1."""
        if limit < 1:
            raise ScenarioError(f"echo_limit must be at least 1, not {limit}")
        self._kernel = kernel
        self._courier = courier
        self._origin = origin
        self._receipts = told.receipts
        self._read = told.read
        self._subscribed = courier.subscribed
        self._render = render
        self._join = join
        self._limit = limit
        self._unread: dict[str, Sent] = {}
        self._loops: dict[str, int] = {}

    def accepted(self, sent: Sent, *, to_person: bool) -> None:
        """A send was accepted just now: what is known of it soon goes to the app.

        One that is not `to_person` went to the account itself: it reaches no device.
        """
        tells_of = self._subscribed.tells_of
        if to_person and tells_of(self._read.field):
            self._unread[sent.to] = sent
        due = [one for one in self._receipts if tells_of(one.field)]
        if not due or self._is_over(sent):
            return
        for receipt in due:
            if to_person or not receipt.of_device:
                self._tell(receipt, sent)

    def tell(self, receipt: Receipt, sent: Sent) -> None:
        """Tell of a send something else than is told of others."""
        if self._subscribed.tells_of(receipt.field) and not self._is_over(sent):
            self._tell(receipt, sent)

    def opened(self, psid: str) -> None:
        """A person opens the thread: all that was sent to them is read. Nothing new, no receipt."""
        sent = self._unread.pop(psid, None)
        if sent is not None:
            self._tell(self._read, sent)

    # -- inside

    def _tell(self, receipt: Receipt, sent: Sent) -> None:
        clock = self._kernel.clock
        update = receipt.build(sent, self._origin, clock.unix + receipt.after_s)
        self._courier.send(
            Webhook(
                name=f"{sent.name}.{receipt.suffix}",
                roots=sent.roots,
                cause=sent.entry,
                render=partial(self._render, ((update,),)),
                parts=(Part(sent.roots, update),),
                join=self._join,
                kind="echo",
                generation=sent.generation + 1,
                routes=sent.routes,
            ),
            at=clock.now + receipt.after_s,
        )

    def _is_over(self, sent: Sent) -> bool:
        """Whether this send belongs to a loop that has had its share; found once for each loop."""
        returned = _RETURNED.search(sent.name)
        if returned is None:
            return False
        origin = sent.name[: returned.start()]
        told = self._loops.get(origin, 1)  # the first send of the loop, which no echo led to
        if told > self._limit:
            return True
        self._loops[origin] = told + 1
        if told < self._limit:
            return False
        self._kernel.note(
            "finding",
            "echo-loop",
            cause=sent.entry,
            roots=sent.roots,
            generation=sent.generation,
            detail={"first": origin, "sends": told, "limit": self._limit, "to": sent.to},
        )
        return True
