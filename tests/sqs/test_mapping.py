"""The event source mapping: batches, what comes again, what ends as a dead letter, and order."""

import json
from functools import partial

import pytest

from emulator.exchange import Failure, Reply
from emulator.sqs import FIFO_URL
from emulator.sqs.message import NewMessage, Origin
from tests.sqs.support import Bench, dead_url, failing, fifo, returned


def test_messages__come_in_batches_of_ten() -> None:
    bench = Bench()
    bench.mapped()
    for number in range(12):
        bench.send(f"{number}")
    bench.run()
    assert [len(batch) for batch in bench.bodies] == [10, 2]
    assert bench.sqs.pending() == 0
    assert bench.now < 0.2


def test_event__has_what_a_function_reads() -> None:
    bench = Bench()
    bench.mapped()
    attributes = {"kind": {"DataType": "String", "StringValue": "x"}}
    sent = bench.send("hello", MessageAttributes=attributes)
    bench.run()
    ((_, (record,)),) = bench.seen
    assert record.pop("receiptHandle")
    assert record.pop("md5OfMessageAttributes")
    told = record.pop("attributes")
    assert set(told) == {
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "SenderId",
        "SentTimestamp",
    }
    assert told["ApproximateReceiveCount"] == "1"
    assert record == {
        "messageId": sent,
        "body": "hello",
        "messageAttributes": {
            "kind": {
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
                "stringValue": "x",
            }
        },
        "md5OfBody": "5d41402abc4b2a76b9719d911017c592",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:thrice",
        "awsRegion": "us-east-1",
    }


def test_failed_item__comes_again_and_the_rest_does_not() -> None:
    bench = Bench(failing("bad"))
    bench.mapped()
    for body in ("good", "bad"):
        bench.send(body)
    bench.run()
    assert bench.bodies == [["good", "bad"], ["bad"], ["bad"], ["bad"], ["bad"]]
    gaps = [
        later[0] - earlier[0] for earlier, later in zip(bench.seen, bench.seen[1:], strict=False)
    ]
    assert all(30.0 < gap < 30.1 for gap in gaps)
    counts = [records[-1]["attributes"]["ApproximateReceiveCount"] for _, records in bench.seen]
    assert counts == ["1", "2", "3", "4", "5"]
    assert bench.got(dead_url()) == ["bad"]
    (dead,) = bench.kernel.journal.entries("dead")
    assert (dead.detail["attempts"], dead.detail["status"]) == (5, 200)


@pytest.mark.parametrize(
    "outcome",
    [
        Reply(500),
        Reply(302),
        Failure("reset"),
        Reply(200, (), b"answered"),
        returned([]),
        returned({"batchItemFailures": [{"itemIdentifier": ""}]}),
        returned({"batchItemFailures": [{"itemIdentifier": None}]}),
        returned({"batchItemFailures": [{"itemIdentifer": "x"}]}),
        returned({"batchItemFailures": [{"itemIdentifier": "of another batch"}]}),
        returned({"batchItemFailures": "x"}),
    ],
)
def test_answer__is_a_complete_failure(outcome: Reply | Failure) -> None:
    bench = Bench(outcome)
    bench.mapped()
    bench.send("one")
    bench.send("two")
    bench.run(31.0)
    assert bench.bodies == [["one", "two"]] * 2


@pytest.mark.parametrize(
    "outcome",
    [
        Reply(200),
        Reply(204),
        returned(None),
        returned({}),
        returned({"batchItemFailures": []}),
        returned({"batchItemFailures": None}),
    ],
)
def test_answer__is_a_complete_success(outcome: Reply) -> None:
    bench = Bench(outcome)
    bench.mapped()
    bench.send("one")
    bench.run()
    assert bench.bodies == [["one"]]
    assert bench.sqs.pending() == 0


def test_returned__does_not_count_where_failures_are_not_reported() -> None:
    bench = Bench(failing("bad"))
    bench.mapped(reports_failures=False)
    bench.send("bad")
    bench.run()
    assert bench.bodies == [["bad"]]


def test_function__that_takes_longer_than_the_visibility_is_invoked_again_meanwhile() -> None:
    bench = Bench(takes_s=40.0)
    bench.mapped()
    bench.send("one")
    bench.run(300.0)
    assert len(bench.seen) == 5
    assert bench.most_at_once == 2
    # Each deletes with a handle that is no longer the latest.
    assert bench.got(dead_url()) == ["one"]


def test_function__that_is_done_in_time_is_not() -> None:
    bench = Bench(takes_s=29.0)
    bench.mapped()
    bench.send("one")
    bench.run()
    assert len(bench.seen) == 1


def test_group__has_one_batch_at_a_time_in_its_order() -> None:
    bench = Bench(takes_s=5.0)
    bench.mapped("thrice.fifo", batch_size=1)
    for body, group in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a")):
        bench.ask("SendMessage", FIFO_URL, **fifo(body, group))
    bench.run()
    bodies = [body for (body,) in bench.bodies]
    assert [body for body in bodies if body.startswith("a")] == ["a1", "a2", "a3"]
    assert bench.most_at_once == 2
    assert bench.sqs.pending() == 0


def test_batches__are_five_at_first_and_more_later() -> None:
    bench = Bench(takes_s=20.0)
    bench.mapped(batch_size=1)
    for number in range(30):
        bench.send(f"{number}")
    bench.run(19.0)
    assert bench.most_at_once == 5
    bench.run()
    assert len(bench.seen) == 30
    assert bench.most_at_once > 20


def test_batches__stay_below_what_is_set() -> None:
    bench = Bench(takes_s=20.0)
    bench.mapped(batch_size=1, max_concurrency=2)
    for number in range(6):
        bench.send(f"{number}")
    bench.run()
    assert (len(bench.seen), bench.most_at_once) == (6, 2)


def test_window__gathers_a_batch() -> None:
    bench = Bench()
    bench.mapped(window_s=5.0)
    bench.send("one")
    bench.send_at(3.0, "two")
    bench.run()
    assert bench.bodies == [["one", "two"]]


def test_delay__is_kept() -> None:
    bench = Bench()
    bench.mapped()
    bench.send("one", DelaySeconds=90)
    bench.run()
    ((at, _),) = bench.seen
    assert 90.0 < at < 90.1


def test_redelivery__has_a_handle_and_count_of_its_own() -> None:
    bench = Bench()
    bench.mapped()
    sent = bench.send("one")
    bench.run()
    bench.sqs.redeliver(sent, after_s=60.0)
    bench.run()
    (_, (first,)), (at, (again,)) = bench.seen
    assert at > 60.0
    assert again["messageId"] == first["messageId"] == sent
    assert again["receiptHandle"] != first["receiptHandle"]
    assert again["attributes"]["ApproximateReceiveCount"] == "2"


def test_lost_answer__has_the_batch_come_again() -> None:
    bench = Bench()
    bench.mapped()
    bench.sqs.lose_answer(bench.send("one"))
    bench.run()
    assert bench.bodies == [["one"], ["one"]]


def test_disturbed__copies_come_and_count_for_nothing() -> None:
    bench = Bench()
    bench.mapped()
    bench.sqs.disturb(copies=3, copy_after_s=1.0, late_s=2.0)
    bench.send("one")
    bench.run()
    assert [round(at) for at, _ in bench.seen] == [2, 3, 4]
    assert bench.sqs.pending() == 0


def test_world__is_quiet_when_all_is_done() -> None:
    bench = Bench()
    bench.mapped()
    bench.send("one")
    bench.run()
    assert len(bench.kernel.agenda) == 0
    assert json.dumps([one.what for one in bench.sqs.operations()]) == (
        '["sent", "received", "deleted"]'
    )


def test_batch__that_waits_for_room_comes_when_another_one_fails() -> None:
    bench = Bench(Reply(500), takes_s=5.0)
    bench.mapped(batch_size=1, max_concurrency=1)
    bench.send("one")
    bench.send("two")
    bench.run(11.0)
    assert bench.bodies == [["one"], ["two"]]


def test_group__goes_on_when_its_message_is_deleted_by_the_function_itself() -> None:
    bench = Bench(takes_s=20.0)
    bench.mapped("thrice.fifo", batch_size=1)
    for body in ("one", "two"):
        bench.ask("SendMessage", FIFO_URL, **fifo(body))
    bench.run(5.0)
    ((_, (record,)),) = bench.seen
    bench.ask("DeleteMessage", FIFO_URL, ReceiptHandle=record["receiptHandle"])
    bench.run(6.0)
    assert bench.bodies == [["one"], ["two"]]


def test_batch__is_of_messages_that_came_the_same_way() -> None:
    bench = Bench()
    bench.mapped()
    queue = bench.sqs.engine.queue("thrice")
    for number, generation in enumerate((1, 2, 1)):
        name = f"u{number}.w0.q0"
        routes = ("/hook", "/events")[:generation]
        origin = Origin(partial(str, name), name, (f"u{number}",), generation, routes)
        bench.sqs.engine.send(queue, NewMessage(f"{number}", {}), origin)
    bench.run()
    assert bench.bodies == [["0", "2"], ["1"]]
    sent = list(bench.kernel.journal.entries("delivery"))
    assert [(one.roots, one.generation) for one in sent] == [(("u0", "u2"), 1), (("u1",), 2)]


def test_cut_message__is_not_handed_over_and_the_rest_is() -> None:
    bench = Bench()
    bench.mapped()
    queue = bench.sqs.engine.queue("thrice")
    for number in range(2):
        origin = Origin(partial(str, f"u{number}.q"), f"u{number}", (f"u{number}",), 1)
        bench.sqs.engine.send(queue, NewMessage(f"{number}", {}), origin)
    bench.kernel.cut.add("u0")
    bench.run()
    assert bench.bodies == [["1"]]
    assert bench.sqs.pending() == 1
    assert len(bench.kernel.agenda) == 0


def test_cut_message__of_a_queue_that_hides_nothing_is_no_endless_loop() -> None:
    bench = Bench()
    url = bench.queue("bare", VisibilityTimeout="0")
    bench.mapped("bare")
    queue = bench.sqs.engine.queue("bare")
    origin = Origin(partial(str, "u0.q"), "u0", ("u0",), 1)
    bench.kernel.cut.add("u0")
    bench.sqs.engine.send(queue, NewMessage("x", {}), origin)
    bench.run()
    assert bench.seen == []
    assert bench.got(url) == ["x"]
