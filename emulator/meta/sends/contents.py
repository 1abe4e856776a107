"""What a message to a person holds: a text, files or a template, and quick replies; read, and
refused as the platform would.
"""

from collections.abc import Mapping, Sequence

from emulator.meta.graph.addressing import Refusal, invalid, one_of, required, too_long
from emulator.meta.graph.multipart import Upload
from emulator.meta.graph.parameters import as_list, as_object, clean
from emulator.meta.graph.templates import read_template
from emulator.meta.platform import PlatformName

TEXT_LIMIT = 2000  # characters; Send API docs
INSTAGRAM_TEXT_LIMIT = 1000  # bytes in UTF-8; Instagram docs, "Send a Message"
QUICK_REPLY_LIMIT = 13  # Send API docs, "Quick Replies"
QUICK_REPLY_TITLE_LIMIT = 20  # characters; the same page
PAYLOAD_LIMIT = 1000  # characters; the same page
ATTACHMENT_LIMIT = 30  # files in one message; Send API docs, "Attachments"

QUICK_REPLY_TYPES = ("text", "user_phone_number", "user_email", "location")

_FILES = ("image", "audio", "video", "file")
# What an Instagram account can send besides; Instagram docs, "Send a Message".
_OF_INSTAGRAM = ("like_heart", "MEDIA_SHARE", "media_share")

Attachment = Mapping[str, object]


def as_id(value: object) -> str | None:
    """An id as text: clients send it as a string, some as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return clean(value) if isinstance(value, str) and value else None


def refuse_text(text: object, platform: PlatformName) -> Refusal | None:
    """What is wrong with the text of a message, if anything."""
    if text is None:
        return required("message[text]")
    if not isinstance(text, str):
        return invalid("Param message[text] must be a string")
    if not text:
        return invalid("Param message[text] must not be empty", 2018034)
    if platform == "instagram":
        if len(text.encode("utf-8", "surrogatepass")) > INSTAGRAM_TEXT_LIMIT:
            return too_long("message[text]", INSTAGRAM_TEXT_LIMIT)
    elif len(text) > TEXT_LIMIT:
        return too_long("message[text]", TEXT_LIMIT)
    return None


def sent_attachments(message: Mapping[str, object]) -> Sequence[object] | None:
    """What was sent as attachments, one or several; None when it is a text."""
    if message.get("attachments") is not None:
        return as_list(message["attachments"]) or [None]
    if message.get("attachment") is not None:
        return [message["attachment"]]
    return None


def read_attachments(
    sent: Sequence[object], upload: Upload | None, platform: PlatformName
) -> tuple[str, str, tuple[Attachment, ...]] | Refusal:
    """The kind of the first, what can be read of it, and all of them."""
    if len(sent) > ATTACHMENT_LIMIT:
        return invalid(f"Param message[attachments] must have at most {ATTACHMENT_LIMIT} elements")
    files: list[Attachment] = []
    readable = ""
    for one in sent:
        attachment = as_object(one)
        if attachment is None:
            return invalid("Param message[attachment] must be an object")
        read = read_attachment(attachment, upload, platform)
        if isinstance(read, Refusal):
            return read
        readable = readable or read
        files.append(attachment)
    return str(files[0]["type"]).lower(), readable, tuple(files)


def read_attachment(
    attachment: Mapping[str, object], upload: Upload | None, platform: PlatformName
) -> str | Refusal:
    """What can be read of one attachment: nothing, unless it is a template."""
    kind = attachment.get("type")
    known = (*_FILES, "template", *(_OF_INSTAGRAM if platform == "instagram" else ()))
    if kind not in known:
        return one_of("message[attachment][type]", known)
    if kind == "like_heart":
        return ""
    payload = as_object(attachment.get("payload")) or {}
    if kind == "template":
        return read_template(payload)
    if kind in ("MEDIA_SHARE", "media_share"):
        return "" if as_id(payload.get("id")) else required("message[attachment][payload][id]")
    url = payload.get("url")
    if url is not None:
        if not isinstance(url, str) or not url.lower().startswith(("http://", "https://")):
            return invalid("Param message[attachment][payload][url] must be a valid URL")
        return ""
    if as_id(payload.get("attachment_id")) is None and upload is None:
        return required("message[attachment][payload][url]")
    return ""


def is_reusable(attachment: Attachment) -> bool:
    """Whether it is to get an id, so that it can be sent again."""
    payload = as_object(attachment.get("payload")) or {}
    return payload.get("is_reusable") in (True, "true")


def read_quick_replies(sent: object) -> tuple[Mapping[str, object], ...] | Refusal:
    """The quick replies of a message, none when there are none."""
    if sent is None:
        return ()
    listed = as_list(sent)
    if listed is None:
        return invalid("Param message[quick_replies] must be an array")
    if len(listed) > QUICK_REPLY_LIMIT:
        return invalid(
            f"Param message[quick_replies] must have at most {QUICK_REPLY_LIMIT} elements"
        )
    replies = []
    for number, one in enumerate(listed):
        place = f"message[quick_replies][{number}]"
        reply = as_object(one)
        if reply is None:
            return invalid(f"Param {place} must be an object")
        kind = reply.get("content_type")
        if kind not in QUICK_REPLY_TYPES:
            return one_of(f"{place}[content_type]", QUICK_REPLY_TYPES)
        if kind == "text":
            title, payload = reply.get("title"), reply.get("payload")
            if not isinstance(title, str) or not title:
                return required(f"{place}[title]")
            if len(title) > QUICK_REPLY_TITLE_LIMIT:
                return too_long(f"{place}[title]", QUICK_REPLY_TITLE_LIMIT)
            if isinstance(payload, str) and len(payload) > PAYLOAD_LIMIT:
                return too_long(f"{place}[payload]", PAYLOAD_LIMIT)
        replies.append(reply)
    return tuple(replies)
