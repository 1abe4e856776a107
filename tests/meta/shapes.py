"""One item of every kind as a line of JSON, with the drawn values replaced by their names."""

import json
import re
from pathlib import Path

from emulator.chance import Chance
from emulator.meta.graph.media import Media
from emulator.meta.items.samples import sample
from emulator.meta.items.update import Moment, Update
from emulator.meta.platform import PlatformName

# A line for each kind: platform, kind, the field to subscribe to, where it stands, the item.
EXPECTED = Path(__file__).parent / "items.jsonl"


def moment() -> Moment:
    """Ada does something at 1790000000.001."""
    chance = Chance(0)
    return Moment(
        chance=chance,
        account="ACCOUNT",
        number="NUMBER",
        app_id="200000000000002",
        user="USER",
        alias="US.1",
        nickname="ada",
        name="u0",
        mid="MID",
        unix=1790000000.001,
        message_id=lambda _chance, name: name.upper(),
        media=Media(chance),
    )


def line(platform: PlatformName, kind: str) -> str:
    when = moment()
    update = sample(when, platform, kind)
    shown = json.dumps(
        {
            "platform": platform,
            "kind": kind,
            "field": update.field,
            "in": _place(update),
            "item": update.body,
        }
    )
    for what, length in (("post", 15), ("post", 17), ("comment", 15), ("comment", 17)):
        shown = shown.replace(when.digits(what, length), what.upper())
    shown = shown.replace(when.digits("story", 17), "STORY")
    shown = shown.replace(when.digits("optin-token", 19), "TOKEN")
    shown = re.sub(
        r"https://scontent\.xx\.fbcdn\.net/v/t1[^\"]*_n\.(\w+)\?[^\"]*", r"URL.\1", shown
    )
    shown = re.sub(r"https://lookaside\.fbsbx\.com[^\"]*", "LINK", shown)
    shown = re.sub(r'("id": )"1\d{15}", "mime', r'\1"MEDIA", "mime', shown)
    return re.sub(r'("sha256": )"[^"]{43}="', r'\1"HASH"', shown)


def _place(update: Update) -> str:
    """The list that it is in, of WhatsApp the one in its value."""
    if update.channel == "changes" and update.part != "messages":
        return f"changes/{update.part}"
    return update.channel if update.contact is None else f"{update.channel}/messages"
