"""What the Graph API tells of a person or of the account itself; people are made up, by name."""

from collections.abc import Mapping, Sequence

from emulator.chance import Chance
from emulator.meta.credentials import Credentials
from emulator.meta.graph.addressing import Refusal, invalid
from emulator.meta.graph.parameters import clean
from emulator.meta.platform import PlatformName

PAGE_NAME = "Fake Page"
BUSINESS_NAME = "Fake Business"
ACCOUNT_NAMES: Mapping[PlatformName, str] = {
    "messenger": PAGE_NAME,
    "instagram": "fake.account",
    "whatsapp": BUSINESS_NAME,
}

# User Profile API docs: what can be asked for, the first five of it without further permissions.
PERSON_FIELDS = (
    *("id", "name", "first_name", "last_name", "profile_pic"),
    *("locale", "timezone", "gender"),
)
DEFAULT_PERSON_FIELDS = PERSON_FIELDS[:5]
# Instagram docs, "User Profile API".
INSTAGRAM_PERSON_FIELDS = (
    *("id", "name", "username", "profile_pic", "follower_count", "is_user_follow_business"),
    *("is_business_follow_user", "is_verified_user"),
)

_LAST_NAMES = ("Abel", "Berg", "Costa", "Dubois", "Evans", "Fischer", "Garcia", "Hansen")
_LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "pt_BR")
_TIMEZONES = (-8, -5, -3, 0, 1, 2, 5.5, 9)  # hours from GMT
_GENDERS = ("female", "male")


def person_profile(
    chance: Chance,
    *,
    psid: str,
    nickname: str,
    fields: Sequence[str],
    platform: PlatformName = "messenger",
) -> Mapping[str, object] | Refusal:
    """The fields asked for of a person, those that need no permission when none are.

    A field that people do not have is refused, as observed.
    """
    on_instagram = platform == "instagram"
    known_fields = INSTAGRAM_PERSON_FIELDS if on_instagram else PERSON_FIELDS
    for field in fields:
        if field not in known_fields:
            kind = "IGBusinessScopedID" if on_instagram else "MessengerPageScopedID"
            return invalid(
                f"Tried accessing nonexisting field ({clean(field)}) on node type ({kind})"
            )
    first_name = nickname[:1].upper() + nickname[1:]
    last_name = chance.choice(f"meta/last-name/{psid}", _LAST_NAMES)
    known: dict[str, object] = {
        "id": psid,
        "name": f"{first_name} {last_name}",
        "profile_pic": f"https://platform-lookaside.fbsbx.com/platform/profilepic/?psid={psid}",
    }
    if on_instagram:
        known.update(
            username=f"{nickname}.{last_name}".lower(),
            follower_count=int(chance.uniform(f"meta/followers/{psid}", 0, 1_000)),
            is_user_follow_business=chance.fraction(f"meta/follows/{psid}") < 0.5,
            is_business_follow_user=False,
            is_verified_user=False,
        )
    else:
        known.update(
            first_name=first_name,
            last_name=last_name,
            locale=chance.choice(f"meta/locale/{psid}", _LOCALES),
            timezone=chance.choice(f"meta/timezone/{psid}", _TIMEZONES),
            gender=chance.choice(f"meta/gender/{psid}", _GENDERS),
        )
    usual = known_fields if on_instagram else DEFAULT_PERSON_FIELDS
    return {field: known[field] for field in fields or usual}


def account_profile(
    platform: PlatformName, credentials: Credentials, *, fields: Sequence[str], is_me: bool = False
) -> Mapping[str, object]:
    """`id` and `name` of the account, or what is asked of it; `is_me` when it was asked as `me`.

    An account has many more fields than these, so that others are left out instead of refused.
    """
    account = credentials.account(platform)
    known: dict[str, object] = {"id": account, "name": ACCOUNT_NAMES[platform]}
    usual: Sequence[str] = ("id", "name")
    if platform == "messenger":
        known["instagram_business_account"] = {"id": credentials.instagram_id}
    elif platform == "instagram":
        # With Instagram Login, `me` has its id in two forms; Instagram docs, "Get started".
        known.update(user_id=account, username=ACCOUNT_NAMES[platform], account_type="BUSINESS")
        usual = ("id", "username") if is_me else usual
    else:
        known = {
            "verified_name": BUSINESS_NAME,
            "display_phone_number": credentials.display_phone_number,
            "quality_rating": "GREEN",
            "id": account,
        }
        usual = tuple(known)
    return {field: known[field] for field in fields or usual if field in known}
