"""What the worker sees of an attempt."""

import jwt
import pytest
from jwt.types import Options

from emulator.cloudtasks import QUEUE
from emulator.exchange import Failure, Reply
from emulator.google_signing import jwk
from tests.cloudtasks.support import ACCOUNT, URL, Bench, http


def claims(bench: Bench, number: int = -1) -> dict[str, object]:
    """What the token of an attempt says, checked against the published keys, not its times."""
    scheme, _, token = (bench.header("Authorization", number) or "").partition(" ")
    assert scheme == "Bearer"
    keys = {key.id: jwt.PyJWK(jwk(key)) for key in bench.tasks.keys.published}
    key = keys[jwt.get_unverified_header(token)["kid"]]
    options: Options = {"verify_aud": False, "verify_exp": False, "verify_iat": False}
    content: dict[str, object] = jwt.decode(token, key, algorithms=["RS256"], options=options)
    return content


def test_request__as_the_task_says() -> None:
    bench = Bench()
    bench.made("one", httpRequest=http(b"hello", httpMethod="PUT", headers={"X-Own": "1"}))
    bench.run()
    (_, request) = bench.seen[0]
    assert (request.method, request.url, request.body) == ("PUT", URL, b"hello")
    assert request.header("X-Own") == "1"


def test_headers__of_the_first_attempt() -> None:
    bench = Bench()
    bench.made("one")
    bench.run()
    own = {
        name: value
        for name, value in bench.seen[0][1].headers
        if name.startswith(("X-CloudTasks", "User-Agent"))
    }
    assert own == {
        "User-Agent": "Google-Cloud-Tasks",
        "X-CloudTasks-QueueName": "thrice",
        "X-CloudTasks-TaskName": "one",
        "X-CloudTasks-TaskRetryCount": "0",
        "X-CloudTasks-TaskExecutionCount": "0",
        "X-CloudTasks-TaskETA": "1790000000.000000",
    }


def test_content_type__is_not_set() -> None:
    bench = Bench()
    bench.made(httpRequest=http(b"{}"))
    bench.run()
    assert bench.header("Content-Type") is None


@pytest.mark.parametrize(
    "name",
    ["Host", "user-agent", "X-Google-Any", "X-AppEngine-Any", "X-CloudTasks-TaskName"],
)
def test_headers__that_a_task_can_not_set(name: str) -> None:
    bench = Bench()
    bench.made(httpRequest=http(headers={name: "forged"}))
    bench.run()
    assert "forged" not in [value for _, value in bench.seen[0][1].headers]


def test_authorization__of_the_task_where_no_token_is_asked_for() -> None:
    bench = Bench()
    bench.made(httpRequest=http(headers={"Authorization": "Basic x"}))
    bench.run()
    assert bench.header("Authorization") == "Basic x"


def test_counts__execution_leaves_out_5xx() -> None:
    bench = Bench(Reply(500), Reply(404), Failure("reset"), Reply(200))
    bench.made()
    bench.run()
    counts = [
        (
            request.header("X-CloudTasks-TaskRetryCount"),
            request.header("X-CloudTasks-TaskExecutionCount"),
            request.header("X-CloudTasks-TaskPreviousResponse"),
        )
        for _, request in bench.seen
    ]
    assert counts == [("0", "0", None), ("1", "0", "500"), ("2", "1", "404"), ("3", "1", None)]


def test_reason__of_a_retry() -> None:
    bench = Bench(Reply(429), Reply(200))
    bench.made()
    bench.run()
    assert bench.header("X-CloudTasks-TaskRetryReason") == (
        "RESOURCE_EXHAUSTED(8): HTTP status code 429"
    )


def test_oidc__names_account_and_url() -> None:
    bench = Bench()
    bench.made(httpRequest=http(oidcToken={"serviceAccountEmail": ACCOUNT}))
    bench.run()
    said = claims(bench)
    assert said["iss"] == "https://accounts.google.com"
    assert (said["aud"], said["email"], said["email_verified"]) == (URL, ACCOUNT, True)
    assert (said["iat"], said["exp"]) == (1_790_000_000, 1_790_003_600)


def test_oidc__given_audience() -> None:
    bench = Bench()
    token = {"serviceAccountEmail": ACCOUNT, "audience": "mine"}
    bench.made(httpRequest=http(oidcToken=token))
    bench.run()
    assert claims(bench)["aud"] == "mine"


def test_oidc__is_fresh_for_each_attempt() -> None:
    bench = Bench(Reply(500), Reply(200))
    bench.tune(retryConfig={"minBackoff": "100s"})
    bench.made(httpRequest=http(oidcToken={"serviceAccountEmail": ACCOUNT}))
    bench.run()
    assert [claims(bench, number)["iat"] for number in (0, 1)] == [1_790_000_000, 1_790_000_100]


def test_oidc__by_the_next_key_after_a_rotation() -> None:
    bench = Bench()
    _, soon = bench.tasks.keys.published
    bench.tasks.rotate_keys()
    bench.made(httpRequest=http(oidcToken={"serviceAccountEmail": ACCOUNT}))
    bench.run()
    token = (bench.header("Authorization") or "").removeprefix("Bearer ")
    assert jwt.get_unverified_header(token)["kid"] == soon.id


def test_oauth__is_an_access_token() -> None:
    bench = Bench()
    bench.made(httpRequest=http(oauthToken={"serviceAccountEmail": ACCOUNT}))
    bench.run()
    assert (bench.header("Authorization") or "").startswith("Bearer ya29.")


def test_deadline__without_an_answer_it_is_tried_again() -> None:
    bench = Bench(None, Reply(200))
    bench.made(dispatchDeadline="15s")
    bench.run()
    assert bench.times == [0.0, 15.1]


def test_success__any_2xx_ends_the_task() -> None:
    bench = Bench(Reply(204))
    bench.made()
    bench.run()
    assert len(bench.seen) == 1
    assert bench.tasks.pending() == 0


@pytest.mark.parametrize("status", [199, 301, 400, 404, 500])
def test_failure__anything_else_is_tried_again(status: int) -> None:
    bench = Bench(Reply(status), Reply(200))
    bench.made()
    bench.run()
    assert len(bench.seen) == 2


def test_journal__publish_delivery_and_end() -> None:
    bench = Bench(Reply(500))
    bench.tune(retryConfig={"maxAttempts": 2})
    bench.made("one")
    bench.create("one")
    bench.run()
    found = [
        (entry.kind, entry.name)
        for entry in bench.kernel.journal.entries("publish", "duplicate", "delivery", "dead")
    ]
    assert found == [
        ("publish", "x.q0"),
        ("duplicate", "x.d1"),
        ("delivery", "x.q0"),
        ("delivery", "x.q0'"),
        ("dead", "x.q0"),
    ]
    (dead,) = bench.kernel.journal.entries("dead")
    assert dead.detail == {
        "message_id": f"{QUEUE}/tasks/one",
        "dlq_id": "",
        "status": 500,
        "attempts": 2,
    }
