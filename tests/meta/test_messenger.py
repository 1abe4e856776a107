"""People write, the bot is told; and the page as a service of the world."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from emulator.call import Access, Call
from emulator.delivery import Delivery, Invocation
from emulator.errors import ScenarioError
from emulator.exchange import Blocked, Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.meta import BatchMode, Credentials, Messenger
from emulator.meta.delivery.signing import sign_sha256

URL = "https://bot.example/api/messenger"


class Bot:
    """Takes every webhook, and remembers it."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.requests: list[Request] = []

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        self.deliveries.append(delivery)
        self.requests.append(request)
        done(Reply(200))

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.requests]


def make_world(*, seed: int = 0, copies: int = 3) -> tuple[Kernel, Bot, Messenger]:
    kernel = Kernel(seed=seed)
    bot = Bot()
    kernel.origins["https://bot.example"] = bot
    return kernel, bot, Messenger(kernel, callback_url=URL, copies=copies)


def run(kernel: Kernel) -> None:
    while kernel.run_step():
        pass


def send_request(messenger: Messenger, psid: str, text: str = "hi") -> Request:
    body = json.dumps({"recipient": {"id": psid}, "message": {"text": text}}).encode()
    token = messenger.credentials.page_token
    return Request(
        "POST",
        f"https://graph.facebook.com/v23.0/me/messages?access_token={token}",
        (("Content-Type", "application/json"),),
        body,
    )


def test_message__is_delivered_three_times_signed() -> None:
    kernel, bot, messenger = make_world()

    message = messenger.message("hello / 😀")
    run(kernel)

    assert [delivery.name for delivery in bot.deliveries] == ["u0.w0", "u0.w1", "u0.w2"]
    for request, body in zip(bot.requests, bot.bodies, strict=True):
        assert request.url == URL
        assert request.header("x-hub-signature-256") == sign_sha256(
            messenger.credentials.app_secret, request.body
        )
        [entry] = body["entry"]
        assert entry["id"] == messenger.credentials.page_id
        assert entry["messaging"] == [
            {
                "sender": {"id": message.psid},
                "recipient": {"id": messenger.credentials.page_id},
                "timestamp": 1790000000000,
                "message": {"mid": message.mid, "text": "hello / 😀"},
            }
        ]
        assert entry["time"] >= 1790000000000


def test_message__time_is_when_it_was_sent_and_timestamp_when_written() -> None:
    kernel = Kernel()
    bot = Bot()
    kernel.origins["https://bot.example"] = bot
    messenger = Messenger(kernel, callback_url=URL, spacing="shuffled")

    messenger.message("hi", at=1.0)
    run(kernel)

    for body in bot.bodies:
        [entry] = body["entry"]
        assert entry["messaging"][0]["timestamp"] == 1790000001000
        assert entry["time"] > 1790000001000


def test_message__is_noted_and_causes_its_deliveries() -> None:
    kernel, _, messenger = make_world()

    message = messenger.message("hi", sender="bob")
    run(kernel)

    [entry] = kernel.journal.entries("message")
    assert (entry.name, entry.roots) == ("u0", ("u0",))
    assert entry.detail == {
        "sender": "bob",
        "psid": message.psid,
        "mid": message.mid,
        "text": "hi",
        "event": "text",
    }
    assert [found.cause for found in kernel.journal.entries("delivery")] == [entry.seq] * 3


def test_message__later_is_noted_at_its_time() -> None:
    kernel, _, messenger = make_world()

    message = messenger.message("hi", at=12.5)
    assert list(kernel.journal.entries("message")) == []
    assert kernel.agenda.concerns("u0")
    run(kernel)

    assert message.at == 12.5
    assert [entry.time for entry in kernel.journal.entries("message", "delivery")] == [12.5] * 4


def test_message__not_in_the_past() -> None:
    kernel, _, messenger = make_world()
    kernel.clock.move_to(5.0)

    with pytest.raises(ScenarioError, match=r"^nobody can write at 4\.0, the clock is at 5\.0$"):
        messenger.message("hi", at=4.0)
    assert kernel.mids == {}


def test_messages__roots_count_up_and_mids_are_filled() -> None:
    kernel, _, messenger = make_world()

    messages = [messenger.message(str(number)) for number in range(3)]

    assert [message.root for message in messages] == ["u0", "u1", "u2"]
    assert kernel.mids == {message.root: message.mid for message in messages}
    assert len(set(kernel.mids.values())) == 3
    assert all(re.fullmatch(r"m_[A-Za-z0-9_-]{86}", mid) for mid in kernel.mids.values())


def test_messages__two_pages_of_a_world_share_no_root() -> None:
    kernel = Kernel()
    first = Messenger(kernel, callback_url=URL, page_id="1")
    second = Messenger(kernel, callback_url=URL, page_id="2")

    assert first.message("a").root == "u0"
    assert second.message("b").root == "u1"
    assert first.contacts.psid("ada") != second.contacts.psid("ada")


def test_ids__differ_between_seeds() -> None:
    one, other = (make_world(seed=seed)[2] for seed in (1, 2))
    first, second = one.message("hi"), other.message("hi")

    assert first.mid != second.mid
    assert first.psid != second.psid


@pytest.mark.parametrize(("mode", "shape"), [("entries", [1, 1, 1]), ("items", [3])])
def test_batch__is_one_notification(mode: BatchMode, shape: list[int]) -> None:
    kernel, bot, messenger = make_world(copies=1)
    messenger.message("before")

    messages = messenger.batch(["a", "b", "c"], mode=mode)
    run(kernel)

    delivery = bot.deliveries[1]
    assert (delivery.name, delivery.roots) == ("u1.w0", ("u1", "u2", "u3"))
    entries = bot.bodies[1]["entry"]
    assert [len(entry["messaging"]) for entry in entries] == shape
    items = [item for entry in entries for item in entry["messaging"]]
    assert [item["message"]["mid"] for item in items] == [message.mid for message in messages]
    assert [item["message"]["text"] for item in items] == ["a", "b", "c"]


def test_batch__is_noted_message_by_message() -> None:
    kernel, _, messenger = make_world(copies=1)

    messenger.batch(["a", "b"], at=3.0)
    run(kernel)

    first, second = kernel.journal.entries("message")
    assert [(entry.name, entry.roots, entry.time) for entry in (first, second)] == [
        ("u0", ("u0",), 3.0),
        ("u1", ("u1",), 3.0),
    ]
    [delivery] = kernel.journal.entries("delivery")
    assert delivery.cause == first.seq


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (0, r"^a batch has 1 to 1,000 messages, not 0$"),
        (1001, r"^a batch has 1 to 1,000 messages, not 1,001$"),
    ],
)
def test_batch__size(size: int, message: str) -> None:
    _, _, messenger = make_world()

    with pytest.raises(ScenarioError, match=message):
        messenger.batch(["x"] * size)


def test_batch__mode() -> None:
    _, _, messenger = make_world()
    wrong: BatchMode = "bundle"  # type: ignore[assignment]

    message = r"^mode must be one of single, entries, items, mixed, not bundle$"
    with pytest.raises(ScenarioError, match=message):
        messenger.batch(["x"], mode=wrong)


@pytest.mark.parametrize(
    "url", ["bot.example/hook", "ftp://bot.example", "https:///x", "https://b/#a"]
)
def test_callback_url__must_be_absolute(url: str) -> None:
    with pytest.raises(
        ScenarioError,
        match=rf"^callback_url must be an absolute http\(s\) URL, not {re.escape(url)}$",
    ):
        Messenger(Kernel(), callback_url=url)


def test_credentials__are_the_same_in_every_world() -> None:
    one, other = (make_world(seed=seed)[2] for seed in (1, 2))

    assert one.credentials == other.credentials == Credentials()


def test_credentials__hide_their_secrets() -> None:
    credentials = Messenger(Kernel(), callback_url=URL, page_token="EAAreal").credentials

    assert credentials.page_token == "EAAreal"
    shown = re.findall(r"(\w+)='\d+'", repr(credentials))
    assert len(shown) == repr(credentials).count("=")
    assert not {"app_secret", "verify_token", "page_token", "instagram_token"} & set(shown)


@pytest.mark.parametrize(
    ("url", "claimed"),
    [
        ("https://graph.facebook.com/v23.0/me", True),
        ("https://GRAPH.facebook.com/", True),
        ("http://graph.facebook.com/", False),
        ("https://graph.instagram.com/", True),
        ("https://api.instagram.com/", False),
    ],
)
def test_claims__its_origin(url: str, claimed: bool) -> None:
    _, _, messenger = make_world()

    assert messenger.claims(Request("GET", url)) is claimed


def test_claims__other_origins_on_request() -> None:
    messenger = Messenger(Kernel(), callback_url=URL, origins=["http://127.0.0.1:4010"])

    assert messenger.claims(Request("GET", "http://127.0.0.1:4010/me"))
    assert not messenger.claims(Request("GET", "https://graph.facebook.com/me"))


@pytest.mark.parametrize(
    ("method", "path", "body", "access"),
    [
        (
            "POST",
            "/v23.0/me/messages",
            b'{"recipient":{"id":"7"},"message":{"text":"hi"}}',
            Access("send", writes=frozenset({"graph:recipient:7"})),
        ),
        (
            "POST",
            "/me//messages/",
            b'{"recipient":{"id":"7"},"sender_action":"typing_on"}',
            Access("typing", writes=frozenset({"graph:recipient:7"})),
        ),
        ("POST", "/me/messages", b"{", Access("send")),
        ("POST", "/me/messages", b"[[[", Access("send")),
        ("GET", "/me/messages", b"", Access("request")),
        ("POST", "/me", b"", Access("request")),
        ("GET", "/", b"", Access("request")),
        (
            "GET",
            "/v23.0/7?fields=name",
            b"",
            Access("profile", reads=frozenset({"graph:profile:7"})),
        ),
        (
            "GET",
            "/me",
            b"",
            Access("profile", reads=frozenset({f"graph:profile:{Credentials().page_id}"})),
        ),
    ],
)
def test_access(method: str, path: str, body: bytes, access: Access) -> None:
    _, _, messenger = make_world()

    assert (
        messenger.access(Request(method, f"https://graph.facebook.com{path}", (), body)) == access
    )


def test_answer__a_reply_is_noted_for_its_message() -> None:
    kernel, bot, messenger = make_world(copies=1)
    ada = messenger.message("hi")
    bob = messenger.message("hi", sender="bob")
    run(kernel)
    invocation = Invocation(bot.deliveries[0], bot.requests[0], "i1", entry=2, started=0.0)

    def answer(psid: str, number: int) -> Outcome | Blocked:
        request = send_request(messenger, psid)
        return messenger.answer(
            Call(
                name=f"u0.w0#{number}",
                invocation=invocation,
                request=request,
                service=messenger.name,
                access=messenger.access(request),
                arrived=0.0,
                timeout_s=None,
                deliver_outcome=lambda _outcome: None,
                entry=9,
            )
        )

    outcomes = [answer(ada.psid, 0), answer(bob.psid, 1)]

    assert [isinstance(outcome, Reply) and outcome.status for outcome in outcomes] == [200, 200]
    right, wrong = kernel.journal.entries("reply")
    assert (right.name, right.roots, right.detail["right_user"]) == ("u0.w0.r0", ("u0",), True)
    assert (wrong.name, wrong.roots, wrong.detail["right_user"]) == ("u0.w0.r1", ("u0",), False)
    assert right.cause == 9
    assert messenger.sent_count == 2


def test_same_seed__same_run() -> None:
    def requests() -> list[Request]:
        kernel, bot, messenger = make_world(seed=4)
        messenger.message("a")
        messenger.batch(["b", "c"], sender="bob", at=1.0)
        run(kernel)
        return bot.requests

    assert requests() == requests()
