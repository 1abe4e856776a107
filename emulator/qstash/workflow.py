"""Workflow on the queue: runs that collect steps, and waiters that events wake.

A run begins with a message and goes on by messages that the workflow's endpoint publishes; each is
delivered with everything that the run has collected until then.
"""

import json
from base64 import b64encode
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from emulator.exchange import Request
from emulator.kernel import Kernel
from emulator.qstash.configured import override
from emulator.qstash.message import FINAL, Callback, Message, Origin, Post, Publish, State
from emulator.qstash.refusal import Refused
from emulator.qstash.workflow_run import LAZY_FETCH, Invoker, Part, Run, RunState
from emulator.qstash.workflow_steps import Wait, Waiter, step_message, to_json, unwrap

if TYPE_CHECKING:
    from emulator.qstash.engine import Accepted, Engine

# Runs that are kept, those that have ended included; the oldest are forgotten.
KEEP_RUNS = 10_000
# Events of a name that a run keeps which nobody of it has waited for yet, and names of them.
KEEP_EVENTS = 100

# `Message.place` of what gets its place in the run when it is delivered.
_WAITING = -1
_OF_RUN = "upstash-workflow-"


class RunEnded(Refused):
    """Nothing can be added to a run that is over or not known; the SDKs take this for its end."""

    def __init__(self, run_id: str) -> None:
        super().__init__(400, f"workflow run {run_id} is not running")


class Workflows:
    """All workflow runs of one account, and who waits for which event."""

    def __init__(self, kernel: Kernel, engine: "Engine", *, max_body_bytes: int) -> None:
        self._kernel = kernel
        self._engine = engine
        self._max_body_bytes = max_body_bytes
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._waiters: dict[str, dict[str, Waiter]] = {}
        self._made = 0

    # -- what the engine asks for ------------------------------------------------------------------

    def first_of(self, part: Part) -> str:
        """The id of the message that began this run, empty unless this is to begin it again."""
        run = self._runs.get(part.run_id) if part.kind == "init" and not part.again else None
        if run is None or (run.pending and part.by_sdk):
            # It is not known, or waits for just this.
            return ""
        return run.first_id

    def admit(self, post: Post, part: Part, origin: Origin) -> tuple[Post, Origin]:
        """What is really to be sent: a run's later messages have much from its trigger.

        Raises RunEnded when there is no such run under way.
        """
        if part.again:
            return post, self._own(origin, self._running(part.run_id))
        pending = self._runs.get(part.run_id) if part.kind == "init" else None
        if pending is not None:
            publish = self._inherit(post.publish, part, pending.asked)
            pending.asked, pending.pending = publish, False
            pending.forget_steps()
            return post._replace(publish=publish), self._own(origin, pending)
        if part.kind == "init":
            return self._begin(post, part, origin)
        if part.kind == "failureCall":
            return post, origin
        run = self._running(part.run_id)
        origin = self._own(origin, run)
        if part.kind != "toCallback":
            post = post._replace(publish=self._inherit(post.publish, part, run.asked))
        return post, origin

    @staticmethod
    def _own(origin: Origin, run: Run) -> Origin:
        return origin._replace(generation=run.generation, routes=run.routes)

    @staticmethod
    def _inherit(publish: Publish, part: Part, asked: Publish) -> Publish:
        """The message with what the trigger asked for, where it says nothing itself."""
        own = part.own
        # What belongs to the protocol comes with each message itself.
        kept = tuple(pair for pair in asked.header if not pair[0].lower().startswith(_OF_RUN))
        return replace(
            publish,
            header=override(kept, publish.header),
            retries=publish.retries if "retries" in own else asked.retries,
            retry_delay=publish.retry_delay if "retry-delay" in own else asked.retry_delay,
            labels=publish.labels if "label" in own else asked.labels,
            flow=publish.flow if "flow-control-key" in own else asked.flow,
            failure_callback=(
                publish.failure_callback if "failure-callback" in own else asked.failure_callback
            ),
        )

    def join(self, message: Message, part: Part) -> None:
        """The message was made; from now on its run knows it."""
        run = message.run = self._runs.get(part.run_id)
        if run is None or part.kind == "failureCall":
            return
        run.open[message.id] = message
        if part.again:
            run.first_id, run.name = message.id, message.name
            if part.kind != "fromCallback":
                message.place = len(run.steps) - 1
            return
        now_ms, content = self._engine.now_ms, message.content
        match part.kind:
            case "init":
                run.first_id, run.name = message.id, message.name
                message.place = run.collect(message.id, content, "step", now_ms)
            case "step":
                message.place = run.collect(message.id, content, "step", now_ms)
            case "wait":
                message.place = _WAITING
            case "toCallback" | "fromCallback":
                run.collect(message.id, content, part.kind, now_ms)

    def refuses(self, part: Part) -> bool:
        """Whether nothing more can come of this part."""
        run = self._runs.get(part.run_id)
        over = run is None or run.state is not RunState.STARTED
        return over and part.kind not in ("init", "failureCall")

    def due(self, message: Message) -> None:
        """The message is to be delivered: if it waits for an event, none came in time."""
        if message.place == _WAITING:
            self._resolve(message, {"waitTimeout": True})

    def left(self, message: Message, state: State) -> None:
        """The message has come to its end, which may be that of its run."""
        run, part = message.run, message.publish.workflow
        if run is None or part is None:
            return
        run.open.pop(message.id, None)
        self._forget_waiter(message)
        if state is State.FAILED and part.kind not in ("toCallback", "failureCall"):
            self._end(run, RunState.FAILED)
        if state is State.DELIVERED and part.trigger and run.pending:
            # An SDK before 1.0 does not know what it is asked.
            self._end(run, RunState.FAILED)

    def take(self, message: Message) -> bool:
        """Whether a run takes the failure of this message as an answer, as it does that of a call
        of somebody else's address: then it is no dead letter.
        """
        part = message.publish.workflow
        return part is not None and part.kind == "toCallback" and not self.refuses(part)

    def put_back(self, run: Run) -> None:
        """Add a run of an earlier time."""
        self._runs[run.id] = run
        self._made = max(self._made, run.number + 1)

    def rejoin(self, message: Message) -> None:
        """Have a message of an earlier time known by its run again."""
        part = message.publish.workflow
        if part is None:
            return
        run = message.run = self._runs.get(part.run_id)
        if run is not None and message.ended_at is None and part.kind != "failureCall":
            run.open[message.id] = message

    def wait_on(self, waiter: Waiter) -> None:
        """Have somebody wait on who did at an earlier time, unless that is over."""
        if waiter.message.place == _WAITING and waiter.message.ended_at is None:
            waiting = self._waiters.setdefault(waiter.wait.event_id, {})
            waiting[waiter.message.id] = waiter

    def all_waiters(self) -> Iterator[Waiter]:
        """Whoever waits, for whichever event."""
        for waiting in self._waiters.values():
            yield from waiting.values()

    # -- what the surface asks for -----------------------------------------------------------------

    def find(self, run_id: str) -> Run | None:
        """A run that is known, whether it is under way or over."""
        return self._runs.get(run_id)

    def latest(self) -> Iterator[Run]:
        """All runs that are known, the latest first."""
        return reversed(self._runs.values())

    def end(self, run_id: str, *, cancel: bool, result: bytes = b"") -> bool:
        """The run has come to its end, or is cancelled; False when it is not under way."""
        run = self._runs.get(run_id)
        if run is None or run.state is not RunState.STARTED:
            return False
        self._end(run, RunState.CANCELED if cancel else RunState.SUCCESS, result)
        return True

    def again(self, dead: Run, asked: Publish, failed: Post | None, run_id: str) -> Post:
        """Have a new run of this id, triggered as `asked`, do the work of one that has failed.

        It goes on with the message that `failed` and what was collected until then, or begins anew
        when there is none. Returns what is to be sent.
        """
        own = (asked if failed is None else failed.publish).workflow
        if own is None:
            raise RunEnded(dead.id)
        if failed is None:
            part = replace(own, run_id=run_id, kind="init", invoke=False, by_sdk=False)
            return Post(_for_run(asked, part), dead.initial)
        part = replace(own, run_id=run_id, again=True)
        self._add(
            Run(
                id=run_id,
                number=self._made,
                asked=_for_run(asked, part),
                created_ms=self._engine.now_ms,
                roots=dead.roots,
                generation=dead.generation,
                routes=dead.routes,
                cause=dead.cause,
                fetched_above_bytes=dead.fetched_above_bytes,
                size_bytes=dead.size_bytes,
                steps=list(dead.steps),
            )
        )
        return Post(_for_run(failed.publish, part), failed.body)

    def wait(self, run_id: str, wait: Wait, origin: Origin) -> "Accepted":
        """Have a run wait for an event; one that came before for this very run counts.

        Raises RunEnded when there is no such run under way.
        """
        run = self._running(run_id)
        come = run.events.get(wait.event_id)
        post = step_message(
            run.id,
            wait.url,
            wait.headers,
            {**wait.step, "waitEventId": wait.event_id},
            kind="wait",
            delay_s=wait.timeout_s,
        )
        accepted = self._engine.accept(post, origin)
        message = run.open.get(accepted.message_id)
        if message is not None and message.place == _WAITING:
            deadline_s = round(self._kernel.clock.unix + wait.timeout_s)
            waiter = Waiter(wait, message, deadline_s)
            self._waiters.setdefault(wait.event_id, {})[message.id] = waiter
            if come:
                self._wake(waiter, come.popleft())
        return accepted

    def notify(self, event_id: str, data: bytes, run_id: str | None = None) -> list[Waiter]:
        """Wake whoever waits for an event, of this run only if it is given; returns whom.

        When nobody of the given run does, it keeps the event. Raises RunEnded when that run is not
        under way.
        """
        run = None if run_id is None else self._running(run_id)
        woken = [
            waiter for waiter in self.waiters(event_id) if run is None or waiter.message.run is run
        ]
        for waiter in woken:
            self._wake(waiter, data)
        if run is not None and not woken and len(run.events) < KEEP_EVENTS:
            run.events.setdefault(event_id, deque(maxlen=KEEP_EVENTS)).append(data)
        return woken

    def waiters(self, event_id: str) -> list[Waiter]:
        return list(self._waiters.get(event_id, {}).values())

    # -- inside ------------------------------------------------------------------------------------

    def _running(self, run_id: str) -> Run:
        run = self._runs.get(run_id)
        if run is None or run.state is not RunState.STARTED:
            raise RunEnded(run_id)
        return run

    def _begin(self, post: Post, part: Part, origin: Origin) -> tuple[Post, Origin]:
        invoker = None
        if part.invoke:
            post, invoker = unwrap(post)
            parent = self._running(invoker.run_id)
            origin = origin._replace(generation=parent.generation, routes=parent.routes)
        publish = post.publish
        own_path = Request(publish.method, publish.url).raw_path
        # An endpoint that was called by itself triggers its first run: no loop yet.
        routes = origin.routes[:-1] if origin.routes[-1:] == (own_path,) else origin.routes
        run = Run(
            id=part.run_id,
            number=self._made,
            asked=publish,
            created_ms=self._engine.now_ms,
            roots=origin.roots,
            generation=origin.generation,
            routes=routes,
            cause=origin.cause,
            invoker=invoker,
            pending=part.trigger,
            fetched_above_bytes=self._max_body_bytes if LAZY_FETCH in part.features else None,
        )
        self._add(run)
        return post, origin._replace(routes=routes)

    def _add(self, run: Run) -> None:
        self._made += 1
        self._runs[run.id] = run
        if len(self._runs) > KEEP_RUNS:
            self._forget_one()

    def _forget_one(self) -> None:
        # A few are tried, so that the cost is flat; those under way go to the end.
        for _ in range(8):
            run_id, run = self._runs.popitem(last=False)
            if run.state is not RunState.STARTED:
                return
            self._runs[run_id] = run

    def _resolve(self, message: Message, outcome: Mapping[str, object]) -> None:
        """A wait is over: its step takes its place in the run."""
        self._forget_waiter(message)
        run = message.run
        if run is not None:
            step = {**json.loads(message.content), **outcome}
            message.place = run.collect(message.id, to_json(step), "step", self._engine.now_ms)

    def _wake(self, waiter: Waiter, data: bytes) -> None:
        self._resolve(waiter.message, {"out": b64encode(data).decode(), "waitTimeout": False})
        self._engine.hasten(waiter.message)

    def _forget_waiter(self, message: Message) -> None:
        if message.place != _WAITING:
            return
        event_id = json.loads(message.content)["waitEventId"]
        waiting = self._waiters.get(event_id, {})
        waiting.pop(message.id, None)
        if not waiting:
            self._waiters.pop(event_id, None)

    def _end(self, run: Run, state: RunState, result: bytes = b"") -> None:
        if run.state is not RunState.STARTED:
            return
        run.state, run.result, run.ended_ms = state, result, self._engine.now_ms
        run.pending = False
        run.events.clear()
        for message in list(run.open.values()):
            if message.state in FINAL:
                continue
            if state is RunState.CANCELED or message.is_held_back:
                self._engine.cancel(message.id)
            else:
                # The attempt in which the run ended: whatever comes of it, it is the last.
                message.cancel_requested = True
        if run.invoker is not None:
            self._tell(run, run.invoker)

    def _tell(self, run: Run, invoker: Invoker) -> None:
        """Give the result of an invoked run to the run that waits for it."""
        parent = self._runs.get(invoker.run_id)
        if parent is None or parent.state is not RunState.STARTED:
            return
        out: dict[str, object] = {
            "workflowRunId": run.id,
            "body": run.result.decode("utf-8", "replace"),
        }
        if run.state is RunState.CANCELED:
            out["isCanceled"] = True
        if run.state is RunState.FAILED:
            out["isFailed"] = True
        step = {**invoker.step, "out": json.dumps(out)}
        name = f"{run.name}.i0"
        origin = Origin(
            take_name=lambda: name,
            call_name=name,
            caller_ip="",
            roots=parent.roots,
            generation=parent.generation,
            routes=parent.routes,
            cause=run.cause,
            counted=False,
        )
        self._engine.accept(step_message(parent.id, invoker.url, invoker.headers, step), origin)


def _for_run(publish: Publish, part: Part) -> Publish:
    """The message as one of another run, of which its callbacks tell."""
    return replace(
        publish,
        workflow=part,
        callback=_told_of(publish.callback, part.run_id),
        failure_callback=_told_of(publish.failure_callback, part.run_id),
    )


def _told_of(callback: Callback | None, run_id: str) -> Callback | None:
    if callback is None or callback.workflow is None:
        return callback
    return replace(callback, workflow=replace(callback.workflow, run_id=run_id))
