"""The delivery engine: it accepts publishes and sees each message through its attempts to its end.

It knows no HTTP surface.
"""

import json
from dataclasses import dataclass

from emulator.errors import ScenarioError
from emulator.exchange import Failure, Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.qstash.backoff import wait_before
from emulator.qstash.dedup import DedupWindow
from emulator.qstash.delivery import Courier
from emulator.qstash.ids import MESSAGE_ID_LENGTH, draw_id
from emulator.qstash.ledger import Ledger
from emulator.qstash.message import FINAL, DeadLetter, LogEntry, Message, Origin, Publish, State
from emulator.qstash.objects import callback_object, describe_failure
from emulator.qstash.plan import Plan
from emulator.qstash.roster import Roster
from emulator.qstash.signing import KeyPair

# QStash docs, "Retry": this status together with this header ends a message without retries.
NON_RETRYABLE_STATUS = 489
NON_RETRYABLE_HEADER = "Upstash-NonRetryable-Error"

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a publish. The id of a duplicate is that of the message that was first."""

    message_id: str
    deduplicated: bool


class Engine:
    """All messages of one account.

    `published` counts what was asked for, `pending` the messages neither delivered nor dead nor
    cancelled, callbacks included; those that the kernel cut stay pending for ever. Kept: messages
    until they end and then as long as the log, the log and the dead letters as the plan says, keys
    for ten minutes.
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
        self._plan = plan
        self._courier = Courier(kernel, keys=keys, region=region, timeout_s=plan.timeout_s)
        self._dedup = DedupWindow()
        self._roster = Roster(keep_s=plan.log_retention_s, keep_ended=plan.max_log_entries)

    @property
    def now_ms(self) -> int:
        """The time of the world in Unix milliseconds."""
        return round(self._kernel.clock.unix * 1_000)

    # -- what the surface asks for -----------------------------------------------------------------

    def accept(self, publish: Publish, origin: Origin) -> Accepted:
        """Take a publish or a message of the queue's own: a new message, or a duplicate that is
        swallowed.
        """
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
        return self._roster.find(message_id, self._kernel.clock.now)

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

    def drop(self, letter: DeadLetter) -> None:
        """Take a dead letter out of the queue; nothing happens when it is gone."""
        self.dead.remove(letter.place, self.now_ms)

    # -- what goes wrong on demand -----------------------------------------------------------------

    def recall(self, message_id: str) -> Message | None:
        """The message, also when the API no longer shows it."""
        return self._roster.recall(message_id)

    def redeliver(self, message_id: str, *, after_s: float) -> str:
        """Deliver a delivered message once more, after which nothing follows; returns the name of
        the delivery.

        Raises ScenarioError if it was not delivered, or if the kernel cut what it works for.
        """
        message = self._roster.recall(message_id)
        if message is None or message.state is not State.DELIVERED:
            raise ScenarioError(f"message {message_id} was not delivered, so it can't come again")
        message.repeats += 1
        sent = self._courier.send(
            message, lambda outcome: None, due=self._kernel.clock.now + after_s
        )
        if not sent:
            raise ScenarioError(f"message {message_id} works for a user message that was cut")
        return message.attempt_name

    def lose_answer(self, message_id: str) -> None:
        """Take the attempt under way, or else the next, for one that lost its connection, whatever
        the destination answers. Raises ScenarioError if no attempt can follow.
        """
        message = self._roster.recall(message_id)
        if message is None or message.state in FINAL:
            raise ScenarioError(f"message {message_id} is not under way, so no answer can be lost")
        message.lose_answer = True

    # -- the life of a message ---------------------------------------------------------------------

    def _create(self, publish: Publish, origin: Origin) -> Message:
        kernel = self._kernel
        name = origin.take_name()
        created_ms = self.now_ms
        message = Message(
            id=draw_id(kernel.chance, "msg_", name, MESSAGE_ID_LENGTH),
            name=name,
            publish=publish,
            caller_ip=origin.caller_ip,
            created_ms=created_ms,
            not_before_ms=created_ms + round(publish.delay_s * 1_000),
            roots=origin.roots,
            generation=origin.generation,
            routes=origin.routes,
            entry=origin.cause,
            source=origin.source,
        )
        self._roster.add(message)
        self.pending += 1
        if origin.counted:
            self.published += 1
            message.entry = kernel.note(
                "publish",
                name,
                cause=origin.cause,
                roots=origin.roots,
                generation=origin.generation,
                detail={
                    "message_id": message.id,
                    "url": publish.url,
                    "dedup": publish.dedup_key,
                    "delay_s": publish.delay_s,
                    "route": _route(publish),
                },
            )
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
        sent = self._courier.send(
            message,
            lambda outcome: self._ended(message, outcome),
            due=self._kernel.clock.now,
            on_start=lambda: self._started(message),
        )
        if not sent:
            self._retire(message, State.HELD)

    def _started(self, message: Message) -> None:
        message.state = State.ACTIVE
        self._write(message, State.ACTIVE)

    def _ended(self, message: Message, outcome: Outcome) -> None:
        if message.lose_answer:
            message.lose_answer = False
            if isinstance(outcome, Reply):
                outcome = Failure("reset", "the answer was lost")
        reply = outcome if isinstance(outcome, Reply) else None
        if reply is not None and reply.ok:
            self._finish(message, State.DELIVERED)
            self._report(message, outcome)
            return
        self._write(message, State.ERROR, reply=reply, error=describe_failure(message, outcome))
        self._report(message, outcome)
        if message.cancel_requested:
            self._finish(message, State.CANCELED)
        elif message.retried >= message.publish.retries or _non_retryable(reply):
            self._bury(message, outcome)
        else:
            self._retry(message, reply)

    def _report(self, message: Message, outcome: Outcome, letter: DeadLetter | None = None) -> None:
        """Have the callback told of an attempt, or the failure callback of the end in `letter`."""
        publish = message.publish
        callback = publish.callback if letter is None else publish.failure_callback
        if callback is None:
            return
        shown = callback_object(
            message, outcome, letter=letter, max_body_bytes=self._plan.max_body_bytes
        )
        name = f"{message.name}.c{message.retried}" if letter is None else f"{message.name}.f0"
        origin = Origin(
            take_name=lambda: name,
            call_name=name,
            caller_ip=message.caller_ip,
            roots=message.roots,
            generation=message.generation + 1,
            routes=(*message.routes, _route(publish)),
            cause=message.entry,
            counted=False,
            source=message.id,
        )
        self.accept(callback.report(publish, _encode(shown).encode()), origin)

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

    def _bury(self, message: Message, outcome: Outcome) -> None:
        reply = outcome if isinstance(outcome, Reply) else None
        self._finish(message, State.FAILED)
        place = self.dead.reserve(self.now_ms)
        letter = DeadLetter(place, message, reply)
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
        self._report(message, outcome, letter)

    def _finish(self, message: Message, state: State) -> None:
        self._write(message, state)
        self.pending -= 1
        self._retire(message, state)

    def _retire(self, message: Message, state: State) -> None:
        message.state = state
        self._roster.end(message, self._kernel.clock.now)

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


def _route(publish: Publish) -> str:
    return Request(publish.method, publish.url).raw_path
