"""Hostile bodies: none of them is a message that a bot would be right to answer, unless it says
so.
"""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from emulator.kernel import Kernel
from emulator.meta.accounts import make_account
from emulator.meta.items.samples import DIALECTS
from harness.platforms import PLATFORMS, PlatformName
from harness.scenarios.generated import search
from harness.scenarios.hostile import EVENTS
from harness.scenarios.hostile_bodies import HUGE_BYTES, Body, Jobs, no_messages
from harness.scenarios.hostile_webhooks import Webhooks

MID = "m_" + "A" * 86
# Of WhatsApp ids slashes are escaped in a body.
MIDS: dict[PlatformName, str] = {
    "messenger": MID,
    "instagram": "aWdf" + "A" * 160,
    "whatsapp": "wamid.HBgL/MTU+AA==",
}


def webhooks_of(platform: PlatformName) -> Webhooks:
    account = make_account(platform, Kernel(), callback_url="https://my-bot.example.com/hook")

    def written(kind: str) -> Any:
        return json.loads(account.body(account.update(kind, sender="ben", name="u0", mid=mid)))

    mid = MIDS[platform]
    return Webhooks(
        written("text"),
        EVENTS[platform],
        text="hello",
        ids=(mid, account.contacts.psid("ben")),
        others={kind: written(kind)["entry"][0] for kind in account.dialect.items},
    )


ON = {platform: webhooks_of(platform) for platform in PLATFORMS}
WEBHOOKS = ON["messenger"]
PSID = WEBHOOKS.genuine["entry"][0]["messaging"][0]["sender"]["id"]
JOB = {"sender": {"id": PSID}, "mid": MID, "text": "hello"}
JOBS = Jobs(json.dumps(JOB).encode())


def generated(bodies: Webhooks | Jobs) -> list[Body]:
    seen: list[Body] = []

    def fails(body: Body) -> bool:
        seen.append(body)
        return False

    # What is generated differs little from platform to platform.
    examples = 300 if bodies in (WEBHOOKS, JOBS) else 100
    search(bodies.generated(), fails, examples=examples, random=Random(1))
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
        for change in _objects(entry, "changes"):
            value = change.get("value")
            contacts = _objects(value, "contacts")
            for item in _objects(value, "messages"):
                senders = (item.get("from"), *(each.get("wa_id") for each in contacts))
                if isinstance(item.get("id"), str) and any(isinstance(s, str) for s in senders):
                    yield item


def _objects(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


@pytest.mark.parametrize("bodies", [*ON.values(), JOBS], ids=[*ON, "consumer"])
def test_body_that_may_not_act__has_no_message_for_the_most_trusting_bot(
    bodies: Webhooks | Jobs,
) -> None:
    quiet = [body for body in everything(bodies) if not body.may_act]
    assert len(quiet) > 60
    assert [body for body in quiet if list(texts_of_somebody(body.data))] == []


def test_ids__are_never_other_texts() -> None:
    for body in everything(WEBHOOKS):
        if "genuine" in body.label:
            continue  # the echo of somebody else's send, for one, has another sender
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


@pytest.mark.parametrize("platform", PLATFORMS)
def test_bodies_of_every_kind__are_of_every_kind(platform: PlatformName) -> None:
    webhooks = ON[platform]
    kinds = DIALECTS[platform].items
    genuine = {body.label for body in webhooks.fixed() if "genuine" in body.label}
    assert genuine == {f"a genuine {kind}" for kind in kinds}
    sizes: list[int] = []

    def fails(body: Body) -> bool:
        assert body.may_act
        sizes.append(len(json.loads(body.data)["entry"]))
        return False

    search(webhooks.of_every_kind(), fails, examples=12, random=Random(1))
    assert max(sizes) > len(kinds) / 3


def test_failure_of_one_kind__is_shrunk_to_that_kind_alone() -> None:
    found: list[bytes] = []

    def fails(body: Body) -> bool:
        broken = b'"reaction":' in body.data
        if broken:
            found.append(body.data)
        return broken

    search(WEBHOOKS.of_every_kind(), fails, examples=12, random=Random(1))
    smallest = json.loads(min(found, key=len))
    assert len(smallest["entry"]) == 1


def test_message_of_whatsapp_without_a_sender__may_be_answered_by_its_contact() -> None:
    whatsapp = ON["whatsapp"]
    (item,) = whatsapp.genuine["entry"][0]["changes"][0]["value"]["messages"]
    lone = [
        body
        for body in whatsapp.fixed()
        if body.label == "an event of wrong types" and body.may_act
    ]
    events = [
        json.loads(body.data)["entry"][0]["changes"][0]["value"]["messages"][0] for body in lone
    ]
    assert {key: value for key, value in item.items() if key != "from"} in events


def test_events_of_wrong_types__can_be_sent_singly() -> None:
    (whole,) = [body for body in WEBHOOKS.fixed() if body.parts]
    entries = json.loads(whole.data)["entry"]
    assert [json.loads(part.data)["entry"] for part in whole.parts] == [[each] for each in entries]


def test_jobs__around_what_is_no_json() -> None:
    bodies = Jobs(b"plain text")
    assert [body.label for body in bodies.fixed()] == [body.label for body in no_messages()]
    assert {body.label for body in generated(bodies)} == {"any JSON"}
