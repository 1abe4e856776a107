"""The three platforms: what of their webhooks is a message, and how it is answered."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference_bot.app import create_app
from reference_bot.message import Message, parse_job
from reference_bot.platforms import parse_webhook
from reference_bot.replies import reply_text
from reference_bot.webhook import sign
from tests.reference_bot.conftest import Clock
from tests.reference_bot.outside import (
    SETTINGS,
    Outside,
    consume,
    deliver,
    request,
    run,
    text_item,
    webhook_body,
)

ACCOUNT, IGSID = "17841400000000007", "500"
WABA, NUMBER, WA_ID = "900", "106540352242922", "16505551234"
WAMID = "wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQzQTdB+/A="

EVERYWHERE = replace(SETTINGS, instagram_token="ig-token", whatsapp_token="wa-token")


def instagram(*items: object) -> bytes:
    """A webhook of Instagram with each item in an entry of its own."""
    entries = [{"time": 2, "id": ACCOUNT, "messaging": [item]} for item in items]
    return json.dumps({"object": "instagram", "entry": entries}).encode()


def instagram_text(mid: str = "aWdf1", **content: object) -> dict[str, Any]:
    """One item of Instagram with a user's text."""
    message = {"mid": mid, "text": "hi", **content}
    sender, recipient = {"id": IGSID}, {"id": ACCOUNT}
    return {"sender": sender, "recipient": recipient, "timestamp": 1, "message": message}


def whatsapp(*values: object) -> bytes:
    """A webhook of WhatsApp with each value in an entry of its own."""
    entries = [{"id": WABA, "changes": [{"field": "messages", "value": each}]} for each in values]
    return json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode()


def value(**content: object) -> dict[str, Any]:
    """The value of a change that is about our number."""
    metadata = {"display_phone_number": "15550783881", "phone_number_id": NUMBER}
    return {"messaging_product": "whatsapp", "metadata": metadata, **content}


def whatsapp_text(mid: str = WAMID, **others: object) -> dict[str, Any]:
    """A user's text on WhatsApp."""
    text = {"type": "text", "text": {"body": "hi"}}
    return {"from": WA_ID, "id": mid, "timestamp": "1790000000", **text, **others}


def test_a_text_on_instagram_is_a_message() -> None:
    assert parse_webhook(instagram(instagram_text())) == [
        Message("aWdf1", IGSID, "hi", "instagram", ACCOUNT)
    ]


def test_a_text_on_whatsapp_is_a_message_to_the_number_that_was_written_to() -> None:
    assert parse_webhook(whatsapp(value(messages=[whatsapp_text()]))) == [
        Message(WAMID, WA_ID, "hi", "whatsapp", NUMBER)
    ]


def test_a_user_of_whatsapp_whose_number_is_not_told_is_known_by_the_user_id() -> None:
    item = whatsapp_text(from_user_id="US.1349")
    del item["from"]
    (message,) = parse_webhook(whatsapp(value(messages=[item])))
    assert message.sender == "US.1349"


@pytest.mark.parametrize(
    "item",
    [
        {**instagram_text(is_echo=True), "sender": {"id": ACCOUNT}},
        instagram_text(is_echo=True),
        {**instagram_text(), "sender": {"id": ACCOUNT}},
        {**instagram_text(), "message": {"mid": "aWdf1", "is_deleted": True}},
        {**instagram_text(), "message": {"mid": "aWdf1", "is_unsupported": True}},
        {**instagram_text(), "message": {"mid": "aWdf1", "attachments": [{"type": "share"}]}},
        {"sender": {"id": IGSID}, "recipient": {"id": ACCOUNT}, "read": {"mid": "aWdf1"}},
        {"sender": {"id": IGSID}, "reaction": {"mid": "aWdf1", "action": "react"}},
        {"sender": {"id": IGSID}, "message_edit": {"mid": "aWdf1", "text": "ho", "num_edit": 1}},
    ],
)
def test_instagram__not_a_message_of_a_user(item: object) -> None:
    assert parse_webhook(instagram(item)) == []


def test_a_comment_on_instagram_is_left_out() -> None:
    change = {"field": "comments", "value": {"from": {"id": IGSID}, "id": "1", "text": "hi"}}
    body = json.dumps({"object": "instagram", "entry": [{"id": ACCOUNT, "changes": [change]}]})
    assert parse_webhook(body.encode()) == []


@pytest.mark.parametrize(
    "content",
    [
        {"statuses": [{"id": WAMID, "status": "sent", "recipient_id": WA_ID, "timestamp": "1"}]},
        {"errors": [{"code": 131000}]},
        {"messages": [whatsapp_text(type="reaction", reaction={"message_id": WAMID})]},
        {"messages": [whatsapp_text(type="unsupported", errors=[{"code": 131051}])]},
        {"messages": [whatsapp_text(text={"body": ""})]},
        {"messages": [whatsapp_text(text="hi")]},
        {"messages": [whatsapp_text(id=5)]},
        {"messages": [whatsapp_text(id="x" * 2000)]},
        {"messages": ["hi", None]},
        {"messages": [whatsapp_text()], "metadata": {}},
        {"messages": [whatsapp_text()], "metadata": {"phone_number_id": "../me"}},
        {"messages": [whatsapp_text()], "metadata": {"phone_number_id": 106540352242922}},
        {"messages": [whatsapp_text()], "metadata": None},
    ],
)
def test_whatsapp__not_a_message_that_can_be_answered(content: dict[str, object]) -> None:
    assert parse_webhook(whatsapp(value(**content))) == []


def test_every_entry_change_and_item_of_whatsapp_is_read() -> None:
    values = [value(messages=[whatsapp_text(f"wamid.{at}{also}") for also in "ab"]) for at in "01"]
    changes = [{"field": "messages", "value": each} for each in values]
    entries = [{"id": WABA, "changes": changes}, {"id": WABA, "changes": changes[:1]}]
    body = json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode()
    found = [message.mid for message in parse_webhook(body)]
    assert found == ["wamid.0a", "wamid.0b", "wamid.1a", "wamid.1b"]


def test_a_status_beside_messages_hides_none() -> None:
    values = [value(statuses=[{"id": "wamid.x", "status": "read"}]), value(messages=[None])]
    (message,) = parse_webhook(whatsapp(*values, value(messages=[whatsapp_text()])))
    assert message.mid == WAMID


def test_a_platform_that_the_bot_is_not_on_is_left_out() -> None:
    assert parse_webhook(instagram(instagram_text()), ["messenger", "whatsapp"]) == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                ("metadata", "messages", "from", "id", "text", "type", "body", "phone_number_id"),
                inner,
            ),
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(VALUES)
def test_no_value_of_whatsapp_makes_parsing_fail(content: object) -> None:
    parse_webhook(whatsapp(content))


def test_equal_ids_of_different_platforms_are_different_keys() -> None:
    messages = [
        Message("1", "2", "hi"),
        Message("1", "2", "hi", "instagram"),
        Message("1", "2", "hi", "whatsapp", NUMBER),
        Message("instagram~1", "instagram~2", "hi"),
    ]
    assert len({message.key for message in messages}) == 4
    assert len({message.sender_key for message in messages}) == 4


@pytest.mark.parametrize(
    "message",
    [
        Message("m_1", "100", "hi"),
        Message("aWdf1", IGSID, "hi", "instagram", ACCOUNT),
        Message(WAMID, WA_ID, "hi", "whatsapp", NUMBER),
    ],
)
def test_a_job_is_read_back_on_every_platform(message: Message) -> None:
    assert parse_job(json.dumps(message.as_job()).encode()) == message


def test_a_job_of_messenger_says_no_more_than_it_always_did() -> None:
    assert Message("m_1", "100", "hi").as_job() == {"mid": "m_1", "sender": "100", "text": "hi"}


@pytest.mark.parametrize(
    "odd",
    [
        {"platform": "telegram"},
        {"platform": 5},
        {"account": 5},
        {"account": NUMBER},
        {"platform": "whatsapp"},
        {"platform": "instagram", "account": "me"},
    ],
)
def test_a_job_for_no_platform_is_none(odd: dict[str, object]) -> None:
    job = {"mid": "m_1", "sender": "100", "text": "hi", **odd}
    assert parse_job(json.dumps(job).encode()) is None


class Graph(Outside):
    """An outside that answers sends whatever their path, and keeps their requests."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[httpx.Request] = []

    def client(self) -> httpx.AsyncClient:
        async def answer(request: httpx.Request) -> httpx.Response:
            if "graph" not in request.url.host:
                return await self._answer(request)
            self.requests.append(request)
            return httpx.Response(200, json={})

        return httpx.AsyncClient(transport=httpx.MockTransport(answer))


@pytest.mark.parametrize(
    ("body", "url", "token", "sent"),
    [
        (
            webhook_body(text_item()),
            "https://graph.facebook.com/v23.0/me/messages",
            "page-token",
            {
                "messaging_type": "RESPONSE",
                "recipient": {"id": "100"},
                "message": {"text": "You said: hi"},
            },
        ),
        (
            instagram(instagram_text()),
            f"https://graph.instagram.com/v23.0/{ACCOUNT}/messages",
            "ig-token",
            {"recipient": {"id": IGSID}, "message": {"text": "You said: hi"}},
        ),
        (
            whatsapp(value(messages=[whatsapp_text()])),
            f"https://graph.facebook.com/v23.0/{NUMBER}/messages",
            "wa-token",
            {
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                "to": WA_ID,
                "type": "text",
                "text": {"body": "You said: hi"},
            },
        ),
        (
            whatsapp(value(messages=[whatsapp_text(**{"from": "US.1349"})])),
            f"https://graph.facebook.com/v23.0/{NUMBER}/messages",
            "wa-token",
            {
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                "recipient": "US.1349",
                "type": "text",
                "text": {"body": "You said: hi"},
            },
        ),
    ],
    ids=["messenger", "instagram", "whatsapp", "whatsapp user id"],
)
def test_a_message_is_published_and_answered_as_its_platform_wants_it(
    clock: Clock, body: bytes, url: str, token: str, sent: dict[str, object]
) -> None:
    outside = Graph()
    given = replace(EVERYWHERE, instagram_graph_url="https://graph.instagram.com/v23.0")
    app = create_app(given, http=outside.client())
    (reply,) = run(deliver(app, body))
    assert reply.status_code == 200
    (published,) = outside.published
    (answered,) = run(consume(app, json.dumps(published.body).encode()))
    assert (answered.status_code, answered.text) == (200, "answered")
    (made,) = outside.requests
    assert str(made.url) == url
    assert made.headers["authorization"] == f"Bearer {token}"
    assert json.loads(made.content) == sent


def test_messages_of_three_platforms_with_equal_ids_have_a_record_each(clock: Clock) -> None:
    outside = Outside()
    app = create_app(EVERYWHERE, http=outside.client())
    text = whatsapp_text("m_1", **{"from": "100"})
    for body in (
        webhook_body(text_item()),
        instagram({**instagram_text("m_1"), "sender": {"id": "100"}}),
        whatsapp(value(messages=[text])),
    ):
        run(deliver(app, body))
        run(deliver(app, body))
    assert outside.ids("processedMessages") == ["instagram~m_1", "m_1", "whatsapp~m_1"]
    assert outside.ids("rateLimits") == ["100", "instagram~100", "whatsapp~100"]
    assert len(outside.published) == 3


def test_a_webhook_of_a_platform_without_a_token_has_no_effect() -> None:
    outside = Outside()
    app = create_app(SETTINGS, http=outside.client())
    (reply,) = run(deliver(app, instagram(instagram_text())))
    assert (reply.status_code, outside.calls) == (200, [])


def test_a_job_of_a_platform_without_a_token_any_more_comes_again() -> None:
    outside = Outside()
    job = Message("aWdf1", IGSID, "hi", "instagram", ACCOUNT).as_job()
    (reply,) = run(consume(create_app(SETTINGS, http=outside.client()), json.dumps(job).encode()))
    assert reply.status_code == 503
    assert "send" not in outside.calls


@pytest.mark.parametrize(
    "body", [instagram(instagram_text()), whatsapp(value(messages=[whatsapp_text()]))]
)
def test_every_platform_is_acknowledged_with_exactly_200_or_refused(body: bytes) -> None:
    app = create_app(EVERYWHERE, http=Outside().client())
    forged = request(
        app, "POST", "/api/messenger", body, x_hub_signature_256=sign("another secret", body)
    )
    (good, bad) = run(deliver(app, body), forged)
    assert (good.status_code, bad.status_code) == (200, 403)


@pytest.mark.parametrize(
    ("message", "longest"),
    [
        (Message("1", "2", "x" * 5_000), 2_000),
        (Message("1", "2", "x" * 5_000, "instagram"), 1_000),
        (Message("1", "2", "x" * 5_000, "whatsapp", NUMBER), 4_096),
    ],
)
def test_a_reply_is_as_long_as_its_platform_takes(message: Message, longest: int) -> None:
    assert len(reply_text(message)) == longest


def test_instagram_counts_bytes_and_no_character_is_cut_in_half() -> None:
    text = reply_text(Message("1", "2", "\N{WAVING HAND SIGN}" * 400, "instagram"))
    assert 1_000 - 4 < len(text.encode()) <= 1_000
    assert set(text.removeprefix("You said: ")) == {"\N{WAVING HAND SIGN}"}
