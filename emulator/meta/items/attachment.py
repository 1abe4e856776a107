"""What people send that is not text, in the shapes in which the platform tells of it."""

from collections.abc import Mapping
from typing import Literal, get_args

from emulator.errors import ScenarioError

# Messenger docs, "Webhook Events Reference", messages; `location` is from its older versions.
AttachmentKind = Literal[
    "image",
    "audio",
    "video",
    "file",
    "sticker",
    "fallback",
    "reel",
    "ig_reel",
    "post",
    "ig_post",
    "location",
    "template",
    "appointment_booking",
]

# The thumbs-up that the client sends for a tap on Like.
LIKE_STICKER = 369239263222822

# Through 30 August 2026 a sticker comes as a `sticker` and an `image`, from then on as a `sticker`
# only; the same page. Unix seconds, midnight UTC.
STICKER_ALONE_FROM = 1_788_134_400.0

_SHARED_TITLE = "A shared thing"
_SHARED_ID = 1234567890123456
_COORDINATES = {"lat": 52.52, "long": 13.405}


# How a sticker is told of: as both, alone as today, or as an image only, as once upon a time.
StickerMode = Literal["both", "sticker", "legacy_image"]


def describe(
    kind: AttachmentKind,
    *,
    url: str,
    payload: Mapping[str, object] | None,
    unix: float,
    stickers: StickerMode | None = None,
) -> list[Mapping[str, object]]:
    """The `attachments` of a message; one entry, except for stickers before they came alone:
    `stickers` says how they come, None by the date.

    `payload` replaces the one that this kind has by default. Without it a `fallback` has none if
    `url` is empty, as for shares that the platform can not show. Raises ScenarioError for an
    unknown kind, and for one that has no default payload.
    """
    if kind not in get_args(AttachmentKind):
        known = ", ".join(get_args(AttachmentKind))
        raise ScenarioError(f"kind must be one of {known}, not {kind}")
    if payload is None:
        payload = _default_payload(kind, url)
    if payload is None:
        return [{"type": kind}]
    if kind == "location":
        return [{"title": "Pinned Location", "type": kind, "payload": payload}]
    if kind == "sticker":
        mode = stickers or ("both" if unix < STICKER_ALONE_FROM else "sticker")
        types = {"both": ("sticker", "image"), "sticker": ("sticker",), "legacy_image": ("image",)}
        if mode not in types:
            raise ScenarioError(f"stickers must be one of {', '.join(types)}, not {mode}")
        return [{"type": found, "payload": payload} for found in types[mode]]
    return [{"type": kind, "payload": payload}]


def _default_payload(kind: AttachmentKind, url: str) -> Mapping[str, object] | None:
    match kind:
        case "image" | "audio" | "video" | "file":
            return {"url": url}
        case "sticker":
            return {"url": url, "sticker_id": LIKE_STICKER}
        case "fallback":
            return {"url": url, "title": _SHARED_TITLE} if url else None
        case "reel" | "ig_reel":
            return {"url": url, "title": _SHARED_TITLE, "reel_video_id": _SHARED_ID}
        case "post" | "ig_post":
            return {"url": url, "title": _SHARED_TITLE, "id": _SHARED_ID}
        case "location":
            return {"coordinates": _COORDINATES}
        case "template" | "appointment_booking":
            raise ScenarioError(f"an attachment of the kind {kind} needs a payload")
