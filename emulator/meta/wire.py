"""What goes over the wire to the bot: JSON bodies as the platform writes them, and its requests."""

import json
from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import quote, urlencode, urlsplit

from emulator.exchange import Request
from emulator.meta.signing import sign_sha1, sign_sha256

# Both agents as seen in logged requests: one sends the webhooks, the other the handshake.
WEBHOOK_AGENT = "facebookexternalua"
HANDSHAKE_AGENT = "facebookplatform/1.0 (+http://developers.facebook.com)"

Item = Mapping[str, object]

# The list of an entry that the items are in: `standby` is for the apps that listen while another
# one has the conversation; Messenger docs, "Handover Protocol".
Channel = Literal["messaging", "standby"]


def encode(value: object) -> bytes:
    """Compact JSON in pure ASCII: `\\uXXXX` in lower-case hex, astral characters as two of them,
    and `/` as `\\/`. The signature covers this form (Messenger docs, "Validating Payloads")."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    # Outside of strings JSON has no slash, so all of them can be escaped at once.
    return text.replace("/", "\\/").encode("ascii")


def text_item(*, sender: str, recipient: str, timestamp_ms: int, mid: str, text: str) -> Item:
    """An event of the `messages` field: somebody wrote a text."""
    return {
        "sender": {"id": sender},
        "recipient": {"id": recipient},
        "timestamp": timestamp_ms,
        "message": {"mid": mid, "text": text},
    }


def attachment_item(
    *,
    sender: str,
    recipient: str,
    timestamp_ms: int,
    mid: str,
    attachments: Sequence[Mapping[str, object]],
) -> Item:
    """An event of the `messages` field: somebody sent something other than a text."""
    return {
        "sender": {"id": sender},
        "recipient": {"id": recipient},
        "timestamp": timestamp_ms,
        "message": {"mid": mid, "attachments": list(attachments)},
    }


def postback_item(
    *,
    sender: str,
    recipient: str,
    timestamp_ms: int,
    mid: str,
    title: str,
    payload: str | None,
    ref: str | None = None,
) -> Item:
    """An event of the `messaging_postbacks` field: somebody tapped a button.

    `payload` is None for an app in stand-by, which is not told it; `ref` is that of the link that
    brought the person here.
    """
    postback: dict[str, object] = {"mid": mid, "title": title}
    if payload is not None:
        postback["payload"] = payload
    if ref is not None:
        postback["referral"] = {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
    return {
        "sender": {"id": sender},
        "recipient": {"id": recipient},
        "timestamp": timestamp_ms,
        "postback": postback,
    }


def reaction_item(
    *,
    sender: str,
    recipient: str,
    timestamp_ms: int,
    mid: str,
    reaction: str,
    emoji: str,
    action: str,
) -> Item:
    """An event of the `message_reactions` field; `mid` is the message that is reacted to."""
    return {
        "sender": {"id": sender},
        "recipient": {"id": recipient},
        "timestamp": timestamp_ms,
        "reaction": {"reaction": reaction, "emoji": emoji, "action": action, "mid": mid},
    }


def echo_item(
    *,
    sender: str,
    recipient: str,
    timestamp_ms: int,
    mid: str,
    text: str,
    app_id: int,
    metadata: str | None = None,
) -> Item:
    """An event of the `message_echoes` field: `sender`, the page, has written to `recipient`.

    `metadata` is what the send carried, and left out when it carried none.
    """
    message: dict[str, object] = {"mid": mid, "text": text, "is_echo": True, "app_id": app_id}
    if metadata is not None:
        message["metadata"] = metadata
    return {
        "sender": {"id": sender},
        "recipient": {"id": recipient},
        "timestamp": timestamp_ms,
        "message": message,
    }


def delivery_item(*, sender: str, recipient: str, mids: Sequence[str], watermark_ms: int) -> Item:
    """An event of the `message_deliveries` field, which has no timestamp: these messages, and all
    of the page's up to `watermark_ms`, are on the device of `sender`."""
    return {
        "sender": {"id": sender},
        "recipient": {"id": recipient},
        "delivery": {"mids": list(mids), "watermark": watermark_ms},
    }


def read_item(*, sender: str, recipient: str, timestamp_ms: int, watermark_ms: int) -> Item:
    """An event of the `message_reads` field: `sender` has read what the page wrote up to
    `watermark_ms`."""
    return {
        "sender": {"id": sender},
        "recipient": {"id": recipient},
        "timestamp": timestamp_ms,
        "read": {"watermark": watermark_ms},
    }


def envelope(
    kind: str,
    owner: str,
    groups: Sequence[Sequence[Item]],
    *,
    time_ms: int,
    channel: Channel = "messaging",
) -> bytes:
    """The body of one notification: an entry of `owner` for each group of items.

    `kind` is the `object` (`page`), `time_ms` unix milliseconds of the sending.
    """
    entries = [{"time": time_ms, "id": owner, channel: group} for group in groups]
    return encode({"object": kind, "entry": entries})


def webhook_request(url: str, body: bytes, *, app_secret: str) -> Request:
    """A signed notification. Nothing in its headers tells a first attempt from a repeated one."""
    return Request(
        "POST",
        url,
        (
            ("Content-Type", "application/json"),
            ("User-Agent", WEBHOOK_AGENT),
            ("X-Hub-Signature-256", sign_sha256(app_secret, body)),
            ("X-Hub-Signature", sign_sha1(app_secret, body)),
            ("Content-Length", str(len(body))),
            ("Accept", "*/*"),
            ("Accept-Encoding", "deflate, gzip"),
            ("Host", urlsplit(url).netloc),
        ),
        body,
    )


def handshake_request(url: str, *, challenge: str, verify_token: str) -> Request:
    """The GET that asks whether a callback is meant to be one; parameters of `url` itself stay."""
    query = urlencode(
        {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token},
        quote_via=quote,
        safe="",
    )
    return Request(
        "GET",
        f"{url}{'&' if urlsplit(url).query else '?'}{query}",
        (
            ("User-Agent", HANDSHAKE_AGENT),
            ("Accept", "*/*"),
            ("Accept-Encoding", "deflate, gzip"),
            ("Host", urlsplit(url).netloc),
        ),
    )
