"""One item of every kind: for the tables of the documents, for tests, and to make hostile ones
from.
"""

from collections.abc import Mapping

from emulator.chance import Chance
from emulator.clock import VIRTUAL_EPOCH
from emulator.meta.contacts import Contacts
from emulator.meta.credentials import Credentials
from emulator.meta.dialect import Dialect
from emulator.meta.graph.media import Media
from emulator.meta.instagram import INSTAGRAM
from emulator.meta.items.update import Moment, Update
from emulator.meta.messenger import MESSENGER
from emulator.meta.platform import PlatformName
from emulator.meta.whatsapp import WHATSAPP

DIALECTS: Mapping[PlatformName, Dialect] = {
    "messenger": MESSENGER,
    "instagram": INSTAGRAM,
    "whatsapp": WHATSAPP,
}


def sample_moment(
    platform: PlatformName,
    *,
    sender: str = "ada",
    name: str = "sample",
    unix: float = VIRTUAL_EPOCH,
    chance: Chance | None = None,
    credentials: Credentials | None = None,
) -> Moment:
    """Somebody does something, in no world. The same chance draws the ids of a world's people."""
    chance = chance or Chance(0)
    credentials = credentials or Credentials()
    account = credentials.account(platform)
    contacts = Contacts(chance, page_id=account, platform=platform)
    message_id = DIALECTS[platform].message_id(credentials)
    user = contacts.psid(sender)
    return Moment(
        chance=chance,
        account=account,
        number=credentials.display_phone_number,
        app_id=credentials.app_id,
        user=user,
        alias=contacts.alias(user),
        nickname=sender,
        name=name,
        mid=message_id(chance, name),
        unix=unix,
        message_id=message_id,
        media=Media(chance),
    )


def sample(moment: Moment, platform: PlatformName, kind: str) -> Update:
    """An item of this kind at that moment, as plain as it can be."""
    found = DIALECTS[platform].items[kind]
    return found.build(moment, **found.sample)


def sample_body(
    moment: Moment, platform: PlatformName, kind: str, *, credentials: Credentials | None = None
) -> bytes:
    """A notification of just that item, sent at that moment."""
    body = DIALECTS[platform].body(credentials or Credentials(), False)
    return body([[sample(moment, platform, kind)]], moment.unix_ms)
