"""The names that bots give to what a world has, and what these names tell of the platforms that a
bot is on.
"""

import re
from collections.abc import Collection

from harness.platforms import USUAL, PlatformName, in_order
from harness.project import Project

# The first that fits counts.
_NAMED: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), template)
    for pattern, template in (
        (r"QSTASH_URL", "{qstash.url}"),
        (r"(QSTASH|UPSTASH_QSTASH)_TOKEN", "{qstash.token}"),
        (r"(QSTASH_)?CURRENT_SIGNING_KEY", "{qstash.current_key}"),
        (r"(QSTASH_)?NEXT_SIGNING_KEY", "{qstash.next_key}"),
        (r"(\w+_)?VERIFY(_TOKEN)?|(\w+_)?VERIFICATION_TOKEN", "{meta.verify_token}"),
        (
            r"(FB|FACEBOOK|META|MESSENGER|INSTAGRAM|IG|WHATSAPP|WA)_SECRET|(\w+_)?APP_SECRET",
            "{meta.app_secret}",
        ),
        (r"(\w+_)?PAGE(_ACCESS)?_TOKEN", "{meta.page_token}"),
        (r"(INSTAGRAM|IG)(_ACCESS)?_TOKEN", "{instagram.token}"),
        (r"(INSTAGRAM|IG)(_ACCOUNT|_BUSINESS_ACCOUNT|_USER)?_ID", "{instagram.account_id}"),
        (r"(WHATSAPP|WA)(_ACCESS|_API)?_TOKEN", "{whatsapp.token}"),
        (r"CLOUD_API_ACCESS_TOKEN|GRAPH_API_TOKEN", "{whatsapp.token}"),
        (r"(\w+_)?PHONE_NUMBER_ID|(WHATSAPP|WA)_PHONE_ID", "{whatsapp.phone_number_id}"),
        (r"(\w+_)?(BUSINESS_ACCOUNT|WABA)_ID", "{whatsapp.business_account_id}"),
        (r"(FB|FACEBOOK|META|MESSENGER)(_ACCESS)?_TOKEN", "{meta.page_token}"),
        (r"(\w+_)?PAGE_ID", "{meta.page_id}"),
        (r"(FB|FACEBOOK|META|MESSENGER|M4D)_APP_ID", "{meta.app_id}"),
        (r"(\w+_)?GRAPH(_API)?(_BASE)?_URL", "{meta.graph_url}"),
        (r"(FIRESTORE|FIREBASE|GCP|GOOGLE|GOOGLE_CLOUD)_PROJECT(_ID)?", "{firestore.project}"),
        (r"FIRESTORE_(ACCESS_)?TOKEN", "{firestore.token}"),
        (r"FIRESTORE_(BASE_)?URL", "{firestore.url}"),
        (r"(UPSTASH_REDIS_REST|KV_REST_API)_URL", "{upstash.url}"),
        (r"(UPSTASH_REDIS_REST|KV_REST_API)_TOKEN", "{upstash.token}"),
        (r"(UPSTASH_)?REDIS_URL", "{redis.url}"),
        (r"(PUBLIC|BASE|APP|BOT|SELF|SITE|SERVICE|DEPLOYMENT)_(BASE_)?URL", "{bot.public_url}"),
    )
)
# Libraries for WhatsApp that do not have it in their names.
_FOR_WHATSAPP = frozenset({"pywa", "heyoo"})
_OF_MESSENGER = ("{meta.page_token}", "{meta.page_id}")
# What Meta's samples for WhatsApp call the token; elsewhere it may be any.
_ANY_TOKEN = "ACCESS_TOKEN"


def template_of(name: str, platforms: Collection[PlatformName] = USUAL) -> str | None:
    """The template for a variable of this name in a bot on these platforms; None when the name is
    none that bots usually have.
    """
    if name == _ANY_TOKEN and tuple(platforms) == ("whatsapp",):
        return "{whatsapp.token}"
    return next((template for rule, template in _NAMED if rule.fullmatch(name)), None)


def platforms_told(project: Project) -> tuple[tuple[PlatformName, ...], str]:
    """Where the bot seems to be, and by what that is known; Messenger where nothing tells."""
    found: dict[PlatformName, str] = {}
    for variable in project.variables.values():
        template = template_of(variable.name) or ""
        told = f"{variable.name} in {variable.place}"
        if template.startswith("{instagram."):
            found.setdefault("instagram", told)
        elif template.startswith("{whatsapp."):
            found.setdefault("whatsapp", told)
        elif template in _OF_MESSENGER:
            found.setdefault("messenger", told)
    # A host with that name may be a link for people.
    libraries = {word for word in project.words if "." not in word and "whatsapp" in word}
    for library in sorted(libraries | (project.words & _FOR_WHATSAPP)):
        found.setdefault("whatsapp", f"the source uses {library}")
    platforms = in_order(found) or USUAL
    return platforms, "; ".join(found[platform] for platform in platforms if platform in found)
