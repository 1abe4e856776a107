"""What goes over the wire to the bot: JSON bodies as the platform writes them, and its requests."""

import json
from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import quote, urlencode, urlsplit

from emulator.exchange import Request
from emulator.meta.delivery.signing import Signatures, signature_headers

# Both agents as seen in logged requests: one sends the webhooks, the other the handshake.
WEBHOOK_AGENT = "facebookexternalua"
HANDSHAKE_AGENT = "facebookplatform/1.0 (+http://developers.facebook.com)"

Item = Mapping[str, object]

_ENCODER = json.JSONEncoder(separators=(",", ":"))
_LEGACY = {"<": "\\u003C", "%": "\\u0025", "@": "\\u0040"}

# The list of an entry that the items are in: `standby` is for the apps that listen while another
# one has the conversation (Messenger docs, "Handover Protocol"); `changes` is for what is not a
# message, and for all of WhatsApp; `test` is the same in an entry of nobody's.
Channel = Literal["messaging", "standby", "changes", "test"]


def encode(value: object, *, legacy: bool = False) -> bytes:
    """Compact JSON in pure ASCII: `\\uXXXX` in lower-case hex, astral characters as two of them,
    and `/` as `\\/`. The signature covers this form (Messenger docs, "Validating Payloads").

    `legacy` escapes `<`, `%` and `@` as well, as an older version of that page has it.
    """
    text = _ENCODER.encode(value)
    # Outside of strings JSON has none of these characters, so all can be escaped at once.
    text = text.replace("/", "\\/")
    if legacy:
        for character, escaped in _LEGACY.items():
            text = text.replace(character, escaped)
    return text.encode("ascii")


def text_item(*, sender: str, recipient: str, timestamp_ms: int, mid: str, text: str) -> Item:
    """An event of the `messages` field: somebody wrote a text."""
    return {
        "sender": {"id": sender},
        "recipient": {"id": recipient},
        "timestamp": timestamp_ms,
        "message": {"mid": mid, "text": text},
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


def webhook_request(
    url: str, body: bytes, *, app_secret: str, signatures: Signatures = "both"
) -> Request:
    """A signed notification. Nothing in its headers tells a first attempt from a repeated one."""
    return Request(
        "POST",
        url,
        (
            ("Content-Type", "application/json"),
            ("User-Agent", WEBHOOK_AGENT),
            *signature_headers(app_secret, body, signatures),
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
