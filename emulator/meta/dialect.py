"""What tells the platforms apart, as data: what happens there, what is told of the bot's own sends,
the ids, the envelope.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from emulator.chance import Chance
from emulator.meta.credentials import Credentials
from emulator.meta.delivery.product import Product
from emulator.meta.items.envelope import Render
from emulator.meta.items.update import ItemKind
from emulator.meta.platform import Field, InstagramLogin, PlatformName, fields_of
from emulator.meta.sends.feedback import Receipt


@dataclass(frozen=True, slots=True)
class Dialect:
    """One platform.

    `product` is how its webhooks travel. `items` is the table of all that can happen, by name;
    `attachments` are the names of those that are files and the like, `tap` is the one of a button.
    `receipts` follow each send, `read` follows a look at the conversation. `message_id` and `body`
    are given the credentials, the latter also whether more is escaped than today (`wire.encode`).
    `login` is of Instagram only.
    """

    platform: PlatformName
    product: Product
    items: Mapping[str, ItemKind]
    attachments: tuple[str, ...]
    tap: str
    receipts: tuple[Receipt, ...]
    read: Receipt
    message_id: Callable[[Credentials], Callable[[Chance, str], str]]
    body: Callable[[Credentials, bool], Render]
    login: InstagramLogin = "facebook"

    @property
    def fields(self) -> tuple[Field, ...]:
        """What an app can be subscribed to."""
        return fields_of(self.platform, self.login)
