"""The event source mapping: Lambda's poller, which takes messages from a queue in batches, hands
each batch to a function, and deletes what the function is done with.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from emulator.delivery import Delivery
from emulator.exchange import Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.queue_mishaps import NO_DISTURBANCE
from emulator.sqs.engine import Engine, MessageQueue
from emulator.sqs.errors import RefusedError
from emulator.sqs.message import Message
from emulator.sqs.shown import record
from emulator.step import Step

# Lambda docs, "Creating and configuring an Amazon SQS event source mapping".
BATCH_SIZE = 10
# As above, "Configuring scaling behavior for SQS event source mappings": batches at a time at
# first, more of them a minute, and at most.
FIRST_BATCHES, MORE_BATCHES, MOST_BATCHES = 5, 300, 1_250
# Lambda quotas: the longest that a function may run.
TIMEOUT_S = 900.0
# Assumed: how soon a poller that waits has a message, in seconds. What comes meanwhile is in the
# same batch.
POLL_LOW_S, POLL_HIGH_S = 0.010, 0.050

# A message with the handle it was received with.
Received = tuple[Message, str]


class Mapping:
    """Hands the messages of a queue to whoever answers at `url`.

    Each batch is a POST of the event; an answer other than 2xx is taken for an error of the
    function, and the body of the others for what it returned. What it is not done with becomes
    visible again when its time is over. `max_concurrency` bounds how many batches are under way.
    """

    def __init__(
        self,
        kernel: Kernel,
        engine: Engine,
        queue: MessageQueue,
        url: str,
        *,
        batch_size: int = BATCH_SIZE,
        window_s: float = 0.0,
        timeout_s: float = TIMEOUT_S,
        reports_failures: bool = True,
        max_concurrency: int = MOST_BATCHES,
    ) -> None:
        self.url = url
        self.disturbance = NO_DISTURBANCE
        self._kernel = kernel
        self._engine = engine
        self._queue = queue
        self._batch_size = batch_size
        self._window_s = window_s
        self._timeout_s = timeout_s
        self._reports_failures = reports_failures
        self._max_concurrency = max_concurrency
        self._active = 0
        self._busy_since = 0.0
        # Messages are waiting that nobody was free to take.
        self._behind = False
        # The next look is for what had to wait.
        self._pressed = False
        # By message, when the poller takes it.
        self._steps: dict[str, Step] = {}
        queue.watchers.append(self)
        for message in queue.messages.values():
            self.awaits(message)

    # -- Watcher

    def awaits(self, message: Message) -> None:
        kernel = self._kernel
        kernel.cancel(self._steps.pop(message.id, None))
        name = f"{message.name}/poll{message.received or ''}"
        latency_s = kernel.chance.uniform(name, POLL_LOW_S, POLL_HIGH_S)
        self._steps[message.id] = kernel.at(
            max(message.visible_at, kernel.clock.now) + self._window_s + latency_s,
            name,
            self._poll,
            roots=message.origin.roots,
            task=message.attempt_name,
        )

    def gone(self, message: Message) -> None:
        self._kernel.cancel(self._steps.pop(message.id, None))
        self._catch_up(message)

    # -- for the harness

    def redeliver(self, message: Message, *, after_s: float) -> str | None:
        """Hand over a message once more, after which nothing follows; returns the name of the
        delivery, None when the kernel cut what it works for.
        """
        self._engine.renew_handle(self._queue, message)
        due = self._kernel.clock.now + after_s
        batch = [(message, message.handle)]
        name = message.attempt_name
        return name if self._send(batch, lambda outcome: None, due=due) else None

    # -- inside

    def _poll(self) -> None:
        """Take what is there, in as many batches as may be under way."""
        now = self._kernel.clock.now
        if not self._active and not self._pressed:
            self._busy_since = now
        self._pressed = False
        while self._active < self._allowed(now):
            taken = self._engine.receive(self._queue, self._batch_size, None)
            if not taken:
                break
            # A poller's receive is billed like any other (Lambda docs, "Using Lambda with Amazon
            # SQS"); those that find nothing are not counted here.
            self._engine.charge(sum(len(message.new.body) for message in taken))
            before = self._active
            for batch in self._batches(taken):
                self._invoke([(message, message.handle) for message in batch])
            if self._active == before:
                # All were cut, and are visible again at once in a queue that hides nothing.
                break
        self._behind = bool(self._queue.line.counts["waiting"])

    def _allowed(self, now: float) -> int:
        minutes = (now - self._busy_since) / 60.0
        grown = FIRST_BATCHES + int(MORE_BATCHES * minutes)
        return min(grown, self._max_concurrency, MOST_BATCHES)

    def _batches(self, taken: Sequence[Message]) -> list[list[Message]]:
        """What has come another way here, or further, is handed over by itself: a batch is of one
        generation, so that a loop is not laid to messages that only happened to be with it. A FIFO
        queue's stay together, for their order.
        """
        if self._queue.settings.fifo:
            return [list(taken)] if taken else []
        found: dict[tuple[int, tuple[str, ...]], list[Message]] = {}
        for message in taken:
            key = message.origin.generation, message.origin.routes
            found.setdefault(key, []).append(message)
        return list(found.values())

    def _invoke(self, batch: Sequence[Received]) -> None:
        """Hand over a batch, without those that the kernel cut: they wait for ever."""
        kernel, disturbed = self._kernel, self.disturbance
        due = kernel.clock.now + disturbed.late_s
        name = batch[0][0].attempt_name
        if disturbed.spread_s:
            due += round(disturbed.spread_s * kernel.chance.fraction(f"spread/{name}"), 3)
        left = self._uncut(batch)
        # A message may be cut by this very delivery.
        while left and not self._send(left, partial(self._ended, left), due=due):
            left = self._uncut(left)
        if not left:
            return
        self._active += 1
        for number in range(1, disturbed.copies):
            left[0][0].repeats += 1
            self._send(left, lambda outcome: None, due=due + number * disturbed.copy_after_s)

    def _uncut(self, batch: Sequence[Received]) -> list[Received]:
        found = []
        for message, handle in batch:
            if any(root in self._kernel.cut for root in message.origin.roots):
                self._kernel.cancel(self._steps.pop(message.id, None))
            else:
                found.append((message, handle))
        return found

    def _send(
        self, batch: Sequence[Received], on_outcome: Callable[[Outcome], None], *, due: float
    ) -> bool:
        messages = [message for message, _ in batch]
        event = {"Records": [record(message, self._queue.arn) for message in messages]}
        body = json.dumps(event, separators=(",", ":")).encode()
        request = Request("POST", self.url, (("Content-Type", "application/json"),), body)
        first = messages[0]
        origins = [message.origin for message in messages]
        return self._kernel.deliver(
            Delivery(
                name=first.attempt_name,
                kind="queue",
                due=due,
                build=lambda: request,
                on_outcome=on_outcome,
                timeout_s=self._timeout_s,
                roots=tuple(dict.fromkeys(root for one in origins for root in one.roots)),
                generation=max(one.generation for one in origins),
                cause=first.entry,
                routes=tuple(dict.fromkeys(route for one in origins for route in one.routes)),
            )
        )

    def _ended(self, batch: Sequence[Received], outcome: Outcome) -> None:
        self._active -= 1
        lost = any(message.lose_answer for message, _ in batch)
        failed = {message.id for message, _ in batch} if lost else self._failed(batch, outcome)
        done = 0
        for message, handle in batch:
            message.lose_answer = False
            message.last_status = outcome.status if isinstance(outcome, Reply) else 0
            if message.id in failed:
                continue
            try:
                self._engine.delete(self._queue, handle)
            except RefusedError:
                continue  # its time was over before the function was; it comes again
            done += 1
        if done:
            self._engine.charge()
        self._catch_up(batch[0][0])

    def _failed(self, batch: Sequence[Received], outcome: Outcome) -> set[str]:
        """The ids of the messages that the function is not done with (Lambda docs, "Reporting batch
        item failures": what counts as complete success, and as complete failure).
        """
        everything = {message.id for message, _ in batch}
        if not isinstance(outcome, Reply) or not outcome.ok:
            return everything
        if not self._reports_failures or not outcome.body.strip():
            return set()
        try:
            returned: Any = json.loads(outcome.body)
        except ValueError:
            return everything
        if returned is None:
            return set()
        if not isinstance(returned, dict):
            return everything
        items = returned.get("batchItemFailures") or []
        if not isinstance(items, list):
            return everything
        named = [one.get("itemIdentifier") if isinstance(one, dict) else None for one in items]
        return (
            {str(one) for one in named} if all(one in everything for one in named) else everything
        )

    def _catch_up(self, message: Message) -> None:
        """Somebody is free again, or the rest of a group: take what had to wait."""
        if not self._behind:
            return
        self._behind, self._pressed = False, True
        self._kernel.at(
            self._kernel.clock.now + POLL_LOW_S,
            f"{message.attempt_name}/next",
            self._poll,
            roots=message.origin.roots,
            task=message.attempt_name,
        )
