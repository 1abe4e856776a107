"""The shapes that Messenger and Instagram have in common, in their order of keys."""

from collections.abc import Mapping

from emulator.meta.delivery.wire import Item
from emulator.meta.items.update import Moment

# The app that has a conversation which the bot's own does not: the inbox of the page. A number in
# echoes, digits in handovers (Messenger docs, "Webhook Events Reference").
INBOX_APP = 263902037430900

SAMPLE_URL = "https://scontent.xx.fbcdn.net/v/t39.30808-6/sample_n.jpg"


def item(moment: Moment, event: str, value: object) -> Item:
    """A person's doing: `sender`, `recipient`, `timestamp` in milliseconds, and the event."""
    return {
        "sender": {"id": moment.user},
        "recipient": {"id": moment.account},
        "timestamp": moment.unix_ms,
        event: value,
    }


def nobodys_item(moment: Moment, event: str, value: object) -> Item:
    """Of what the platform does itself: no `sender`."""
    return {
        "recipient": {"id": moment.account},
        "timestamp": moment.unix_ms,
        event: value,
    }


def message_item(moment: Moment, content: Mapping[str, object]) -> Item:
    return item(moment, "message", {"mid": moment.mid, **content})


def own_item(moment: Moment, event: str, value: object) -> Item:
    """The account's own doing: the person is the recipient."""
    return {
        "sender": {"id": moment.account},
        "recipient": {"id": moment.user},
        "timestamp": moment.unix_ms,
        event: value,
    }


def ad_referral(ref: str, *, title: str = "A fake advertisement") -> Item:
    """How a person came here from an advertisement."""
    return {
        "ref": ref,
        "ad_id": "120210000000000001",
        "source": "ADS",
        "type": "OPEN_THREAD",
        "ads_context_data": {"ad_title": title, "photo_url": SAMPLE_URL},
    }


def handover(previous: str | None, new: str, metadata: str) -> Item:
    """The control of a conversation goes from one app, None for nobody, to another."""
    return {
        "previous_owner_app_id": previous,
        "new_owner_app_id": new,
        "metadata": metadata,
    }
