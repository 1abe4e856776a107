"""What the platforms tell an app of its own sends, byte by byte, and under which field."""

import re
from dataclasses import replace
from typing import Any

import pytest

from emulator.meta import PlatformName
from emulator.meta.delivery.wire import encode
from emulator.meta.sends.feedback import Origin
from emulator.meta.sends.outbox import Sent
from emulator.meta.sends.receipts import instagram_echo, page_delivered, page_echo, page_seen
from tests.meta.everywhere import Told, answer_questions, items_of, make_world, run

ORIGIN = Origin("7", "555000111", 1000.0)
SENT = Sent(
    name="u0.w0.r0",
    to="8",
    text="hi",
    message_id="m_T0",
    roots=("u0",),
    right_user=True,
    at=0.005,
)
IMAGE = {"type": "image", "payload": {"url": "u"}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, b'"text":"hi","is_echo":true,"app_id":555000111'),
        ({"metadata": ""}, b'"text":"hi","is_echo":true,"app_id":555000111,"metadata":""'),
        (
            {"text": "", "attachments": (IMAGE,)},
            b'"is_echo":true,"app_id":555000111,'
            b'"attachments":[{"type":"image","payload":{"url":"u"}}]',
        ),
        (
            {"reply_to": "m_1"},
            b'"text":"hi","is_echo":true,"app_id":555000111,"reply_to":{"mid":"m_1"}',
        ),
    ],
)
def test_page_echo(changes: dict[str, Any], message: bytes) -> None:
    update = page_echo(replace(SENT, **changes), ORIGIN, 1000.1)

    assert encode(update.body) == (
        b'{"sender":{"id":"7"},"recipient":{"id":"8"},"timestamp":1000005,'
        b'"message":{"mid":"m_T0",' + message + b"}}"
    )
    assert update.field == "message_echoes"


def test_page_delivered__has_no_timestamp() -> None:
    assert encode(page_delivered(SENT, ORIGIN, 1000.1).body) == (
        b'{"sender":{"id":"8"},"recipient":{"id":"7"},'
        b'"delivery":{"mids":["m_T0"],"watermark":1000005}}'
    )


def test_page_seen__is_a_watermark() -> None:
    assert encode(page_seen(SENT, ORIGIN, 1000.1).body) == (
        b'{"sender":{"id":"8"},"recipient":{"id":"7"},"timestamp":1000100,'
        b'"read":{"watermark":1000005}}'
    )


def test_instagram_echo__comes_with_the_messages_and_without_an_app() -> None:
    update = instagram_echo(replace(SENT, attachments=(IMAGE,), reply_to="m_1"), ORIGIN, 1000.1)

    assert update.field == "messages"
    assert encode(update.body) == (
        b'{"sender":{"id":"7"},"recipient":{"id":"8"},"timestamp":1000005,'
        b'"message":{"mid":"m_T0","is_echo":true,"text":"hi",'
        b'"attachments":[{"type":"image","payload":{"url":"u"}}],"reply_to":{"mid":"m_1"}}}'
    )


@pytest.mark.parametrize(
    ("platform", "names"),
    [
        ("messenger", ["u0.w0", "u0.w0.r0.e0.w0", "u0.w0.r0.d0.w0", "u0.w0.r0.o0.w0"]),
        ("instagram", ["u0.w0", "u0.w0.r0.e0.w0", "u0.w0.r0.o0.w0"]),
        ("whatsapp", ["u0.w0", "u0.w0.r0.s0.w0", "u0.w0.r0.d0.w0", "u0.w0.r0.o0.w0"]),
    ],
)
def test_receipts__of_a_send_that_is_read(platform: PlatformName, names: list[str]) -> None:
    kernel, bot, account = make_world(platform, answer_questions)
    account.message("hello")
    run(kernel)
    account.open_thread()
    account.open_thread()
    run(kernel)

    assert bot.names == names
    assert {item.item.get("text") for item in bot.told[1:]} == {None}


@pytest.mark.parametrize(
    ("platform", "told"),
    [("messenger", 1), ("instagram", 2), ("whatsapp", 3)],
)
def test_receipts__that_come_with_the_messages_alone(platform: PlatformName, told: int) -> None:
    kernel, bot, account = make_world(platform, answer_questions, fields=["messages"])

    account.message("hello")
    run(kernel)

    assert len(bot.names) == told


def test_statuses__have_one_id_and_times_in_seconds_as_text() -> None:
    kernel, bot, account = make_world("whatsapp", answer_questions)
    account.message("hello", at=0.9)
    run(kernel)

    statuses = [told.item for told in bot.told if told.place == "statuses"]
    [sent] = account.sent
    assert statuses == [
        {
            "id": sent.message_id,
            "status": status,
            "timestamp": stamp,
            "recipient_id": account.contacts.psid("ada"),
        }
        for status, stamp in (("sent", "1790000000"), ("delivered", "1790000001"))
    ]


@pytest.mark.parametrize("platform", ["instagram", "whatsapp"])
def test_loop__of_a_bot_that_answers_what_it_is_told_of_itself_ends(
    platform: PlatformName,
) -> None:
    def answer_everything(told: Told) -> str | None:
        return "hi"

    kernel, bot, account = make_world(platform, answer_everything, fields=["messages"])
    person = account.contacts.psid("ada")
    say = bot.say
    bot.say = lambda text, to, invocation: say(  # type: ignore[method-assign]
        text, person, invocation
    )
    kernel.limits = replace(kernel.limits, generation=1_000)
    account.message("hello")
    run(kernel)

    loops = [entry for entry in kernel.journal.entries("finding") if entry.name == "echo-loop"]
    assert loops
    assert loops[0].detail["limit"] == 20
    assert all(re.search(r"\.[esd]0\.w0", name) for name in bot.names[1:])


def test_statuses__can_come_again_in_one_request_with_others() -> None:
    kernel, bot, account = make_world("whatsapp", answer_questions)
    account.message("hello")
    kernel.run_step()
    account.courier.grouping = "together"
    bot.webhook_status = 500
    for _ in range(2):
        kernel.run_step()
    bot.webhook_status = 200
    run(kernel)

    shared = [body for body in bot.bodies if len(body["entry"]) == 2]
    assert [[told.item["status"] for told in items_of(body)] for body in shared] == [
        ["sent", "delivered"]
    ]


def test_loop__by_the_status_of_a_message_that_was_sent() -> None:
    kernel, bot, account = make_world(
        "whatsapp",
        lambda told: "hi" if told.item.get("status") in (None, "sent") else None,
    )
    person = account.contacts.psid("ada")
    say = bot.say
    bot.say = lambda text, to, invocation: say(  # type: ignore[method-assign]
        text, person, invocation
    )
    kernel.limits = replace(kernel.limits, generation=1_000)
    account.message("hello")
    run(kernel)

    assert account.sent_count == 21
    assert [entry.name for entry in kernel.journal.entries("finding")] == ["echo-loop"]
