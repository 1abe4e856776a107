"""What is read out of a webhook, and out of a queue message."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference_bot.message import Message, parse_job, safe_key
from reference_bot.platforms import parse_webhook
from tests.reference_bot.outside import text_item, webhook_body

NAMES = ("object", "entry", "messaging", "message", "sender", "id", "mid", "text")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(), inner)
        | st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, inner))
    ),
    max_leaves=20,
)


def test_every_entry_and_every_item_is_read() -> None:
    items = [text_item(f"m_{at}") for at in range(4)]
    entries = [{"id": "7", "messaging": items[:2]}, {"id": "7", "messaging": items[2:]}]
    body = json.dumps({"object": "page", "entry": entries}).encode()
    assert [message.mid for message in parse_webhook(body)] == ["m_0", "m_1", "m_2", "m_3"]


def test_a_duplicate_in_one_batch_counts_once() -> None:
    assert parse_webhook(webhook_body(text_item(), text_item())) == [Message("m_1", "100", "hi")]


def test_an_odd_item_does_not_hide_its_neighbours() -> None:
    body = webhook_body(None, "x", {"message": 5}, {"message": {"mid": 1}}, text_item())
    assert [message.mid for message in parse_webhook(body)] == ["m_1"]


@pytest.mark.parametrize(
    "change",
    [
        {"message": {"mid": "m_1", "text": "hi", "is_echo": True}},
        {"sender": {"id": "7"}},
        {"message": {"mid": "m_1"}},
        {"message": {"mid": "m_1", "text": ""}},
        {"message": {"mid": "", "text": "hi"}},
        {"message": {"mid": "m_\ud800", "text": "hi"}},
        {"message": {"mid": "m" * 2000, "text": "hi"}},
        {"message": {"mid": "m_1", "attachments": []}},
        {"message": {"mid": "m_1", "is_deleted": True}},
        {"sender": {}},
        {"sender": {"id": 100}},
        {"sender": None},
    ],
)
def test_not_a_message_of_a_user(change: dict[str, Any]) -> None:
    assert parse_webhook(webhook_body({**text_item(), **change})) == []


@pytest.mark.parametrize(
    "event", ["delivery", "read", "reaction", "postback", "message_edit", "something_new"]
)
def test_other_events_are_left_out(event: str) -> None:
    content = {"mid": "m_1", "text": "hi", "watermark": 1}
    item = {"sender": {"id": "100"}, "recipient": {"id": "7"}, "timestamp": 1, event: content}
    assert parse_webhook(webhook_body(item)) == []


def test_stand_by_is_left_out() -> None:
    body = json.dumps({"object": "page", "entry": [{"id": "7", "standby": [text_item()]}]})
    assert parse_webhook(body.encode()) == []


@pytest.mark.parametrize("told_as", ["user", "", "PAGE", 5, None, ["page"], {"page": 1}])
def test_another_object_is_left_out(told_as: object) -> None:
    body = webhook_body(text_item()).replace(b'"page"', json.dumps(told_as).encode())
    assert parse_webhook(body) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe\xfa", b"[]", b"null", b"[" * 100_000, b"9" * 10_000, b'"page"'],
    ids=["empty", "cut", "not utf-8", "list", "null", "deep", "digits", "string"],
)
def test_odd_bodies_hold_nothing(body: bytes) -> None:
    assert parse_webhook(body) == []
    assert parse_job(body) is None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON)
def test_no_json_makes_parsing_fail(value: object) -> None:
    body = json.dumps(value).encode()
    parse_webhook(body)
    parse_job(body)


def test_half_a_surrogate_pair_in_a_text_is_replaced() -> None:
    (message,) = parse_webhook(webhook_body(text_item(text="a\ud800b")))
    assert message.text == "a?b"


def test_a_job_is_read_back_as_it_was_written() -> None:
    message = Message("m_1", "100", "ä/ö 👋")
    assert parse_job(json.dumps(message.as_job()).encode()) == message


@pytest.mark.parametrize("mid", ["m_" + "aZ9_-" * 17, "aWdfZAG1faXRlbToxOklHTWVzc2FnZ"])
def test_the_platforms_ids_are_their_own_key(mid: str) -> None:
    assert safe_key(mid) == mid


@pytest.mark.parametrize("mid", ["mid.$cAA:1", "a/b", "..", "__x__", "ä", "m" * 300])
def test_other_ids_are_hashed(mid: str) -> None:
    key = safe_key(mid)
    assert key.startswith("sha256-")
    assert len(key) == 71
    assert safe_key(mid + "x") != key
