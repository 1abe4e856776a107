"""The shapes of what people send."""

import pytest

from emulator.errors import ScenarioError
from emulator.meta.items.attachment import STICKER_ALONE_FROM, AttachmentKind, describe

URL = "https://files.example/1"
NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("image", {"type": "image", "payload": {"url": URL}}),
        ("audio", {"type": "audio", "payload": {"url": URL}}),
        ("video", {"type": "video", "payload": {"url": URL}}),
        ("file", {"type": "file", "payload": {"url": URL}}),
        ("sticker", {"type": "sticker", "payload": {"url": URL, "sticker_id": 369239263222822}}),
        ("fallback", {"type": "fallback", "payload": {"url": URL, "title": "A shared thing"}}),
        (
            "ig_reel",
            {
                "type": "ig_reel",
                "payload": {
                    "url": URL,
                    "title": "A shared thing",
                    "reel_video_id": 1234567890123456,
                },
            },
        ),
        (
            "post",
            {
                "type": "post",
                "payload": {"url": URL, "title": "A shared thing", "id": 1234567890123456},
            },
        ),
        (
            "location",
            {
                "title": "Pinned Location",
                "type": "location",
                "payload": {"coordinates": {"lat": 52.52, "long": 13.405}},
            },
        ),
    ],
)
def test_describe__each_kind(kind: AttachmentKind, expected: dict[str, object]) -> None:
    assert describe(kind, url=URL, payload=None, unix=NOW) == [expected]


def test_describe__fallback_of_an_unsupported_share_has_no_payload() -> None:
    assert describe("fallback", url="", payload=None, unix=NOW) == [{"type": "fallback"}]


def test_describe__a_payload_of_ones_own() -> None:
    product = {"product": {"elements": [{"id": "1", "title": "Tea"}]}}

    assert describe("template", url="", payload=product, unix=NOW) == [
        {"type": "template", "payload": product}
    ]


def test_describe__stickers_were_images_too() -> None:
    before = describe("sticker", url=URL, payload=None, unix=STICKER_ALONE_FROM - 1)
    after = describe("sticker", url=URL, payload=None, unix=STICKER_ALONE_FROM)

    assert [entry["type"] for entry in before] == ["sticker", "image"]
    assert before[0]["payload"] == before[1]["payload"]
    assert [entry["type"] for entry in after] == ["sticker"]


def test_describe__kinds_without_a_default() -> None:
    with pytest.raises(
        ScenarioError, match=r"^an attachment of the kind appointment_booking needs a payload$"
    ):
        describe("appointment_booking", url=URL, payload=None, unix=NOW)


def test_describe__unknown_kind() -> None:
    wrong: AttachmentKind = "smell"  # type: ignore[assignment]

    with pytest.raises(
        ScenarioError,
        match=r"^kind must be one of image, audio, video, file, sticker, fallback, reel, ig_reel, "
        r"post, ig_post, location, template, appointment_booking, not smell$",
    ):
        describe(wrong, url=URL, payload=None, unix=NOW)
