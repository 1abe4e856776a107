"""Messenger as a bot meets it: people write to a page, webhooks tell the bot, the bot answers."""

from functools import partial
from typing import Unpack, get_args

from emulator.kernel import Kernel
from emulator.meta import identity
from emulator.meta.account import ORIGIN, Account, Options
from emulator.meta.credentials import (
    FAKE_APP_ID,
    FAKE_APP_SECRET,
    FAKE_PAGE_ID,
    FAKE_PAGE_TOKEN,
    FAKE_VERIFY_TOKEN,
    Credentials,
)
from emulator.meta.delivery import product
from emulator.meta.dialect import Dialect
from emulator.meta.items.attachment import AttachmentKind
from emulator.meta.items.envelope import page_body
from emulator.meta.items.page import PAGE_ITEMS
from emulator.meta.sends.receipts import PAGE_READ, PAGE_RECEIPTS

__all__ = ["MESSENGER", "ORIGIN", "Messenger"]

MESSENGER = Dialect(
    platform="messenger",
    product=product.MESSENGER,
    items=PAGE_ITEMS,
    attachments=get_args(AttachmentKind),
    tap="postback",
    receipts=PAGE_RECEIPTS,
    read=PAGE_READ,
    message_id=lambda credentials: identity.mid,
    body=lambda credentials, legacy: partial(page_body, "page", credentials.page_id, legacy=legacy),
)


class Messenger(Account):
    """One page whose app is the bot under test; the options are those of `Account`."""

    def __init__(
        self,
        kernel: Kernel,
        *,
        callback_url: str,
        app_secret: str = FAKE_APP_SECRET,
        verify_token: str = FAKE_VERIFY_TOKEN,
        page_token: str = FAKE_PAGE_TOKEN,
        page_id: str | None = None,
        app_id: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        """Raises ScenarioError when an option makes no sense."""
        credentials = Credentials(
            page_id=page_id or FAKE_PAGE_ID,
            app_id=app_id or FAKE_APP_ID,
            app_secret=app_secret,
            verify_token=verify_token,
            page_token=page_token,
        )
        super().__init__(
            kernel, MESSENGER, callback_url=callback_url, credentials=credentials, **options
        )
