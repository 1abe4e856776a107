"""The platforms: what they are called, by us and in their notifications, and what an app can be
subscribed to on each.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from emulator.errors import ScenarioError

PlatformName = Literal["messenger", "instagram", "whatsapp"]

# Whose login let an app into an Instagram account: what comes of it differs in part.
InstagramLogin = Literal["facebook", "instagram"]

# The `object` of a notification.
OBJECTS: Mapping[PlatformName, str] = {
    "messenger": "page",
    "instagram": "instagram",
    "whatsapp": "whatsapp_business_account",
}

# For people to read.
TITLES: Mapping[PlatformName, str] = {
    "messenger": "Messenger",
    "instagram": "Instagram",
    "whatsapp": "WhatsApp",
}

# What the bot's developer calls that to which people write.
ACCOUNTS: Mapping[PlatformName, str] = {
    "messenger": "a page",
    "instagram": "an Instagram account",
    "whatsapp": "a WhatsApp account",
}

# What an app can be subscribed to. Messenger docs, "Webhook Events Reference"; Instagram platform
# docs, "Webhooks"; WhatsApp docs, "Webhooks overview".
PageField = Literal[
    "messages",
    "messaging_postbacks",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "message_edits",
    "messaging_referrals",
    "messaging_optins",
    "messaging_account_linking",
    "messaging_handovers",
    "messaging_policy_enforcement",
    "response_feedback",
    "send_cart",
    "standby",
    "message_echoes",
    "feed",
]
InstagramField = Literal[
    "messages",
    "messaging_postbacks",
    "message_reactions",
    "message_edit",
    "messaging_seen",
    "messaging_referral",
    "messaging_optins",
    "messaging_handover",
    "standby",
    "comments",
    "live_comments",
    "mentions",
    "story_insights",
]
WhatsAppField = Literal[
    "messages",
    "account_alerts",
    "account_review_update",
    "account_settings_update",
    "account_update",
    "business_capability_update",
    "business_status_update",
    "calls",
    "flows",
    "history",
    "message_template_components_update",
    "message_template_quality_update",
    "message_template_status_update",
    "partner_solutions",
    "payment_configuration_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
    "smb_app_state_sync",
    "smb_message_echoes",
    "template_category_update",
    "user_preferences",
]
Field = PageField | InstagramField | WhatsAppField

FIELDS: Mapping[PlatformName, tuple[Field, ...]] = {
    "messenger": get_args(PageField),
    "instagram": get_args(InstagramField),
    "whatsapp": get_args(WhatsAppField),
}

# Of an app with Instagram's own login (Instagram platform docs, "Webhooks"): that it has all the
# others, too, is assumed.
INSTAGRAM_LOGIN_FIELDS: tuple[Field, ...] = (*FIELDS["instagram"], "message_echoes")


def check_platform(platform: PlatformName) -> PlatformName:
    """Raises ScenarioError when there is no such platform."""
    if platform not in get_args(PlatformName):
        known = ", ".join(get_args(PlatformName))
        raise ScenarioError(f"platform must be one of {known}, not {platform}")
    return platform


def fields_of(platform: PlatformName, login: InstagramLogin = "facebook") -> tuple[Field, ...]:
    """What an app can be subscribed to."""
    own_login = platform == "instagram" and login == "instagram"
    return INSTAGRAM_LOGIN_FIELDS if own_login else FIELDS[platform]


def check_fields(
    fields: Iterable[Field],
    platform: PlatformName = "messenger",
    login: InstagramLogin = "facebook",
) -> frozenset[Field]:
    """The fields as a set; raises ScenarioError when the platform has no such field."""
    chosen = frozenset(fields)
    unknown = chosen.difference(fields_of(platform, login))
    if unknown:
        raise ScenarioError(f"{ACCOUNTS[platform]} has no field {', '.join(sorted(unknown))}")
    return chosen
