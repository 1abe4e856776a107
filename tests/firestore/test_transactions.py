"""Locks, waits, victims and expiry, on a clock that the test moves."""

from dataclasses import dataclass

import pytest

from emulator.errors import ScenarioError
from emulator.firestore.attempt import Transaction, Wait
from emulator.firestore.errors import AbortedError, InvalidArgumentError
from emulator.firestore.transactions import KEEP_CLOSED, Concurrency, Transactions

DATABASE = "projects/p/databases/(default)"
DOC = f"{DATABASE}/documents/seen/m1"
OTHER = f"{DATABASE}/documents/seen/m2"


@dataclass
class Clock:
    now: float = 0.0


def make(
    concurrency: Concurrency = "pessimistic", *, lock_timeout_s: float | None = None
) -> tuple[Clock, Transactions]:
    clock = Clock()
    return clock, Transactions(
        lambda: clock.now, concurrency=concurrency, lock_timeout_s=lock_timeout_s
    )


def begin(transactions: Transactions, id_: str, *read: str, retry: str = "") -> Transaction:
    transaction = transactions.begin(id_, database=DATABASE, retry=retry)
    transactions.saw(transaction, read, lambda: None)
    return transaction


def waits(wait: Wait | None) -> Wait:
    assert wait is not None
    assert not wait.is_over
    return wait


# -- shared locks ----------------------------------------------------------------------------------


def test_reads__share_a_document() -> None:
    _, transactions = make()

    begin(transactions, "a", DOC)
    begin(transactions, "b", DOC)

    assert transactions.locks_of("a") == transactions.locks_of("b") == (DOC,)


def test_commit__alone_does_not_wait() -> None:
    _, transactions = make()
    own = begin(transactions, "a", DOC)

    assert transactions.admit([DOC], own, caller="a") is None


def test_commit__of_something_else_does_not_wait() -> None:
    _, transactions = make()
    begin(transactions, "a", DOC)
    own = begin(transactions, "b", OTHER)

    assert transactions.admit([OTHER], own, caller="b") is None


@pytest.mark.parametrize("ending", ["finish", "roll back"])
def test_commit__waits_until_the_other_holder_ends(ending: str) -> None:
    _, transactions = make()
    holder = begin(transactions, "a", DOC)
    own = begin(transactions, "b", DOC)
    wait = waits(transactions.admit([DOC], own, caller="b"))
    ended: list[str] = []
    wait.on_end = lambda: ended.append("b")

    if ending == "finish":
        transactions.finish(holder)
    else:
        transactions.roll_back("a", database=DATABASE)

    assert ended == ["b"]
    transactions.resume("b")
    assert transactions.admit([DOC], own, caller="b") is None


def test_write_outside_of_a_transaction__waits_too() -> None:
    _, transactions = make()
    holder = begin(transactions, "a", DOC)

    wait = waits(transactions.admit([DOC], None, caller="w"))
    transactions.finish(holder)

    assert wait.is_over


def test_write__waits_for_all_holders() -> None:
    _, transactions = make()
    first, second = begin(transactions, "a", DOC), begin(transactions, "b", OTHER)

    wait = waits(transactions.admit([DOC, OTHER], None, caller="w"))
    transactions.finish(first)
    waits(wait)
    transactions.finish(second)

    assert wait.is_over


def test_query__locks_who_is_in_the_collection() -> None:
    _, transactions = make()
    begin(transactions, "a", f"{DATABASE}/documents/seen/*")

    assert transactions.admit([OTHER], None, caller="w") is not None
    below = f"{DATABASE}/documents/seen/m1/parts/p1"
    assert transactions.admit([below], None, caller="v") is None


def test_write__of_nobody_who_could_wait_is_refused() -> None:
    _, transactions = make()
    begin(transactions, "a", DOC)

    with pytest.raises(AbortedError, match=r"^Transaction lock timeout\.$"):
        transactions.admit([DOC], None, caller=None)


def test_first_read__waits_behind_a_commit_that_waits() -> None:
    _, transactions = make()
    holder = begin(transactions, "a", DOC)
    waits(transactions.admit([DOC], None, caller="w"))

    read = waits(transactions.line_up([DOC], begin(transactions, "b"), caller="b"))
    assert transactions.due(read) is None
    transactions.finish(holder)
    waits(read)  # the commit is free to happen, and has not yet
    transactions.resume("w")
    assert transactions.admit([DOC], None, caller="w") is None

    assert read.is_over
    own = transactions.use("b", database=DATABASE)
    assert transactions.line_up([DOC], own, caller="b") is None


def test_first_read__of_something_else_does_not_wait() -> None:
    _, transactions = make()
    begin(transactions, "a", DOC)
    waits(transactions.admit([DOC], None, caller="w"))

    assert transactions.line_up([OTHER], None, caller="b") is None


def test_further_read__does_not_wait() -> None:
    _, transactions = make()
    begin(transactions, "a", DOC)
    own = begin(transactions, "b", OTHER)
    waits(transactions.admit([DOC], None, caller="w"))

    assert transactions.line_up([DOC], own, caller="b") is None


def test_first_read__of_a_query_waits_behind_a_commit_into_its_collection() -> None:
    _, transactions = make()
    begin(transactions, "a", DOC)
    waits(transactions.admit([DOC], None, caller="w"))

    waits(transactions.line_up([f"{DATABASE}/documents/seen/*"], None, caller="q"))


def test_first_read__that_waits_does_not_idle() -> None:
    _, transactions = make()
    begin(transactions, "a", DOC)
    waits(transactions.admit([DOC], None, caller="w"))
    own = begin(transactions, "b")
    waits(transactions.line_up([DOC], own, caller="b"))

    assert own.expires == 270.0


def test_locks__nothing_is_left_of_them() -> None:
    _, transactions = make()
    for number in range(3 * KEEP_CLOSED):
        own = begin(transactions, str(number), DOC)
        transactions.admit([DOC], own, caller="c")
        transactions.finish(own)

    assert len(transactions) == 0
    assert transactions._holders == {}
    assert transactions._waits == {}
    assert transactions._ready == {}
    assert len(transactions._closed) == KEEP_CLOSED


# -- who is sent back ------------------------------------------------------------------------------


def test_deadlock__the_younger_that_comes_last_is_aborted_at_once() -> None:
    _, transactions = make()
    old, young = begin(transactions, "old", DOC), begin(transactions, "young", DOC)
    wait = waits(transactions.admit([DOC], old, caller="old"))

    with pytest.raises(
        AbortedError, match=r"^Too much contention on these documents\. Please try again\.$"
    ):
        transactions.admit([DOC], young, caller="young")

    assert wait.is_over
    transactions.resume("old")
    assert transactions.admit([DOC], old, caller="old") is None


def test_deadlock__the_younger_that_waits_already_is_aborted_at_once() -> None:
    _, transactions = make()
    old, young = begin(transactions, "old", DOC), begin(transactions, "young", DOC)
    wait = waits(transactions.admit([DOC], young, caller="young"))

    assert transactions.admit([DOC], old, caller="old") is None

    assert wait.is_over
    with pytest.raises(
        AbortedError, match=r"^Too much contention on these documents\. Please try again\.$"
    ):
        transactions.resume("young")


def test_deadlock__a_further_attempt_is_as_old_as_the_first() -> None:
    _, transactions = make()
    first = begin(transactions, "first", DOC)
    begin(transactions, "other", DOC)
    transactions.roll_back("first", database=DATABASE)
    again = begin(transactions, "again", DOC, retry="first")
    other = transactions.use("other", database=DATABASE)
    waits(transactions.admit([DOC], again, caller="again"))

    with pytest.raises(AbortedError):
        transactions.admit([DOC], other, caller="other")

    assert again.age == first.age < other.age


def test_deadlock__of_three() -> None:
    _, transactions = make()
    documents = [f"{DATABASE}/documents/seen/{number}" for number in range(3)]
    ring = [begin(transactions, str(number), documents[number]) for number in range(3)]
    for number in (0, 1):
        waits(transactions.admit([documents[number + 1]], ring[number], caller=str(number)))

    with pytest.raises(AbortedError):
        transactions.admit([documents[0]], ring[2], caller="2")

    # 1 waited for 2, which is gone; 0 still waits for 1.
    assert ring[1].wait is None
    assert ring[0].wait is not None


def test_no_deadlock__two_that_wait_for_an_idle_third() -> None:
    _, transactions = make()
    begin(transactions, "idle", DOC, OTHER)
    first, second = begin(transactions, "a"), begin(transactions, "b")

    waits(transactions.admit([DOC], first, caller="a"))
    waits(transactions.admit([OTHER], second, caller="b"))


# -- expiry ----------------------------------------------------------------------------------------


def test_idle_holder__loses_its_lock_after_60_seconds() -> None:
    clock, transactions = make()
    begin(transactions, "a", DOC)
    clock.now = 10.0
    transactions.use("a", database=DATABASE)
    wait = waits(transactions.admit([DOC], None, caller="w"))

    assert transactions.due(wait) == 70.0
    clock.now = 70.0
    transactions.look_again(wait)

    assert wait.is_over
    transactions.resume("w")
    with pytest.raises(
        InvalidArgumentError,
        match=r"^The referenced transaction has expired or is no longer valid\.$",
    ):
        transactions.use("a", database=DATABASE)


def test_idle_holder__that_is_used_in_the_meantime_keeps_it() -> None:
    clock, transactions = make()
    begin(transactions, "a", DOC)
    wait = waits(transactions.admit([DOC], None, caller="w"))
    clock.now = 30.0
    transactions.use("a", database=DATABASE)

    clock.now = 60.0
    transactions.look_again(wait)

    waits(wait)
    assert transactions.due(wait) == 90.0


def test_transaction__that_waits_is_not_idle_but_ends_after_270_seconds() -> None:
    clock, transactions = make()
    holder = begin(transactions, "a", DOC)
    wait = waits(transactions.admit([DOC], begin(transactions, "b"), caller="b"))
    for clock.now in (50.0, 100.0, 150.0, 200.0, 250.0):
        transactions.use("a", database=DATABASE)
        transactions.look_again(wait)
    assert holder.expires == 270.0

    clock.now = 270.0
    transactions.look_again(wait)

    assert wait.is_over
    for id_ in ("a", "b"):
        with pytest.raises(InvalidArgumentError, match=r" has expired "):
            transactions.use(id_, database=DATABASE)


def test_begin__clears_away_what_has_expired() -> None:
    clock, transactions = make()
    for number in range(100):
        clock.now = float(number)
        begin(transactions, str(number), DOC)

    assert len(transactions) == 60
    assert transactions.locks_of("39") == ()
    assert transactions.locks_of("40") == (DOC,)


@pytest.mark.parametrize("with_transaction", [True, False])
def test_lock_timeout__refuses_the_writer(with_transaction: bool) -> None:
    clock, transactions = make(lock_timeout_s=2.0)
    begin(transactions, "a", DOC)
    own = begin(transactions, "b", OTHER) if with_transaction else None
    wait = waits(transactions.admit([DOC], own, caller="w"))

    assert transactions.due(wait) == 2.0
    clock.now = 2.0
    transactions.look_again(wait)

    assert wait.is_over
    with pytest.raises(AbortedError, match=r"^Transaction lock timeout\.$"):
        transactions.resume("w")
    assert transactions.locks_of("b") == ()
    assert transactions.locks_of("a") == (DOC,)


# -- ids -------------------------------------------------------------------------------------------


def test_use__of_a_used_id() -> None:
    _, transactions = make()
    transactions.finish(begin(transactions, "a"))

    with pytest.raises(InvalidArgumentError, match=r"^Transaction is invalid or closed\.$"):
        transactions.use("a", database=DATABASE)


def test_use__of_an_unknown_id() -> None:
    _, transactions = make()

    with pytest.raises(InvalidArgumentError, match=r"^Invalid transaction\.$"):
        transactions.use("a", database=DATABASE)


def test_use__of_another_database() -> None:
    _, transactions = make()
    begin(transactions, "a")

    with pytest.raises(InvalidArgumentError, match=r"^Invalid transaction\.$"):
        transactions.use("a", database="projects/p/databases/other")


def test_roll_back__of_an_aborted_one_is_nothing() -> None:
    _, transactions = make()
    old, young = begin(transactions, "a", DOC), begin(transactions, "b", DOC)
    waits(transactions.admit([DOC], old, caller="a"))
    with pytest.raises(AbortedError):
        transactions.admit([DOC], young, caller="b")

    transactions.roll_back("b", database=DATABASE)

    with pytest.raises(InvalidArgumentError):
        transactions.use("b", database=DATABASE)


def test_roll_back__twice() -> None:
    _, transactions = make()
    begin(transactions, "a")
    transactions.roll_back("a", database=DATABASE)

    with pytest.raises(InvalidArgumentError, match=r"^Transaction is invalid or closed\.$"):
        transactions.roll_back("a", database=DATABASE)


# -- optimistic ------------------------------------------------------------------------------------


def test_optimistic__nobody_waits_and_what_changed_is_found_at_commit() -> None:
    _, transactions = make("optimistic")
    versions = {"m1": 1}
    own = transactions.begin("a", database=DATABASE)
    transactions.saw(own, [DOC], lambda: versions["m1"])

    assert transactions.admit([DOC], None, caller="w") is None
    assert transactions.admit([DOC], own, caller="a") is None
    versions["m1"] = 2
    with pytest.raises(
        AbortedError, match=r"^Too much contention on these documents\. Please try again\.$"
    ):
        transactions.admit([DOC], own, caller="a")
    assert len(transactions) == 0


# -- options ---------------------------------------------------------------------------------------


def test_options__unknown_concurrency() -> None:
    wrong: Concurrency = "hopeful"  # type: ignore[assignment]

    with pytest.raises(
        ScenarioError, match=r"^concurrency must be one of pessimistic, optimistic, not hopeful$"
    ):
        make(wrong)


def test_options__lock_timeout_that_is_none() -> None:
    with pytest.raises(ScenarioError, match=r"^lock_timeout_s must be positive, not 0$"):
        make(lock_timeout_s=0.0)
