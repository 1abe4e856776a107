"""Old records on disk: memory stays bounded, and everything is found as if it were there."""

import random
from collections.abc import Callable

import pytest

from emulator.exchange import Failure
from emulator.qstash import Plan
from emulator.qstash.ledger import Ledger, Page, Place, format_place
from emulator.qstash.spill import Coding
from tests.qstash.support import BROKEN, OK, Bench, read
from tests.qstash.workflow_support import RUN, begin

CODING: Coding[str] = Coding(str, lambda place, text: text, lambda text: text.partition("-")[0])
MEMORY = 20


@pytest.fixture(autouse=True)
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.qstash.ledger.KEEP_IN_MEMORY", MEMORY)
    monkeypatch.setattr("emulator.qstash.ledger.SPILL_AT_ONCE", 7)


def anything(place: Place, record: str) -> bool:
    return True


def even(place: Place, record: str) -> bool:
    return place[1] % 2 == 0


def of_messages(ids: frozenset[str]) -> Callable[[Place, str], bool]:
    return lambda place, record: record.partition("-")[0] in ids


@pytest.mark.parametrize("seed", range(5))
def test_ledger__is_the_same_with_its_records_on_disk(seed: int) -> None:
    chance = random.Random(seed)
    whole: Ledger[str] = Ledger(keep_s=2.0, keep_records=150)
    spilled: Ledger[str] = Ledger(keep_s=2.0, keep_records=150, coding=CODING)
    now_ms = 0
    places: list[Place] = []
    for _ in range(600):
        now_ms += chance.choice((0, 0, 1, 9, 30))
        place = whole.reserve(now_ms)
        assert spilled.reserve(now_ms) == place
        places.append(place)
        for ledger in (whole, spilled):
            ledger.add(place, format_place(place))
        old = chance.choice(places[-200:])
        if chance.random() < 0.2:
            assert spilled.remove(old, now_ms) == whole.remove(old, now_ms)
        assert spilled.get(old, now_ms) == whole.get(old, now_ms)
        assert len(spilled) <= MEMORY
        if chance.random() < 0.1:
            latest_first, count = chance.random() < 0.5, chance.choice((1, 10, 1_000))
            after = chance.choice((None, old))
            ids = chance.choice((None, frozenset(f"{place[0]}" for place in places[-90:-60])))
            matches = even if ids is None else of_messages(ids)
            pages: list[Page[str]] = [
                ledger.page(
                    matches,
                    now_ms=now_ms,
                    count=count,
                    latest_first=latest_first,
                    after=after,
                    message_ids=ids,
                )
                for ledger in (whole, spilled)
            ]
            assert pages[0] == pages[1]
    for ledger in (whole, spilled):
        assert ledger.page(anything, now_ms=10**9, count=9, latest_first=True).records == ()


def test_log__is_listed_far_beyond_what_is_in_memory() -> None:
    bench = Bench(BROKEN, OK, Failure("refused"), OK, plan=Plan(max_log_entries=10_000))
    everything = {
        "Upstash-Retries": "2",
        "Upstash-Label": "l, m",
        "Upstash-Callback": "https://bot.example/told",
        "Upstash-Flow-Control-Key": "k",
        "Upstash-Flow-Control-Value": "parallelism=9",
        "Upstash-Retry-Delay": "1000 * (1 + retried)",
        "Upstash-Redact-Fields": "header[X]",
        "Upstash-Forward-X": "1",
        "Upstash-Timeout": "9s",
    }
    first = bench.publish_id(everything, b"\xff\x00")
    bench.run()
    before = bench.qstash.events(messageId=first)
    listed = bench.qstash.events(order="earliestFirst")
    for number in range(100):
        bench.publish({"Upstash-Label": f"label{number}"})
    bench.run()

    assert len(bench.qstash.engine.log) <= MEMORY
    assert bench.qstash.events(messageId=first) == before
    assert [event["state"] for event in reversed(before)] == [
        "CREATED",
        *("ACTIVE", "ERROR", "RETRY") * 2,
        *("ACTIVE", "DELIVERED"),
    ]
    assert len(bench.qstash.events()) == len(listed) + 300
    assert bench.qstash.events(order="earliestFirst")[: len(listed)] == listed
    assert len(bench.qstash.events(label="label3", state="DELIVERED")) == 1
    page = bench.get("/v2/events?count=2&order=earliestFirst&state=DELIVERED")
    more = bench.get(
        f"/v2/events?count=200&order=earliestFirst&state=DELIVERED&cursor={page['cursor']}"
    )
    assert len(more["events"]) == 100 + 4 - 2


def dead(count: int) -> Bench:
    bench = Bench(*([BROKEN] * count), OK)
    for number in range(count):
        bench.publish({"Upstash-Retries": "0", "Upstash-Label": f"l{number}"}, b"%d" % number)
    bench.run()
    assert len(bench.qstash.engine.dead) <= MEMORY
    return bench


def test_dead_letters__are_all_there() -> None:
    bench = dead(100)

    letters = bench.qstash.dead_letters()

    assert [letter["body"] for letter in letters] == [str(number) for number in range(100)]
    assert [letter["responseBody"] for letter in letters] == ["it broke"] * 100
    assert bench.qstash.dead_letters(label="l3")[0]["body"] == "3"


def test_dead_letter__on_disk_is_sent_again() -> None:
    bench = dead(100)
    letter = bench.qstash.dead_letters(label="l3")[0]

    reply = bench.ask("POST", f"/v2/dlq/retry/{letter['dlqId']}")
    bench.run()

    assert reply.status == 201
    assert bench.consumer.seen[-1].request.body == b"3"
    assert bench.states(read(reply)["messageId"])[-1] == "DELIVERED"
    assert len(bench.qstash.dead_letters()) == 99
    assert bench.ask("GET", f"/v2/dlq/{letter['dlqId']}").status == 404


def test_dead_letters__on_disk_are_deleted_and_expire() -> None:
    bench = dead(100)

    assert read(bench.ask("DELETE", "/v2/dlq?count=10")) == {
        "deleted": 10,
        "cursor": "1790000000000-9",
    }
    assert len(bench.qstash.dead_letters()) == 90
    bench.run(until=3 * 86_400.0 + 0.001)
    assert bench.qstash.dead_letters() == []


def test_dead_letters__beyond_their_number_are_forgotten() -> None:
    bench = Bench(BROKEN, plan=Plan(max_dead_letters=50))
    for number in range(100):
        bench.publish({"Upstash-Retries": "0"}, b"%d" % number)
    bench.run()

    letters = bench.qstash.dead_letters()

    assert [letter["body"] for letter in letters] == [str(number) for number in range(50, 100)]


def test_dead_run__on_disk_can_be_resumed() -> None:
    bench = Bench(BROKEN)
    begin(bench, Upstash_Retries="0")
    bench.run()
    for _ in range(50):
        bench.publish({"Upstash-Retries": "0"})
    bench.run()
    (letter,) = bench.qstash.dead_letters(workflowRunId=RUN)

    reply = bench.ask("POST", f"/v2/workflows/dlq/resume/{letter['dlqId']}")

    assert reply.status == 200
