"""How updates share a notification."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.meta import BatchMode, PlatformName
from emulator.meta.inbox import grouped
from emulator.meta.items.envelope import page_body, whatsapp_body
from emulator.meta.items.update import Update
from tests.meta.everywhere import items_of, make_world, run

PLATFORMS: tuple[PlatformName, ...] = get_args(PlatformName)
METADATA = {"display_phone_number": "15550000006", "phone_number_id": "4"}


def entries(body: bytes) -> Any:
    return json.loads(body)["entry"]


def told(channel: str = "messaging", *, part: str = "messages", name: str = "x") -> Update:
    contact = {"wa_id": name} if part == "messages" else None
    return Update("messages", {"n": name}, channel, part=part, contact=contact)  # type: ignore[arg-type]


def test_page_body__one_list_for_each_entry() -> None:
    groups = [[told(name="a"), told(name="b")], [told("standby")], [told("changes")]]

    assert entries(page_body("page", "7", groups, 1790000000123)) == [
        {"time": 1790000000123, "id": "7", "messaging": [{"n": "a"}, {"n": "b"}]},
        {"time": 1790000000123, "id": "7", "standby": [{"n": "x"}]},
        {"time": 1790000000, "id": "7", "changes": [{"field": "messages", "value": {"n": "x"}}]},
    ]


def test_page_body__of_the_test_button_has_the_id_first() -> None:
    body = page_body("instagram", "7", [[told("test")]], 1790000000123)

    assert body == (
        b'{"object":"instagram","entry":[{"id":"0","time":1790000000,'
        b'"changes":[{"field":"messages","value":{"n":"x"}}]}]}'
    )


def test_whatsapp_body__messages_together_name_each_person_once() -> None:
    group = [told("changes", name=name) for name in ("ada", "ben", "ada")]

    [entry] = entries(whatsapp_body("3", METADATA, [group], 5))

    assert list(entry) == ["id", "changes"]
    assert entry["changes"] == [
        {
            "field": "messages",
            "value": {
                "messaging_product": "whatsapp",
                "metadata": METADATA,
                "contacts": [{"wa_id": "ada"}, {"wa_id": "ben"}],
                "messages": [{"n": "ada"}, {"n": "ben"}, {"n": "ada"}],
            },
        }
    ]


def test_whatsapp_body__statuses_are_never_with_messages() -> None:
    group = [
        told("changes"),
        told("changes", part="statuses"),
        told("changes", part="statuses"),
        told("changes", part="errors"),
    ]

    [entry] = entries(whatsapp_body("3", METADATA, [group], 5))

    assert [list(change["value"])[2:] for change in entry["changes"]] == [
        ["contacts", "messages"],
        ["statuses"],
        ["errors"],
    ]


def test_whatsapp_body__does_not_tell_the_time() -> None:
    assert whatsapp_body("3", METADATA, [[told("changes")]], 5) == (
        whatsapp_body("3", METADATA, [[told("changes")]], 6)
    )


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("mode", "shape"),
    [
        ("single", [[1], [1], [1], [1]]),
        ("entries", [[1, 1, 1, 1]]),
        ("items", [[4]]),
        ("mixed", [[2, 1, 1]]),
    ],
)
def test_batch__modes(platform: PlatformName, mode: BatchMode, shape: list[list[int]]) -> None:
    kernel, bot, account = make_world(platform)

    messages = account.batch(["a", "b", "c", "d"], mode=mode)
    run(kernel)

    found = [
        [len(list(items_of({"entry": [entry]}))) for entry in body["entry"]] for body in bot.bodies
    ]
    assert found == shape
    assert [item.text for item in bot.told] == [message.text for message in messages]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_batch__of_a_thousand(platform: PlatformName) -> None:
    kernel, bot, account = make_world(platform)

    account.batch([str(number) for number in range(1_000)])
    run(kernel)

    assert [len(body["entry"]) for body in bot.bodies] == [1_000]


def test_batch__of_several_people_and_kinds() -> None:
    kernel, bot, account = make_world("instagram")
    acts = [
        account.inbox.act("text", {"text": "hi"}, sender="ada"),
        account.inbox.act("comment", {}, sender="ben"),
        account.inbox.act("text", {"text": "ho"}, sender="cleo", standby=True),
    ]

    messages = account.inbox.happen(acts, at=None, mode="items")
    run(kernel)

    [body] = bot.bodies
    assert [list(entry)[2] for entry in body["entry"]] == ["messaging", "changes", "standby"]
    assert [message.sender for message in messages] == ["ada", "ben", "cleo"]


CHANNELS = st.lists(st.sampled_from(["messaging", "standby", "changes"]), min_size=1, max_size=30)


@settings(max_examples=50)
@given(CHANNELS, st.sampled_from(get_args(BatchMode)))
def test_grouped__keeps_everything_in_order_and_mixes_no_channels(
    channels: list[str], mode: BatchMode
) -> None:
    updates = [told(channel, name=str(number)) for number, channel in enumerate(channels)]

    groups = grouped(updates, mode)

    assert [update for group in groups for update in group] == updates
    assert all(len({update.channel for update in group}) == 1 for group in groups)
    if mode in ("single", "entries"):
        assert all(len(group) == 1 for group in groups)
    if mode == "mixed":
        assert all(len(group) <= 2 for group in groups)
