"""Redaction: what the API hides, and what is delivered all the same."""

import hashlib
from base64 import b64decode

import pytest

from emulator.qstash.grammar import parse_redact
from emulator.qstash.redact import Redact, redacted
from tests.qstash.support import BROKEN, OK, Bench, read

HEADERS = {
    "Content-Type": "text/plain",
    "Upstash-Forward-Authorization": "Bearer s3cret",
    "Upstash-Forward-Plain": "seen",
}
HIDDEN_BODY = "REDACTED:" + hashlib.sha256(b"secret").hexdigest()
HIDDEN_TOKEN = "REDACTED:" + hashlib.sha256(b"Bearer s3cret").hexdigest()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("body", Redact(body=True)),
        ("header", Redact(header=True)),
        ("headers", Redact(header=True)),
        ("header[Authorization]", Redact(names=frozenset({"authorization"}))),
        ("headers[A], header[b],body", Redact(body=True, names=frozenset({"a", "b"}))),
    ],
)
def test_grammar(text: str, expected: Redact) -> None:
    assert parse_redact(text) == expected


@pytest.mark.parametrize("text", ["", "bodies", "header[]", "header[a", "body,"])
def test_grammar__refused(text: str) -> None:
    reply = Bench().publish({"Upstash-Redact-Fields": text})

    field = text.rpartition(",")[2]
    assert (reply.status, read(reply)) == (
        400,
        {
            "error": f"invalid Upstash-Redact-Fields: '{field}' is none of body, header, "
            "header[Name]"
        },
    )


def test_message_log_and_dead_letter__hide_what_was_asked_for() -> None:
    bench = Bench(BROKEN)
    fields = {"Upstash-Redact-Fields": "body,header[authorization]", "Upstash-Retries": "0"}
    message_id = bench.publish_id({**HEADERS, **fields}, b"secret")
    message = bench.get(f"/v2/messages/{message_id}")
    bench.run()
    event = bench.qstash.events(messageId=message_id)[0]
    (letter,) = bench.qstash.dead_letters()

    header = {
        "Authorization": [HIDDEN_TOKEN],
        "Plain": ["seen"],
        "Content-Type": ["text/plain"],
    }
    assert message["header"] == event["header"] == letter["header"] == header
    assert message["body"] == letter["body"] == HIDDEN_BODY
    assert b64decode(str(event["body"])).decode() == HIDDEN_BODY


def test_all_headers() -> None:
    bench = Bench()
    message_id = bench.publish_id({**HEADERS, "Upstash-Redact-Fields": "header"}, b"secret")

    message = bench.get(f"/v2/messages/{message_id}")

    assert message["header"]["Plain"] == [redacted(b"seen")]
    assert message["body"] == "secret"


def test_delivery_and_dead_letter_retry__have_the_original() -> None:
    bench = Bench(BROKEN, OK)
    fields = {"Upstash-Redact-Fields": "body,headers", "Upstash-Retries": "0"}
    bench.publish_id({**HEADERS, **fields}, b"secret")
    bench.run()
    (letter,) = bench.qstash.dead_letters()
    again = read(bench.ask("POST", f"/v2/dlq/retry/{letter['dlqId']}"))
    shown = bench.get(f"/v2/messages/{again['messageId']}")
    bench.run()

    assert [seen.request.header("Authorization") for seen in bench.consumer.seen] == [
        "Bearer s3cret"
    ] * 2
    assert bench.bodies() == ["secret", "secret"]
    assert shown["body"] == HIDDEN_BODY


def test_empty_body__stays_absent() -> None:
    bench = Bench()
    message_id = bench.publish_id({"Upstash-Redact-Fields": "body"}, b"")

    assert "body" not in bench.get(f"/v2/messages/{message_id}")
