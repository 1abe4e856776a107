"""Conversations, and what was written in them, as the Graph API shows them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from emulator.meta.graph.fields import Fields, Kind, Node
from emulator.meta.graph.profile import ACCOUNT_NAMES, person_profile
from emulator.meta.graph.site import Site
from emulator.meta.graph.threads import SHOWN_MESSAGES, Line

# Graph API docs, "Conversation" and "Message"; what is shown without being asked for is in the docs
# of Messenger, "Conversations API". That errors call these types so is assumed.
THREAD = Kind(
    "UnifiedThread",
    ("id", "updated_time"),
    frozenset(
        (
            *("id", "can_reply", "former_participants", "is_subscribed", "link", "message_count"),
            *("messages", "name", "participants", "scoped_thread_key", "senders", "snippet"),
            *("subject", "unread_count", "updated_time", "wallpaper"),
        )
    ),
)
MESSAGE = Kind(
    "Message",
    ("id", "created_time"),
    frozenset(
        (
            *("id", "attachments", "created_time", "from", "is_unsupported", "message"),
            *("reactions", "reply_to", "shares", "sticker", "story", "subject", "tags", "to"),
        )
    ),
)
# Whoever takes part; on Instagram they have names of users instead.
PERSON = Kind(
    "User", ("id", "name", "username"), frozenset(("id", "name", "username", "email", "picture"))
)


def thread_nodes(site: Site, wanted: Fields, *, person: str | None = None) -> list[Node]:
    """The conversations, the latest first; only that with one person if it is given."""
    limit = wanted["messages"].limit if "messages" in wanted else None
    found = site.nodes.threads.conversations(SHOWN_MESSAGES if limit is None else limit)
    return [
        _thread(site, who, lines if "messages" in wanted else lines[:1])
        for who, lines in found.items()
        if person in (None, who)
    ]


def message_node(site: Site, line: Line) -> Node:
    """One message."""
    return _message(site, line, _person(site, line.person), _account(site))


def thread_id(person: str) -> str:
    """The id of the conversation with a person; its digits follow from who it is with."""
    return "t_" + person


# -- inside


def _message(site: Site, line: Line, them: Node, account: Node) -> Node:
    values = {
        "id": line.mid,
        "created_time": _date(site.kernel.clock.epoch + line.at),
        "from": account if line.by_account else them,
        "to": [them if line.by_account else account],
        "message": line.text,
    }
    return Node(MESSAGE, values)


def _thread(site: Site, person: str, lines: Sequence[Line]) -> Node:
    them, account = _person(site, person), _account(site)
    values = {
        "id": thread_id(person),
        "updated_time": _date(site.kernel.clock.epoch + lines[0].at),
        "participants": [them, account],
        "messages": [_message(site, line, them, account) for line in lines],
    }
    return Node(THREAD, values)


def _person(site: Site, psid: str) -> Node:
    profile = person_profile(
        site.kernel.chance,
        psid=psid,
        nickname=site.contacts.nickname(psid) or "",
        fields=("id", _NAMES.get(site.platform, "name")),
        platform=site.platform,
    )
    return Node(PERSON, profile if isinstance(profile, dict) else {"id": psid})


def _account(site: Site) -> Node:
    name = ACCOUNT_NAMES[site.platform]
    return Node(PERSON, {"id": site.account_id, _NAMES.get(site.platform, "name"): name})


_NAMES = {"instagram": "username"}


def _date(unix: float) -> str:
    return datetime.fromtimestamp(int(unix), UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
