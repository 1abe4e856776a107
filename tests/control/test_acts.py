"""People do more than write, and follow whole scripts."""

from typing import Any

import pytest

from emulator.control.item_shapes import item_of
from emulator.control.schema import read
from emulator.meta.items.samples import DIALECTS
from tests.control.support import PUBLIC_URL, WEBHOOK, Api, Bot

ONE = "/v1/messages/{root}"


def told(api: Api) -> list[Any]:
    """The roots of the webhooks that the bot was sent."""
    entries = api.journal(kind="delivery")
    return [root for one in entries if one["detail"]["kind"] == "user" for root in one["roots"]]


def test_taps_and_files__are_answered_as_messages_are(api: Api) -> None:
    tap = api.post("/v1/postbacks", {"title": "Get started", "copies": 2})
    assert (tap["kind"], tap["text"], tap["told"]) == ("postback", "Get started", True)
    image = api.post("/v1/attachments", {"kind": "audio", "copies": 1})
    api.quiet()
    assert told(api) == [tap["root"], tap["root"], image["root"]]
    assert api.post("/v1/expect")["observed"] == "2 messages, 2 publishes, 2 replies"
    texts = {one["text"] for one in api.get("/v1/replies")["replies"]}
    assert texts == {"You said: Get started", "You said: audio"}


def test_what_asks_for_no_answer__is_told_and_not_held_to_one(api: Api) -> None:
    api.post("/v1/messages", {"text": "hello", "sender": "bob", "copies": 1})
    api.quiet()
    reaction = api.post("/v1/reactions", {"message": "u0", "reaction": "wow", "copies": 1})
    edit = api.post("/v1/messages/u0/edit", {"text": "hi", "copies": 1}, described=ONE + "/edit")
    assert api.post("/v1/read", {"sender": "bob"}) == {"sender": "bob"}
    api.quiet()
    assert [one["sender"] for one in (reaction, edit)] == ["bob", "bob"]
    assert told(api) == ["u0", "u1", "u2"]
    receipts = [one for one in api.journal(kind="delivery") if one["name"].endswith(".o0.w0")]
    assert len(receipts) == 1
    verdict = api.post("/v1/expect")
    assert (verdict["passed"], verdict["observed"]) == (True, "1 message, 1 publish, 1 reply")


def test_what_asks_for_no_answer__may_not_get_several(api: Api, bot: Bot) -> None:
    psid = api.post("/v1/messages", {"text": "hello"})["messages"][0]["psid"]
    api.quiet()
    bot.before = lambda path: path == WEBHOOK and bot.send(psid, "Welcome!")  # type: ignore[assignment]
    api.post("/v1/items", {"kind": "referral", "copies": 2, "spacing": "staggered"})
    api.quiet(skip=True)
    verdict = api.post("/v1/expect")
    assert [one["root"] for one in verdict["wrong"]] == ["u1"]
    assert "was answered twice" in verdict["error"]


def test_reaction__to_a_reply_is_by_whom_it_was_sent_to(api: Api) -> None:
    api.post("/v1/messages", {"text": "hello", "sender": "bob", "copies": 1})
    api.quiet()
    (reply,) = api.get("/v1/replies")["replies"]
    reaction = api.post("/v1/reactions", {"message": reply["message_id"], "action": "unreact"})
    assert (reaction["sender"], reaction["kind"]) == ("bob", "reaction")
    api.quiet()


def test_unsend__is_told_where_the_platform_does(api: Api) -> None:
    api.post("/v1/messages", {"text": "hello"})
    refused = api.ask("POST", "/v1/messages/u0/unsend", {}, described=ONE + "/unsend")
    assert (refused.status_code, refused.json()["error"]) == (422, "Messenger has no unsend")
    api.quiet()
    api.ask("PATCH", "/v1/config", {"platform": "instagram"})
    (message,) = api.post("/v1/messages", {"text": "hello"})["messages"]
    unsent = api.post("/v1/messages/u0/unsend", {}, described=ONE + "/unsend")
    assert (unsent["kind"], unsent["told"], message["told"]) == ("unsend", True, True)
    api.quiet()


def test_items__each_of_them_happens(api: Api) -> None:
    items = api.get("/v1/items")["items"]
    for item in items:
        done = api.post("/v1/items", {"kind": item["kind"], "copies": 1})
        assert done["kind"] == item["kind"]
    assert {"text", "order", "handover", "policy"} <= {item["event"] for item in items}
    api.quiet()


def test_items__with_details(api: Api) -> None:
    done = api.post("/v1/items", {"kind": "text", "details": {"text": "hi", "quick_reply": "HI"}})
    assert done["text"] == "hi"
    api.quiet()


@pytest.mark.parametrize("platform", ["messenger", "instagram", "whatsapp"])
def test_details__of_every_kind_are_described(platform: Any) -> None:
    for kind in DIALECTS[platform].items.values():
        details = item_of(kind)["details"]
        assert read(dict(kind.sample), details, "details") == kind.sample


def test_conversations__are_played_together(api: Api) -> None:
    script = ["says: hello", {"waits": 3}, {"taps": "Yes", "payload": "YES"}, "reacts: wow"]
    users = [
        {"name": "ada", "script": script},
        {"name": "fan", "count": 2, "starts_s": 1, "script": [{"happens": "text", "text": "hi"}]},
    ]
    begun = api.post("/v1/conversations", {"users": users})
    assert begun == {"users": ["ada", "fan0", "fan1"], "acts": 6}
    api.quiet(skip=True)
    done = [
        (one["sender"], one["kind"], one["text"]) for one in api.get("/v1/messages")["messages"]
    ]
    assert done[1:3] == [("fan0", "text", "hi"), ("fan1", "text", "hi")]
    assert [one for one in done if one[0] == "ada"] == [
        ("ada", "text", "hello"),
        ("ada", "postback", "Yes"),
        ("ada", "reaction", "\U0001f62e"),
    ]
    assert api.post("/v1/expect")["observed"] == "4 messages, 4 publishes, 4 replies"


def test_fields__that_the_app_is_not_subscribed_to_are_not_told(api: Api) -> None:
    config = api.ask("PATCH", "/v1/config", {"fields": ["messages"]}).json()
    assert config["fields"] == ["messages"]
    tap = api.post("/v1/postbacks", {"title": "Yes"})
    assert not tap["told"]
    api.quiet()
    assert told(api) == []


def test_fields__by_default_are_whatever_people_do(api: Api) -> None:
    fields = api.get("/v1/config")["fields"]
    assert {"messages", "messaging_postbacks", "message_reads"} <= set(fields)
    assert not {"message_echoes", "message_deliveries"} & set(fields)


def test_fields__of_another_platform_are_those_of_it(api: Api) -> None:
    api.ask("PATCH", "/v1/config", {"fields": ["messages"]})
    config = api.ask("PATCH", "/v1/config", {"platform": "instagram"}).json()
    assert "message_edit" in config["fields"]
    assert config["public_url"] == PUBLIC_URL


def test_wrong_input__names_the_field(api: Api) -> None:
    for path, body, error in WRONG:
        answer = api.ask("PATCH" if path == "/v1/config" else "POST", path, body)
        assert (answer.status_code, answer.json()["error"]) == (error[0], error[1]), path
    assert api.get("/v1/messages")["messages"] == []


def script(*acts: object) -> dict[str, object]:
    return {"users": [{"name": "ada", "script": list(acts)}]}


WRONG: list[tuple[str, Any, tuple[int, str]]] = [
    ("/v1/postbacks", {}, (422, "title is missing")),
    (
        "/v1/attachments",
        {"kind": "smell"},
        (
            422,
            "kind must be one of image, audio, video, file, sticker, fallback, reel, ig_reel, "
            "post, ig_post, location, template, appointment_booking, not smell",
        ),
    ),
    (
        "/v1/reactions",
        {"message": "u7"},
        (
            404,
            "message: there is no u7; it takes the name of a message, such as u0, or the id of a "
            "message or of a reply",
        ),
    ),
    (
        "/v1/items",
        {"kind": "ordr"},
        (422, "kind: there is no 'ordr' here; did you mean \"order\"?; see GET /v1/items"),
    ),
    (
        "/v1/items",
        {"kind": "text", "details": {"texd": "hi"}},
        (422, 'details.texd is unknown; did you mean "text"?'),
    ),
    (
        "/v1/items",
        {"kind": "text", "details": {"text": 5}},
        (422, "details.text has to be a text, not 5"),
    ),
    ("/v1/conversations", {"users": []}, (422, "users has to have 1 to 1,000 items, not 0")),
    (
        "/v1/conversations",
        {"users": [{"name": "ada", "count": 20_000, "script": ["says: hi"]}]},
        (422, "users: that are 20,000 people, and may be 10,000"),
    ),
    (
        "/v1/conversations",
        script("says: hello", "sings: hello"),
        (
            422,
            "users[0].script[1]: there is no verb sings; it is one of says, taps, sends, edits, "
            "unsends, reacts, unreacts, reads, happens, waits, thinks",
        ),
    ),
    (
        "/v1/conversations",
        script({"happens": "edit", "num_edit": "two"}),
        (422, 'users[0].script[0].details.num_edit has to be a whole number, not "two"'),
    ),
    (
        "/v1/conversations",
        script("says: hello", "unsends"),
        (422, "ada unsends: Messenger has no unsend"),
    ),
    ("/v1/config", {"fields": ["mesages"]}, (422, "fields: a page has no field mesages")),
]
