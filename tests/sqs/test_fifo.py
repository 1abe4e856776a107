"""FIFO queues: groups in order, and what is known as a repetition."""

from typing import Any

from emulator.sqs import FIFO_URL
from tests.sqs.support import Bench, dead_url, fifo


def sent(bench: Bench, body: str, group: str = "g", dedup: str = "") -> Any:
    return bench.ask("SendMessage", FIFO_URL, **fifo(body, group, dedup))


def test_id__is_known_for_five_minutes_though_its_message_was_deleted() -> None:
    bench = Bench()
    first = sent(bench, "one", dedup="mid1")
    bench.delete(bench.receive(FIFO_URL)[0], FIFO_URL)
    bench.run(299.9)
    again = sent(bench, "other", dedup="mid1")
    assert bench.got(FIFO_URL) == []
    assert (again["MessageId"], again["SequenceNumber"]) == (
        first["MessageId"],
        first["SequenceNumber"],
    )
    bench.run(300.0)
    assert sent(bench, "third", dedup="mid1")["MessageId"] != first["MessageId"]
    assert bench.got(FIFO_URL) == ["third"]


def test_repetition__does_not_begin_the_five_minutes_anew() -> None:
    bench = Bench()
    sent(bench, "one", dedup="mid1")
    bench.run(200.0)
    sent(bench, "two", dedup="mid1")
    bench.run(301.0)
    sent(bench, "three", dedup="mid1")
    assert bench.got(FIFO_URL) == ["one", "three"]


def test_repetition__has_the_checksum_of_what_was_sent_now() -> None:
    bench = Bench()
    first = sent(bench, "one", dedup="mid1")
    assert sent(bench, "two", dedup="mid1")["MD5OfMessageBody"] != first["MD5OfMessageBody"]


def test_repetition__is_in_the_journal_with_the_first() -> None:
    bench = Bench()
    first = sent(bench, "one", dedup="mid1")
    sent(bench, "one", dedup="mid1")
    (noted,) = bench.kernel.journal.entries("duplicate")
    assert noted.detail["message_id"] == first["MessageId"]
    assert noted.detail["dedup"] == "mid1"
    assert bench.sqs.published == 1


def test_scope__may_be_the_group() -> None:
    bench = Bench()
    url = bench.queue("own.fifo", FifoQueue="true", DeduplicationScope="messageGroup")
    for group in ("a", "b", "a"):
        bench.ask("SendMessage", url, **fifo("one", group, "mid1"))
    assert bench.got(url) == ["one", "one"]


def test_content__is_the_id_where_the_queue_says_so() -> None:
    bench = Bench()
    url = bench.queue("own.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    for body in ("one", "one", "two"):
        bench.ask("SendMessage", url, MessageBody=body, MessageGroupId="g")
    assert bench.got(url) == ["one", "two"]


def test_id__has_to_come_from_somewhere() -> None:
    bench = Bench()
    assert bench.refused("SendMessage", FIFO_URL, MessageBody="one", MessageGroupId="g") == (
        "InvalidParameterValue",
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
        "provided explicitly",
    )
    assert bench.refused("SendMessage", FIFO_URL, MessageBody="one")[0] == "MissingParameter"


def test_delay__is_the_queues_only() -> None:
    bench = Bench()
    code, _ = bench.refused("SendMessage", FIFO_URL, **fifo("one"), DelaySeconds=3)
    assert code == "InvalidParameterValue"
    url = bench.queue("own.fifo", FifoQueue="true", DelaySeconds="3")
    bench.ask("SendMessage", url, **fifo("one"))
    assert bench.got(url) == []
    bench.run(3.0)
    assert bench.got(url) == ["one"]


def test_group__waits_while_one_of_it_is_in_flight() -> None:
    bench = Bench()
    for body, group in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a")):
        sent(bench, body, group)
    first = bench.receive(FIFO_URL, most=1)
    assert [one["Body"] for one in first] == ["a1"]
    assert bench.got(FIFO_URL) == ["b1"]
    bench.delete(first[0], FIFO_URL)
    assert bench.got(FIFO_URL) == ["a2", "a3"]


def test_group__comes_again_in_its_order() -> None:
    bench = Bench()
    for body in ("a1", "a2", "a3"):
        sent(bench, body)
    bench.receive(FIFO_URL, most=2)
    bench.run(30.0)
    assert bench.got(FIFO_URL) == ["a1", "a2", "a3"]


def test_handle__is_refused_once_its_time_is_over() -> None:
    bench = Bench()
    sent(bench, "one")
    (held,) = bench.receive(FIFO_URL)
    bench.run(30.0)
    code, text = bench.refused("DeleteMessage", FIFO_URL, ReceiptHandle=held["ReceiptHandle"])
    assert code == "InvalidParameterValue"
    assert text.endswith("Reason: The receipt handle has expired.")


def test_poison__lets_its_group_go_on_from_the_dead_letters() -> None:
    bench = Bench()
    sent(bench, "poison")
    sent(bench, "next")
    for attempt in range(5):
        assert bench.got(FIFO_URL, most=1) == ["poison"]
        bench.run(30.0 * (attempt + 1))
    assert bench.got(FIFO_URL) == ["next"]
    (dead,) = bench.kernel.journal.entries("dead")
    assert dead.detail["attempts"] == 5


def test_dead_letter__is_kept_from_when_it_became_one() -> None:
    bench = Bench()
    sent(bench, "poison")
    bench.run(345_000.0)
    for _ in range(5):
        bench.receive(FIFO_URL, VisibilityTimeout=0)
    assert bench.got(FIFO_URL) == []
    bench.run(346_000.0)
    # Longer than messages are kept after they were sent.
    assert bench.got(dead_url(".fifo")) == ["poison"]
