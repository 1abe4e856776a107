"""What happens on an Instagram account, in the shapes and the order of keys in which the platform
tells of it (Instagram platform docs, "Webhooks" and its notification examples).
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Literal, get_args

from emulator.meta.graph.files import file_url
from emulator.meta.items.common import (
    INBOX_APP,
    SAMPLE_URL,
    ad_referral,
    handover,
    item,
    message_item,
    own_item,
)
from emulator.meta.items.reaction import EMOJI, Reaction, ReactionAction, check_reaction
from emulator.meta.items.update import ItemKind, Moment, Update, kinds, standby

AttachmentKind = Literal[
    "image",
    "video",
    "audio",
    "file",
    "share",
    "story_mention",
    "reel",
    "ig_reel",
    "ig_post",
    "ephemeral",
]
INSTAGRAM_ATTACHMENTS: tuple[str, ...] = get_args(AttachmentKind)

# -- messages


def message(
    moment: Moment,
    *,
    text: str = "hello",
    quick_reply: str | None = None,
    reply_to: Mapping[str, object] | None = None,
    referral: Mapping[str, object] | None = None,
) -> Update:
    """`quick_reply` is the payload of one that was tapped; `reply_to` what is quoted."""
    content: dict[str, object] = {"text": text}
    if quick_reply is not None:
        content["quick_reply"] = {"payload": quick_reply}
    if reply_to is not None:
        content["reply_to"] = reply_to
    if referral is not None:
        content["referral"] = referral
    return Update("messages", message_item(moment, content), says=text)


def reply(moment: Moment, *, text: str = "yes", mid: str | None = None) -> Update:
    """A text that quotes the message `mid`."""
    return message(moment, text=text, reply_to={"mid": moment.earlier(mid)})


def story_reply(moment: Moment, *, text: str = "great", url: str = SAMPLE_URL) -> Update:
    """A text about a story of the account."""
    story = {"url": url, "id": moment.digits("story", 17)}
    return message(moment, text=text, reply_to={"story": story})


def attachment(
    moment: Moment,
    *,
    kind: AttachmentKind = "image",
    url: str | None = None,
    payload: Mapping[str, object] | None = None,
) -> Update:
    """Without `url`, a file that can be fetched; a sticker is an image."""
    if payload is None:
        link = url or file_url(moment.chance, moment.name, kind, unix=moment.unix)
        payload = {"url": link}
    content = {"attachments": [{"type": kind, "payload": payload}]}
    return Update("messages", message_item(moment, content), says=kind)


def unsend(moment: Moment, *, mid: str | None = None) -> Update:
    """A person takes the message `mid` back: the same mid, and no text."""
    content = {"mid": moment.earlier(mid), "is_deleted": True}
    return Update("messages", item(moment, "message", content))


def unsupported(moment: Moment) -> Update:
    """Something that the API can not show."""
    return Update("messages", message_item(moment, {"is_unsupported": True}), says="unsupported")


def inbox_echo(moment: Moment, *, text: str = "A colleague of yours here") -> Update:
    """Somebody answers in the app; the bot's own echoes are receipts."""
    content = {"mid": moment.mid, "is_echo": True, "text": text}
    return Update("messages", own_item(moment, "message", content), says=text)


def inbox_echo_of_its_own(moment: Moment, *, text: str = "A colleague of yours here") -> Update:
    """The same for an app with Instagram Login, which has a field for echoes."""
    return replace(inbox_echo(moment, text=text), field="message_echoes")


# -- other doings of people


def postback(moment: Moment, *, title: str = "Get started", payload: str = "GET_STARTED") -> Update:
    """A tap on a button or an ice breaker."""
    told = {"mid": moment.mid, "title": title, "payload": payload}
    return Update("messaging_postbacks", item(moment, "postback", told), says=title)


def reaction(
    moment: Moment,
    *,
    mid: str | None = None,
    reaction: Reaction = "love",
    emoji: str | None = None,
    action: ReactionAction = "react",
) -> Update:
    """`mid` is the message that is reacted to. Which reaction is taken back is not told."""
    check_reaction(reaction, action)
    shown = EMOJI[reaction] if emoji is None else emoji
    told = {"mid": moment.earlier(mid), "action": action}
    if action == "react":
        told |= {"reaction": reaction, "emoji": shown}
    return Update("message_reactions", item(moment, "reaction", told), says=shown)


def seen(moment: Moment, *, mid: str | None = None) -> Update:
    """One message is read, and not all up to a time."""
    return Update("messaging_seen", item(moment, "read", {"mid": moment.earlier(mid)}))


def referral(moment: Moment, *, ref: str = "a-poster") -> Update:
    """A person comes by an ig.me link; the value of `source` is assumed."""
    told = {"ref": ref, "source": "IGME-SOURCE-LINK", "type": "OPEN_THREAD"}
    return Update("messaging_referral", item(moment, "referral", told), says=ref)


def edit(
    moment: Moment, *, mid: str | None = None, text: str = "hello again", num_edit: int = 1
) -> Update:
    told = {"mid": moment.earlier(mid), "text": text, "num_edit": num_edit}
    return Update("message_edit", item(moment, "message_edit", told), says=text)


def optin(moment: Moment, *, payload: str = "NEWS", token: str | None = None) -> Update:
    """Consent to later messages, taken to look as on Messenger; `token` addresses them."""
    token = token or moment.digits("optin-token", 19)
    told = {
        "type": "notification_messages",
        "payload": payload,
        "notification_messages_token": token,
    }
    body = item(moment, "optin", told)
    return Update("messaging_optins", body, says=payload, alias=token)


# -- what happens below the posts of the account, and what other apps do


def comment(
    moment: Moment,
    *,
    text: str = "nice",
    live: bool = False,
    parent_id: str | None = None,
    compat: bool = False,
) -> Update:
    """A comment on a post, below `parent_id` if that is a comment, too. The platform's pages name
    its id `id` and elsewhere `comment_id`; in `compat` it has both.
    """
    number = moment.digits("comment", 17)
    value: dict[str, object] = {
        "from": {"id": moment.user, "username": moment.nickname},
        "id": number,
    }
    if compat:
        value["comment_id"] = number
    if parent_id is not None:
        value["parent_id"] = parent_id
    media = moment.digits("post", 17)
    value["text"] = text
    value["media"] = {"id": media, "media_product_type": "LIVE" if live else "FEED"}
    return Update(
        "live_comments" if live else "comments",
        value,
        channel="changes",
        says=text,
        comment=(number, media),
    )


def mention(moment: Moment, *, in_comment: bool = True) -> Update:
    """Somebody names the account, in a comment or in the caption of a post."""
    value: dict[str, object] = {"media_id": moment.digits("post", 17)}
    if in_comment:
        value["comment_id"] = moment.digits("comment", 17)
    return Update("mentions", value, channel="changes")


def thread_control(
    moment: Moment,
    *,
    event: Literal["pass_thread_control", "take_thread_control"] = "pass_thread_control",
    metadata: str = "yours",
) -> Update:
    """Taken to look as on Messenger."""
    apps = (str(INBOX_APP), moment.app_id)
    previous, new = apps if event == "pass_thread_control" else reversed(apps)
    return Update("messaging_handover", item(moment, event, handover(previous, new, metadata)))


def dashboard_test(moment: Moment) -> Update:
    """What the dashboard sends for a tap on "Test": made-up ids, and times that are texts."""
    value = {
        "sender": {"id": "12334"},
        "recipient": {"id": "23245"},
        "timestamp": "1527459824",
        "message": {"mid": "random_mid", "text": "random_text"},
    }
    return Update("messages", value, channel="test", says="random_text")


def _asked(name: str, build: "partial[Update]") -> ItemKind:
    return ItemKind(name, "text", build, asks=True, opens=True)


INSTAGRAM_ITEMS = kinds(
    ItemKind("text", "text", message, asks=True, opens=True),
    _asked("quick_reply", partial(message, text="Blue", quick_reply="COLOUR_BLUE")),
    _asked("reply", partial(reply)),
    _asked("story_reply", partial(story_reply)),
    _asked("from_ad", partial(message, referral=ad_referral("summer"))),
    *(
        ItemKind(kind, "attachment", partial(attachment, kind=kind), asks=True, opens=True)
        for kind in get_args(AttachmentKind)
    ),
    ItemKind("unsend", "unsend", unsend),
    ItemKind("unsupported", "unsupported", unsupported, opens=True),
    ItemKind("inbox_echo", "echo", inbox_echo),
    ItemKind("postback", "postback", postback, asks=True, opens=True),
    ItemKind("reaction", "reaction", reaction, opens=True),
    ItemKind("unreaction", "reaction", partial(reaction, action="unreact"), opens=True),
    ItemKind("seen", "read", seen),
    ItemKind("referral", "referral", referral, opens=True),
    ItemKind("edit", "edit", edit, opens=True),
    ItemKind("optin", "optin", optin, opens=True),
    ItemKind("comment", "comment", comment),
    ItemKind("older_comment", "comment", partial(comment, compat=True)),
    ItemKind("live_comment", "comment", partial(comment, live=True)),
    ItemKind("mention", "mention", mention),
    ItemKind("mention_in_caption", "mention", partial(mention, in_comment=False)),
    ItemKind("pass_thread_control", "handover", thread_control),
    ItemKind(
        "take_thread_control",
        "handover",
        partial(thread_control, event="take_thread_control", metadata="mine"),
    ),
    ItemKind("standby_text", "standby", standby(message), opens=True),
    ItemKind("standby_postback", "standby", standby(postback), opens=True),
    ItemKind("test_button", "test", dashboard_test),
)

# For apps with Instagram Login.
INSTAGRAM_LOGIN_ITEMS = {
    **INSTAGRAM_ITEMS,
    **kinds(ItemKind("inbox_echo", "echo", inbox_echo_of_its_own)),
}
