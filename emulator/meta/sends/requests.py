"""What a request to `/messages` of a page or an Instagram account wants: pure functions that read
it, and refuse what the platform would.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from emulator.meta.graph.addressing import MALFORMED, Refusal, invalid, one_of, required, too_long
from emulator.meta.graph.multipart import Upload
from emulator.meta.graph.parameters import as_object, clean
from emulator.meta.platform import PlatformName
from emulator.meta.sends.contents import (
    Attachment,
    as_id,
    is_reusable,
    read_attachments,
    read_quick_replies,
    refuse_text,
    sent_attachments,
)

METADATA_LIMIT = 1000  # characters; the limit that client libraries check

MESSAGING_TYPES = ("RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY")  # Send API docs
# Messenger docs, "Message Tags".
MESSAGE_TAGS = (
    "ACCOUNT_UPDATE",
    "CONFIRMED_EVENT_UPDATE",
    "HUMAN_AGENT",
    "POST_PURCHASE_UPDATE",
)
INSTAGRAM_TAGS = ("HUMAN_AGENT",)  # Instagram docs, "Send a Message"
NOTIFICATION_TYPES = ("REGULAR", "SILENT_PUSH", "NO_PUSH")  # Send API docs
# Send API docs, "Sender Actions".
SENDER_ACTIONS = ("typing_on", "typing_off", "mark_seen", "react", "unreact")

# Who is meant by the recipient; `id` is the person as the page sees them. Send API docs.
Addressed = Literal[
    "id", "user_ref", "phone_number", "comment_id", "post_id", "notification_messages_token"
]
_ADDRESSED: tuple[Addressed, ...] = (
    *("id", "user_ref", "phone_number", "comment_id", "post_id"),
    "notification_messages_token",
)


@dataclass(frozen=True, slots=True)
class Say:
    """A message for a person; `metadata`, if there is any, is for the apps that get the echo.

    `text` is what can be read of it: of a template its texts, of a file its caption, or nothing.
    `occasion` is why the page may write: its messaging type, or the tag of a tagged message.
    `attachments` are as they were sent; those with an `attachment_id` and an upload are resolved by
    whoever keeps the files. `reusable` ones get an id, to be sent again.
    """

    to: str
    text: str
    metadata: str | None = None
    occasion: str = "RESPONSE"
    kind: str = "text"
    addressed: Addressed = "id"
    attachments: tuple[Attachment, ...] = ()
    reply_to: str | None = None
    quick_replies: tuple[Mapping[str, object], ...] = ()
    persona: str | None = None
    reusable: bool = False


@dataclass(frozen=True, slots=True)
class Gesture:
    """A sender action: typing, having seen the conversation, or a reaction to the message `mid`."""

    to: str
    action: str
    mid: str | None = None
    reaction: str | None = None
    addressed: Addressed = "id"


def read_send(
    parameters: Mapping[str, object] | None,
    upload: Upload | None = None,
    *,
    platform: PlatformName = "messenger",
) -> Say | Gesture | Refusal:
    """What a request to `/messages` wants; whether the recipient exists is not asked here."""
    if parameters is None:
        return MALFORMED
    named = _read_recipient(parameters.get("recipient"))
    if isinstance(named, Refusal):
        return named
    addressed, to = named
    sent_type = parameters.get("messaging_type")
    if sent_type is not None and sent_type not in MESSAGING_TYPES:
        return one_of("messaging_type", MESSAGING_TYPES)
    action = parameters.get("sender_action")
    if action is not None:
        if parameters.get("message") is not None:
            return invalid("Cannot specify both message and sender_action")
        return _read_gesture(to, addressed, action, parameters.get("payload"))
    notified = parameters.get("notification_type")
    if notified is not None and notified not in NOTIFICATION_TYPES:
        return one_of("notification_type", NOTIFICATION_TYPES)
    occasion: object = "RESPONSE" if sent_type is None else sent_type
    if occasion == "MESSAGE_TAG":
        occasion = parameters.get("tag")
        tags = INSTAGRAM_TAGS if platform == "instagram" else MESSAGE_TAGS
        if occasion not in tags:
            return one_of("tag", tags)
    sent = parameters.get("message")
    if sent is None:
        return required("message or sender_action")
    message = as_object(sent)
    if message is None:
        return invalid("Param message must be an object")
    persona = parameters.get("persona_id")
    return _read_message(
        message,
        upload,
        to=to,
        addressed=addressed,
        occasion=str(occasion),
        persona=None if persona is None else clean(str(persona)),
        platform=platform,
    )


# -- inside


def _read_recipient(sent: object) -> tuple[Addressed, str] | Refusal:
    recipient = as_object(sent)
    if recipient is None:
        return required("recipient")
    for addressed in _ADDRESSED:
        to = as_id(recipient.get(addressed))
        if to is not None:
            return addressed, to
    return required("recipient[id]")


def _read_gesture(to: str, addressed: Addressed, action: object, sent: object) -> Gesture | Refusal:
    if not isinstance(action, str) or action not in SENDER_ACTIONS:
        return one_of("sender_action", SENDER_ACTIONS)
    if action not in ("react", "unreact"):
        return Gesture(to, action, addressed=addressed)
    payload = as_object(sent) or {}
    mid = as_id(payload.get("message_id"))
    if mid is None:
        return required("payload[message_id]")
    reaction = payload.get("reaction")
    if action == "react" and (not isinstance(reaction, str) or not reaction):
        return required("payload[reaction]")
    shown = clean(reaction) if action == "react" and isinstance(reaction, str) else None
    return Gesture(to, action, mid, shown, addressed)


def _read_message(
    message: Mapping[str, object],
    upload: Upload | None,
    *,
    to: str,
    addressed: Addressed,
    occasion: str,
    persona: str | None,
    platform: PlatformName,
) -> Say | Refusal:
    metadata = message.get("metadata")
    if metadata is not None:
        if not isinstance(metadata, str):
            return invalid("Param message[metadata] must be a string")
        if len(metadata) > METADATA_LIMIT:
            return too_long("message[metadata]", METADATA_LIMIT)
    replies = read_quick_replies(message.get("quick_replies"))
    if isinstance(replies, Refusal):
        return replies
    text = message.get("text")
    sent = sent_attachments(message)
    if sent is None:
        refusal = refuse_text(text, platform)
        if refusal is not None:
            return refusal
        read: tuple[str, str, tuple[Attachment, ...]] | Refusal = "text", clean(str(text)), ()
    elif text is not None and text != "":
        return invalid("Cannot specify both message[text] and message[attachment]")
    else:
        read = read_attachments(sent, upload, platform)
    if isinstance(read, Refusal):
        return read
    kind, readable, files = read
    replied = as_object(message.get("reply_to")) or {}
    return Say(
        to,
        readable,
        None if metadata is None else clean(metadata),
        occasion,
        kind,
        addressed,
        files,
        as_id(replied.get("mid")),
        replies,
        persona,
        any(is_reusable(one) for one in files),
    )
