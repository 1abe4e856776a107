"""What is kept in a file goes on in the next world as if nothing had happened."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from emulator.errors import ScenarioError
from emulator.exchange import Failure, Reply
from emulator.kernel import Kernel
from emulator.qstash import QStash
from emulator.qstash.keeping import Keeping
from tests.qstash.kept_support import Kept, Worlds
from tests.qstash.support import BROKEN, CONSUMER, HOST, OK, Busy, read

HOUR = {"Upstash-Delay": "1h"}


@pytest.fixture
def again(tmp_path: Path) -> Iterator[Worlds]:
    """Begin on the file, again and again; the world before is ended first."""
    worlds = Worlds(tmp_path / "queue.db")
    yield worlds
    worlds.close()


def test_message__waits_on_and_is_delivered_at_its_time(again: Worlds) -> None:
    first = again()
    headers = {**HOUR, "Upstash-Forward-X": "1", "Upstash-Label": "a,b"}
    message_id = first.publish_id(headers, b"\x00body")
    shown = first.get(f"/v2/messages/{message_id}")
    first.run(until=600.0)

    second = again()
    assert second.get(f"/v2/messages/{message_id}") == shown
    second.run()

    assert [seen.request.body for seen in second.consumer.seen] == [b"\x00body"]
    request = second.consumer.seen[0].request
    assert request.header("Upstash-Message-Id") == message_id
    assert request.header("X") == "1"
    assert second.kernel.clock.now == pytest.approx(3_000.0, abs=0.001)


def test_delivered__is_not_sent_again(again: Worlds) -> None:
    first = again()
    message_id = first.publish_id()
    first.run()

    second = again(OK)
    second.run()

    assert second.consumer.seen == []
    assert second.states(message_id) == ["CREATED", "ACTIVE", "DELIVERED"]
    assert second.qstash.pending() == 0


def test_on_its_way__is_sent_again_as_the_same_attempt(again: Worlds) -> None:
    first = again(BROKEN, None)
    message_id = first.publish_id()
    first.run(until=100.0)
    assert len(first.consumer.seen) == 2

    second = again(OK)
    second.run()

    (seen,) = second.consumer.seen
    assert seen.request.header("Upstash-Message-Id") == message_id
    assert seen.request.header("Upstash-Retried") == "1"
    assert second.qstash.pending() == 0


def test_retries__go_on_counting_until_the_dead_letters(again: Worlds) -> None:
    first = again(BROKEN)
    message_id = first.publish_id({"Upstash-Retries": "2", "Upstash-Retry-Delay": "60000"})
    first.run(until=70.0)

    second = again(BROKEN)
    second.run()
    third = again(OK)

    assert len(first.consumer.seen) + len(second.consumer.seen) == 3
    (letter,) = third.qstash.dead_letters()
    assert (letter["messageId"], letter["responseBody"]) == (message_id, "it broke")
    assert third.ask("POST", f"/v2/dlq/retry/{letter['dlqId']}").status == 201
    third.run()
    fourth = again()
    assert fourth.qstash.dead_letters() == []
    assert [event["state"] for event in fourth.qstash.events()].count("DELIVERED") == 1


def test_outcome_and_its_callback__are_written_together(again: Worlds) -> None:
    first = again()
    first.publish_id({"Upstash-Callback": HOST + "/told"})
    first.kernel.run_step()
    assert first.qstash.pending() == 1

    second = again()
    second.run()

    (seen,) = second.consumer.seen
    assert seen.request.url == HOST + "/told"


def test_cancelled__stays_so(again: Worlds) -> None:
    first = again()
    message_id = first.publish_id(HOUR)
    first.ask("DELETE", f"/v2/messages/{message_id}")

    second = again()
    second.run()

    assert second.consumer.seen == []
    assert second.states(message_id) == ["CREATED", "CANCEL_REQUESTED", "CANCELED"]


def test_cancelled_on_its_way__is_not_sent_again(again: Worlds) -> None:
    first = again(None)
    message_id = first.publish_id()
    first.run(until=1.0)
    first.ask("DELETE", f"/v2/messages/{message_id}")

    second = again()
    second.run()

    assert second.consumer.seen == []
    assert second.states(message_id)[-1] == "CANCELED"


def test_duplicate__is_swallowed_for_the_rest_of_ten_minutes(again: Worlds) -> None:
    once = {"Upstash-Deduplication-Id": "one"}
    first = again()
    message_id = first.publish_id(once)
    first.run()

    second = again()
    assert read(second.publish(once)) == {
        "messageId": message_id,
        "url": CONSUMER,
        "deduplicated": True,
    }
    second.kernel.clock.move_to(600.0)
    second.keeping.commit()
    assert second.publish(once).status == 200


def test_new_ids__are_none_of_the_old_ones(again: Worlds) -> None:
    ids = set()
    for _ in range(3):
        bench = again()
        ids |= {bench.publish_id(HOUR) for _ in range(5)}
    assert len(ids) == 15
    last = again()
    last.run()
    assert {seen.request.header("Upstash-Message-Id") for seen in last.consumer.seen} == ids
    assert len(last.consumer.seen) == 15


def test_queue__goes_on_in_its_order(again: Worlds) -> None:
    first = again()
    first.kernel.origins[HOST] = Busy(first.kernel, 10.0)
    for number in range(5):
        first.ask("POST", f"/v2/enqueue/q/{CONSUMER}", body=b"%d" % number)
    first.run(until=15.0)

    second = again()
    assert second.get("/v2/queues/q")["lag"] == 4
    busy = second.busy(10.0)
    second.run()

    assert second.bodies() == ["1", "2", "3", "4"]
    assert busy.most == 1
    assert second.get("/v2/queues/q")["lag"] == 0


def test_queue__waits_for_the_callback_of_the_message_before(again: Worlds) -> None:
    first = again(OK, None)
    for body in (b"1", b"2"):
        told = {"Upstash-Callback": HOST + "/told"}
        first.ask("POST", f"/v2/enqueue/q/{CONSUMER}", told, body)
    first.run(until=1.0)

    second = again()
    second.run()

    paths = [seen.request.raw_path for seen in second.consumer.seen]
    assert paths == ["/told", "/api/consume", "/told"]


def test_settings__are_all_there(again: Worlds) -> None:
    first = again()
    queue = {"queueName": "q", "parallelism": 3, "paused": True}
    first.send("POST", "/v2/queues", queue)
    endpoints = [{"url": CONSUMER, "name": "a"}, {"url": HOST + "/b"}]
    first.send("POST", "/v2/topics/g/endpoints", {"endpoints": endpoints})
    first.send("PATCH", "/v2/topics/g", {"headers": {"Upstash-Forward-A": "1"}})
    first.ask("POST", "/v2/flowControl/k/pin?parallelism=2&rate=5&period=60")
    first.ask("POST", "/v2/flowControl/k/pause")
    scheduled = {"Upstash-Cron": "CRON_TZ=Asia/Kolkata 0 9 * * *", "Upstash-Schedule-Id": "s"}
    first.ask("POST", "/v2/schedules/g", {**scheduled, "Upstash-Retry-Delay": "1000"}, b"\xff")
    first.ask("PATCH", "/v2/schedules/s/pause")
    first.ask("POST", "/v2/keys/rotate")
    read_back = ("queues", "topics", "flowControl", "schedules", "keys")
    shown = [first.get(f"/v2/{one}") for one in read_back]

    second = again()
    assert [second.get(f"/v2/{one}") for one in read_back] == shown
    for method, path in (
        ("DELETE", "/v2/queues/q"),
        ("DELETE", "/v2/topics/g"),
        ("DELETE", "/v2/schedules/s"),
    ):
        assert second.ask(method, path).status == 200
    third = again()
    assert [third.get(f"/v2/{one}") for one in ("queues", "topics", "schedules")] == [[], [], []]


def test_flow_control__keeps_its_rate(again: Worlds) -> None:
    flow = {"Upstash-Flow-Control-Key": "k", "Upstash-Flow-Control-Value": "rate=2,period=60"}
    first = again()
    for _ in range(5):
        first.publish_id(flow)
    first.run(until=30.0)
    assert len(first.consumer.seen) == 2

    second = again()
    second.run()

    began = first.kernel.clock.epoch
    assert [
        round(second.kernel.clock.epoch - began + seen.at_ms / 1_000)
        for seen in second.consumer.seen
    ] == [60, 60, 120]


def test_schedule__ticks_on(again: Worlds) -> None:
    first = again()
    scheduled = {"Upstash-Cron": "*/10 * * * *", "Upstash-Schedule-Id": "s"}
    first.ask("POST", f"/v2/schedules/{CONSUMER}", scheduled)
    first.run(until=900.0)
    assert len(first.consumer.seen) == 1

    second = again()
    second.run(until=800.0)

    assert [seen.at_ms for seen in second.consumer.seen] == [100_000, 700_000]
    (schedule,) = second.get("/v2/schedules")
    assert set(schedule["lastScheduleStates"].values()) == {"SUCCESS"}


def test_tick_that_was_missed__comes_at_once_and_once(again: Worlds, tmp_path: Path) -> None:
    first = again()
    scheduled = {"Upstash-Cron": "*/10 * * * *", "Upstash-Schedule-Id": "s"}
    first.ask("POST", f"/v2/schedules/{CONSUMER}", scheduled)
    first.keeping.commit()
    first.killed()

    later = Kept(tmp_path / "queue.db", late_s=3_000.0)
    later.run(until=100.0)

    assert [seen.at_ms for seen in later.consumer.seen] == [0]
    later.killed()


def test_log__is_as_it_was(again: Worlds) -> None:
    first = again(BROKEN, Failure("refused"), OK)
    first.publish_id({"Upstash-Retries": "2"})
    first.run()
    shown = first.qstash.events()

    assert again().qstash.events() == shown


def test_nothing_uncommitted__is_in_the_file(again: Worlds, tmp_path: Path) -> None:
    first = again()
    first.publish_id(HOUR)
    first.keeping.commit()
    first.publish_id(HOUR)
    first.killed()

    second = Kept(tmp_path / "queue.db")
    assert second.qstash.pending() == 1
    second.killed()


def test_begin_anew__forgets_everything(again: Worlds) -> None:
    first = again()
    first.publish_id(HOUR)
    first.keeping.commit()
    fresh = QStash(Kernel(seed="other"))
    first.keeping.begin_anew({"user": fresh}, ahead_s=lambda: 0.0)

    assert again().qstash.pending() == 0


@contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def test_file__does_not_grow_with_what_has_ended(
    again: Worlds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.qstash.kept.PRUNE_EVERY", 300)
    monkeypatch.setattr("emulator.qstash.kept.DEDUP_MS", 0)
    first = again()
    object.__setattr__(first.qstash.plan, "max_log_entries", 100)
    for _ in range(300):
        first.publish_id()
        first.run(until=first.kernel.clock.now + 1.0)
        first.keeping.commit()
    first.over()

    with database(tmp_path / "queue.db") as connection:
        for table in ("messages", "log"):
            (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert rows < 500


def test_file_in_use__is_refused(again: Worlds, tmp_path: Path) -> None:
    again()
    path = tmp_path / "queue.db"
    message = f"the queue can not be kept in {path}: another thrice keeps its queue there"
    with pytest.raises(ScenarioError) as raised:
        Keeping(path)
    assert str(raised.value) == message


def test_other_database__is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with database(path) as connection:
        connection.execute("CREATE TABLE notes(text)")
        connection.commit()
    with pytest.raises(ScenarioError) as raised:
        Keeping(path)
    assert str(raised.value) == f"{path} is a database, but not one of thrice"


def test_other_file__is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("notes " * 1_000)
    with pytest.raises(ScenarioError) as raised:
        Keeping(path)
    assert str(raised.value) == (f"the queue can not be kept in {path}: file is not a database")


def test_folder_that_is_not_there__is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none" / "queue.db"
    with pytest.raises(ScenarioError) as raised:
        Keeping(path)
    assert str(raised.value) == (
        f"the queue can not be kept in {path}: unable to open database file"
    )


def test_reply_beyond_text__is_kept(again: Worlds) -> None:
    first = again(Reply(500, (("X", "\xe9"),), b"\xff\x00"))
    first.publish_id({"Upstash-Retries": "0"})
    first.run()
    shown = first.qstash.dead_letters()

    assert again().qstash.dead_letters() == shown
