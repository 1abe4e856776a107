"""Calls about the app: webhooks with their handshake, samples, tokens."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from emulator.delivery import Delivery, Invocation
from emulator.exchange import Failure, Outcome, Reply, Request
from emulator.gate import Gate
from emulator.meta import Account
from emulator.meta.platform import OBJECTS
from tests.meta.graph_support import CALLBACK, FORM, JSON, ORIGIN, Answer, Client, answer_of

SAVED = {
    "object": "page",
    "callback_url": CALLBACK,
    "verify_token": "fake-verify-token",
    "fields": "messages,messaging_postbacks",
    "include_values": "true",
}


def echo(request: Request) -> Outcome:
    """A bot that knows its token."""
    query = parse_qs(request.raw_query)
    if query["hub.verify_token"] == ["fake-verify-token"]:
        return Reply(200, (), query["hub.challenge"][0].encode())
    return Reply(403)


class Bot:
    """Answers handshakes as `answer` says, and calls the Graph API of its own accord."""

    def __init__(self, client: Client, answer: Callable[[Request], Outcome] = echo) -> None:
        self.kernel = client.kernel
        self.account: Account = client.account
        self.answer = answer
        self.gate = Gate(self.kernel, (self.account,))
        self.kernel.origins["https://bot.example"] = self
        self.requests: list[Request] = []
        self.got: list[tuple[float, Answer]] = []
        client.run()

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        self.requests.append(request)
        answered = Reply(200) if request.method == "POST" else self.answer(request)
        self.kernel.at(self.kernel.clock.now + 1.0, f"{delivery.name}/done", lambda: done(answered))

    def ask(self, method: str, path: str, body: object, token: str) -> None:
        def answered(outcome: Outcome) -> None:
            assert isinstance(outcome, Reply)
            self.got.append((self.kernel.clock.now, answer_of(outcome)))

        url = f"{ORIGIN}{path}?access_token={token}"
        request = Request(method, url, JSON, json.dumps(body).encode())
        delivery = Delivery("x0", "probe", 0.0, lambda: request, lambda _outcome: None, 20.0)
        self.gate.arrive(
            Invocation(delivery, request, "i0", -1, 0.0),
            request,
            timeout_s=None,
            deliver_outcome=answered,
        )


def test_subscriptions__answers_once_the_handshake_is_judged() -> None:
    client = Client()
    bot = Bot(client)
    asked_at = client.kernel.clock.now
    bot.ask("POST", f"/v23.0/{client.own.app_id}/subscriptions", SAVED, client.app)
    client.run()

    ((at, answer),) = bot.got
    assert answer.body == {"success": True}
    # Once, however often it was looked at.
    assert client.account.graph.site.usage.headers(at)[0][1].startswith('{"call_count":0,')
    assert at >= asked_at + 1.0
    assert [request.method for request in bot.requests].count("GET") == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda request: Reply(200, (), b"OK"), "the body is not the challenge"),
        (lambda request: Reply(403), "status 403, expected 200"),
        (lambda request: Reply(500), "status 500, expected 200"),
        (lambda request: Failure("refused"), "no response: refused"),
    ],
)
def test_subscriptions__that_are_not_verified_are_refused(
    answer: Callable[[Request], Outcome], reason: str
) -> None:
    client = Client()
    bot = Bot(client, answer)
    bot.ask("POST", f"/{client.own.app_id}/subscriptions", SAVED, client.app)
    client.run()

    ((_, refused),) = bot.got
    assert (refused.status, refused.error) == (400, (2200, None))
    assert refused.body["error"]["message"] == f"(#2200) Callback verification failed: {reason}"
    before = len(bot.requests)
    client.account.message("anybody?")
    client.run()
    assert len(bot.requests) == before


def test_subscriptions__with_the_wrong_token_are_refused_by_a_sound_bot() -> None:
    client = Client()
    bot = Bot(client)
    body = {**SAVED, "verify_token": "wrong"}
    bot.ask("POST", f"/{client.own.app_id}/subscriptions", body, client.app)
    client.run()

    assert [answer.error for _, answer in bot.got] == [(2200, None)]


def test_subscriptions__in_a_batch_are_not_waited_for() -> None:
    client = Client()
    bot = Bot(client)
    path = f"{client.own.app_id}/subscriptions"
    items = [
        {"method": "GET", "relative_url": "app"},
        {"method": "POST", "relative_url": path, "body": urlencode(SAVED)},
    ]
    bot.ask("POST", "/", {"batch": items}, client.app)
    client.run()

    ((_, answer),) = bot.got
    assert answer.body[0]["code"] == 200
    assert answer.body[1] is None
    assert client.account.is_subscribed


def test_subscriptions__are_listed_and_removed() -> None:
    client = Client()
    path = f"/{client.own.app_id}/subscriptions"
    (listed,) = client.get(path, token=client.app).body["data"]

    assert listed["object"] == "page"
    assert listed["callback_url"] == CALLBACK
    assert listed["active"] is True
    assert [field["name"] for field in listed["fields"]] == ["messages"]
    assert client.delete(path, {"object": "page"}, token=client.app).body == {"success": True}
    assert client.get(path, token=client.app).body == {"data": []}


def test_subscriptions__need_the_apps_token() -> None:
    client = Client()
    answer = client.get(f"/{client.own.app_id}/subscriptions")

    assert answer.error == (15, None)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"object": "user"},
            "Param object must be one of page, instagram, whatsapp_business_account",
        ),
        ({"callback_url": ""}, "The parameter callback_url is required"),
        ({"callback_url": "bot"}, "Param callback_url must be a valid URL"),
        ({"verify_token": ""}, "The parameter verify_token is required"),
    ],
)
def test_subscriptions__refused(changed: dict[str, str], told: str) -> None:
    client = Client()
    body = {**SAVED, **changed}
    answer = client.post(f"/{client.own.app_id}/subscriptions", body, token=client.app)

    assert answer.error == (100, None)
    assert answer.body["error"]["message"] == f"(#100) {told}"


def test_subscriptions__to_a_field_that_does_not_exist() -> None:
    client = Client()
    body = {**SAVED, "fields": ["messages", "smoke_signals"]}
    answer = client.post(f"/{client.own.app_id}/subscriptions", body, token=client.app)

    assert answer.body["error"]["message"].endswith(" - got smoke_signals")


@pytest.mark.parametrize("platform", ["messenger", "instagram", "whatsapp"])
def test_sample__is_sent_to_the_callback(platform: Any) -> None:
    client = Client(platform)
    bot = Bot(client)
    bot.requests.clear()
    body = urlencode(
        {
            "object": OBJECTS[client.account.platform],
            "field": "messages",
            "custom_fields": '{"page_id":7}',
        }
    ).encode()
    path = f"/v2.12/{client.own.app_id}/subscriptions_sample"
    answer = client.post(path, body, token=client.app, headers=FORM)
    client.run()

    assert answer.body == {"success": True}
    (request,) = bot.requests
    sent = json.loads(request.body)
    assert sent["object"] == OBJECTS[client.account.platform]
    (entry,) = sent["entry"]
    assert entry["id"] == "0"
    assert entry["changes"][0]["field"] == "messages"
    assert entry["changes"][0]["value"]["page_id"] == 7


@pytest.mark.parametrize(
    "body", [{"object": "user", "field": "messages"}, {"object": "page", "field": "smoke"}, {}]
)
def test_sample__of_what_there_is_not(body: dict[str, str]) -> None:
    client = Client()
    path = f"/{client.own.app_id}/subscriptions_sample"

    assert client.post(path, body, token=client.app).error == (100, None)
    assert client.post(path, body).error == (15, None)


def test_access_token__of_the_app() -> None:
    client = Client()
    own = {"client_id": client.own.app_id, "client_secret": client.own.app_secret}
    answer = client.get("/oauth/access_token", token="", grant_type="client_credentials", **own)

    assert answer.body == {"access_token": client.app, "token_type": "bearer"}
    wrong = {**own, "client_secret": "wrong"}
    assert client.get("/oauth/access_token", token="", **wrong).error == (101, None)
    assert client.get("/oauth/access_token", token="", **own).error == (100, None)


def test_access_token__is_exchanged_for_itself() -> None:
    client = Client("instagram")
    own = {"client_id": client.own.app_id, "client_secret": client.own.app_secret}
    answer = client.get("/oauth/access_token", token="", fb_exchange_token=client.token, **own)

    assert answer.body["access_token"] == client.token
    wrong = client.get("/oauth/access_token", token="", fb_exchange_token="wrong", **own)
    assert wrong.error == (190, None)


@pytest.mark.parametrize("edge", ["page_activities", "activities"])
def test_activities__take_no_token(edge: str) -> None:
    client = Client()

    assert client.post(f"/{client.own.app_id}/{edge}", {"event": "x"}, token="").body == {
        "success": True
    }
    assert client.post(f"/42/{edge}", {"event": "x"}, token="").error == (100, 33)
