"""The platforms that the bot is on, and the messages in what any of them sends."""

from collections.abc import Collection, Mapping

from reference_bot.adapter import Adapter
from reference_bot.instagram import INSTAGRAM
from reference_bot.message import PLATFORMS, Message, Platform
from reference_bot.messenger import MESSENGER
from reference_bot.untrusted import load, mappings
from reference_bot.whatsapp import WHATSAPP

ADAPTERS: Mapping[Platform, Adapter] = {
    adapter.platform: adapter for adapter in (MESSENGER, INSTAGRAM, WHATSAPP)
}
_BY_OBJECT: Mapping[object, Adapter] = {adapter.told_as: adapter for adapter in ADAPTERS.values()}


def parse_webhook(body: bytes, platforms: Collection[Platform] = PLATFORMS) -> list[Message]:
    """The text messages of users in a webhook of one of these platforms, each once, in order.

    Every entry and every item is looked at, since all platforms batch under load. Echoes of the
    bot's own replies, stand-by events, receipts, reactions and whatever else is not understood are
    left out.
    """
    payload = load(body)
    name = payload.get("object")
    adapter = _BY_OBJECT.get(name) if isinstance(name, str) else None
    if adapter is None or adapter.platform not in platforms:
        return []
    found: dict[str, Message] = {}
    for entry in mappings(payload.get("entry")):
        for message in adapter.read(entry):
            if message is not None:
                found.setdefault(message.mid, message)
    return list(found.values())
