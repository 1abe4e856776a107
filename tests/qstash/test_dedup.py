"""The deduplication window, by itself and through publishes."""

import pytest

from emulator.qstash.dedup import DedupWindow
from tests.qstash.support import CONSUMER, HOST, Bench, read

ID = {"Upstash-Deduplication-Id": "m_1"}
BY_CONTENT = {"Upstash-Content-Based-Deduplication": "True", "Content-Type": "application/json"}


def test_window__is_ten_minutes_from_the_first() -> None:
    window = DedupWindow()
    window.hold("a", "msg_1", 5.0)

    assert window.find("a", 604.999) == "msg_1"
    assert window.find("b", 604.999) is None
    assert window.find("a", 605.0) is None


def test_window__forgets_what_expired() -> None:
    window = DedupWindow()
    for number in range(1000):
        window.find("x", float(number))
        window.hold(f"k{number}", "msg_1", float(number))

    assert len(window) == 600


def test_duplicate__gets_the_original_id() -> None:
    bench = Bench()
    first = bench.publish_id(ID)

    reply = bench.publish(ID, b'{"other":"body"}')

    assert reply.status == 202
    assert read(reply) == {"messageId": first, "url": CONSUMER, "deduplicated": True}
    assert bench.qstash.published == 1
    bench.run()
    assert len(bench.consumer.seen) == 1


@pytest.mark.parametrize(("at", "status"), [(599.999, 202), (600.0, 200)])
def test_duplicate__until_ten_minutes_after_the_first(at: float, status: int) -> None:
    bench = Bench()
    bench.publish(ID)
    bench.run(until=300.0)
    assert bench.publish(ID).status == 202

    bench.run(until=at)

    assert bench.publish(ID).status == status


def test_duplicate__of_a_message_that_was_delivered_dead_or_cancelled() -> None:
    for headers, body in (
        ({}, b"ok"),
        ({"Upstash-Retries": "0"}, b"dead"),
        ({"Upstash-Delay": "1m"}, b""),
    ):
        bench = Bench()
        message_id = bench.publish_id({**ID, **headers}, body, HOST + "/nowhere")
        if "Upstash-Delay" in headers:
            assert bench.ask("DELETE", f"/v2/messages/{message_id}").status == 202
        bench.run()

        assert read(bench.publish(ID))["messageId"] == message_id


def test_refused_publish__holds_no_key() -> None:
    bench = Bench()
    assert bench.publish({**ID, "Upstash-Retries": "6"}).status == 400

    assert bench.publish(ID).status == 200


def test_id__with_a_colon_is_refused() -> None:
    reply = Bench().publish({"Upstash-Deduplication-Id": "page:42"})

    assert reply.status == 400
    assert reply.body == b'{"error":"DeduplicationId cannot contain \':\'"}'


def test_content__same_content_is_a_duplicate() -> None:
    bench = Bench()
    bench.publish({**BY_CONTENT, "Upstash-Forward-A": "1", "Upstash-Forward-B": "2"})

    reply = bench.publish({**BY_CONTENT, "upstash-forward-b": "2", "Upstash-Forward-A": "1"})

    assert reply.status == 202


@pytest.mark.parametrize(
    ("headers", "body", "url"),
    [
        ({}, b"{ }", CONSUMER),
        ({}, b"{}", CONSUMER + "?a=1"),
        ({"Content-Type": "text/plain"}, b"{}", CONSUMER),
        ({"Upstash-Forward-A": "1"}, b"{}", CONSUMER),
    ],
)
def test_content__every_part_counts(headers: dict[str, str], body: bytes, url: str) -> None:
    bench = Bench()
    bench.publish(BY_CONTENT)

    assert bench.publish({**BY_CONTENT, **headers}, body, url).status == 200


def test_content__switched_off_is_no_key() -> None:
    bench = Bench()
    headers = {"Upstash-Content-Based-Deduplication": "False"}

    assert bench.publish(headers).status == 200
    assert bench.publish(headers).status == 200


def test_id__beats_content() -> None:
    bench = Bench()
    bench.publish({**BY_CONTENT, **ID})

    assert bench.publish({**BY_CONTENT, "Upstash-Deduplication-Id": "m_2"}).status == 200
