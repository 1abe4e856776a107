"""Real notifications in another company than that of their first attempt, on each platform."""

import json
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest

from emulator.delivery import Delivery
from emulator.exchange import Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.meta import Account, PlatformName
from emulator.meta.accounts import make_account
from emulator.meta.delivery.disturbance import Disturbance
from tests.meta.courier_support import run, run_until

PLATFORMS = get_args(PlatformName)


class Bot:
    """Answers with `status`, and keeps the bodies."""

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[dict[str, Any]] = []

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        self.bodies.append(json.loads(request.body))
        done(Reply(self.status))

    @property
    def texts(self) -> list[list[str]]:
        return [list(_texts(body)) for body in self.bodies]


def _texts(body: dict[str, Any]) -> Iterator[str]:
    for entry in body["entry"]:
        for item in entry.get("messaging", ()):
            yield item["message"]["text"]
        for change in entry.get("changes", ()):
            for message in change["value"]["messages"]:
                yield message["text"]["body"]


def bench(platform: PlatformName, **options: Any) -> tuple[Kernel, Bot, Account]:
    kernel = Kernel()
    bot = Bot()
    kernel.origins["https://bot.example"] = bot
    account = make_account(
        platform, kernel, callback_url="https://bot.example/hook", copies=1, **options
    )
    return kernel, bot, account


@pytest.mark.parametrize("platform", PLATFORMS)
def test_duplicate__in_one_request(platform: PlatformName) -> None:
    kernel, bot, account = bench(platform)
    account.courier.disturbance = Disturbance(doubled=True)

    account.batch(["one", "two"])
    run(kernel)

    assert bot.texts == [["one", "two", "one", "two"]]
    assert len(bot.bodies[0]["entry"]) == 4


@pytest.mark.parametrize("platform", PLATFORMS)
def test_duplicate__with_a_newer_message(platform: PlatformName) -> None:
    kernel, bot, account = bench(platform)
    account.message("old", sender="ada")
    run(kernel)
    account.courier.disturbance = Disturbance(with_previous=True)

    account.message("new", sender="ben", at=10.0)
    run(kernel)

    assert bot.texts == [["old"], ["new", "old"]]
    old, again = bot.bodies[0]["entry"][0], bot.bodies[1]["entry"][1]
    # The same item; an entry that tells its time has another one.
    assert {**again, "time": old.get("time")} == {**old, "time": old.get("time")}
    assert ("time" in old) == (platform != "whatsapp")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_failed_batch__comes_again_apart(platform: PlatformName) -> None:
    kernel, bot, account = bench(platform, grouping="apart")
    bot.status = 500

    account.batch(["one", "two"], mode="items")
    run_until(kernel, 0.0)
    bot.status = 200
    run(kernel)

    assert bot.texts[0] == ["one", "two"]
    assert bot.texts[-2:] == [["one"], ["two"]]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_failed_messages__come_again_together(platform: PlatformName) -> None:
    kernel, bot, account = bench(platform, grouping="together")
    bot.status = 500

    account.message("one")
    account.message("two")
    run_until(kernel, 1.0)
    bot.status = 200
    run(kernel)

    assert bot.texts[-1] == ["one", "two"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_serial__messages_wait_for_each_other(platform: PlatformName) -> None:
    kernel, bot, account = bench(platform, order="serial")
    bot.status = 500

    account.message("one")
    account.message("two")
    run_until(kernel, 30.0)
    assert {text for texts in bot.texts for text in texts} == {"one"}
    bot.status = 200
    run(kernel)

    assert bot.texts[-2:] == [["one"], ["two"]]


@pytest.mark.parametrize(
    ("platform", "kind"), [("messenger", "feed_comment"), ("instagram", "comment")]
)
def test_changes__are_dropped_after_36_hours(platform: PlatformName, kind: str) -> None:
    field = "feed" if platform == "messenger" else "comments"
    kernel, bot, account = bench(platform, fields=("messages", field))
    bot.status = 500

    account.happen(kind)
    run(kernel)

    assert kernel.clock.now == 36 * 3_600.0
    assert account.is_subscribed
    assert [entry.name for entry in kernel.journal.entries("finding")] == ["webhook-lost"]


@pytest.mark.parametrize(
    ("platform", "is_subscribed", "after_s"),
    [
        ("messenger", False, 3_600.0),
        ("instagram", False, 3_600.0),
        ("whatsapp", True, 7 * 86_400.0),
    ],
)
def test_failure__ends_as_the_platform_has_it(
    platform: PlatformName, is_subscribed: bool, after_s: float
) -> None:
    kernel, bot, account = bench(platform)
    bot.status = 500

    account.message("hello")
    run(kernel)

    assert (account.is_subscribed, kernel.clock.now) == (is_subscribed, after_s)
    bot.status = 200
    account.resubscribe()
    account.message("again")
    run(kernel)
    assert bot.texts[-1] == ["again"]
