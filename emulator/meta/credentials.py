"""What platform and bot know of each other: ids, and secrets that are fake at first sight."""

from dataclasses import dataclass, field

from emulator.meta.platform import PlatformName

# Ids in the shape of real ones. The same in every world: a bot is configured once for many worlds.
FAKE_PAGE_ID = "100000000000001"
FAKE_APP_ID = "200000000000002"
FAKE_APP_SECRET = "fake-app-secret"
FAKE_VERIFY_TOKEN = "fake-verify-token"
FAKE_PAGE_TOKEN = "EAAfakepagetoken"
FAKE_INSTAGRAM_ID = "17841400000000003"
FAKE_INSTAGRAM_TOKEN = "EAAfakeinstagramtoken"
FAKE_BUSINESS_ACCOUNT_ID = "300000000000004"
FAKE_PHONE_NUMBER_ID = "400000000000005"
FAKE_PHONE_NUMBER = "15550000006"
FAKE_WHATSAPP_TOKEN = "EAAfakewhatsapptoken"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Given to the bot by its environment. The secrets stay out of `repr`.

    The app, its secret and the verify token are the same on all platforms.
    """

    page_id: str = FAKE_PAGE_ID
    app_id: str = FAKE_APP_ID
    app_secret: str = field(default=FAKE_APP_SECRET, repr=False)
    verify_token: str = field(default=FAKE_VERIFY_TOKEN, repr=False)
    page_token: str = field(default=FAKE_PAGE_TOKEN, repr=False)
    instagram_id: str = FAKE_INSTAGRAM_ID
    instagram_token: str = field(default=FAKE_INSTAGRAM_TOKEN, repr=False)
    business_account_id: str = FAKE_BUSINESS_ACCOUNT_ID
    phone_number_id: str = FAKE_PHONE_NUMBER_ID
    display_phone_number: str = FAKE_PHONE_NUMBER
    whatsapp_token: str = field(default=FAKE_WHATSAPP_TOKEN, repr=False)

    def account(self, platform: PlatformName) -> str:
        """What people write to: the page, the Instagram account, the phone number (by its id)."""
        return {
            "messenger": self.page_id,
            "instagram": self.instagram_id,
            "whatsapp": self.phone_number_id,
        }[platform]

    def token(self, platform: PlatformName) -> str:
        """The access token with which the app sends for that account."""
        return {
            "messenger": self.page_token,
            "instagram": self.instagram_token,
            "whatsapp": self.whatsapp_token,
        }[platform]
