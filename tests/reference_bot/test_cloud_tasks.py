"""The bot with Cloud Tasks: what it asks for, whom it believes, what it answers."""

import asyncio
import base64
import json
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.requests import Request
from starlette.types import Message, Scope

from reference_bot.cloud_tasks import KEYS_KEPT_S, CloudTasks, Identity
from reference_bot.consumer import QueueSignature
from reference_bot.errors import TryAgainError
from reference_bot.publisher import Publisher, PublishError
from reference_bot.settings import SettingsError
from reference_bot.turns import Attempt, read_attempt
from tests.reference_bot.conftest import Clock
from tests.reference_bot.outside import SETTINGS

QUEUE = "projects/demo/locations/europe-west1/queues/bot"
ACCOUNT = "bot@demo.iam.gserviceaccount.com"
CERTS = "https://keys.example/certs"
URL = "https://bot.example/api/process-message"
TASKS = replace(
    SETTINGS,
    qstash_token="",
    current_signing_key="",
    next_signing_key="",
    cloud_tasks_queue=QUEUE,
    cloud_tasks_token="tasks-token",
    cloud_tasks_account=ACCOUNT,
    google_certs_url=CERTS,
)
KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
OTHER = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)

# The library that checks tokens has a clock of its own.
ISSUED = int(time.time())

T = TypeVar("T")

Answer = Callable[[httpx.Request], httpx.Response]


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


def client(answer: Answer) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


def keys(*published: str) -> httpx.Response:
    public: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
    return httpx.Response(200, json={"keys": [{**public, "kid": kid} for kid in published]})


def token(key: Any = KEY, kid: str = "k1", **changed: object) -> str:
    claims = {
        "iss": "https://accounts.google.com",
        "aud": URL,
        "email": ACCOUNT,
        "iat": ISSUED,
        "exp": ISSUED + 3_600,
        **changed,
    }
    return "Bearer " + jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})


def delivery(headers: Mapping[str, str]) -> Request:
    scope: Scope = {
        "type": "http",
        "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
    }

    async def receive() -> Message:
        raise AssertionError("nobody reads the body")

    return Request(scope, receive)


def test_settings__need_the_one_queue_or_the_other() -> None:
    assert TASKS.check() is TASKS
    with pytest.raises(SettingsError, match=r"^set CLOUD_TASKS_ACCOUNT in the bot's environment$"):
        replace(TASKS, cloud_tasks_account="").check()
    with pytest.raises(SettingsError, match=r"^set QSTASH_TOKEN, QSTASH_CURRENT_SIGNING_KEY, "):
        replace(TASKS, cloud_tasks_queue="").check()


def test_publish__creates_a_task(clock: Clock) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={})

    publisher = Publisher(TASKS, client(answer))
    run(publisher.publish("/api/process-message", {"a": 1}, deduplication_id="m_1", delay_s=30))
    (request,) = asked
    assert str(request.url) == f"https://cloudtasks.googleapis.com/v2/{QUEUE}/tasks"
    assert request.headers["authorization"] == "Bearer tasks-token"
    task = json.loads(request.content)["task"]
    http = task.pop("httpRequest")
    assert base64.b64decode(http.pop("body")) == b'{"a": 1}'
    assert http == {
        "url": URL,
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"},
        "oidcToken": {"serviceAccountEmail": ACCOUNT, "audience": URL},
    }
    prefix, _, name = task["name"].rpartition("/")
    assert prefix == f"{QUEUE}/tasks"
    assert len(name) == 64
    assert task["scheduleTime"] == "2027-01-15T08:00:30Z"


@pytest.mark.parametrize("status", [200, 409])
def test_publish__that_is_there_already_is_no_failure(status: int) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return httpx.Response(status)

    publisher = Publisher(TASKS, client(answer))
    run(publisher.publish("/api/process-message", {}, deduplication_id="m_1"))
    assert asked == ["POST"]


@pytest.mark.parametrize("status", [401, 404, 429, 503])
def test_publish__refused(status: int) -> None:
    publisher = Publisher(TASKS, client(lambda request: httpx.Response(status)))
    with pytest.raises(PublishError, match=f"Cloud Tasks answered {status}"):
        run(publisher.publish("/api/process-message", {}))


def test_publish__by_a_service_account() -> None:
    from cryptography.hazmat.primitives import serialization

    pem = KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    key = {"client_email": ACCOUNT, "private_key_id": "1", "private_key": pem}
    settings = replace(TASKS, cloud_tasks_token="", google_account=json.dumps(key))
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={})

    run(CloudTasks(settings, client(answer)).send(URL, {}, deduplication_id=None, delay_s=0))
    said = asked[0].headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(said, KEY.public_key(), algorithms=["RS256"], options={"verify_aud": False})
    assert claims["aud"] == "https://cloudtasks.googleapis.com/"


def is_genuine(authorization: str, answer: Answer = lambda request: keys("k1")) -> bool:
    signature = QueueSignature(TASKS, client(answer))
    request = delivery({"authorization": authorization})
    return run(signature.is_genuine(request, b"", "/api/process-message"))


def test_token__of_the_queue_is_believed() -> None:
    assert is_genuine(token())
    # Clocks differ by a little.
    assert is_genuine(token(iat=ISSUED + 5))


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "Bearer nonsense",
        token(OTHER),
        token(kid="k9"),
        token(aud="https://elsewhere.example/x"),
        token(email="somebody@else.iam.gserviceaccount.com"),
        token(iss="https://accounts.example"),
        token(iat=ISSUED - 3_700, exp=ISSUED - 100),
        "Bearer " + jwt.encode({"aud": URL, "email": ACCOUNT}, "", algorithm="none"),
    ],
)
def test_token__of_anybody_else_is_not(forged: str) -> None:
    assert not is_genuine(forged)


def test_keys__that_can_not_be_had_say_nothing_of_a_token() -> None:
    with pytest.raises(TryAgainError, match=r"^Google's keys could not be had: "):
        is_genuine(token(), lambda request: httpx.Response(503))


def test_keys__are_kept_for_an_hour(clock: Clock) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return keys("k1")

    identity = Identity(TASKS, client(answer))
    for _ in range(2):
        run(identity.check(token(), URL))
    assert asked == [CERTS]
    clock.now += KEYS_KEPT_S
    run(identity.check(token(), URL))
    assert len(asked) == 2


def test_giving_up__is_a_success_for_cloud_tasks() -> None:
    signature = QueueSignature(TASKS, client(lambda request: keys()))
    assert signature.give_up("why").status_code == 200
    other = QueueSignature(SETTINGS, client(lambda request: keys()))
    assert other.give_up("why").status_code == 489


@pytest.mark.parametrize(
    ("headers", "attempt"),
    [
        ({"X-CloudTasks-TaskName": "t1", "X-CloudTasks-TaskRetryCount": "2"}, Attempt("t1", 2)),
        ({"X-CloudTasks-TaskName": "t1"}, Attempt("t1", 0)),
        ({"Upstash-Message-Id": "msg_1", "Upstash-Retried": "1"}, Attempt("msg_1", 1)),
        ({}, None),
    ],
)
def test_attempt__as_each_queue_tells_it(headers: dict[str, str], attempt: Attempt | None) -> None:
    assert read_attempt(delivery(headers)) == attempt
