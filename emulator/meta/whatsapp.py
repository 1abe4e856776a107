"""WhatsApp's Cloud API as a bot meets it: people write to a phone number, webhooks tell the bot,
the bot answers, and is told what became of each of its messages.
"""

from functools import partial
from typing import Unpack

from emulator.kernel import Kernel
from emulator.meta import identity
from emulator.meta.account import Account, Options
from emulator.meta.credentials import Credentials
from emulator.meta.delivery import product
from emulator.meta.dialect import Dialect
from emulator.meta.items.envelope import Render, whatsapp_body
from emulator.meta.items.whatsapp import WHATSAPP_ATTACHMENTS, WHATSAPP_ITEMS
from emulator.meta.sends.receipts import WHATSAPP_READ, WHATSAPP_RECEIPTS


def _body(credentials: Credentials, legacy: bool) -> Render:
    metadata = {
        "display_phone_number": credentials.display_phone_number,
        "phone_number_id": credentials.phone_number_id,
    }
    return partial(whatsapp_body, credentials.business_account_id, metadata, legacy=legacy)


WHATSAPP = Dialect(
    platform="whatsapp",
    product=product.WHATSAPP,
    items=WHATSAPP_ITEMS,
    attachments=WHATSAPP_ATTACHMENTS,
    tap="button_reply",
    receipts=WHATSAPP_RECEIPTS,
    read=WHATSAPP_READ,
    message_id=lambda credentials: partial(identity.wamid, number=credentials.display_phone_number),
    body=_body,
)


class WhatsApp(Account):
    """One phone number whose app is the bot under test; the options are those of `Account`."""

    def __init__(
        self,
        kernel: Kernel,
        *,
        callback_url: str,
        credentials: Credentials | None = None,
        **options: Unpack[Options],
    ) -> None:
        """Raises ScenarioError when an option makes no sense."""
        super().__init__(
            kernel,
            WHATSAPP,
            callback_url=callback_url,
            credentials=credentials or Credentials(),
            **options,
        )
