"""Updates put into the body of one notification, as each platform does it."""

from collections.abc import Callable, Sequence
from typing import cast

from emulator.meta.delivery.wire import Item, encode
from emulator.meta.items.update import Update

# The entries of a notification, each with what it tells of.
Groups = Sequence[Sequence[Update]]
# Makes the body, given the time of the sending in unix milliseconds.
Render = Callable[[Groups, int], bytes]


def joined(render: Render, updates: Sequence[object], time_ms: int) -> bytes:
    """One notification of all these updates, an entry each."""
    return render([[cast(Update, update)] for update in updates], time_ms)


def page_body(
    kind: str,
    owner: str,
    groups: Groups,
    time_ms: int,
    *,
    legacy: bool = False,
    flat: bool = False,
) -> bytes:
    """Messenger and Instagram: `{"object":kind,"entry":[{"time","id","messaging":[...]}]}`.

    `owner` is the page or account; `time_ms` is the time of the sending in unix milliseconds, of
    `changes` written in seconds. In a `flat` one each change is an entry of its own:
    `{"time","id","field","value"}`.
    """
    entries: list[Item] = []
    for group in groups:
        channel = group[0].channel
        if channel == "test":
            changes = [{"field": update.field, "value": update.body} for update in group]
            entries.append({"id": "0", "time": time_ms // 1000, "changes": changes})
        elif channel == "changes":
            changes = [{"field": update.field, "value": update.body} for update in group]
            head = {"time": time_ms // 1000, "id": owner}
            if flat:
                entries += [{**head, **change} for change in changes]
            else:
                entries.append({**head, "changes": changes})
        else:
            items = [update.body for update in group]
            entries.append({"time": time_ms, "id": owner, channel: items})
    return encode({"object": kind, "entry": entries}, legacy=legacy)


def whatsapp_body(
    owner: str, metadata: Item, groups: Groups, time_ms: int, *, legacy: bool = False
) -> bytes:
    """WhatsApp: `{"object":"whatsapp_business_account","entry":[{"id","changes":[...]}]}`.

    `owner` is the business account, `metadata` tells the phone number. Messages that stand together
    share a value; `time_ms` is not told. Statuses are never in one value with messages (WhatsApp
    docs, "Webhooks", messages).
    """
    entries = [
        {"id": "0", "changes": [{"field": one.field, "value": one.body} for one in group]}
        if group[0].channel == "test"
        else {"id": owner, "changes": _changes(group, metadata)}
        for group in groups
    ]
    body = {"object": "whatsapp_business_account", "entry": entries}
    return encode(body, legacy=legacy)


def _changes(group: Sequence[Update], metadata: Item) -> Sequence[Item]:
    changes: list[Item] = []
    start = 0
    for end in range(1, len(group) + 1):
        first = group[start]
        if end < len(group) and (group[end].field, group[end].part) == (first.field, first.part):
            continue
        same = group[start:end]
        value: dict[str, object] = {"messaging_product": "whatsapp", "metadata": metadata}
        # Once for each person, in the order in which they wrote.
        contacts = {str(one.contact): one.contact for one in same if one.contact is not None}
        if contacts:
            value["contacts"] = list(contacts.values())
        value[first.part] = [one.body for one in same]
        changes.append({"field": first.field, "value": value})
        start = end
    return changes
