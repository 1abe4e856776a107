"""Access tokens: whose one is, whether it is proved, and what the platform tells of it."""

import hmac
from collections.abc import Mapping
from hashlib import sha256

from emulator.meta.credentials import Credentials
from emulator.meta.graph.addressing import BAD_TOKEN, NO_TOKEN, Refusal, required
from emulator.meta.graph.asked import Holder
from emulator.meta.platform import InstagramLogin, PlatformName

# Seen by users of clients.
WRONG_PROOF = Refusal(
    100, "Invalid appsecret_proof provided in the API argument", kind="GraphMethodException"
)
NO_PROOF = Refusal(
    100,
    "API calls from the server require an appsecret_proof argument",
    kind="GraphMethodException",
)

# Permissions of a bot's token, by platform; Meta's login docs, "Permissions".
SCOPES: Mapping[PlatformName, tuple[str, ...]] = {
    "messenger": ("pages_show_list", "pages_messaging", "pages_manage_metadata"),
    "instagram": ("instagram_basic", "instagram_manage_messages", "pages_manage_metadata"),
    "whatsapp": ("whatsapp_business_management", "whatsapp_business_messaging"),
}
# With Instagram's own login; Instagram platform docs, "Business login".
OWN_LOGIN_SCOPES = (
    "instagram_business_basic",
    "instagram_business_manage_messages",
    "instagram_business_manage_comments",
)

# Tokens of Instagram's own login are for its own host (Instagram platform docs, "Overview"); that
# these refuse one as they refuse any other is assumed.
FACEBOOK_ORIGINS = frozenset({"https://graph.facebook.com", "https://graph-video.facebook.com"})


def app_token(credentials: Credentials) -> str:
    return f"{credentials.app_id}|{credentials.app_secret}"


def holder_of(
    token: str,
    credentials: Credentials,
    platform: PlatformName,
    *,
    login: InstagramLogin = "facebook",
    origin: str = "",
) -> Holder | Refusal:
    """Whose token it is, for a call of a host (`origin`). An Instagram account is also reached with
    the token of its page, unless its own login let the app in."""
    if not token:
        return NO_TOKEN
    own_login = login == "instagram"
    if _same(token, credentials.token(platform)):
        return BAD_TOKEN if own_login and origin in FACEBOOK_ORIGINS else "account"
    if platform == "instagram" and not own_login and _same(token, credentials.page_token):
        return "account"
    return "app" if _same(token, app_token(credentials)) else BAD_TOKEN


def appsecret_proof(app_secret: str, token: str) -> str:
    """What proves that whoever calls with a token has the app's secret: 64 hex digits."""
    return hmac.new(app_secret.encode(), token.encode("utf-8", "surrogatepass"), sha256).hexdigest()


def refuse_proof(
    given: object, token: str, credentials: Credentials, *, is_required: bool
) -> Refusal | None:
    """What is wrong with the `appsecret_proof` of a call, if anything."""
    if given is None or given == "":
        return NO_PROOF if is_required else None
    right = appsecret_proof(credentials.app_secret, token)
    return None if isinstance(given, str) and _same(given, right) else WRONG_PROOF


def describe_token(
    token: str | None,
    credentials: Credentials,
    platform: PlatformName,
    *,
    app_name: str,
    login: InstagramLogin = "facebook",
) -> Mapping[str, object] | Refusal:
    """The answer of `/debug_token`; a token that is not right is no error of the call."""
    if token is None:
        return required("input_token")
    holder = holder_of(token, credentials, platform, login=login)
    if isinstance(holder, Refusal):
        error = {"code": holder.code, "message": holder.message}
        return {"data": {"error": error, "is_valid": False, "scopes": []}}
    data: dict[str, object] = {
        "app_id": credentials.app_id,
        "type": "APP" if holder == "app" else {"messenger": "PAGE"}.get(platform, "USER"),
        "application": app_name,
        # 0 is never.
        "expires_at": 0,
        "data_access_expires_at": 0,
        "is_valid": True,
        "scopes": [],
    }
    if holder == "account":
        scopes = OWN_LOGIN_SCOPES if login == "instagram" else SCOPES[platform]
        account = credentials.account(platform)
        data["scopes"] = list(scopes)
        data["granular_scopes"] = [{"scope": one, "target_ids": [account]} for one in scopes]
        data["profile_id" if platform == "messenger" else "user_id"] = account
    return {"data": data}


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), right.encode())
