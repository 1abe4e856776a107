"""An account on one of the platforms, by its name."""

from typing import Unpack

from emulator.errors import ScenarioError
from emulator.kernel import Kernel
from emulator.meta.account import Account, Options
from emulator.meta.instagram import Instagram
from emulator.meta.messenger import Messenger
from emulator.meta.platform import TITLES, InstagramLogin, PlatformName, check_platform
from emulator.meta.whatsapp import WhatsApp


def make_account(
    platform: PlatformName,
    kernel: Kernel,
    *,
    callback_url: str,
    instagram_login: InstagramLogin = "facebook",
    **options: Unpack[Options],
) -> Account:
    """With the credentials that every bot is configured with. Raises ScenarioError when there is
    no such platform, or an option makes no sense."""
    if check_platform(platform) != "instagram" and instagram_login != "facebook":
        raise ScenarioError(f"{TITLES[platform]} has no login of Instagram")
    match platform:
        case "messenger":
            return Messenger(kernel, callback_url=callback_url, **options)
        case "instagram":
            return Instagram(kernel, callback_url=callback_url, login=instagram_login, **options)
        case "whatsapp":
            return WhatsApp(kernel, callback_url=callback_url, **options)
