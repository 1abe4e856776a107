"""Hostile bodies: none of them is a message that a bot would be right to answer, unless it says
so.
"""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from emulator.meta.wire import text_item
from harness.scenarios.generated import search
from harness.scenarios.hostile_bodies import HUGE_BYTES, Body, Jobs, Webhooks, no_messages

MID, PSID, PAGE = "m_" + "A" * 86, "12345678901234567", "100000000000001"
ITEM = text_item(sender=PSID, recipient=PAGE, timestamp_ms=1, mid=MID, text="hello")
JOB = {"sender": {"id": PSID}, "mid": MID, "text": "hello"}
WEBHOOKS = Webhooks(ITEM, page_id=PAGE, ids=(MID, PSID))
JOBS = Jobs(json.dumps(JOB).encode())


def generated(bodies: Webhooks | Jobs) -> list[Body]:
    seen: list[Body] = []

    def fails(body: Body) -> bool:
        seen.append(body)
        return False

    search(bodies.generated(), fails, examples=300, random=Random(1))
    return seen


def everything(bodies: Webhooks | Jobs) -> list[Body]:
    fixed = bodies.fixed()
    return [*fixed, *(part for body in fixed for part in body.parts), *generated(bodies)]


def texts_of_somebody(data: bytes) -> Iterator[Any]:
    """What the most trusting bot would find in a webhook: an id of a message and one of a user."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    for entry in _objects(document, "entry"):
        for channel in ("messaging", "standby"):
            for item in _objects(entry, channel):
                match item:
                    case {"sender": {"id": str()}, "message": {"mid": str()}}:
                        yield item


def _objects(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


@pytest.mark.parametrize("bodies", [WEBHOOKS, JOBS], ids=["webhook", "consumer"])
def test_body_that_may_not_act__has_no_message_for_the_most_trusting_bot(
    bodies: Webhooks | Jobs,
) -> None:
    quiet = [body for body in everything(bodies) if not body.may_act]
    assert len(quiet) > 60
    assert [body for body in quiet if list(texts_of_somebody(body.data))] == []


def test_ids__are_never_other_texts() -> None:
    for body in everything(WEBHOOKS):
        for item in texts_of_somebody(body.data):
            assert item["sender"]["id"] == PSID
            assert item["message"]["mid"] == MID


def test_job_that_may_act__has_no_other_texts_than_the_genuine_one() -> None:
    for body in everything(JOBS):
        if not body.may_act or body.label == "damaged JSON":
            continue
        found = json.loads(body.data)
        if isinstance(found, dict) and MID in found.values() and "text" in found:
            assert found["text"] == "hello" or not isinstance(found["text"], str)


def test_fixed_bodies__are_all_that_the_checklist_names() -> None:
    labels = {body.label for body in WEBHOOKS.fixed()}
    assert {
        "empty",
        "not JSON",
        "not UTF-8",
        "another type",
        "mixed objects",
        "a batch of nothing",
        "deep",
        "huge",
        "events of wrong types",
    } <= labels
    assert {body.label for body in no_messages()} <= {body.label for body in JOBS.fixed()}
    assert max(len(body.data) for body in no_messages()) > HUGE_BYTES


def test_generated_webhooks__are_of_every_kind() -> None:
    labels = {body.label for body in generated(WEBHOOKS)}
    assert labels == {"one part altered", "a batch", "mixed objects", "any JSON", "damaged JSON"}


def test_events_of_wrong_types__can_be_sent_singly() -> None:
    (whole,) = [body for body in WEBHOOKS.fixed() if body.parts]
    entries = json.loads(whole.data)["entry"]
    assert [json.loads(part.data)["entry"] for part in whole.parts] == [[each] for each in entries]


def test_jobs__around_what_is_no_json() -> None:
    bodies = Jobs(b"plain text")
    assert [body.label for body in bodies.fixed()] == [body.label for body in no_messages()]
    assert {body.label for body in generated(bodies)} == {"any JSON"}
