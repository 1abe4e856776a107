"""Messages of a standard queue: visibility, delays, handles, dead letters, and what is refused."""

from typing import Any

import pytest

from emulator.sqs import QUEUE_URL
from tests.sqs.support import Bench, asking, dead_url, entries


def test_message__is_hidden_until_its_time_is_over() -> None:
    bench = Bench()
    bench.send("one")
    assert bench.got() == ["one"]
    bench.run(29.9)
    assert bench.got() == []
    bench.run(30.0)
    (again,) = bench.receive(MessageSystemAttributeNames=["All"])
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    assert again["Attributes"]["SentTimestamp"] == "1790000000000"
    assert again["Attributes"]["ApproximateFirstReceiveTimestamp"] == "1790000000000"


def test_message__stays_until_it_is_deleted_with_its_latest_handle() -> None:
    bench = Bench()
    bench.send("one")
    (old,) = bench.receive(VisibilityTimeout=5)
    bench.run(5.0)
    (new,) = bench.receive(VisibilityTimeout=5)
    bench.delete(old)
    bench.run(10.0)
    (latest,) = bench.receive()
    assert latest["MessageId"] == old["MessageId"]
    bench.delete(new)
    bench.delete(latest)
    bench.delete(latest)
    bench.run(100.0)
    assert bench.got() == []
    assert bench.sqs.pending() == 0


def test_delay__of_the_message_goes_before_the_queues() -> None:
    bench = Bench()
    url = bench.queue("late", DelaySeconds="60")
    bench.send("usual", url)
    bench.send("soon", url, DelaySeconds=5)
    bench.send("at once", url, DelaySeconds=0)
    assert bench.got(url) == ["at once"]
    bench.run(5.0)
    assert bench.got(url) == ["soon"]
    bench.run(60.0)
    assert "usual" in bench.got(url)


def test_visibility__can_be_changed_in_flight_only() -> None:
    bench = Bench()
    bench.send("one")
    (held,) = bench.receive()
    change = {"ReceiptHandle": held["ReceiptHandle"]}
    bench.ask("ChangeMessageVisibility", **change, VisibilityTimeout=100)
    bench.run(99.0)
    assert bench.got() == []
    bench.ask("ChangeMessageVisibility", **change, VisibilityTimeout=0)
    assert bench.refused("ChangeMessageVisibility", **change, VisibilityTimeout=1) == (
        "AWS.SimpleQueueService.MessageNotInflight",
        "The message referred to is not in flight.",
    )
    assert bench.got() == ["one"]


def test_dead_letters__get_what_was_received_too_often() -> None:
    bench = Bench()
    sent = bench.send("poison")
    for _ in range(5):
        assert bench.got(VisibilityTimeout=0) == ["poison"]
    assert bench.got() == []
    (dead,) = bench.receive(dead_url(), AttributeNames=["All"])
    assert dead["MessageId"] == sent
    source = dead["Attributes"]["DeadLetterQueueSourceArn"]
    assert source == "arn:aws:sqs:us-east-1:123456789012:thrice"
    (noted,) = bench.kernel.journal.entries("dead")
    assert (noted.detail["message_id"], noted.detail["dlq_id"]) == (sent, sent)


def test_message__is_kept_for_its_time_and_then_lost() -> None:
    bench = Bench()
    url = bench.queue("short", MessageRetentionPeriod="60")
    bench.send("one", url)
    bench.run(59.0)
    bench.send("two", url)
    bench.run(60.0)
    assert bench.got(url) == ["two"]
    (lost,) = bench.kernel.journal.entries("dead")
    assert lost.detail["dlq_id"] == ""


def test_message__has_the_attributes_that_are_asked_for() -> None:
    bench = Bench()
    attributes = {
        "kind": {"DataType": "String", "StringValue": "x"},
        "kind.of": {"DataType": "Number.int", "StringValue": "3"},
        "raw": {"DataType": "Binary", "BinaryValue": "AAE="},
    }
    sent = bench.ask("SendMessage", MessageBody="one", MessageAttributes=attributes)
    (some,) = bench.receive(MessageAttributeNames=["kind.*"], VisibilityTimeout=0)
    assert set(some["MessageAttributes"]) == {"kind", "kind.of"}
    assert some["MD5OfMessageAttributes"] != sent["MD5OfMessageAttributes"]
    (every,) = bench.receive(MessageAttributeNames=["All"], VisibilityTimeout=0)
    assert every["MessageAttributes"] == attributes
    assert every["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    (none,) = bench.receive()
    assert "MessageAttributes" not in none


def test_batch__tells_what_failed_of_it() -> None:
    bench = Bench()
    done = bench.ask("SendMessageBatch", Entries=[*entries("one", "bad \0"), *entries("")[:0]])
    assert [one["Id"] for one in done["Successful"]] == ["0"]
    assert [(one["Id"], one["Code"]) for one in done["Failed"]] == [("1", "InvalidMessageContents")]
    (held,) = bench.receive()
    handles = [
        {"Id": "a", "ReceiptHandle": held["ReceiptHandle"]},
        {"Id": "b", "ReceiptHandle": "none"},
    ]
    gone = bench.ask("DeleteMessageBatch", Entries=handles)
    assert gone["Successful"] == [{"Id": "a"}]
    assert [one["Code"] for one in gone["Failed"]] == ["ReceiptHandleIsInvalid"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ([], "AWS.SimpleQueueService.EmptyBatchRequest"),
        (entries(*"abcdefghijk"), "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
        ([*entries("a"), *entries("b")], "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
        ([{"Id": "no id", "MessageBody": "a"}], "AWS.SimpleQueueService.InvalidBatchEntryId"),
        (entries("a" * 600_000, "b" * 600_000), "AWS.SimpleQueueService.BatchRequestTooLong"),
    ],
)
def test_batch__is_refused_as_a_whole(sent: list[object], code: str) -> None:
    bench = Bench()
    assert bench.refused("SendMessageBatch", Entries=sent)[0] == code
    assert bench.got() == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "MissingParameter"),
        ({"MessageBody": "a" * 1_048_577}, "InvalidParameterValue"),
        ({"MessageBody": "a\0"}, "InvalidMessageContents"),
        ({"MessageBody": "a", "DelaySeconds": 901}, "InvalidParameterValue"),
        ({"MessageBody": "a", "MessageDeduplicationId": "x"}, "InvalidParameterValue"),
    ],
)
def test_send__refuses_what_makes_no_message(fields: dict[str, Any], code: str) -> None:
    assert Bench().refused("SendMessage", **fields)[0] == code


def test_receive__gives_ten_at_most() -> None:
    bench = Bench()
    for number in range(12):
        bench.send(f"{number}")
    assert bench.refused("ReceiveMessage", MaxNumberOfMessages=11)[0] == "InvalidParameterValue"
    assert bench.got(most=10) == [f"{number}" for number in range(10)]


def test_call__needs_credentials() -> None:
    bench = Bench()
    request = asking("SendMessage", MessageBody="a")
    reply = bench.sqs.handle(type(request)(request.method, request.url, request.headers[1:]))
    assert reply.status == 403


def test_unsupported__is_a_finding() -> None:
    bench = Bench()
    assert bench.told("StartMessageMoveTask")[0] == 400
    (found,) = bench.kernel.journal.entries("finding")
    assert found.detail["what"] == "StartMessageMoveTask"


def test_counts__tell_where_messages_are() -> None:
    bench = Bench()
    bench.send("late", DelaySeconds=10)
    bench.send("one")
    bench.send("two")
    bench.receive(most=1)
    names = ["", "Delayed", "NotVisible"]
    told = bench.ask("GetQueueAttributes", AttributeNames=["All"])["Attributes"]
    assert [told[f"ApproximateNumberOfMessages{name}"] for name in names] == ["1", "1", "1"]
    bench.ask("PurgeQueue")
    told = bench.ask("GetQueueAttributes", AttributeNames=["All"])["Attributes"]
    assert [told[f"ApproximateNumberOfMessages{name}"] for name in names] == ["0", "0", "0"]
    assert bench.refused("PurgeQueue")[0] == "AWS.SimpleQueueService.PurgeQueueInProgress"


def test_cost__is_a_request_for_each_64_kb() -> None:
    bench = Bench()
    bench.send("a" * 100_000)
    bench.receive()
    bench.receive()
    assert bench.sqs.cost == 4


def test_queue__is_not_made_twice_with_other_attributes() -> None:
    bench = Bench()
    url = bench.queue("own", VisibilityTimeout="5")
    assert bench.queue("own", VisibilityTimeout="5") == url
    assert bench.refused(
        "CreateQueue", "", QueueName="own", Attributes={"VisibilityTimeout": "6"}
    ) == (
        "QueueAlreadyExists",
        "A queue already exists with the same name and a different value for attribute "
        "VisibilityTimeout",
    )
    bench.ask("DeleteQueue", url)
    assert bench.refused("GetQueueUrl", "", QueueName="own")[0] == (
        "AWS.SimpleQueueService.NonExistentQueue"
    )
    code, _ = bench.refused("CreateQueue", "", QueueName="own")
    assert code == "AWS.SimpleQueueService.QueueDeletedRecently"
    bench.run(60.0)
    assert bench.queue("own") == url


def test_queues__are_listed_by_pages() -> None:
    bench = Bench()
    first = bench.ask("ListQueues", "", MaxResults=3)
    assert [url.rpartition("/")[2] for url in first["QueueUrls"]] == [
        "thrice",
        "thrice-dead",
        "thrice-dead.fifo",
    ]
    rest = bench.ask("ListQueues", "", MaxResults=3, NextToken=first["NextToken"])
    assert [url.rpartition("/")[2] for url in rest["QueueUrls"]] == ["thrice.fifo"]
    sources = bench.ask("ListDeadLetterSourceQueues", dead_url())
    assert sources["queueUrls"] == [QUEUE_URL]


def test_cost_per_message__does_not_rise_with_their_number() -> None:
    bench = Bench()
    for number in range(2_000):
        bench.send(f"{number}")
    line = bench.sqs.engine.queues["thrice"].line
    for _ in range(200):
        for message in bench.receive():
            bench.delete(message)
    # What is left of all that were deleted.
    assert bench.sqs.pending() == 0
    assert len(line._hidden) < 200
    assert len(line._offered) < 200


def test_dead_letter__is_as_old_as_when_it_was_sent() -> None:
    bench = Bench()
    bench.send("old")
    bench.run(300_000.0)
    bench.receive(VisibilityTimeout=100)
    bench.send("new")
    for _ in range(6):
        bench.receive(VisibilityTimeout=0)
    bench.run(300_100.0)
    for _ in range(5):
        bench.receive(VisibilityTimeout=0)
    assert sorted(bench.got(dead_url(), VisibilityTimeout=0)) == ["new", "old"]
    bench.run(345_600.0)
    assert bench.got(dead_url()) == ["new"]
