"""The 24-hour window and the subscription of the app, over HTTP."""

import json
from typing import Any

import pytest

from emulator.call import Access
from emulator.errors import ScenarioError
from emulator.exchange import Reply, Request
from emulator.meta import EventTags, Field, Messenger
from tests.meta.support import PAGE, findings, make_world, run, send_request

DAY = 86_400.0
FIELDS: tuple[Field, ...] = ("messages", "messaging_postbacks", "message_reactions", "standby")


def silent(_item: dict[str, Any]) -> None:
    return None


def say(messenger: Messenger, psid: str, **more: object) -> Reply:
    return messenger.handle(
        send_request({"recipient": {"id": psid}, "message": {"text": "hi"}, **more})
    )


def graph(messenger: Messenger, method: str, query: str = "", *, node: str = PAGE) -> Reply:
    url = f"https://graph.facebook.com/v23.0/{node}/subscribed_apps?access_token=EAAfakepagetoken"
    return messenger.handle(Request(method, url + query))


def test_window__closes_24_hours_after_the_last_message() -> None:
    kernel, _, messenger = make_world(silent)
    psid = messenger.message("hello").psid
    messenger.message("again", at=100.0)
    run(kernel)

    kernel.clock.move_to(100.0 + DAY - 0.001)
    assert say(messenger, psid).status == 200
    kernel.clock.move_to(100.0 + DAY)
    refused = say(messenger, psid)

    assert refused.status == 400
    assert json.loads(refused.body)["error"]["error_subcode"] == 2018278
    assert messenger.sent_count == 1


@pytest.mark.parametrize("event", ["message", "postback", "reaction", "attachment", "standby"])
def test_window__is_opened_again_by_whatever_a_person_does(event: str) -> None:
    kernel, _, messenger = make_world(silent, fields=["message_reads"])
    message = messenger.message("hello")
    run(kernel)
    kernel.clock.move_to(3 * DAY)
    assert say(messenger, message.psid).status == 400

    match event:
        case "message":
            messenger.message("again")
        case "postback":
            messenger.postback("Go", "GO")
        case "reaction":
            messenger.react(message)
        case "attachment":
            messenger.attachment()
        case _:
            messenger.standby("again")

    assert say(messenger, message.psid).status == 200


def test_window__is_not_kept_open_by_the_bot() -> None:
    kernel, _, messenger = make_world(silent)
    psid = messenger.message("hello").psid
    run(kernel)
    for hour in range(1, 24):
        kernel.clock.move_to(hour * 3600.0)
        assert say(messenger, psid).status == 200
        run(kernel)

    kernel.clock.move_to(DAY)

    assert say(messenger, psid).status == 400


def test_window__sender_actions_do_not_depend_on_it() -> None:
    kernel, _, messenger = make_world(silent)
    psid = messenger.message("hello").psid
    run(kernel)
    kernel.clock.move_to(2 * DAY)

    reply = messenger.handle(
        send_request({"recipient": {"id": psid}, "sender_action": "mark_seen"})
    )

    assert reply.status == 200


@pytest.mark.parametrize(("tag", "status"), [("HUMAN_AGENT", 200), ("ACCOUNT_UPDATE", 400)])
def test_window__tags(tag: str, status: int) -> None:
    kernel, _, messenger = make_world(silent)
    psid = messenger.message("hello").psid
    run(kernel)
    kernel.clock.move_to(2 * DAY)

    assert say(messenger, psid, messaging_type="MESSAGE_TAG", tag=tag).status == status


def test_event_tags__unknown() -> None:
    kernel, _, _ = make_world(silent)
    wrong: EventTags = "perhaps"  # type: ignore[assignment]

    with pytest.raises(
        ScenarioError, match=r"^event_tags must be one of refuse, accept, not perhaps$"
    ):
        Messenger(kernel, callback_url="https://bot.example/hook", event_tags=wrong)


@pytest.mark.parametrize("node", ["me", PAGE])
def test_subscribed_apps__shows_what_the_app_is_told(node: str) -> None:
    _, _, messenger = make_world(silent, fields=FIELDS)

    [app] = json.loads(graph(messenger, "GET", node=node).body)["data"]

    assert app == {
        "category": "Business",
        "link": "https://bot.example",
        "name": "Fake App",
        "id": "555000111",
        "subscribed_fields": sorted(FIELDS),
    }


def test_subscribed_apps__post_replaces_the_fields() -> None:
    kernel, bot, messenger = make_world(silent)

    reply = graph(messenger, "POST", "&subscribed_fields=message_reactions,standby")
    messenger.message("hello")
    messenger.react("m_1")
    run(kernel)

    assert json.loads(reply.body) == {"success": True}
    assert messenger.fields == {"message_reactions", "standby"}
    assert bot.names == ["u1.w0"]


def test_subscribed_apps__post_can_ask_for_echoes() -> None:
    kernel, bot, messenger = make_world(silent, fields=["messages"])
    psid = messenger.message("hello").psid

    graph(messenger, "POST", "&subscribed_fields=messages,message_echoes")
    say(messenger, psid)
    run(kernel)

    assert bot.names == ["u0.w0", "direct.r0.e0.w0"]


def test_subscribed_apps__post_of_nothing() -> None:
    _, _, messenger = make_world(silent)

    reply = graph(messenger, "POST")

    assert reply.status == 400
    assert json.loads(reply.body)["error"]["code"] == 100


def test_subscribed_apps__delete_ends_it_and_loses_what_is_under_way() -> None:
    kernel, bot, messenger = make_world(silent, fields=["messages"])
    messenger.message("hello")

    reply = graph(messenger, "DELETE")
    messenger.message("again")
    run(kernel)

    assert json.loads(reply.body) == {"success": True}
    assert json.loads(graph(messenger, "GET").body) == {"data": []}
    assert bot.names == []
    lost = list(kernel.journal.entries("finding"))
    assert [(entry.name, entry.roots, entry.detail["why"]) for entry in lost] == [
        ("webhook-lost", ("u0",), "unsubscribed"),
        ("webhook-lost", ("u1",), "unsubscribed"),
    ]


def test_subscribed_apps__another_node() -> None:
    _, _, messenger = make_world(silent)

    reply = graph(messenger, "GET", node="42")

    assert json.loads(reply.body)["error"]["error_subcode"] == 33


def test_subscribed_apps__needs_a_token() -> None:
    _, _, messenger = make_world(silent)

    reply = messenger.handle(Request("GET", f"https://graph.facebook.com/{PAGE}/subscribed_apps"))

    assert json.loads(reply.body)["error"]["code"] == 190


@pytest.mark.parametrize(
    ("method", "access"),
    [
        ("GET", Access("subscription", reads=frozenset({"graph:subscription"}))),
        ("POST", Access("subscription", writes=frozenset({"graph:subscription"}))),
        ("DELETE", Access("subscription", writes=frozenset({"graph:subscription"}))),
    ],
)
def test_subscribed_apps__access(method: str, access: Access) -> None:
    _, _, messenger = make_world(silent)
    request = Request(method, f"https://graph.facebook.com/v23.0/{PAGE}/subscribed_apps")

    assert messenger.access(request) == access


def test_disablement__until_the_app_is_subscribed_again() -> None:
    kernel, bot, messenger = make_world(silent, fields=["messages"])
    bot.webhook_status = 500
    messenger.message("lost")
    run(kernel)
    assert not messenger.is_subscribed
    assert json.loads(graph(messenger, "GET").body) == {"data": []}

    bot.webhook_status = 200
    messenger.message("lost too")
    run(kernel)
    messenger.resubscribe()
    messenger.message("heard")
    run(kernel)

    assert messenger.is_subscribed
    assert messenger.fields == {"messages"}
    assert bot.names[-1] == "u2.w0"
    assert not any(name.startswith("u1") for name in bot.names)
    assert findings(kernel) == [
        *("webhook-alert", "webhook-disabled"),
        *("webhook-lost", "webhook-lost"),
    ]


def test_resubscribe__to_other_fields() -> None:
    _, _, messenger = make_world(silent, fields=["messages"])

    messenger.resubscribe(["standby"])

    assert messenger.fields == {"standby"}


def test_resubscribe__unknown_field() -> None:
    _, _, messenger = make_world(silent)
    wrong: Field = "moods"  # type: ignore[assignment]

    with pytest.raises(ScenarioError, match=r"^a page has no field moods$"):
        messenger.resubscribe([wrong])
