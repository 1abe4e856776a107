"""The delivery engine: it accepts publishes and sees each message through its attempts to its end.

It knows no HTTP surface.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from emulator.exchange import Failure, Outcome, Reply
from emulator.kernel import Kernel
from emulator.qstash.backoff import wait_before
from emulator.qstash.dedup import DedupWindow
from emulator.qstash.delivery import Courier
from emulator.qstash.ids import MESSAGE_ID_LENGTH, draw_id
from emulator.qstash.ledger import KEEP_IN_MEMORY
from emulator.qstash.message import FINAL, DeadLetter, Message, Origin, Post, State
from emulator.qstash.mishaps import Mishaps
from emulator.qstash.objects import describe_failure
from emulator.qstash.plan import Plan
from emulator.qstash.queues import Queues
from emulator.qstash.records import Records
from emulator.qstash.reports import report_on
from emulator.qstash.roster import Roster
from emulator.qstash.signing import KeyPair
from emulator.qstash.switches import DEFAULT_SWITCHES, Switches
from emulator.qstash.traffic import Traffic
from emulator.qstash.waiting import Waiting
from emulator.qstash.workflow import Workflows

# QStash docs, "Retry": this status together with this header ends a message without retries.
NON_RETRYABLE_STATUS = 489
NON_RETRYABLE_HEADER = "Upstash-NonRetryable-Error"


class Accepted(NamedTuple):
    """What became of a publish. The id of a duplicate is that of the message that was first."""

    message_id: str
    deduplicated: bool
    url: str = ""


class Engine:
    """All messages of one account.

    `published` counts what was asked for, `created` all messages, callbacks and those of schedules
    included, `attempts` their deliveries; `pending` counts the messages neither delivered nor dead
    nor cancelled, and those that the kernel cut stay pending for ever. Kept: messages until they
    end and then as long as the log, but not too many of them, the log and the dead letters as the
    plan says, on disk what is old, and keys for ten minutes.
    """

    def __init__(
        self,
        kernel: Kernel,
        *,
        keys: KeyPair,
        plan: Plan,
        region: str,
        switches: Switches = DEFAULT_SWITCHES,
    ) -> None:
        self.published = 0
        self.created = 0
        self.attempts = 0
        self.pending = 0
        self.records = Records(kernel, plan, lambda message: self.runs.rejoin(message))
        self.log = self.records.log
        self.dead = self.records.dead
        self.queues = Queues(
            plan,
            begin=lambda message: self._schedule(message, message.due),
            ready=self._ready,
            cancel=self.cancel,
        )
        self.traffic = Traffic(kernel, self._send, most=plan.max_global_parallelism)
        self._kernel = kernel
        self._plan = plan
        self._switches = switches
        self._courier = Courier(
            kernel, keys=keys, region=region, timeout_s=plan.timeout_s, switches=switches
        )
        self._dedup = DedupWindow()
        keep_ended = min(plan.max_log_entries, KEEP_IN_MEMORY)
        self._roster = Roster(keep_s=plan.log_retention_s, keep_ended=keep_ended)
        self.runs = Workflows(kernel, self, max_body_bytes=plan.max_body_bytes)
        self._waiting = Waiting(kernel, self._ready)
        self.mishaps = Mishaps(kernel, self._roster, self._courier)

    @property
    def now_ms(self) -> int:
        """The time of the world in Unix milliseconds."""
        return self.records.now_ms

    # -- what the surface asks for -----------------------------------------------------------------

    def accept(self, post: Post, origin: Origin) -> Accepted:
        """Take a publish or a message of the queue's own: a new message, or a duplicate that is
        swallowed.
        """
        now = self._kernel.clock.now
        part = post.publish.workflow
        if part is not None:
            begun = self.runs.first_of(part)
            if begun:
                self.records.note_duplicate(begun, post, origin)
                return Accepted(begun, True, post.publish.url)
            post, origin = self.runs.admit(post, part, origin)
        publish = post.publish
        if post.dedup_key:
            first = self._dedup.find(post.dedup_key, now)
            if first is not None:
                self.records.note_duplicate(first, post, origin)
                return Accepted(first, True, publish.url)
        message = self._create(post, origin)
        if part is not None:
            self.runs.join(message, part)
        if post.dedup_key:
            self._dedup.hold(post.dedup_key, message.id, now)
        self.records.write(
            message,
            State.CREATED,
            next_delivery_ms=message.not_before_ms if publish.delay_s else None,
        )
        if publish.delay_s and self._switches.active_when_accepted:
            self.records.write(message, State.ACTIVE)
        if publish.flow is not None:
            self.traffic.expect(publish.flow)
        if publish.queue:
            self.queues.join(message, self.queues.provide(publish.queue, self.now_ms))
        else:
            self._schedule(message, message.due)
        return Accepted(message.id, False, publish.url)

    def find(self, message_id: str) -> Message | None:
        """The message, while it is under way and for a moment after."""
        return self._roster.find(message_id, self._kernel.clock.now)

    def recall(self, message_id: str) -> Message | None:
        """The message, also when the API no longer shows it."""
        return self._roster.recall(message_id)

    def under_way(self) -> Iterable[Message]:
        """The messages that have not ended, oldest first."""
        return self._roster.under_way()

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
            self.records.write(message, State.CANCEL_REQUESTED)
            if self._waiting.remove(message):
                self._finish(message, State.CANCELED)
            elif message.line is not None:
                self.traffic.withdraw(message)
                self._finish(message, State.CANCELED)
            self._leave(message)
        return True

    def hasten(self, message: Message) -> None:
        """Have a message delivered now that waits for its time."""
        if self._waiting.remove(message):
            message.due = self._kernel.clock.now
            self.records.touch(message)
            self._schedule(message, message.due)

    def drop(self, letter: DeadLetter) -> None:
        """Take a dead letter out of the queue; nothing happens when it is gone."""
        self.records.drop(letter)

    def take_back(self, messages: Sequence[Message]) -> None:
        """Go on with messages of an earlier time, in the order in which they were made.

        What was on its way is sent again, but for what was to be cancelled.
        """
        clock = self._kernel.clock
        began_ms = clock.unix * 1_000 - clock.now * 1_000
        ended = [one for one in messages if one.ended_at is not None]
        waiting = [one for one in messages if one.ended_at is None]
        for message in messages:
            self._roster.add(message)
            if message.dedup_key:
                made = (message.created_ms - began_ms) / 1_000
                self._dedup.hold(message.dedup_key, message.id, made)
        for message in sorted(ended, key=lambda one: one.ended_at or 0.0):
            self._roster.end(message, message.ended_at or 0.0)
        self.pending += len(waiting)
        for message in waiting:
            if message.reports_on is not None:
                message.reports_on.open_reports += 1
        for message in messages:
            queue = self.queues.find(message.publish.queue)
            if queue is not None and (message.ended_at is None or message.open_reports):
                self.queues.rejoin(message, queue, begun=message.state is not State.CREATED)
        # Those whose turn in a queue has not come begin when it does.
        going = [one for one in waiting if one.line is None]
        for message in sorted(going, key=lambda one: one.due):
            if message.cancel_requested:
                self._finish(message, State.CANCELED)
                self._leave(message)
            else:
                self._schedule(message, message.due)
        for queue in self.queues.all():
            self.queues.changed(queue)

    # -- the life of a message ---------------------------------------------------------------------

    def _create(self, post: Post, origin: Origin) -> Message:
        name = origin.take_name()
        publish = post.publish
        message = Message(
            id=draw_id(self._kernel.chance, "msg_", name, MESSAGE_ID_LENGTH),
            name=name,
            publish=publish,
            content=post.body,
            caller_ip=origin.caller_ip,
            created_ms=self.now_ms,
            roots=origin.roots,
            generation=origin.generation,
            routes=origin.routes,
            entry=origin.cause,
            dedup_key=post.dedup_key,
            source=origin.source,
            due=self._kernel.clock.now + publish.delay_s,
            reports_on=origin.reports_on,
        )
        self._roster.add(message)
        self.created += 1
        self.pending += 1
        if origin.counted:
            self.published += 1
            message.entry = self.records.note_publish(message, origin)
        return message

    def _schedule(self, message: Message, due: float) -> None:
        """Have the next attempt made at `due`. Only what waits can be cancelled at once."""
        if due <= self._kernel.clock.now:
            self._ready(message)
        else:
            self._waiting.add(message, due)

    def _ready(self, message: Message) -> None:
        """It is time for the next attempt, unless the queue or others are in the way."""
        if message.run is not None:
            self.runs.due(message)
        if message.queue is not None and message.queue.paused:
            message.queue.put_back(message)
        else:
            self.traffic.offer(message)

    def _send(self, message: Message) -> None:
        self.attempts += 1
        due = self.mishaps.due(message)
        sent = self._courier.send(
            message,
            lambda outcome: self._ended(message, outcome),
            due=due,
            on_start=lambda: self._started(message),
        )
        if sent:
            self.mishaps.copy(message, due)
        else:
            self.attempts -= 1
            self.traffic.ended(message)
            self._retire(message, State.HELD)
            self._leave(message)

    def _started(self, message: Message) -> None:
        message.state = State.ACTIVE
        self.records.write(message, State.ACTIVE)

    def _ended(self, message: Message, outcome: Outcome) -> None:
        self.traffic.ended(message)
        if message.lose_answer:
            message.lose_answer = False
            if isinstance(outcome, Reply):
                outcome = Failure("reset", "the answer was lost")
        reply = outcome if isinstance(outcome, Reply) else None
        if reply is not None and reply.ok:
            self._finish(message, State.DELIVERED)
            self._report(message, outcome)
            self._leave(message)
            return
        self.records.write(
            message, State.ERROR, reply=reply, error=describe_failure(message, outcome)
        )
        self._report(message, outcome)
        if message.cancel_requested:
            self._finish(message, State.CANCELED)
        elif message.retried >= message.publish.retries or _non_retryable(reply):
            self._finish(message, State.FAILED)
            if not self.runs.take(message):
                self._report(message, outcome, self.records.bury(message, reply))
        else:
            self._retry(message, reply)
        self._leave(message)

    def _report(
        self,
        message: Message,
        outcome: Outcome,
        letter: DeadLetter | None = None,
        *,
        again: int = 0,
    ) -> None:
        """Have the callback told of an attempt, or the failure callback of the end in `letter`."""
        report = report_on(
            message,
            outcome,
            letter,
            max_body_bytes=self._plan.max_body_bytes,
            failed_status=self._switches.failed_callback_status,
            again=again,
        )
        if report is not None:
            part = report[0].publish.workflow
            if part is not None and self.runs.refuses(part):
                return
            if message.queue is not None:
                message.open_reports += 1
            self.accept(*report)

    def report_again(self, letter: DeadLetter, outcome: Outcome) -> bool:
        """Have the failure function of a workflow run told of its end once more; False when it has
        none.
        """
        run = letter.message.run
        if run is None or letter.message.publish.failure_callback is None:
            return False
        run.failure_calls += 1
        self._report(letter.message, outcome, letter, again=run.failure_calls)
        return True

    def _retry(self, message: Message, reply: Reply | None) -> None:
        clock = self._kernel.clock
        message.retried += 1
        wait_s = wait_before(
            message.retried,
            headers=reply.headers if reply is not None else (),
            expression=message.publish.retry_delay,
            unix=clock.bot_unix,
        )
        wait_s = self._switches.retry_wait(wait_s, self._kernel.chance, message.attempt_name)
        message.state = State.RETRY
        self.records.write(
            message, State.RETRY, next_delivery_ms=self.now_ms + round(wait_s * 1_000)
        )
        self._schedule(message, clock.now + wait_s)

    def _finish(self, message: Message, state: State) -> None:
        self.records.write(message, state)
        self.pending -= 1
        self._retire(message, state)

    def _retire(self, message: Message, state: State) -> None:
        message.state = state
        self._roster.end(message, self._kernel.clock.now)
        if message.run is not None:
            self.runs.left(message, state)
        if message.queue is not None:
            message.queue.lag -= 1

    def _leave(self, message: Message) -> None:
        """Make room in its queue for the next, once a message and its callbacks have ended."""
        if message.state not in FINAL:
            return
        if not message.open_reports:
            self.queues.leave(message)
        reported, message.reports_on = message.reports_on, None
        if reported is not None:
            reported.open_reports -= 1
            self._leave(reported)


def _non_retryable(reply: Reply | None) -> bool:
    return (
        reply is not None
        and reply.status == NON_RETRYABLE_STATUS
        and (reply.header(NON_RETRYABLE_HEADER) or "").strip().lower() == "true"
    )
