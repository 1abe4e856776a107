"""What a message holds: texts, files, quick replies, at their limits."""

import pytest

from emulator.meta.graph.addressing import Refusal
from emulator.meta.graph.multipart import Upload
from emulator.meta.sends.contents import read_attachments, read_quick_replies, refuse_text

FILE = Upload("filedata", "a.png", "image/png", b"x")


def said(refusal: object) -> str:
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.status) == (100, 400)
    return refusal.message.removeprefix("(#100) ")


def test_text__on_messenger_2000_characters() -> None:
    assert refuse_text("é" * 2000, "messenger") is None
    assert said(refuse_text("é" * 2001, "messenger")) == (
        "Length of param message[text] must be less than or equal to 2000"
    )


def test_text__on_instagram_1000_bytes() -> None:
    assert refuse_text("é" * 500, "instagram") is None
    assert said(refuse_text("é" * 500 + "e", "instagram")) == (
        "Length of param message[text] must be less than or equal to 1000"
    )


@pytest.mark.parametrize(
    "attachment",
    [
        {"type": "image", "payload": {"url": "https://a.example/b.png", "is_reusable": True}},
        {"type": "file", "payload": {"attachment_id": 7}},
        {"type": "audio", "payload": "{'url':'http://a.example'}"},
        {"type": "video", "payload": {"attachment_id": "7"}},
    ],
)
def test_attachment__accepted(attachment: dict[str, object]) -> None:
    assert read_attachments([attachment], None, "messenger") == (
        attachment["type"],
        "",
        (attachment,),
    )


def test_attachment__a_file_with_the_request() -> None:
    assert read_attachments([{"type": "image", "payload": {}}], FILE, "messenger") == (
        "image",
        "",
        ({"type": "image", "payload": {}},),
    )


@pytest.mark.parametrize(
    ("attachment", "error"),
    [
        (None, "Param message[attachment] must be an object"),
        ({}, "Param message[attachment][type] must be one of image, audio, video, file, template"),
        (
            {"type": "like_heart"},
            "Param message[attachment][type] must be one of image, audio, video, file, template",
        ),
        (
            {"type": "image", "payload": {}},
            "The parameter message[attachment][payload][url] is required",
        ),
        ({"type": "image"}, "The parameter message[attachment][payload][url] is required"),
        (
            {"type": "image", "payload": {"url": "ftp://a"}},
            "Param message[attachment][payload][url] must be a valid URL",
        ),
    ],
)
def test_attachment__refused(attachment: object, error: str) -> None:
    assert said(read_attachments([attachment], None, "messenger")) == error


def test_attachments__30_at_most() -> None:
    one = {"type": "image", "payload": {"url": "https://a.example"}}
    assert not isinstance(read_attachments([one] * 30, None, "messenger"), Refusal)
    assert said(read_attachments([one] * 31, None, "messenger")) == (
        "Param message[attachments] must have at most 30 elements"
    )


@pytest.mark.parametrize(
    "attachment", [{"type": "like_heart"}, {"type": "MEDIA_SHARE", "payload": {"id": "17"}}]
)
def test_attachment__of_instagram(attachment: dict[str, object]) -> None:
    assert not isinstance(read_attachments([attachment], None, "instagram"), Refusal)


def test_shared_post__needs_its_id() -> None:
    attachment = {"type": "MEDIA_SHARE", "payload": {}}
    assert said(read_attachments([attachment], None, "instagram")) == (
        "The parameter message[attachment][payload][id] is required"
    )


REPLY = {"content_type": "text", "title": "x" * 20, "payload": "x" * 1000}


def test_quick_replies__at_their_limits() -> None:
    assert read_quick_replies([REPLY] * 13) == (REPLY,) * 13
    assert read_quick_replies([{"content_type": "user_email"}]) == ({"content_type": "user_email"},)
    assert read_quick_replies(None) == ()


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        ("x", "Param message[quick_replies] must be an array"),
        ([REPLY] * 14, "Param message[quick_replies] must have at most 13 elements"),
        ([3], "Param message[quick_replies][0] must be an object"),
        (
            [{"title": "a"}],
            "Param message[quick_replies][0][content_type] must be one of text, "
            "user_phone_number, user_email, location",
        ),
        (
            [{"content_type": "text"}],
            "The parameter message[quick_replies][0][title] is required",
        ),
        (
            [REPLY, {**REPLY, "title": "x" * 21}],
            "Length of param message[quick_replies][1][title] must be less than or equal to 20",
        ),
        (
            [{**REPLY, "payload": "x" * 1001}],
            "Length of param message[quick_replies][0][payload] must be less than or equal to 1000",
        ),
    ],
)
def test_quick_replies__refused(replies: object, error: str) -> None:
    assert said(read_quick_replies(replies)) == error
