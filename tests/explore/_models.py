"""Small bots in a world in memory, to explore. A bot's handler is a generator: it yields an `Ask`,
is sent the answer or FAILED, and returns its HTTP status.

The world has one store, a queue that delivers to the bot what it accepts, and a user. What was not
answered 200 is delivered again, as a task of its own.
"""

from collections.abc import Callable, Generator
from typing import Any, Literal, NamedTuple

from harness.explore.execution import Chooser, Execution
from harness.explore.faults import FAIL_BEFORE, NO_FAULTS, Plan
from harness.explore.move import NOTHING, Move

# Of webhook deliveries and of queue messages alike.
MOST_ATTEMPTS = 4
FAILED = object()


class Ask(NamedTuple):
    """One call of a bot. A publish without a key has no dedup id. A claim is answered with who has
    it.
    """

    verb: Literal["start", "get", "set", "delete", "claim", "publish", "send"]
    key: str = ""
    value: str = ""


Handler = Generator[Ask, Any, int]


class Bot(NamedTuple):
    """The handlers are given who they are: the name of the delivery, the id of the queue
    message.
    """

    webhook: Callable[[str], Handler]
    consumer: Callable[[str], Handler]


class Ended(NamedTuple):
    """What an execution came to: the evidence of a model's executions."""

    replies: int
    publishes: int


class _Task:
    """One delivery under way. `identity` is what the handler is given, the same for a repetition by
    the queue; `ordinal` is that of the call it waits for.
    """

    __slots__ = ("ask", "attempt", "handle", "identity", "name", "ordinal", "published", "send")

    def __init__(
        self, name: str, handle: Callable[[str], Handler], identity: str, attempt: int
    ) -> None:
        self.name = name
        self.handle = handle
        self.identity = identity
        self.attempt = attempt
        self.ordinal = -1
        self.published = 0
        self.ask = START
        self.send = handle(identity).send


START = Ask("start")


class Model:
    """A bot and its world, as a system. Each delivery has an instance of its own.

    `k` deliveries of one user message are there at first. With `starts`, it is a move when an
    invocation begins; otherwise it begins at once. Without `consumers` the queue keeps what it
    accepts. An execution is bad when more than one publish was accepted, and, with `consumers`,
    when there was not exactly one reply.
    """

    def __init__(
        self,
        bot: Bot,
        k: int = 3,
        *,
        starts: bool = False,
        consumers: bool = False,
        plan: Plan = NO_FAULTS,
        deliveries: tuple[str, ...] = (),
    ) -> None:
        self.bot = bot
        self.deliveries = deliveries or tuple(f"w{number}" for number in range(k))
        self.starts = starts
        self.consumers = consumers
        self.kinds = {(fault.task, fault.ordinal): fault.kind for fault in plan}
        # A move is the same in every execution, so it is made once.
        self.moves: dict[tuple[str, int, Ask], Move] = {}

    def execute(self, chooser: Chooser) -> Execution:
        return _Run(self).play(chooser)


class _Run:
    """One execution: the tasks that wait, by name, and beside each the move it waits for."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.tasks: list[_Task] = []
        self.moves: list[Move] = []
        self.store: dict[str, str] = {}
        self.accepted: set[str] = set()
        self.replies = 0
        for name in model.deliveries:
            self.begin(_Task(name, model.bot.webhook, name, 1))

    def play(self, chooser: Chooser) -> Execution:
        made: list[Move] = []
        moves = self.moves
        kinds = self.model.kinds
        while moves:
            move = chooser.choose(moves)
            if move is None:
                return Execution(tuple(made), False)
            made.append(move)
            place = 0
            while moves[place] is not move:
                place += 1
            task = self.tasks[place]
            if task.ask is START:
                self.go_on(place, None)
                continue
            kind = kinds.get((task.name, task.ordinal)) if kinds else None
            answer = None if kind == FAIL_BEFORE else self.apply(task)
            self.go_on(self.tasks.index(task), answer if kind is None else FAILED)
        publishes = len(self.accepted)
        violations: tuple[str, ...] = ("publishes",) if publishes > 1 else ()
        if self.model.consumers and self.replies != 1:
            violations += ("replies",)
        return Execution(tuple(made), True, violations, Ended(self.replies, publishes))

    def begin(self, task: _Task) -> None:
        place = 0
        while place < len(self.tasks) and self.tasks[place].name < task.name:
            place += 1
        self.tasks.insert(place, task)
        self.moves.insert(place, self.move(task))
        if not self.model.starts:
            self.go_on(place, None)

    def go_on(self, place: int, answer: object) -> None:
        """Hand the task at this place its answer, up to its next call or its response."""
        task = self.tasks[place]
        try:
            task.ask = task.send(answer)
        except StopIteration as end:
            del self.tasks[place], self.moves[place]
            if end.value != 200 and task.attempt < MOST_ATTEMPTS:
                again = task.name + "'"
                identity = again if task.identity == task.name else task.identity
                self.begin(_Task(again, task.handle, identity, task.attempt + 1))
        else:
            task.ordinal += 1
            self.moves[place] = self.move(task)

    def move(self, task: _Task) -> Move:
        key = (task.name, task.ordinal, task.ask)
        move = self.model.moves.get(key)
        if move is None:
            move = self.model.moves[key] = _move(*key)
        return move

    def apply(self, task: _Task) -> object:
        """The effect of the call the task waits for, and its answer."""
        verb, key, value = task.ask
        if verb == "get":
            return self.store.get(key)
        if verb == "set":
            self.store[key] = value
        elif verb == "claim":
            return self.store.setdefault(key, value)
        elif verb == "delete":
            self.store.pop(key, None)
        elif verb == "send":
            self.replies += 1
        else:
            message = f"{task.name}.q{task.published}"
            task.published += 1
            self.publish(key or message, message)
        return None

    def publish(self, dedup_id: str, message: str) -> None:
        if dedup_id not in self.accepted:
            self.accepted.add(dedup_id)
            if self.model.consumers:
                self.begin(_Task(message, self.model.bot.consumer, f"id of {message}", 1))


def _move(task: str, ordinal: int, ask: Ask) -> Move:
    if ask is START:
        return Move(task, task, task, signature="start")
    name = f"{task}#{ordinal}"
    service = {"publish": "queue", "send": "user"}.get(ask.verb, "store")
    touched = frozenset({f"{service}:{ask.key or name}"})
    reads, writes = (touched, NOTHING) if ask.verb == "get" else (NOTHING, touched)
    return Move(name, task, task, reads, writes, f"{ask.verb} {ask.key}")


def _answers(message: str) -> Handler:
    """Replies to each queue message once, however often it is delivered."""
    if (yield Ask("claim", f"seen/{message}", message)) is FAILED:
        return 500
    if (yield SEND) is FAILED:
        return 500
    return 200


PUBLISH = Ask("publish")
SEND = Ask("send", "u")


def _atomic(me: str) -> Handler:
    owner = yield Ask("claim", "u", me)
    if owner is FAILED:
        return 500
    if owner == me and (yield PUBLISH) is FAILED:
        yield Ask("delete", "u")
        return 500
    return 200


def _check_set_publish(me: str) -> Handler:
    if (yield Ask("get", "u")) is None:
        yield Ask("set", "u", me)
        yield PUBLISH
    return 200


def _check_publish_set(me: str) -> Handler:
    if (yield Ask("get", "u")) is None:
        yield PUBLISH
        yield Ask("set", "u", me)
    return 200


def _read_back(me: str) -> Handler:
    if (yield Ask("get", "u")) is None:
        yield Ask("set", "u", me)
        if (yield Ask("get", "u")) == me:
            yield PUBLISH
    return 200


def _in_memory(me: str) -> Handler:
    yield PUBLISH
    return 200


def _mark_first(me: str) -> Handler:
    owner = yield Ask("claim", "u", me)
    if owner is FAILED:
        return 500
    if owner == me:
        yield PUBLISH
    return 200


def _keyed(me: str) -> Handler:
    return 500 if (yield Ask("publish", "u")) is FAILED else 200


def _claims_and_marks(message: str, *, unmarked: int) -> Handler:
    """`unmarked` is what is answered when the reply is out and could not be recorded."""
    owner = yield Ask("claim", "answered/u", message)
    if owner is FAILED:
        return 500
    if owner != message:
        return 200
    if (yield SEND) is FAILED:
        return 500
    return unmarked if (yield Ask("set", "done/u", message)) is FAILED else 200


def _gold_consumer(message: str) -> Handler:
    return _claims_and_marks(message, unmarked=200)


def _strict_consumer(message: str) -> Handler:
    return _claims_and_marks(message, unmarked=500)


ATOMIC = Bot(_atomic, _answers)
CHECK_SET_PUBLISH = Bot(_check_set_publish, _answers)
CHECK_PUBLISH_SET = Bot(_check_publish_set, _answers)
READ_BACK = Bot(_read_back, _answers)
IN_MEMORY = Bot(_in_memory, _answers)
MARK_FIRST = Bot(_mark_first, _answers)
KEYED = Bot(_keyed, _answers)
GOLD = Bot(_keyed, _gold_consumer)
# Gold, but for answering 500 when the reply is out and could not be recorded.
STRICT = Bot(_keyed, _strict_consumer)
