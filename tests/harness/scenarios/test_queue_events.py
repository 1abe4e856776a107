"""Events of SQS for hostile contents: what no message can hold still damages it."""

import json
from typing import Any

import pytest

from emulator import World
from emulator.exchange import Request
from harness.scenarios.queue_events import anew, content_of

CONTENT = '{"job":{"mid":"m_1","text":"a \\n b"},"due":12,"none":""}'


def nobody(kernel: object, gate: object) -> Any:
    class Driver:
        host = None

        def close(self) -> None:
            """There is nothing to close."""

    return Driver()


def event(content: str) -> Request:
    record = {"messageId": "id", "body": content, "eventSource": "aws:sqs"}
    return Request("POST", "https://bot.test/x", (), json.dumps({"Records": [record]}).encode())


def made(data: bytes) -> dict[str, Any]:
    with World(nobody, queue="sqs") as world:
        request = anew(world, event(CONTENT), data, "u9")
    (record,) = json.loads(request.body)["Records"]
    assert isinstance(record, dict)
    return record


def test_content__is_what_the_bot_has_sent() -> None:
    assert content_of(event(CONTENT)) == CONTENT.encode()


def test_event__is_that_of_another_message_with_this_content() -> None:
    record = made(b'{"a":"\xc3\xa9"}')
    assert record.pop("messageId") != "id"
    assert record == {"body": '{"a":"é"}', "eventSource": "aws:sqs"}


@pytest.mark.parametrize("byte", [b"\x00", b"\xff"])
def test_byte__that_no_message_can_have_damages_the_content_wherever_it_is(byte: bytes) -> None:
    for at in range(len(CONTENT)):
        data = CONTENT[:at].encode() + byte + CONTENT[at + 1 :].encode()
        with pytest.raises(json.JSONDecodeError):
            json.loads(made(data)["body"])
