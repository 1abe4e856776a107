"""What the platform tells an app of its own sends: echoes, delivery receipts, read receipts.

An app that answers them goes in circles, so that this is also where such a loop is ended.
"""

import re
from functools import partial

from emulator.errors import ScenarioError
from emulator.kernel import Kernel
from emulator.meta.credentials import Credentials
from emulator.meta.delivery import Courier, Webhook
from emulator.meta.outbox import Sent
from emulator.meta.subscribed import Subscribed, check_app_id
from emulator.meta.wire import Item, delivery_item, echo_item, envelope, read_item

# Seconds after the send. No page gives figures, and no order is guaranteed; in reports an echo took
# up to a second and a half.
ECHO_AFTER_S = 0.05
DELIVERY_AFTER_S = 0.15

# How many sends of one loop the bot is told of. The platform itself has no such limit.
ECHO_LIMIT = 20

# In the causal name of a send: it was made because of an echo or a delivery receipt. Receipts of
# reading do not count, as each of them takes a person who opens the thread.
_RETURNED = re.compile(r"\.[ed]0\.w\d")


class Feedback:
    """Tells one app, through the courier of its webhooks, of what it has sent.

    Keeps the latest unread send of each person, and a number for every loop: only a bot that
    answers its own messages has any.
    """

    def __init__(
        self,
        kernel: Kernel,
        courier: Courier,
        *,
        credentials: Credentials,
        subscribed: Subscribed,
        limit: int = ECHO_LIMIT,
    ) -> None:
        """Raises ScenarioError when `limit` is not at least 1, and when echoes are subscribed by an
        app whose id is not a number."""
        if limit < 1:
            raise ScenarioError(f"echo_limit must be at least 1, not {limit}")
        check_app_id(credentials.app_id, subscribed.fields)
        self._kernel = kernel
        self._courier = courier
        self._credentials = credentials
        self._subscribed = subscribed
        self._limit = limit
        self._unread: dict[str, Sent] = {}
        self._loops: dict[str, int] = {}

    def accepted(self, sent: Sent, *, to_person: bool) -> None:
        """A send was accepted just now: what is known of it soon goes to the app.

        One that is not `to_person` went to the page itself: it reaches no device.
        """
        fields = self._subscribed.fields
        if to_person and "message_reads" in fields:
            self._unread[sent.to] = sent
        returns = fields & {"message_echoes", "message_deliveries"}
        if not returns or self._is_over(sent):
            return
        if "message_echoes" in returns:
            self._tell(sent, "e0", self._echo(sent), after_s=ECHO_AFTER_S)
        if to_person and "message_deliveries" in returns:
            item = delivery_item(
                sender=sent.to,
                recipient=self._credentials.page_id,
                mids=(sent.message_id,),
                watermark_ms=self._unix_ms(sent),
            )
            self._tell(sent, "d0", item, after_s=DELIVERY_AFTER_S)

    def opened(self, psid: str) -> None:
        """A person opens the thread: all that was sent to them is read. Nothing new, no receipt."""
        sent = self._unread.pop(psid, None)
        if sent is None:
            return
        item = read_item(
            sender=psid,
            recipient=self._credentials.page_id,
            timestamp_ms=round(self._kernel.clock.unix * 1000),
            watermark_ms=self._unix_ms(sent),
        )
        self._tell(sent, "o0", item, after_s=0.0)

    # -- inside

    def _echo(self, sent: Sent) -> Item:
        return echo_item(
            sender=self._credentials.page_id,
            recipient=sent.to,
            timestamp_ms=self._unix_ms(sent),
            mid=sent.message_id,
            text=sent.text,
            app_id=int(self._credentials.app_id),
            metadata=sent.metadata,
        )

    def _tell(self, sent: Sent, suffix: str, item: Item, *, after_s: float) -> None:
        self._courier.send(
            Webhook(
                name=f"{sent.name}.{suffix}",
                roots=sent.roots,
                cause=sent.entry,
                render=partial(_render, self._credentials.page_id, item),
                kind="echo",
                generation=sent.generation + 1,
                routes=sent.routes,
            ),
            at=self._kernel.clock.now + after_s,
        )

    def _unix_ms(self, sent: Sent) -> int:
        return round((self._kernel.clock.epoch + sent.at) * 1000)

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


def _render(page_id: str, item: Item, time_ms: int) -> bytes:
    return envelope("page", page_id, [[item]], time_ms=time_ms)
