"""The bot with SQS: what it asks for, and what it makes of an event."""

import asyncio
import json
import time
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message, Scope

from reference_bot.bot import make_bot
from reference_bot.consumer import QueueSignature
from reference_bot.errors import TryAgainError
from reference_bot.events import Events
from reference_bot.message import Message as UserMessage
from reference_bot.publisher import Publisher, PublishError
from reference_bot.settings import SettingsError
from reference_bot.turns import Attempt
from tests.reference_bot.conftest import Clock
from tests.reference_bot.outside import SETTINGS

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/bot.fifo"
SQS = replace(
    SETTINGS,
    qstash_token="",
    current_signing_key="",
    next_signing_key="",
    sqs_queue_url=URL,
    aws_access_key="AKIDEXAMPLE",
    aws_secret_key="secret",
)
JOB = {"mid": "m_1", "sender": "1", "text": "hello"}

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


class Answering:
    """SQS, which answers everything with one status."""

    def __init__(self, status: int = 200) -> None:
        self.asked: list[httpx.Request] = []
        self._status = status
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(self._status, json={})

    @property
    def told(self) -> list[tuple[str, Any]]:
        """Each call's action and fields."""
        return [
            (one.headers["x-amz-target"].partition(".")[2], json.loads(one.content))
            for one in self.asked
        ]


class Work:
    """Answers and releases in one, which fail or have more to do as they are told."""

    def __init__(self, *, fails: bool = False, releases: bool = True) -> None:
        self.answered: list[tuple[UserMessage, Attempt]] = []
        self.released: list[Attempt] = []
        self._fails = fails
        self._releases = releases

    async def answer(self, message: UserMessage, attempt: Attempt) -> bool:
        self.answered.append((message, attempt))
        if self._fails:
            raise TryAgainError("not now")
        return True

    async def release(self, attempt: Attempt) -> bool:
        self.released.append(attempt)
        return self._releases


def invoked(work: Any, outside: Answering, *contents: object) -> tuple[int, Any]:
    """Status and content of the answer to an event with these messages."""
    from reference_bot.sqs import Sqs

    records = [
        {
            "messageId": f"id{number}",
            "receiptHandle": f"handle{number}",
            "body": content if isinstance(content, str) else json.dumps(content),
            "attributes": {"ApproximateReceiveCount": "2"},
        }
        for number, content in enumerate(contents)
    ]
    body = json.dumps({"Records": records}).encode()
    events = Events(Sqs(SQS, outside.client), work, work)
    reply = run(events.receive(posted(body)))
    return reply.status_code, json.loads(bytes(reply.body))


def posted(body: bytes) -> Request:
    scope: Scope = {"type": "http", "headers": []}

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive)


def test_settings__need_what_signs() -> None:
    assert SQS.check() is SQS
    with pytest.raises(SettingsError, match=r"^set AWS_SECRET_ACCESS_KEY in the bot's environm"):
        replace(SQS, aws_secret_key="").check()


def test_publish__sends_a_signed_message(clock: Clock) -> None:
    sqs = Answering()
    publisher = Publisher(SQS, sqs.client)
    run(publisher.publish("/api/process-message", JOB, deduplication_id="m_1", delay_s=30))
    (request,) = sqs.asked
    assert str(request.url) == "https://sqs.us-east-1.amazonaws.com/"
    assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/us-east-1/sqs/aws4_request" in request.headers["authorization"]
    ((action, fields),) = sqs.told
    assert (action, fields["QueueUrl"]) == ("SendMessage", URL)
    assert fields["MessageGroupId"] == fields["MessageDeduplicationId"]
    assert len(fields["MessageGroupId"]) == 64
    content = json.loads(fields["MessageBody"])
    assert content.pop("due") - time.time() == pytest.approx(30, abs=2)
    assert content == {"route": "/api/process-message", "job": JOB}


def test_publish__fails_when_it_is_refused(clock: Clock) -> None:
    publisher = Publisher(SQS, Answering(403).client)
    with pytest.raises(PublishError, match="SQS answered 403"):
        run(publisher.publish("/x", JOB))


def test_event__is_answered_message_by_message() -> None:
    work, sqs = Work(), Answering()
    message = {"route": "/api/process-message", "job": JOB}
    assert invoked(work, sqs, message, message) == (200, {"batchItemFailures": []})
    assert [attempt for _, attempt in work.answered] == [Attempt("id0 2", 0), Attempt("id1 2", 0)]
    assert work.answered[0][0].mid == "m_1"
    assert sqs.asked == []


def test_event__names_what_has_to_come_again() -> None:
    message = {"route": "/api/process-message", "job": JOB}
    told = invoked(Work(fails=True), Answering(), message, "no JSON")
    assert told == (200, {"batchItemFailures": [{"itemIdentifier": "id0"}]})


@pytest.mark.parametrize(
    "content", ["", "null", "[]", {"route": "/api/process-message"}, {"route": "/x", "job": JOB}]
)
def test_event__drops_what_is_none_of_the_bots(content: object) -> None:
    work = Work()
    assert invoked(work, Answering(), content) == (200, {"batchItemFailures": []})
    assert work.answered == []


@pytest.mark.parametrize("status", [200, 500])
def test_message__that_is_not_due_is_put_off(status: int) -> None:
    work, sqs = Work(), Answering(status)
    message = {"route": "/api/process-message", "job": JOB, "due": int(time.time()) + 90}
    _, content = invoked(work, sqs, message)
    assert content == {"batchItemFailures": [{"itemIdentifier": "id0"}]}
    assert work.answered == []
    ((action, fields),) = sqs.told
    assert (action, fields["ReceiptHandle"]) == ("ChangeMessageVisibility", "handle0")
    assert 80 < fields["VisibilityTimeout"] <= 90


@pytest.mark.parametrize("done", [True, False])
def test_release__comes_again_soon_when_there_is_more(done: bool) -> None:
    work, sqs = Work(releases=done), Answering()
    _, content = invoked(work, sqs, {"route": "/api/answer-held", "job": {"release": "x"}})
    assert work.released == [Attempt("id0 2", 0)]
    assert content["batchItemFailures"] == ([] if done else [{"itemIdentifier": "id0"}])
    assert [fields["VisibilityTimeout"] for _, fields in sqs.told] == ([] if done else [1])


@pytest.mark.parametrize("body", [b"", b"{}", b'{"Records":[]}', b'{"Records":"x"}'])
def test_no_event__is_refused(body: bytes) -> None:
    from reference_bot.sqs import Sqs

    work: Any = Work()
    events = Events(Sqs(SQS, Answering().client), work, work)
    assert run(events.receive(posted(body))).status_code == 400


def test_bot__believes_no_signature_of_another_queue() -> None:
    bot = make_bot(SQS, Answering().client)
    assert isinstance(bot.consumer, Events)
    signature = QueueSignature(SQS, Answering().client)
    assert not run(signature.is_genuine(posted(b""), b"", "/api/answer-held"))
