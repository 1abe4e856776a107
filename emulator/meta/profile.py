"""What the Graph API tells of a person or of the page itself; people are made up, by name."""

from collections.abc import Mapping, Sequence

from emulator.chance import Chance
from emulator.meta.graph import Refusal, invalid
from emulator.meta.parameters import clean

PAGE_NAME = "Fake Page"

# User Profile API docs: what can be asked for, the first five of it without further permissions.
PERSON_FIELDS = (
    *("id", "name", "first_name", "last_name", "profile_pic"),
    *("locale", "timezone", "gender"),
)
DEFAULT_PERSON_FIELDS = PERSON_FIELDS[:5]

_LAST_NAMES = ("Abel", "Berg", "Costa", "Dubois", "Evans", "Fischer", "Garcia", "Hansen")
_LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "pt_BR")
_TIMEZONES = (-8, -5, -3, 0, 1, 2, 5.5, 9)  # hours from GMT
_GENDERS = ("female", "male")


def read_fields(parameters: Mapping[str, object] | None) -> tuple[str, ...]:
    """The names in `fields`, which may have spaces after the commas; empty when there are none."""
    asked = parameters.get("fields") if parameters is not None else None
    if not isinstance(asked, str):
        return ()
    names = (name.strip() for name in asked.split(","))
    return tuple(name for name in names if name)


def person_profile(
    chance: Chance, *, psid: str, nickname: str, fields: Sequence[str]
) -> Mapping[str, object] | Refusal:
    """The fields asked for of a person, those that need no permission when none are.

    A field that people do not have is refused, as observed.
    """
    for field in fields:
        if field not in PERSON_FIELDS:
            return invalid(
                f"Tried accessing nonexisting field ({clean(field)}) on node type "
                "(MessengerPageScopedID)"
            )
    first_name = nickname[:1].upper() + nickname[1:]
    last_name = chance.choice(f"meta/last-name/{psid}", _LAST_NAMES)
    known: Mapping[str, object] = {
        "id": psid,
        "name": f"{first_name} {last_name}",
        "first_name": first_name,
        "last_name": last_name,
        "profile_pic": f"https://platform-lookaside.fbsbx.com/platform/profilepic/?psid={psid}",
        "locale": chance.choice(f"meta/locale/{psid}", _LOCALES),
        "timezone": chance.choice(f"meta/timezone/{psid}", _TIMEZONES),
        "gender": chance.choice(f"meta/gender/{psid}", _GENDERS),
    }
    return {field: known[field] for field in fields or DEFAULT_PERSON_FIELDS}


def page_profile(*, page_id: str, fields: Sequence[str]) -> Mapping[str, object]:
    """`id` and `name` of the page, or what is asked of them. A page has many more fields than
    these, so that others are left out instead of refused."""
    known = {"id": page_id, "name": PAGE_NAME}
    return {field: known[field] for field in fields or known if field in known}
