"""Instagram as a bot meets it: people write to a professional account, webhooks tell the bot, the
bot answers, and is told of every message of its own.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Unpack, get_args

from emulator.errors import ScenarioError
from emulator.kernel import Kernel
from emulator.meta import identity
from emulator.meta.account import Account, Options
from emulator.meta.credentials import Credentials
from emulator.meta.delivery import product
from emulator.meta.dialect import Dialect
from emulator.meta.items.envelope import page_body
from emulator.meta.items.instagram import (
    INSTAGRAM_ATTACHMENTS,
    INSTAGRAM_ITEMS,
    INSTAGRAM_LOGIN_ITEMS,
)
from emulator.meta.platform import InstagramLogin
from emulator.meta.sends.receipts import (
    INSTAGRAM_LOGIN_RECEIPTS,
    INSTAGRAM_READ,
    INSTAGRAM_RECEIPTS,
)

# Where apps with Instagram Login send; those with Facebook Login use the other one.
ORIGIN = "https://graph.instagram.com"

# That tokens of Instagram's own login begin so is assumed.
FAKE_INSTAGRAM_LOGIN_TOKEN = "IGAAfakeinstagramtoken"

INSTAGRAM = Dialect(
    platform="instagram",
    product=product.INSTAGRAM,
    items=INSTAGRAM_ITEMS,
    attachments=INSTAGRAM_ATTACHMENTS,
    tap="postback",
    receipts=INSTAGRAM_RECEIPTS,
    read=INSTAGRAM_READ,
    message_id=lambda credentials: partial(
        identity.instagram_mid, account=credentials.instagram_id
    ),
    body=lambda credentials, legacy: partial(
        page_body, "instagram", credentials.instagram_id, legacy=legacy
    ),
)

# With Instagram Login echoes have a field of their own, and a comment stands in the entry itself
# (Instagram platform docs, "Webhooks", where the sample of the other login has `changes`). That
# mentions do, too, is assumed.
INSTAGRAM_LOGIN = replace(
    INSTAGRAM,
    login="instagram",
    items=INSTAGRAM_LOGIN_ITEMS,
    receipts=INSTAGRAM_LOGIN_RECEIPTS,
    body=lambda credentials, legacy: partial(
        page_body, "instagram", credentials.instagram_id, legacy=legacy, flat=True
    ),
)

_DIALECTS: Mapping[InstagramLogin, Dialect] = {"facebook": INSTAGRAM, "instagram": INSTAGRAM_LOGIN}


class Instagram(Account):
    """One professional account whose app is the bot under test; the options are those of
    `Account`.

    `login` is how the app was let in. With that of Instagram its token has no page behind it, and
    is for `graph.instagram.com` only.
    """

    def __init__(
        self,
        kernel: Kernel,
        *,
        callback_url: str,
        credentials: Credentials | None = None,
        login: InstagramLogin = "facebook",
        **options: Unpack[Options],
    ) -> None:
        """Raises ScenarioError when an option makes no sense."""
        if login not in get_args(InstagramLogin):
            raise ScenarioError(f"login must be one of facebook, instagram, not {login}")
        usual = Credentials()
        if login == "instagram":
            usual = replace(usual, instagram_token=FAKE_INSTAGRAM_LOGIN_TOKEN)
        super().__init__(
            kernel,
            _DIALECTS[login],
            callback_url=callback_url,
            credentials=credentials or usual,
            **options,
        )
