"""Faults that are asked for: which calls they befall, what the bot sees, what was done."""

from typing import Any

import httpx
import pytest

from tests.control.support import Api, Bot


def job() -> dict[str, object]:
    return {"psid": "1", "text": "a"}


@pytest.mark.parametrize("kind", ["refused", "reset"])
def test_lost_connection__has_no_effect(api: Api, bot: Bot, kind: str) -> None:
    api.post("/v1/faults", {"service": "qstash", "kind": kind, "calls": 1})
    with pytest.raises(httpx.TransportError):
        bot.publish(job())
    assert api.get("/v1/counts")["publishes"] == 0
    assert bot.publish(job()).status_code == 200


@pytest.mark.parametrize(
    "fault", [{"kind": "reset"}, {"kind": "status", "status": 500}], ids=["reset", "status"]
)
def test_accepted__is_done_and_not_told(api: Api, bot: Bot, fault: dict[str, Any]) -> None:
    api.post("/v1/faults", {"service": "qstash", "accepted": True, "calls": 1, **fault})
    with pytest.raises(httpx.HTTPError):
        bot.publish(job())
    assert api.get("/v1/counts")["publishes"] == 1


def test_hang__is_never_answered(api: Api, bot: Bot) -> None:
    api.post("/v1/faults", {"service": "qstash", "kind": "hang", "calls": 1})
    with pytest.raises(httpx.ReadTimeout):
        bot.publish(job(), timeout_s=0.3)
    assert api.get("/v1/counts")["publishes"] == 0


def test_slow__is_answered_after_its_delay(api: Api, bot: Bot) -> None:
    api.post("/v1/faults", {"service": "qstash", "kind": "slow", "delay_s": 0.4, "calls": 1})
    with pytest.raises(httpx.ReadTimeout):
        bot.publish(job(), timeout_s=0.1)
    assert bot.publish(job(), timeout_s=30.0).status_code == 200
    assert api.get("/v1/counts")["publishes"] == 2


@pytest.mark.parametrize("service", ["qstash", "graph", "firestore"])
def test_status__is_answered_in_the_words_of_the_service(api: Api, bot: Bot, service: str) -> None:
    for status in (401, 429, 500, 503):
        fault = {"service": service, "kind": "status", "status": status, "calls": 1}
        api.post("/v1/faults", fault)
        answer = bot.touch(service)
        assert answer.status_code == status
        error = answer.json()["error"]
        if service == "firestore":
            assert error["code"] == status
        elif service == "graph":
            assert error["type"] == "OAuthException"
        else:
            assert isinstance(error, str)


def test_code__is_an_error_of_the_graph_api(api: Api, bot: Bot) -> None:
    fault = {"service": "graph", "kind": "status", "verb": "profile", "calls": 1}
    api.post("/v1/faults", {**fault, "code": 613})
    api.post("/v1/faults", {**fault, "code": 10, "subcode": 2534022, "status": 400})
    limited, late = bot.touch("graph"), bot.touch("graph")
    assert (limited.status_code, limited.json()["error"]["code"]) == (400, 613)
    assert limited.json()["error"]["is_transient"] is True
    assert (late.status_code, late.json()["error"]["type"]) == (400, "IGApiException")
    assert bot.touch("graph").status_code == 200


def test_status__with_headers_and_body_of_ones_own(api: Api, bot: Bot) -> None:
    fault = {"service": "qstash", "kind": "status", "status": 429, "calls": 1}
    api.post("/v1/faults", {**fault, "headers": {"Retry-After": "3"}, "body": "slow down"})
    answer = bot.touch("qstash")
    assert (answer.status_code, answer.text) == (429, "slow down")
    assert answer.headers["retry-after"] == "3"
    assert answer.headers["burst-ratelimit-remaining"] == "0"


def test_fault__befalls_the_calls_that_it_is_for(api: Api, bot: Bot) -> None:
    fault = {"service": "qstash", "kind": "status", "verb": "publish", "calls": 2, "after": 1}
    (added,) = [api.post("/v1/faults", fault)]
    statuses = [bot.touch(what).status_code for what in ("qstash", "keys", *["qstash"] * 3)]
    assert statuses == [200, 200, 503, 503, 200]
    (listed,) = api.get("/v1/faults")["faults"]
    assert (listed["id"], listed["met"], listed["over"]) == (added["id"], 2, True)
    assert api.get("/v1/counts")["faults"] == 2


def test_fault_for_a_time__ends_on_the_worlds_clock(api: Api, bot: Bot) -> None:
    api.post("/v1/faults", {"service": "qstash", "kind": "status", "seconds": 120})
    assert bot.touch("qstash").status_code == 503
    api.post("/v1/clock/advance", {"seconds": 121})
    assert bot.touch("qstash").status_code == 200


def test_faults__are_taken_back(api: Api, bot: Bot) -> None:
    first = api.post("/v1/faults", {"service": "qstash", "kind": "reset"})["id"]
    api.post("/v1/faults", {"service": "graph", "kind": "reset"})
    one = api.ask("DELETE", f"/v1/faults/{first}", described="/v1/faults/{id}")
    assert one.status_code == 200
    assert bot.touch("qstash").status_code == 200
    assert api.ask("DELETE", "/v1/faults").json() == {"removed": 1}
    gone = api.ask("DELETE", f"/v1/faults/{first}", described="/v1/faults/{id}")
    assert gone.status_code == 404
    assert gone.json()["error"] == f"there is no fault {first}: GET /v1/faults lists them"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (
            {"kind": "reset", "code": 613},
            "code is for faults of the kind status only, not reset",
        ),
        (
            {"kind": "status", "subcode": 33},
            "a subcode needs the code that it belongs to",
        ),
        (
            {"kind": "status", "code": 613},
            "code is for faults of the service graph only, not qstash",
        ),
        (
            {"kind": "status", "service": "graph", "code": 7},
            "the Graph API has no error 7 that is known; docs/meta.md lists them",
        ),
        ({"kind": "slow"}, "a slow fault needs delay_s, the seconds that its answers take"),
        (
            {"kind": "refused", "accepted": True},
            "a refused call can not be accepted besides: choose reset, hang or status",
        ),
        (
            {"kind": "hang", "status": 500},
            "status is for faults of the kind status only, not hang",
        ),
        ({"kind": "hang", "delay_s": 1}, "delay_s is for faults of the kind slow only, not hang"),
        (
            {"kind": "status", "headers": {"a b": "c"}},
            "headers: 'a b' is no name of a header",
        ),
        (
            {"kind": "status", "headers": {"a": "b\r\nc: d"}},
            "headers.a holds characters that no header may hold",
        ),
        ({"kind": "hung"}, 'did you mean "hang"?'),
    ],
)
def test_fault_that_makes_no_sense__is_refused(
    api: Api, fault: dict[str, object], error: str
) -> None:
    answer = api.ask("POST", "/v1/faults", {"service": "qstash", **fault})
    assert answer.status_code == 422
    assert answer.json()["error"].endswith(error)


def test_redeliver__brings_a_delivered_message_again(api: Api) -> None:
    path = "/v1/queue/{message_id}/redeliver"
    api.post("/v1/messages", {"text": "a"})
    api.quiet()
    (publish,) = api.journal(kind="publish")
    message_id = publish["detail"]["message_id"]
    answer = api.post(path.format(message_id=message_id), described=path)
    assert answer["delivery"].startswith("u0.w")
    api.quiet()
    # This bot does not notice.
    assert api.post("/v1/expect")["observed"] == "1 message, 1 publish, 2 replies"


def test_lost_answer__has_the_queue_try_again(api: Api, bot: Bot) -> None:
    path = "/v1/queue/{message_id}/lose-answer"
    bot.status = 204
    published = bot.publish(job(), headers={"Upstash-Delay": "60s"}).json()["messageId"]
    api.post(path.format(message_id=published), described=path)
    api.quiet(skip=True)
    assert [one["name"] for one in api.journal(kind="delivery")] == ["x0.q0", "x0.q0'"]


def test_queue_message__that_is_unknown_or_not_delivered_is_refused(api: Api, bot: Bot) -> None:
    path = "/v1/queue/{message_id}/redeliver"
    unknown = api.ask("POST", path.format(message_id="msg_1"), {}, described=path)
    assert (unknown.status_code, unknown.json()["error"]) == (
        404,
        "the queue knows no message msg_1: the journal's publish entries hold the ids",
    )
    waiting = bot.publish(job(), headers={"Upstash-Delay": "60s"}).json()["messageId"]
    early = api.ask("POST", path.format(message_id=waiting), {}, described=path)
    assert early.status_code == 409
    assert early.json()["error"].endswith("wait until it is delivered: POST /v1/wait")
