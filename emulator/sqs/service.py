"""SQS as a service of the world: what the bot reaches, and what a harness may ask."""

import json
from collections.abc import Iterable
from collections.abc import Mapping as Table
from dataclasses import replace

from emulator.call import Access, Call
from emulator.errors import ScenarioError
from emulator.exchange import Blocked, Reply, Request
from emulator.findings import note_unsupported
from emulator.kernel import Kernel
from emulator.queue_mishaps import Disturbance
from emulator.sqs.access import access_of
from emulator.sqs.actions import ACTIONS, NOT_SERVED, ORIGIN, Asked, url_of, wait_s
from emulator.sqs.engine import Engine, Operation
from emulator.sqs.errors import RefusedError
from emulator.sqs.given import Given, read_object
from emulator.sqs.mapping import BATCH_SIZE, MOST_BATCHES, TIMEOUT_S, Mapping
from emulator.sqs.message import NewMessage, Origin
from emulator.sqs.polls import Polls
from emulator.sqs.settings import ARN_BASE, FIFO_SUFFIX, Settings

# The queues that are there from the beginning, each with one of dead letters.
QUEUE, FIFO_QUEUE = "thrice", "thrice" + FIFO_SUFFIX
QUEUE_URL, FIFO_URL = url_of(QUEUE), url_of(FIFO_QUEUE)
# Of those; Lambda docs, "Creating and configuring an Amazon SQS event source mapping", want five at
# least.
MAX_RECEIVES = 5

_PREFIX = "AmazonSQS."
_JSON = ("Content-Type", "application/x-amz-json-1.0")
_ID_LENGTH = 13


class Sqs:
    """A fake SQS with a standard and a FIFO queue, which are made like any other.

    Any signature is good. `published` counts the messages accepted as new, `pending` those that are
    neither deleted nor dead letters. `origins` are further addresses at which it answers.
    """

    name = "sqs"

    def __init__(self, kernel: Kernel, *, origins: Iterable[str] = ()) -> None:
        self.kernel = kernel
        self.engine = Engine(kernel)
        self.engine.address_of = self._address_of
        self._mappings: dict[str, Mapping] = {}
        self._polls: dict[str, Polls] = {}
        self._origins = frozenset(
            (ORIGIN, ORIGIN + ":443", *(one.lower().rstrip("/") for one in origins))
        )
        self._own_messages = 0
        self._own_calls = 0
        for suffix in ("", FIFO_SUFFIX):
            fifo = bool(suffix)
            self.engine.add_queue(f"{QUEUE}-dead{suffix}", Settings(fifo=fifo), frozenset())
            arn = f"{ARN_BASE}{QUEUE}-dead{suffix}"
            settings = Settings(fifo=fifo, redrive_arn=arn, max_receives=MAX_RECEIVES)
            self.engine.add_queue(f"{QUEUE}{suffix}", settings, frozenset())

    # -- Service -----------------------------------------------------------------------------------

    def claims(self, request: Request) -> bool:
        return request.origin in self._origins

    def access(self, request: Request) -> Access:
        """What a request touches."""
        return access_of(_action(request), request.body)

    def answer(self, call: Call) -> Reply | Blocked:
        if _action(call.request) == "ReceiveMessage":
            return self._receive(call)
        return self.handle(call.request, call)

    def handle(self, request: Request, call: Call | None = None) -> Reply:
        """Answer one request at once, at the present time of the world; with a call, messages
        belong to that call's invocation.
        """
        if call is None:
            self._own_calls += 1
        cause = call.name if call is not None else f"x/{self._own_calls}"
        self.engine.charge(len(request.body))
        return self._answer(request, call, cause)

    def _answer(self, request: Request, call: Call | None, cause: str) -> Reply:
        try:
            content = self._perform(request, call)
        except RefusedError as error:
            told = {"__type": f"com.amazonaws.sqs#{error.code}", "message": error.message}
            headers = (("x-amzn-query-error", f"{error.query_code};Sender"),)
            return self._reply(error.http_status, told, cause, headers)
        if content is None:
            told = {
                "__type": "com.amazon.coral.service#UnknownOperationException",
                "message": f"{_action(request) or 'the query protocol'} is not served here",
            }
            return self._reply(400, told, cause)
        return self._reply(200, content, cause)

    # -- the mapping -------------------------------------------------------------------------------

    def map(
        self,
        queue: str,
        url: str,
        *,
        batch_size: int = BATCH_SIZE,
        window_s: float = 0.0,
        timeout_s: float = TIMEOUT_S,
        reports_failures: bool = True,
        max_concurrency: int = MOST_BATCHES,
    ) -> Mapping:
        """Have the messages of a queue handed to the function at `url`, in batches. Raises
        ScenarioError when there is no such queue, or it is mapped already.
        """
        if queue not in self.engine.queues or queue in self._mappings:
            why = "is mapped already" if queue in self._mappings else "does not exist"
            raise ScenarioError(f"the queue {queue} {why}")
        self._mappings[queue] = Mapping(
            self.kernel,
            self.engine,
            self.engine.queues[queue],
            url,
            batch_size=batch_size,
            window_s=window_s,
            timeout_s=timeout_s,
            reports_failures=reports_failures,
            max_concurrency=max_concurrency,
        )
        return self._mappings[queue]

    def hand_to(
        self, url: str, *, visibility_s: int = 30, max_receives: int = MAX_RECEIVES
    ) -> None:
        """Have the messages of the queues that are there from the beginning handed to the function
        at `url`.
        """
        for name in (QUEUE, FIFO_QUEUE):
            queue = self.engine.queues[name]
            queue.settings = replace(
                queue.settings, visibility_s=visibility_s, max_receives=max_receives
            )
            self.map(name, url)

    # -- for the harness ---------------------------------------------------------------------------

    @property
    def published(self) -> int:
        return self.engine.published

    def pending(self) -> int:
        return self.engine.pending()

    @property
    def cost(self) -> int:
        """Requests so far, as they are billed: by 64 KB, with those of the pollers that found
        something.
        """
        return self.engine.requests

    def operations(self) -> list[Operation]:
        """The latest of what happened, oldest first."""
        return list(self.engine.operations)

    def redeliver(self, message_id: str, *, after_s: float = 0.0) -> str:
        """Hand over a message that is done once more, as at-least-once delivery may; returns the
        name of that delivery. Raises ScenarioError if it is not done, or no longer known.
        """
        message = self.engine.ended(message_id)
        mapping = self._mappings.get(message.queue)
        if mapping is None:
            raise ScenarioError(f"nobody takes the messages of the queue {message.queue}")
        name = mapping.redeliver(message, after_s=after_s)
        if name is None:
            raise ScenarioError(f"message {message_id} works for a user message that was cut")
        return name

    def lose_answer(self, message_id: str) -> None:
        """Lose the function's answer to one delivery of a message: the one under way, or else the
        next. Raises ScenarioError if the message is not under way.
        """
        message = self.engine.find(message_id)
        if message is None:
            raise ScenarioError(f"message {message_id} is not under way, so no answer can be lost")
        message.lose_answer = True

    def disturb(
        self,
        *,
        copies: int = 1,
        copy_after_s: float = 0.0,
        late_s: float = 0.0,
        spread_s: float = 0.0,
    ) -> None:
        """Have batches come in copies, late, or in another order from now on; without arguments
        everything is as usual again. Only the answer to the first copy counts. Raises ScenarioError
        for what makes no sense.
        """
        disturbance = Disturbance(copies, copy_after_s, late_s, spread_s)
        for mapping in self._mappings.values():
            mapping.disturbance = disturbance

    # -- inside ------------------------------------------------------------------------------------

    def _perform(self, request: Request, call: Call | None) -> dict[str, object] | None:
        """The answer's content; None for what is not served, which is put on record."""
        if not request.header("authorization"):
            raise RefusedError(
                "MissingAuthenticationToken",
                "Request is missing Authentication Token",
                http_status=403,
            )
        name = _action(request)
        if name not in ACTIONS:
            if name in NOT_SERVED or not name:
                self._note_not_served(name or "the query protocol", call)
            return None
        return ACTIONS[name](self._asked(request, call))

    def _asked(self, request: Request, call: Call | None) -> Asked:
        given = Given(read_object(request.body))
        return Asked(self.engine, given, request.origin, lambda new: self._origin(call, new))

    def _receive(self, call: Call) -> Reply | Blocked:
        """A receive that finds nothing waits, if it was asked to."""
        try:
            asked = self._asked(call.request, call)
            queue, wait = asked.queue, wait_s(asked)
        except RefusedError:
            return self.handle(call.request, call)
        if not wait:
            return self.handle(call.request, call)
        polls = self._polls.get(queue.name)
        if polls is None:
            polls = self._polls[queue.name] = Polls(self.kernel, queue)
        if not polls.knows(call):
            # Once for each receive, however often it looks.
            self.engine.charge(len(call.request.body))
        reply = self._answer(call.request, call, call.name)
        if not reply.ok or b'"Messages"' in reply.body:
            polls.done(call)
            return reply
        return polls.wait(call, wait) or reply

    def _origin(self, call: Call | None, new: NewMessage) -> Origin:
        if call is None:
            number = self._own_messages
            self._own_messages += 1
            return Origin(take_name=lambda: f"x.q{number}", call_name=f"x.d{number}")
        invocation = call.invocation
        return Origin(
            take_name=lambda: invocation.child("q"),
            call_name=call.name,
            roots=self.kernel.attribute(invocation.roots, new.body, new.dedup),
            generation=invocation.generation + 1,
            routes=call.routes,
            cause=call.entry,
        )

    def _address_of(self, queue: str) -> str:
        mapping = self._mappings.get(queue)
        return mapping.url if mapping is not None else ""

    def _reply(
        self,
        status: int,
        content: Table[str, object],
        cause: str,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Reply:
        request_id = self.kernel.chance.text(f"sqs/request/{cause}", _ID_LENGTH)
        body = json.dumps(content, separators=(",", ":")).encode()
        return Reply(status, (_JSON, ("x-amzn-RequestId", request_id), *headers), body)

    def _note_not_served(self, subject: str, call: Call | None) -> None:
        """Put on record that a bot asked for what the real service does and this one does not."""
        note_unsupported(self.kernel, call, self.name, subject)


def _action(request: Request) -> str:
    """The name of the action; empty for the older protocol."""
    target = request.header("x-amz-target") or ""
    return target[len(_PREFIX) :] if target.startswith(_PREFIX) else ""
