"""Calls of a bot that wait for a lock at the gate, and transactions in every order."""

import json
from collections.abc import Callable, Generator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.call import Call
from emulator.chance import Chance
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Failure, Outcome, Reply, Request
from emulator.firestore import Firestore
from emulator.firestore.transactions import Concurrency
from emulator.gate import Gate
from emulator.kernel import Kernel
from emulator.schedule import Fifo, Schedule
from emulator.step import Agenda, Step

ROOT = "projects/demo-thrice/databases/(default)/documents"
DOC = f"{ROOT}/seen/m1"
WRITE = {"update": {"name": DOC, "fields": {"n": {"integerValue": "1"}}}}
READ = {"documents": [DOC], "newTransaction": {}}

Handling = Generator[tuple[str, object], Any, None]


def _request(verb: str, body: object) -> Request:
    return Request(
        "POST",
        f"https://firestore.googleapis.com/v1/{ROOT}:{verb}",
        (("Authorization", "Bearer owner"),),
        json.dumps(body).encode(),
    )


def _transaction(outcome: Outcome) -> str:
    assert isinstance(outcome, Reply)
    id_: str = json.loads(outcome.body)[0]["transaction"]
    return id_


class AnyOrder:
    """Picks the steps that a list of numbers says, the first one once that has run out."""

    def __init__(self, picks: list[int]) -> None:
        self._picks = iter(picks)

    def latency(self, call: Call) -> float:
        return 0.0

    def pick(self, agenda: Agenda) -> Step | None:
        steps = list(agenda)
        return steps[next(self._picks, 0) % len(steps)] if steps else None


class Bot:
    """Runs handlers, each of which asks Firestore one thing after the other, through a gate."""

    def __init__(
        self,
        schedule: Callable[[Chance], Schedule] = Fifo,
        *,
        concurrency: Concurrency = "pessimistic",
        lock_timeout_s: float | None = None,
    ) -> None:
        self.kernel = Kernel(schedule=schedule)
        self.firestore = Firestore(
            self.kernel, concurrency=concurrency, lock_timeout_s=lock_timeout_s
        )
        self.gate = Gate(self.kernel, (self.firestore,))
        self.outcomes: dict[str, Outcome] = {}

    def invoke(self, name: str, instance: str = "i0") -> Invocation:
        delivery = Delivery(
            name=name,
            kind="user",
            due=0.0,
            build=lambda: Request("POST", "https://bot.example/"),
            on_outcome=lambda outcome: None,
            timeout_s=900.0,
            roots=("u0",),
        )
        return Invocation(delivery, delivery.build(), instance, entry=-1, started=0.0)

    def ask(
        self,
        invocation: Invocation,
        verb: str,
        body: object,
        heard: Callable[[Outcome], None] | None = None,
        *,
        timeout_s: float | None = None,
    ) -> Call:
        def deliver(outcome: Outcome) -> None:
            self.outcomes[call.name] = outcome
            if heard is not None:
                heard(outcome)

        call = self.gate.arrive(
            invocation, _request(verb, body), timeout_s=timeout_s, deliver_outcome=deliver
        )
        return call

    def start(self, invocation: Invocation, handling: Handling) -> None:
        def proceed(outcome: Outcome | None) -> None:
            assert outcome is None or isinstance(outcome, Reply)
            answer = None if outcome is None else (outcome.status, json.loads(outcome.body))
            try:
                verb, body = handling.send(answer)
            except StopIteration:
                return
            self.ask(invocation, verb, body, proceed)

        proceed(None)

    def hold(self, name: str = "holder") -> str:
        """Have an invocation read the document in a transaction and leave it open."""
        call = self.ask(self.invoke(name), "batchGet", READ)
        self.run()
        return _transaction(self.outcomes[call.name])

    def run(self, until: float | None = None) -> None:
        while self.kernel.run_step(until):
            pass

    def status(self, call: Call) -> int | str:
        outcome = self.outcomes[call.name]
        return outcome.status if isinstance(outcome, Reply) else outcome.kind


# -- a call that waits -----------------------------------------------------------------------------


def test_write__is_not_enabled_until_the_lock_is_free() -> None:
    bot = Bot()
    id_ = bot.hold()
    write = bot.ask(bot.invoke("w"), "commit", {"writes": [WRITE]})
    bot.run(until=5.0)
    assert [step.name for step in bot.kernel.agenda] == ["w#0/lock"]
    assert bot.firestore.count("seen") == 0

    end = bot.ask(bot.invoke("x"), "rollback", {"transaction": id_})
    bot.run(until=6.0)

    assert (bot.status(end), bot.status(write)) == (200, 200)
    assert bot.firestore.count("seen") == 1
    assert len(bot.kernel.agenda) == 0
    assert bot.kernel.choices[-2:] == ["x#0", "w#0/unblocked"]


def test_write__happens_when_the_holder_has_idled_for_60_seconds() -> None:
    bot = Bot()
    bot.hold()
    began = bot.kernel.clock.now

    write = bot.ask(bot.invoke("w"), "commit", {"writes": [WRITE]})
    bot.run()

    assert bot.status(write) == 200
    assert bot.kernel.clock.now == began + 60.0


def test_write__is_aborted_by_the_lock_timeout() -> None:
    bot = Bot(lock_timeout_s=2.0)
    bot.hold()

    write = bot.ask(bot.invoke("w"), "commit", {"writes": [WRITE]})
    bot.run()

    assert bot.status(write) == 409
    assert bot.kernel.clock.now < 3.0
    assert bot.firestore.count("seen") == 0


def test_write__whose_client_gave_up_still_takes_effect() -> None:
    bot = Bot()
    bot.hold()

    write = bot.ask(bot.invoke("w"), "commit", {"writes": [WRITE]}, timeout_s=5.0)
    bot.run(until=10.0)
    assert bot.outcomes[write.name] == Failure("timeout", "no answer within 5 s")
    assert bot.firestore.count("seen") == 0
    bot.run()

    assert bot.firestore.count("seen") == 1


@pytest.mark.parametrize("end", ["frozen", "killed"])
def test_write__of_an_instance_that_is_gone_still_takes_effect_unheard(end: str) -> None:
    bot = Bot()
    bot.hold()
    invocation = bot.invoke("w")
    write = bot.ask(invocation, "commit", {"writes": [WRITE]})
    bot.run(until=1.0)

    if end == "frozen":
        bot.gate.close(invocation)
    else:
        bot.gate.abandon(invocation)
    bot.run()

    assert bot.firestore.count("seen") == 1
    assert write.name not in bot.outcomes


@pytest.mark.parametrize("thawed_at", [10.0, 100.0])
def test_write__of_an_instance_that_runs_again_is_answered_once(thawed_at: float) -> None:
    bot = Bot()
    bot.gate.late_policy = "answered"
    bot.hold()
    invocation = bot.invoke("w")
    write = bot.ask(invocation, "commit", {"writes": [WRITE]})
    bot.run(until=1.0)
    bot.gate.close(invocation)
    bot.run(until=thawed_at)

    bot.gate.thawed("i0")
    bot.run()

    assert bot.status(write) == 200
    commits = [row for row in bot.firestore.oplog.rows if row.verb == "commit"]
    assert [row.result for row in commits] == ["OK"]


def test_write__can_come_to_wait_again() -> None:
    bot = Bot()
    first = bot.hold("a")
    write = bot.ask(bot.invoke("w"), "commit", {"writes": [WRITE]})
    bot.run(until=1.0)

    # The lock is free, and taken again before the write has its turn.
    rollback = bot.ask(bot.invoke("x"), "rollback", {"transaction": first})
    while rollback.name not in bot.outcomes:
        bot.kernel.run_step()
    id_ = _transaction(bot.firestore.handle(_request("batchGet", READ)))
    bot.run(until=2.0)
    assert write.name not in bot.outcomes
    bot.firestore.handle(_request("rollback", {"transaction": id_}))
    bot.run(until=3.0)

    assert bot.status(write) == 200


def test_first_read__of_a_transaction_follows_the_write_that_waits() -> None:
    bot = Bot()
    id_ = bot.hold("a")
    write = bot.ask(bot.invoke("w"), "commit", {"writes": [WRITE]})
    bot.run(until=1.0)
    read = bot.ask(bot.invoke("b"), "batchGet", READ)
    bot.run(until=2.0)
    assert read.name not in bot.outcomes

    bot.ask(bot.invoke("x"), "rollback", {"transaction": id_})
    bot.run(until=3.0)

    assert bot.status(write) == 200
    reply = bot.outcomes[read.name]
    assert isinstance(reply, Reply)
    assert "found" in json.loads(reply.body)[0]
    assert len(bot.firestore.transactions) == 1


def test_read__outside_of_transactions_goes_on_while_a_write_waits() -> None:
    bot = Bot()
    bot.hold("a")
    write = bot.ask(bot.invoke("w"), "commit", {"writes": [WRITE]})
    bot.run(until=1.0)
    read = bot.ask(bot.invoke("b"), "batchGet", {"documents": [DOC]})
    bot.run(until=2.0)

    assert bot.status(read) == 200
    assert write.name not in bot.outcomes


# -- every order -----------------------------------------------------------------------------------


def get_then_set(processed: list[str], name: str) -> Handling:
    """What a careful bot does for one copy of a message, starting again when it is sent back."""
    before = ""
    for _ in range(5):  # as often as client libraries do
        options = {"readWrite": {"retryTransaction": before} if before else {}}
        _, begun = yield "beginTransaction", {"options": options}
        id_ = begun["transaction"]
        status, rows = yield "batchGet", {"documents": [DOC], "transaction": id_}
        if status == 200 and "found" in rows[0]:
            yield "rollback", {"transaction": id_}
            return
        if status == 200:
            status, answer = yield "commit", {"writes": [WRITE], "transaction": id_}
            if status == 200:
                processed.append(name)
                return
            assert answer["error"]["status"] in ("ABORTED", "INVALID_ARGUMENT")
        before = id_
    raise AssertionError(f"{name} was sent back five times")


@pytest.mark.parametrize("concurrency", ["pessimistic", "optimistic"])
@given(picks=st.lists(st.integers(0, 9), max_size=60))
@settings(max_examples=150, deadline=None)
def test_three_transactions__exactly_one_processes_the_message(
    concurrency: Concurrency, picks: list[int]
) -> None:
    bot = Bot(lambda chance: AnyOrder(picks), concurrency=concurrency)
    processed: list[str] = []
    for number in range(3):
        name = f"w{number}"
        bot.start(bot.invoke(name), get_then_set(processed, name))

    bot.run()

    assert len(processed) == 1
    assert bot.firestore.documents("seen") == {"m1": {"n": 1}}
    assert len(bot.firestore.transactions) == 0
    assert bot.firestore.transactions._waits == {}
    assert bot.firestore.transactions._reads == {}
    assert bot.firestore.transactions._ready == {}
    assert bot.firestore.transactions._refusals == {}


def test_three_transactions__the_oldest_wins_and_nobody_waits_for_a_timeout() -> None:
    bot = Bot()
    processed: list[str] = []
    for number in range(3):
        name = f"w{number}"
        bot.start(bot.invoke(name), get_then_set(processed, name))
    bot.run()

    begun = [row.caller for row in bot.firestore.oplog.rows if row.verb == "beginTransaction"]
    assert processed == [begun[0]]
    assert bot.kernel.clock.now < 1.0
    aborted = {row.caller for row in bot.firestore.oplog.rows if row.result == "ABORTED"}
    assert aborted
    assert begun[0] not in aborted


def test_check_then_set__without_a_transaction_is_seen_to_fail() -> None:
    """That the property above can fail: the same handler without transactions."""

    def careless(processed: list[str], name: str) -> Handling:
        _, rows = yield "batchGet", {"documents": [DOC]}
        if "missing" in rows[0]:
            yield "commit", {"writes": [WRITE]}
            processed.append(name)

    bot = Bot()
    processed: list[str] = []
    for number in range(3):
        bot.start(bot.invoke(f"w{number}"), careless(processed, f"w{number}"))
    bot.run()

    assert len(processed) > 1
