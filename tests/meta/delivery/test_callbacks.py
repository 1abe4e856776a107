"""Saving a callback: the handshake decides whether anything is told from then on."""

from collections.abc import Callable
from urllib.parse import parse_qs

import pytest

from emulator.delivery import Delivery
from emulator.exchange import Failure, Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.meta.credentials import Credentials
from emulator.meta.delivery.courier import Courier
from emulator.meta.delivery.subscribed import Subscribed
from emulator.meta.delivery.subscription import Handshake, Subscription
from tests.meta.courier_support import findings, run, webhook

URL = "https://bot.example/hook"


class Bot:
    """Takes every webhook; answers handshakes as `shake` says."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.shake: Callable[[Request], Outcome] = echo
        self.seen: list[tuple[float, str, str]] = []
        self.requests: list[Request] = []

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        self.seen.append((self.kernel.clock.now, delivery.name, request.url.partition("?")[0]))
        self.requests.append(request)
        done(self.shake(request) if request.method == "GET" else Reply(200))


def echo(request: Request) -> Reply:
    return Reply(200, (), parse_qs(request.raw_query)["hub.challenge"][0].encode())


def say_ok(_request: Request) -> Reply:
    return Reply(200, (), b"OK")


def bench() -> tuple[Kernel, Bot, Courier, Subscription]:
    kernel = Kernel()
    bot = Bot(kernel)
    for origin in ("https://bot.example", "http://localhost:8000", "http://[::1]:8000"):
        kernel.origins[origin] = bot
    courier = Courier(
        kernel,
        url=URL,
        app_secret="s",
        copies=1,
        spacing="at-once",
        subscribed=Subscribed(frozenset({"messages", "message_reads"})),
    )
    subscription = Subscription(kernel, url=URL, credentials=Credentials(), courier=courier)
    return kernel, bot, courier, subscription


def save(
    subscription: Subscription,
    *,
    kind: str = "page",
    url: str = URL,
    token: str = "fake-verify-token",
    fields: tuple[str, ...] = ("messages",),
) -> list[Handshake]:
    """The verdicts, as they come."""
    verdicts: list[Handshake] = []
    subscription.save(kind, url, token, fields, on_verdict=verdicts.append)
    assert verdicts == []
    return verdicts


def callbacks(subscription: Subscription) -> list[tuple[object, object, object]]:
    listed = subscription.listing()["data"]
    assert isinstance(listed, list)
    return [(one["object"], one["callback_url"], one["active"]) for one in listed]


def test_start__is_saved_and_active() -> None:
    _, _, _, subscription = bench()

    assert subscription.listing() == {
        "data": [
            {
                "object": "page",
                "callback_url": URL,
                "active": True,
                "fields": [
                    {"name": "message_reads", "version": "v23.0"},
                    {"name": "messages", "version": "v23.0"},
                ],
            }
        ]
    }


def test_save__verified_is_active_at_its_address() -> None:
    kernel, bot, courier, subscription = bench()

    verdicts = save(subscription, url="https://bot.example/other?a=1")
    run(kernel)
    courier.send(webhook())
    run(kernel)

    assert [verdict.verified for verdict in verdicts] == [True]
    assert [url for _, _, url in bot.seen] == ["https://bot.example/other"] * 2
    assert "a=1&hub.mode=subscribe" in bot.requests[0].url
    assert callbacks(subscription) == [("page", "https://bot.example/other?a=1", True)]


def test_save__asks_with_the_token_that_it_was_given() -> None:
    kernel, bot, _, subscription = bench()

    verdicts = save(subscription, token="mine")
    run(kernel)

    assert parse_qs(bot.requests[0].raw_query)["hub.verify_token"] == ["mine"]
    assert not verdicts[0].token_right


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Reply(200, (), b"OK"), "the body is not the challenge"),
        (Reply(403), "status 403, expected 200"),
        (Reply(500), "status 500, expected 200"),
        (Failure("reset"), "no response: reset"),
    ],
)
def test_save__not_verified_is_told_nothing_from_then_on(answer: Outcome, reason: str) -> None:
    kernel, bot, courier, subscription = bench()
    bot.shake = lambda _request: answer

    verdicts = save(subscription)
    run(kernel)
    courier.send(webhook())
    run(kernel)

    assert [verdict.reason for verdict in verdicts] == [reason]
    assert [name for _, name, _ in bot.seen] == ["handshake0"]
    assert callbacks(subscription) == [("page", URL, False)]
    assert findings(kernel) == [(0.0, "webhook-lost", ("u0",))]
    [lost] = kernel.journal.entries("finding")
    assert lost.detail["why"] == "unverified"


def test_save__until_the_verdict_the_callback_is_told() -> None:
    kernel, bot, courier, subscription = bench()
    bot.shake = say_ok

    courier.send(webhook())
    save(subscription)
    run(kernel)

    assert [name for _, name, _ in bot.seen] == ["u0.w0", "handshake0"]


def test_save__what_was_to_be_sent_is_lost_with_a_failed_handshake() -> None:
    kernel, bot, courier, subscription = bench()
    bot.shake = say_ok
    courier.send(webhook(), at=5.0)

    save(subscription)
    run(kernel)

    assert [name for _, name, _ in bot.seen] == ["handshake0"]
    assert courier.lost_count == 1


def test_save__verified_after_a_failure_is_told_again() -> None:
    kernel, bot, courier, subscription = bench()
    bot.shake = say_ok
    save(subscription)
    run(kernel)
    bot.shake = echo

    save(subscription)
    run(kernel)
    courier.send(webhook())
    run(kernel)

    assert bot.seen[-1][1] == "u0.w0"
    assert courier.subscribed.silent is None


def test_save__does_not_bring_back_an_app_that_was_disabled() -> None:
    kernel, _, courier, subscription = bench()
    courier.subscribed.stopped = "disabled"

    save(subscription)
    run(kernel)

    assert courier.subscribed.silent == "disabled"


def test_save__the_last_one_counts() -> None:
    kernel, bot, courier, subscription = bench()
    bot.shake = lambda request: echo(request) if "good" in request.url else Reply(403)

    bad = save(subscription, token="bad")
    good = save(subscription, token="good")
    run(kernel)

    assert [bad[0].verified, good[0].verified] == [False, True]
    assert courier.subscribed.silent is None
    assert callbacks(subscription) == [("page", URL, True)]


def test_save__only_fields_of_both_are_told() -> None:
    kernel, _, courier, subscription = bench()

    save(subscription, fields=("messages", "feed"))
    run(kernel)

    assert courier.subscribed.tells_of("messages")
    assert not courier.subscribed.tells_of("message_reads")
    assert not courier.subscribed.tells_of("feed")


def test_save__without_fields_keeps_those_of_before() -> None:
    kernel, _, courier, subscription = bench()

    save(subscription, fields=())
    run(kernel)
    assert courier.subscribed.tells_of("message_reads")
    save(subscription, fields=("messages",))
    run(kernel)
    save(subscription, fields=())
    run(kernel)

    assert courier.subscribed.app_fields == frozenset({"messages"})


def test_save__another_object_has_no_consequences_here() -> None:
    kernel, bot, courier, subscription = bench()
    bot.shake = say_ok

    save(subscription, kind="instagram", fields=("messages",))
    run(kernel)

    assert courier.subscribed.silent is None
    assert callbacks(subscription) == [("page", URL, True), ("instagram", URL, False)]


@pytest.mark.parametrize("url", ["http://bot.example/hook", "http://192.168.0.1/hook"])
def test_save__plain_http_is_not_verified(url: str) -> None:
    kernel, bot, _, subscription = bench()

    verdicts = save(subscription, url=url)
    run(kernel)

    assert [(verdict.verified, verdict.reason) for verdict in verdicts] == [
        (False, "the callback is not https")
    ]
    assert bot.seen == []


@pytest.mark.parametrize("url", ["http://localhost:8000/hook", "http://[::1]:8000/hook"])
def test_save__plain_http_on_this_machine(url: str) -> None:
    kernel, _, _, subscription = bench()

    verdicts = save(subscription, url=url)
    run(kernel)

    assert [verdict.verified for verdict in verdicts] == [True]


def test_remove__tells_nothing_more() -> None:
    kernel, bot, courier, subscription = bench()

    subscription.remove("page")
    courier.send(webhook())
    run(kernel)

    assert bot.seen == []
    assert callbacks(subscription) == []
    assert courier.subscribed.silent == "unsubscribed"


def test_remove__of_another_object_changes_nothing_here() -> None:
    kernel, _, courier, subscription = bench()
    save(subscription, kind="instagram")
    run(kernel)

    subscription.remove("instagram")

    assert callbacks(subscription) == [("page", URL, True)]
    assert courier.subscribed.silent is None


def test_remove__all() -> None:
    kernel, _, courier, subscription = bench()
    save(subscription, kind="instagram")
    run(kernel)

    subscription.remove(None)

    assert callbacks(subscription) == []
    assert courier.subscribed.silent == "unsubscribed"


def test_remove__ends_a_handshake_that_is_under_way() -> None:
    kernel, _, courier, subscription = bench()

    verdicts = save(subscription)
    subscription.remove("page")
    run(kernel)

    assert [verdict.verified for verdict in verdicts] == [True]
    assert callbacks(subscription) == []
    assert courier.subscribed.silent == "unsubscribed"


def test_probe__has_no_consequences() -> None:
    kernel, bot, courier, subscription = bench()
    bot.shake = say_ok

    handshake = subscription.probe("wrong")
    run(kernel)

    assert handshake.verified is False
    assert courier.subscribed.silent is None


def test_subscribe__by_hand_and_unsubscribe() -> None:
    kernel, bot, courier, _ = bench()

    courier.unsubscribe()
    courier.send(webhook("u0"))
    courier.subscribe(frozenset({"messages"}))
    courier.send(webhook("u1"))
    run(kernel)

    assert [name for _, name, _ in bot.seen] == ["u1.w0"]
    assert findings(kernel) == [(0.0, "webhook-lost", ("u0",))]
    assert courier.subscribed.fields == {"messages"}
