"""Every kind of item in its exact shape, key by key; and what of them can be chosen."""

from typing import get_args

import pytest

from emulator.errors import ScenarioError
from emulator.meta import PlatformName
from emulator.meta.items.attachment import StickerMode
from emulator.meta.items.reaction import ReactionAction
from emulator.meta.items.samples import DIALECTS, sample
from emulator.meta.platform import FIELDS
from tests.meta.shapes import EXPECTED, line, moment

LINES = EXPECTED.read_text().splitlines()
PLATFORMS: tuple[PlatformName, ...] = get_args(PlatformName)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_items__are_exactly_these(platform: PlatformName) -> None:
    expected = [found for found in LINES if found.startswith(f'{{"platform": "{platform}"')]

    assert [line(platform, kind) for kind in DIALECTS[platform].items] == expected


@pytest.mark.parametrize("platform", PLATFORMS)
def test_items__come_under_a_field_of_their_platform(platform: PlatformName) -> None:
    items = DIALECTS[platform].items

    assert {sample(moment(), platform, kind).field for kind in items} <= set(FIELDS[platform])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_items__that_ask_for_an_answer_also_open_the_window(platform: PlatformName) -> None:
    items = DIALECTS[platform].items.values()

    assert [kind.name for kind in items if kind.asks and not kind.opens] == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_attachments__and_the_tap_are_items(platform: PlatformName) -> None:
    dialect = DIALECTS[platform]

    assert {*dialect.attachments, dialect.tap} <= set(dialect.items)


@pytest.mark.parametrize(
    ("stickers", "types"),
    [
        (None, ["sticker"]),
        ("both", ["sticker", "image"]),
        ("sticker", ["sticker"]),
        ("legacy_image", ["image"]),
    ],
)
def test_sticker__modes(stickers: StickerMode | None, types: list[str]) -> None:
    update = DIALECTS["messenger"].items["sticker"].build(moment(), stickers=stickers)
    message = update.body["message"]

    assert isinstance(message, dict)
    assert [found["type"] for found in message["attachments"]] == types
    assert all(
        found["payload"]["sticker_id"] == 369239263222822 for found in message["attachments"]
    )


def test_sticker__unknown_mode() -> None:
    message = r"^stickers must be one of both, sticker, legacy_image, not none$"
    with pytest.raises(ScenarioError, match=message):
        DIALECTS["messenger"].items["sticker"].build(moment(), stickers="none")


def test_seq__of_older_payloads_precedes_the_text() -> None:
    update = DIALECTS["messenger"].items["text"].build(moment(), text="hi", seq=7)

    assert str(update.body["message"]) == "{'mid': 'MID', 'seq': 7, 'text': 'hi'}"


def test_delivery__without_mids_is_a_watermark() -> None:
    update = DIALECTS["messenger"].items["delivery"].build(moment(), mids=())

    assert update.body["delivery"] == {"watermark": 1790000000001}


def test_order__with_a_note() -> None:
    update = DIALECTS["messenger"].items["order"].build(moment(), note="soon")

    assert str(update.body["order"]).endswith("'note': 'soon'}")


def test_comment__below_a_comment() -> None:
    update = DIALECTS["instagram"].items["comment"].build(moment(), parent_id="7")

    assert list(update.body) == ["from", "id", "parent_id", "text", "media"]


def test_list_reply__without_a_description() -> None:
    update = DIALECTS["whatsapp"].items["list_reply"].build(moment(), description=None)

    assert update.body["interactive"] == {
        "type": "list_reply",
        "list_reply": {"id": "COLOUR_BLUE", "title": "Blue"},
    }


def test_location__of_a_place() -> None:
    update = DIALECTS["whatsapp"].items["location"].build(moment(), place="Here", address="1 Way")

    assert update.body["location"] == {
        "latitude": 52.52,
        "longitude": 13.405,
        "name": "Here",
        "address": "1 Way",
    }


@pytest.mark.parametrize("platform", PLATFORMS)
def test_reaction__of_a_kind_that_people_do_not_have(platform: PlatformName) -> None:
    wrong: ReactionAction = "undo"  # type: ignore[assignment]
    with pytest.raises(ScenarioError, match=r"^action must be one of react, unreact, not undo$"):
        DIALECTS[platform].items["reaction"].build(moment(), action=wrong)
