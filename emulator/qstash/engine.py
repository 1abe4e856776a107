"""The delivery engine: it accepts publishes and sees each message through its attempts to its end.

It knows no HTTP surface.
"""

from collections import deque
from dataclasses import dataclass

from emulator.delivery import Delivery
from emulator.errors import EmulatorBug
from emulator.exchange import Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.qstash.backoff import wait_before
from emulator.qstash.dedup import DedupWindow
from emulator.qstash.ids import MESSAGE_ID_LENGTH, SHORT_ID_LENGTH, draw_id
from emulator.qstash.ledger import Ledger, format_place
from emulator.qstash.message import FINAL, DeadLetter, LogEntry, Message, Origin, Publish, State
from emulator.qstash.objects import describe_failure
from emulator.qstash.plan import Plan
from emulator.qstash.signing import KeyPair, sign
from emulator.qstash.wire import delivery_request

# The docs promise only that finished messages vanish shortly after; the vendor's SDK tests still
# read them at once.
FINISHED_READABLE_S = 10.0

# QStash docs, "Retry": this status together with this header ends a message without retries.
NON_RETRYABLE_STATUS = 489
NON_RETRYABLE_HEADER = "Upstash-NonRetryable-Error"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a publish. The id of a duplicate is that of the message that was first."""

    message_id: str
    deduplicated: bool


class Engine:
    """All messages of one account.

    `pending` counts the messages neither delivered nor dead nor cancelled; those that the kernel
    cut stay pending for ever. Kept: messages until they end and a moment longer, the log and the
    dead letters as the plan says, keys for ten minutes.
    """

    def __init__(self, kernel: Kernel, *, keys: KeyPair, plan: Plan, region: str) -> None:
        self.published = 0
        self.pending = 0
        self.log: Ledger[LogEntry] = Ledger(
            keep_s=plan.log_retention_s, keep_records=plan.max_log_entries
        )
        self.dead: Ledger[DeadLetter] = Ledger(
            keep_s=plan.dlq_retention_s, keep_records=plan.max_dead_letters
        )
        self._kernel = kernel
        self._keys = keys
        self._plan = plan
        self._region = region
        self._dedup = DedupWindow()
        self._messages: dict[str, Message] = {}
        self._finished: deque[tuple[float, str]] = deque()

    @property
    def now_ms(self) -> int:
        """The time of the world in Unix milliseconds."""
        return round(self._kernel.clock.unix * 1_000)

    # -- what the surface asks for -----------------------------------------------------------------

    def accept(self, publish: Publish, origin: Origin) -> Accepted:
        """Take a publish: a new message, or a duplicate that is swallowed."""
        kernel = self._kernel
        now = kernel.clock.now
        if publish.dedup_key:
            first = self._dedup.find(publish.dedup_key, now)
            if first is not None:
                kernel.note(
                    "duplicate",
                    origin.call_name,
                    cause=origin.cause,
                    roots=origin.roots,
                    generation=origin.generation,
                    detail={"message_id": first, "url": publish.url, "dedup": publish.dedup_key},
                )
                return Accepted(first, True)
        message = self._create(publish, origin)
        if publish.dedup_key:
            self._dedup.hold(publish.dedup_key, message.id, now)
        due = now + publish.delay_s
        self._write(
            message,
            State.CREATED,
            next_delivery_ms=message.not_before_ms if publish.delay_s else None,
        )
        self._schedule(message, due)
        return Accepted(message.id, False)

    def find(self, message_id: str) -> Message | None:
        """The message, while it is under way and for a moment after."""
        self._forget_finished()
        return self._messages.get(message_id)

    def cancel(self, message_id: str) -> bool:
        """Cancel a message that has not ended; False when there is none.

        One that waits is gone at once. An attempt that is under way can not be taken back: it is
        the last one.
        """
        message = self.find(message_id)
        if message is None or message.state in FINAL:
            return False
        if not message.cancel_requested:
            message.cancel_requested = True
            self._write(message, State.CANCEL_REQUESTED)
            if message.timer is not None:
                self._kernel.cancel(message.timer)
                message.timer = None
                self._finish(message, State.CANCELED)
        return True

    # -- the life of a message ---------------------------------------------------------------------

    def _create(self, publish: Publish, origin: Origin) -> Message:
        kernel = self._kernel
        self._forget_finished()
        name = origin.take_name()
        message_id = draw_id(kernel.chance, "msg_", name, MESSAGE_ID_LENGTH)
        if message_id in self._messages:
            raise EmulatorBug(f"two publishes have the name {name}")
        entry = kernel.note(
            "publish",
            name,
            cause=origin.cause,
            roots=origin.roots,
            generation=origin.generation,
            detail={
                "message_id": message_id,
                "url": publish.url,
                "dedup": publish.dedup_key,
                "delay_s": publish.delay_s,
                "route": Request(publish.method, publish.url).raw_path,
            },
        )
        created_ms = self.now_ms
        message = Message(
            id=message_id,
            name=name,
            publish=publish,
            caller_ip=origin.caller_ip,
            created_ms=created_ms,
            not_before_ms=created_ms + round(publish.delay_s * 1_000),
            roots=origin.roots,
            generation=origin.generation,
            routes=origin.routes,
            entry=entry,
        )
        self._messages[message_id] = message
        self.published += 1
        self.pending += 1
        return message

    def _schedule(self, message: Message, due: float) -> None:
        """Have the next attempt made at `due`.

        Only what waits has a timer, so only that can be cancelled at once.
        """
        if due <= self._kernel.clock.now:
            self._send(message)
            return
        name = message.attempt_name
        message.timer = self._kernel.at(
            due, name + "/due", lambda: self._send(message), roots=message.roots, task=name
        )

    def _send(self, message: Message) -> None:
        message.timer = None
        timeout_s = self._plan.timeout_s
        if message.publish.timeout_s is not None:
            timeout_s = min(timeout_s, message.publish.timeout_s)
        sent = self._kernel.deliver(
            Delivery(
                name=message.attempt_name,
                kind="queue",
                due=self._kernel.clock.now,
                build=lambda: self._build(message),
                on_outcome=lambda outcome: self._ended(message, outcome),
                timeout_s=timeout_s,
                roots=message.roots,
                generation=message.generation,
                cause=message.entry,
                routes=message.routes,
                on_start=lambda: self._started(message),
            )
        )
        if not sent:
            self._retire(message, State.HELD)

    def _build(self, message: Message) -> Request:
        kernel = self._kernel
        signature = sign(
            self._keys.current,
            url=message.publish.url,
            body=message.publish.body,
            unix=kernel.clock.unix,
            token_id=draw_id(kernel.chance, "jwt_", message.attempt_name, SHORT_ID_LENGTH),
        )
        return delivery_request(message, signature=signature, region=self._region)

    def _started(self, message: Message) -> None:
        message.state = State.ACTIVE
        self._write(message, State.ACTIVE)

    def _ended(self, message: Message, outcome: Outcome) -> None:
        reply = outcome if isinstance(outcome, Reply) else None
        if reply is not None and reply.ok:
            self._finish(message, State.DELIVERED)
            return
        self._write(message, State.ERROR, reply=reply, error=describe_failure(message, outcome))
        if message.cancel_requested:
            self._finish(message, State.CANCELED)
        elif message.retried >= message.publish.retries or _non_retryable(reply):
            self._bury(message, reply)
        else:
            self._retry(message, reply)

    def _retry(self, message: Message, reply: Reply | None) -> None:
        clock = self._kernel.clock
        message.retried += 1
        wait_s = wait_before(
            message.retried,
            headers=reply.headers if reply is not None else (),
            expression=message.publish.retry_delay,
            unix=clock.unix,
        )
        message.state = State.RETRY
        self._write(message, State.RETRY, next_delivery_ms=self.now_ms + round(wait_s * 1_000))
        self._schedule(message, clock.now + wait_s)

    def _bury(self, message: Message, reply: Reply | None) -> None:
        self._finish(message, State.FAILED)
        place = self.dead.reserve(self.now_ms)
        letter = DeadLetter(format_place(place), place[0], message, reply)
        self.dead.add(place, letter)
        self._kernel.note(
            "dead",
            message.name,
            cause=message.entry,
            roots=message.roots,
            generation=message.generation,
            detail={
                "message_id": message.id,
                "dlq_id": letter.id,
                "status": reply.status if reply is not None else 0,
                "attempts": message.retried + 1,
            },
        )

    def _finish(self, message: Message, state: State) -> None:
        self._write(message, state)
        self.pending -= 1
        self._retire(message, state)

    def _retire(self, message: Message, state: State) -> None:
        message.state = state
        self._finished.append((self._kernel.clock.now, message.id))

    def _forget_finished(self) -> None:
        gone = self._kernel.clock.now - FINISHED_READABLE_S
        while self._finished and self._finished[0][0] < gone:
            del self._messages[self._finished.popleft()[1]]

    def _write(
        self,
        message: Message,
        state: State,
        *,
        next_delivery_ms: int | None = None,
        reply: Reply | None = None,
        error: str | None = None,
    ) -> None:
        place = self.log.reserve(self.now_ms)
        self.log.add(place, LogEntry(place[0], message, state, next_delivery_ms, reply, error))


def _non_retryable(reply: Reply | None) -> bool:
    return (
        reply is not None
        and reply.status == NON_RETRYABLE_STATUS
        and (reply.header(NON_RETRYABLE_HEADER) or "").strip().lower() == "true"
    )
