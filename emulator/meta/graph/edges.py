"""What the Graph API can be asked, as a table: which calls there are, where, and what answers."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, get_args

from emulator.meta.graph import account_calls, app_calls, conversation_calls, whatsapp_calls
from emulator.meta.graph.asked import Answer, Asked
from emulator.meta.graph.site import Site
from emulator.meta.platform import PlatformName
from emulator.meta.sends import messages

Handler = Callable[[Site, Asked], Answer]

_ALL: tuple[PlatformName, ...] = get_args(PlatformName)
_META: tuple[PlatformName, ...] = ("messenger", "instagram")
_PAGE: tuple[PlatformName, ...] = ("messenger",)
_WHATSAPP: tuple[PlatformName, ...] = ("whatsapp",)


class Edge(NamedTuple):
    """Calls with one ending. `verb` is what reports call them; `is_open` ones take no token."""

    path: str
    methods: tuple[str, ...]
    platforms: tuple[PlatformName, ...]
    handler: Handler
    verb: str
    is_open: bool = False


_GET, _POST = ("GET",), ("POST",)
_GET_POST, _ANY = ("GET", "POST"), ("GET", "POST", "DELETE")

EDGES: tuple[Edge, ...] = (
    Edge("{account}/messages", _POST, _ALL, messages.send, "send"),
    Edge("{node}", ("GET", "DELETE"), _ALL, account_calls.node, "profile"),
    Edge("me/accounts", _GET, _META, account_calls.accounts, "accounts"),
    Edge("{account}/messenger_profile", _ANY, _META, account_calls.messenger_profile, "menu"),
    Edge("{account}/subscribed_apps", _ANY, _ALL, account_calls.subscribed_apps, "subscription"),
    Edge(
        *("{account}/message_attachments", _POST, _META),
        *(account_calls.message_attachments, "upload"),
    ),
    Edge("{account}/personas", _GET_POST, _PAGE, account_calls.personas, "personas"),
    Edge("{account}/nlp_configs", _POST, _PAGE, account_calls.nlp_configs, "settings"),
    Edge("{account}/conversations", _GET, _META, conversation_calls.conversations, "conversations"),
    Edge("{account}/pass_thread_control", _POST, _META, conversation_calls.control, "handover"),
    Edge("{account}/take_thread_control", _POST, _META, conversation_calls.control, "handover"),
    Edge("{account}/request_thread_control", _POST, _META, conversation_calls.control, "handover"),
    Edge("{account}/release_thread_control", _POST, _META, conversation_calls.control, "handover"),
    Edge("{account}/thread_owner", _GET, _META, conversation_calls.thread_owner, "handover"),
    Edge(
        *("{account}/secondary_receivers", _GET, _META),
        *(conversation_calls.secondary_receivers, "handover"),
    ),
    Edge("{comment}/replies", _POST, _META, conversation_calls.replies, "comment"),
    Edge("{comment}/comments", _POST, _META, conversation_calls.replies, "comment"),
    Edge("{comment}/private_replies", _POST, _META, conversation_calls.private_replies, "send"),
    Edge("{app}/subscriptions", _ANY, _ALL, app_calls.subscriptions, "webhooks"),
    Edge("{app}/subscriptions_sample", _POST, _ALL, app_calls.subscriptions_sample, "webhooks"),
    Edge("{app}/page_activities", _POST, _PAGE, app_calls.log_activity, "statistics", True),
    Edge("{app}/activities", _POST, _ALL, app_calls.log_activity, "statistics", True),
    Edge("debug_token", _GET, _ALL, app_calls.debug_token, "token"),
    Edge("oauth/access_token", _GET_POST, _ALL, app_calls.access_token, "token", True),
    Edge("{account}/media", _POST, _WHATSAPP, whatsapp_calls.upload_media, "upload"),
    Edge("{business}/phone_numbers", _GET, _WHATSAPP, whatsapp_calls.phone_numbers, "profile"),
    Edge(
        *("{business}/message_templates", _GET_POST, _WHATSAPP),
        *(whatsapp_calls.message_templates, "templates"),
    ),
    Edge(
        *("{account}/whatsapp_business_profile", _GET_POST, _WHATSAPP),
        *(whatsapp_calls.business_profile, "profile"),
    ),
    Edge("{account}/register", _POST, _WHATSAPP, whatsapp_calls.register, "settings"),
    Edge("{account}/deregister", _POST, _WHATSAPP, whatsapp_calls.register, "settings"),
)


def _key(path: str) -> str:
    """What calls are told apart by: their last segment, or that they have one only."""
    head, _, tail = path.partition("/")
    return tail or ("" if head.startswith("{") else head)


_BY_KEY: Mapping[str, Edge] = {_key(edge.path): edge for edge in EDGES}


def find_edge(segments: tuple[str, ...]) -> Edge | None:
    """The calls with this path, whatever the method and the platform."""
    if len(segments) == 2:
        return _BY_KEY.get(segments[1])
    if len(segments) == 1:
        # `debug_token` is no object, and no object is called so.
        found = _BY_KEY.get(segments[0])
        return found if found is not None and found.path == segments[0] else _BY_KEY[""]
    return None
