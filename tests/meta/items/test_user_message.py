"""Whatever people do on a page has a root and travels alike; only the items differ."""

import json
from typing import Any

import pytest

from emulator.errors import ScenarioError
from emulator.exchange import Request
from emulator.kernel import Kernel
from emulator.meta import Field, Messenger, UserMessage
from tests.meta.support import PAGE, URL, findings, make_world, run, send_request

FIELDS: tuple[Field, ...] = ("messages", "messaging_postbacks", "message_reactions", "standby")
EVENTS = ("attachment", "postback", "reaction", "standby")


def perform(messenger: Messenger, event: str, *, at: float | None = None) -> UserMessage:
    match event:
        case "attachment":
            return messenger.attachment("audio", at=at)
        case "postback":
            return messenger.postback("Start", "GO", at=at)
        case "reaction":
            return messenger.react("m_1", "wow", at=at)
        case _:
            return messenger.standby("hi", at=at)


def silent(_item: dict[str, Any]) -> None:
    return None


@pytest.mark.parametrize("event", EVENTS)
def test_event__travels_like_a_message(event: str) -> None:
    kernel, bot, messenger = make_world(silent, fields=FIELDS, copies=3)
    messenger.message("hello")

    happened = perform(messenger, event, at=2.0)
    run(kernel)

    assert (happened.root, happened.event, happened.at) == ("u1", event, 2.0)
    assert bot.names[3:] == ["u1.w0", "u1.w1", "u1.w2"]
    assert bot.times[3:] == [2.0, 2.0, 2.0]
    assert {(delivery.kind, delivery.roots) for delivery in bot.deliveries[3:]} == {
        ("user", ("u1",))
    }
    *_, entry = kernel.journal.entries("message")
    assert (entry.name, entry.roots, entry.detail["event"]) == ("u1", ("u1",), event)
    assert [found.cause for found in kernel.journal.entries("delivery")][3:] == [entry.seq] * 3


@pytest.mark.parametrize("event", EVENTS)
def test_event__is_not_told_to_an_app_without_its_field(event: str) -> None:
    kernel, bot, messenger = make_world(silent, fields=["message_reads"])

    happened = perform(messenger, event)
    messenger.repeat(happened, at=5.0)
    run(kernel)

    assert bot.names == []
    assert findings(kernel) == []
    assert messenger.contacts.nickname(happened.psid) == "ada"


@pytest.mark.parametrize("event", EVENTS)
def test_event__not_in_the_past(event: str) -> None:
    kernel, _, messenger = make_world(silent, fields=FIELDS)
    kernel.clock.move_to(5.0)

    with pytest.raises(ScenarioError, match=r"^nobody can write at 4\.0, the clock is at 5\.0$"):
        perform(messenger, event, at=4.0)
    assert kernel.mids == {}


@pytest.mark.parametrize("event", EVENTS)
def test_event__can_be_repeated(event: str) -> None:
    kernel, bot, messenger = make_world(silent, fields=FIELDS)

    messenger.repeat(perform(messenger, event, at=1.0), at=9.0)
    run(kernel)

    assert bot.names == ["u0.w0", "u0.w1"]
    assert bot.times == [1.0, 9.0]


def test_postback__item() -> None:
    kernel, bot, messenger = make_world(silent, fields=FIELDS)

    tap = messenger.postback("Get started", "GET_STARTED", sender="bob")
    run(kernel)

    assert bot.items == [
        {
            "sender": {"id": tap.psid},
            "recipient": {"id": PAGE},
            "timestamp": 1790000000000,
            "postback": {"mid": tap.mid, "title": "Get started", "payload": "GET_STARTED"},
        }
    ]
    assert (tap.sender, tap.text) == ("bob", "Get started")


def test_postback__with_the_link_that_led_here() -> None:
    kernel, bot, messenger = make_world(silent, fields=FIELDS)

    tap = messenger.postback("Get started", "GET_STARTED", ref="poster")
    run(kernel)

    assert bot.items[0]["postback"] == {
        "mid": tap.mid,
        "title": "Get started",
        "payload": "GET_STARTED",
        "referral": {"ref": "poster", "source": "SHORTLINK", "type": "OPEN_THREAD"},
    }


def test_postback__in_stand_by_has_no_payload() -> None:
    kernel, bot, messenger = make_world(silent, fields=["standby"])

    tap = messenger.postback("Get started", "GET_STARTED", standby=True)
    run(kernel)

    [entry] = bot.entries
    assert list(entry) == ["time", "id", "standby"]
    assert entry["standby"][0]["postback"] == {"mid": tap.mid, "title": "Get started"}


def test_standby__entry() -> None:
    kernel, bot, messenger = make_world(silent, fields=["standby"])

    heard = messenger.standby("hi")
    run(kernel)

    assert bot.entries == [
        {
            "time": 1790000000000,
            "id": PAGE,
            "standby": [
                {
                    "sender": {"id": heard.psid},
                    "recipient": {"id": PAGE},
                    "timestamp": 1790000000000,
                    "message": {"mid": heard.mid, "text": "hi"},
                }
            ],
        }
    ]


def test_attachment__item() -> None:
    kernel, bot, messenger = make_world(silent, fields=FIELDS)

    sent = messenger.attachment("file", url="https://files.example/a b.pdf")
    run(kernel)

    assert bot.items[0]["message"] == {
        "mid": sent.mid,
        "attachments": [{"type": "file", "payload": {"url": "https://files.example/a b.pdf"}}],
    }


def test_attachment__can_be_fetched() -> None:
    kernel, bot, messenger = make_world(silent, fields=FIELDS)

    messenger.attachment("audio")
    run(kernel)
    [attachment] = bot.items[0]["message"]["attachments"]
    request = Request("GET", attachment["payload"]["url"])

    assert messenger.claims(request)
    assert messenger.handle(request).header("content-type") == "audio/mpeg"


def test_attachment__share_that_can_not_be_shown() -> None:
    kernel, bot, messenger = make_world(silent, fields=FIELDS)

    messenger.attachment("fallback")
    run(kernel)

    assert bot.items[0]["message"]["attachments"] == [{"type": "fallback"}]


def test_attachment__kind_is_checked_at_once() -> None:
    _, _, messenger = make_world(silent, fields=FIELDS)

    with pytest.raises(
        ScenarioError, match=r"^an attachment of the kind template needs a payload$"
    ):
        messenger.attachment("template", at=5.0)


def test_react__to_a_message_of_ones_own() -> None:
    kernel, bot, messenger = make_world(silent, fields=FIELDS)
    message = messenger.message("hello", sender="bob")

    reaction = messenger.react(message)
    run(kernel)

    assert reaction.psid == message.psid
    assert reaction.mid != message.mid
    assert bot.items[1] == {
        "sender": {"id": message.psid},
        "recipient": {"id": PAGE},
        "timestamp": 1790000000000,
        "reaction": {"reaction": "love", "emoji": "\u2764", "action": "react", "mid": message.mid},
    }


def test_react__to_what_the_bot_said() -> None:
    kernel, bot, messenger = make_world(silent, fields=FIELDS)
    psid = messenger.message("hello", sender="bob").psid
    messenger.handle(send_request({"recipient": {"id": psid}, "message": {"text": "hi"}}))

    reaction = messenger.react(messenger.sent[0], "like", action="unreact", emoji="*")
    run(kernel)

    assert (reaction.sender, reaction.psid) == ("bob", psid)
    assert bot.items[1]["reaction"] == {
        "reaction": "like",
        "emoji": "*",
        "action": "unreact",
        "mid": messenger.sent[0].message_id,
    }


def test_react__by_somebody_else() -> None:
    _, _, messenger = make_world(silent, fields=FIELDS)

    assert messenger.react(messenger.message("hello"), sender="bob").sender == "bob"


def test_many_events_leave_no_agenda() -> None:
    kernel = Kernel()
    messenger = Messenger(kernel, callback_url=URL, fields=["message_reads"])
    for number in range(1_000):
        messenger.repeat(messenger.react("m_1", at=float(number)), at=float(number))
    run(kernel)

    assert len(kernel.agenda) == 0
    assert json.dumps(findings(kernel)) == "[]"
