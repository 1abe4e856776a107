"""What platform and bot know of each other: ids, and secrets that are fake at first sight."""

from dataclasses import dataclass, field

# Ids in the shape of real ones. The same in every world: a bot is configured once for many worlds.
FAKE_PAGE_ID = "100000000000001"
FAKE_APP_ID = "200000000000002"
FAKE_APP_SECRET = "fake-app-secret"
FAKE_VERIFY_TOKEN = "fake-verify-token"
FAKE_PAGE_TOKEN = "EAAfakepagetoken"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Given to the bot by its environment. The secrets stay out of `repr`."""

    page_id: str = FAKE_PAGE_ID
    app_id: str = FAKE_APP_ID
    app_secret: str = field(default=FAKE_APP_SECRET, repr=False)
    verify_token: str = field(default=FAKE_VERIFY_TOKEN, repr=False)
    page_token: str = field(default=FAKE_PAGE_TOKEN, repr=False)
