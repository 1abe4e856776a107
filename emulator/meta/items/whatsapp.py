"""What happens on a phone number of WhatsApp's Cloud API, in the shapes and the order of keys in
which the platform tells of it (WhatsApp docs, "Webhooks", messages).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal, get_args

from emulator.meta.delivery.wire import Item
from emulator.meta.items.reaction import EMOJI, Reaction, ReactionAction, check_reaction
from emulator.meta.items.update import Event, ItemKind, Moment, Update, kinds
from emulator.meta.sends.receipts import status_update

MediaKind = Literal["image", "audio", "video", "document", "sticker"]
WHATSAPP_ATTACHMENTS: tuple[str, ...] = (*get_args(MediaKind), "voice", "file", "location")

_ERROR = {
    "code": 131051,
    "title": "Message type unknown",
    "message": "Message type unknown",
    "error_data": {"details": "Message type is currently not supported."},
}
_BROKEN = {
    "code": 131000,
    "title": "Something went wrong",
    "message": "Something went wrong",
    "error_data": {"details": "Something went wrong"},
}
_UNDELIVERABLE = {
    "code": 131026,
    "title": "Message undeliverable",
    "message": "Message undeliverable",
    "error_data": {"details": "Message undeliverable."},
}

# -- messages


def message(
    moment: Moment,
    *,
    text: str = "hello",
    context: Mapping[str, object] | None = None,
    referral: Mapping[str, object] | None = None,
    from_user_id: bool = False,
) -> Update:
    """`context` is what is quoted or forwarded; `from_user_id` also names the person by the
    business-scoped id beside the text."""
    return _told(
        moment,
        "text",
        {"body": text},
        says=text,
        context=context,
        referral=referral,
        from_user_id=from_user_id,
    )


def reply(moment: Moment, *, text: str = "yes", mid: str | None = None) -> Update:
    """A text that quotes the message `mid`."""
    return message(moment, text=text, context=_quoted(moment, mid))


def media(
    moment: Moment,
    *,
    kind: MediaKind = "image",
    caption: str | None = None,
    filename: str | None = None,
    voice: bool | None = None,
    animated: bool | None = None,
    url: str | None = None,
) -> Update:
    """A file that can be fetched by its id, and without `url` from a link, too."""
    file = moment.media.received(moment.name, kind)
    content: dict[str, object] = {
        "id": file.id,
        "mime_type": file.mime_type,
        "sha256": file.sha256,
    }
    optional = {
        "url": url or moment.media.link(file, unix=moment.unix),
        "caption": caption,
        "filename": filename,
        "voice": voice,
        "animated": animated,
    }
    content |= {key: value for key, value in optional.items() if value is not None}
    return _told(moment, kind, content, says=caption or kind)


def location(
    moment: Moment,
    *,
    latitude: float = 52.52,
    longitude: float = 13.405,
    place: str | None = None,
    address: str | None = None,
) -> Update:
    content: dict[str, object] = {"latitude": latitude, "longitude": longitude}
    if place is not None:
        content["name"] = place
    if address is not None:
        content["address"] = address
    return _told(moment, "location", content, says=place or "location")


def contacts(moment: Moment, *, full_name: str = "Grace Hopper") -> Update:
    """Somebody's card."""
    first = full_name.partition(" ")[0]
    card = {
        "name": {"first_name": first, "formatted_name": full_name},
        "phones": [{"phone": "+1 555-000-0007", "wa_id": "15550000007", "type": "CELL"}],
    }
    return _told(moment, "contacts", [card], says=full_name)


def button_reply(
    moment: Moment, *, title: str = "Yes", payload: str = "YES", mid: str | None = None
) -> Update:
    """A tap on a reply button of the message `mid`; `payload` is told as its id."""
    reply = {"id": payload, "title": title}
    return _chosen(moment, "button_reply", reply, mid)


def list_reply(
    moment: Moment,
    *,
    title: str = "Blue",
    payload: str = "COLOUR_BLUE",
    description: str | None = "like the sky",
    mid: str | None = None,
) -> Update:
    """A choice from a list of the message `mid`."""
    reply = {"id": payload, "title": title}
    if description is not None:
        reply["description"] = description
    return _chosen(moment, "list_reply", reply, mid)


def button(
    moment: Moment, *, title: str = "Yes", payload: str = "YES", mid: str | None = None
) -> Update:
    """A tap on a button of a template."""
    content = {"payload": payload, "text": title}
    return _told(moment, "button", content, says=title, context=_quoted(moment, mid))


def order(moment: Moment, *, text: str = "") -> Update:
    product = {
        "product_retailer_id": "sku-1",
        "quantity": 2,
        "item_price": 10,
        "currency": "USD",
    }
    content = {"catalog_id": "354160437058781", "text": text, "product_items": [product]}
    return _told(moment, "order", content, says=text)


def unsupported(moment: Moment) -> Update:
    """Something that the API can not show."""
    return _told(moment, "unsupported", None, says="unsupported", errors=(_ERROR,))


# -- other doings of people


def reaction(
    moment: Moment,
    *,
    mid: str | None = None,
    reaction: Reaction = "love",
    emoji: str | None = None,
    action: ReactionAction = "react",
) -> Update:
    """`mid` is the message that is reacted to; without an emoji the reaction is taken back."""
    check_reaction(reaction, action)
    shown = EMOJI[reaction] if emoji is None else emoji
    content = {"message_id": moment.earlier(mid)}
    if action == "react":
        content["emoji"] = shown
    return _told(moment, "reaction", content, says=shown)


def edit(moment: Moment, *, mid: str | None = None, text: str = "hello again") -> Update:
    """A text is written anew; seen in the tests of a client library."""
    content = {
        "original_message_id": moment.earlier(mid),
        "message": {"type": "text", "text": {"body": text}},
    }
    return _told(moment, "edit", content, says=text)


def unsend(moment: Moment, *, mid: str | None = None) -> Update:
    """A message is taken back; seen in the tests of a client library."""
    return _told(moment, "revoke", {"original_message_id": moment.earlier(mid)}, says="")


# -- what the platform tells of itself


def system(moment: Moment, *, number: str = "15550000008") -> Update:
    """A person has another phone number from now on."""
    body = {
        "from": moment.user,
        "id": moment.mid,
        "timestamp": moment.seconds,
        "type": "system",
        "system": {
            "body": f"User A changed from {moment.user} to {number}",
            "wa_id": number,
            "type": "user_changed_number",
        },
    }
    return Update("messages", body, channel="changes", says="system")


def error(moment: Moment) -> Update:
    """The platform has a trouble of its own, which is nobody's message."""
    return Update("messages", _BROKEN, channel="changes", part="errors")


def status(
    moment: Moment,
    *,
    status: Literal["sent", "delivered", "read", "failed", "played"] = "delivered",
    mid: str | None = None,
    priced: bool = False,
) -> Update:
    """What became of the bot's message `mid`; its own are told by themselves. `priced` adds what
    the platform charges for."""
    extra: dict[str, object] = {}
    if priced:
        extra["conversation"] = {
            "id": moment.chance.bits(f"meta/conversation/{moment.name}", 16).hex(),
            "origin": {"type": "service"},
        }
        extra["pricing"] = {"billable": True, "pricing_model": "CBP", "category": "service"}
    if status == "failed":
        extra["errors"] = [_UNDELIVERABLE]
    return status_update(moment.earlier(mid), status, to=moment.user, unix=moment.unix, extra=extra)


def dashboard_test(moment: Moment) -> Update:
    """What the dashboard sends for a tap on "Test", with the ids of the platform's samples."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "16505551111", "phone_number_id": "123456123"},
        "contacts": [{"profile": {"name": "test user name"}, "wa_id": "16315551181"}],
        "messages": [
            {
                "from": "16315551181",
                "id": "ABGGFlA5Fpa",
                "timestamp": "1504902988",
                "type": "text",
                "text": {"body": "this is a text message"},
            }
        ],
    }
    return Update("messages", value, channel="test", says="this is a text message")


# -- inside


def _told(
    moment: Moment,
    kind: str,
    content: object,
    *,
    says: str,
    context: Mapping[str, object] | None = None,
    referral: Mapping[str, object] | None = None,
    from_user_id: bool = False,
    errors: Sequence[Item] = (),
) -> Update:
    body: dict[str, object] = {}
    if context is not None:
        body["context"] = context
    if referral is not None:
        body["referral"] = referral
    body["from"] = moment.user
    if from_user_id:
        body["from_user_id"] = moment.alias
    body |= {"id": moment.mid, "timestamp": moment.seconds, "type": kind}
    if errors:
        body["errors"] = list(errors)
    else:
        body[kind] = content
    contact = {
        "profile": {"name": moment.nickname.capitalize()},
        "wa_id": moment.user,
        "user_id": moment.alias,
    }
    return Update("messages", body, channel="changes", says=says, contact=contact)


def _chosen(moment: Moment, kind: str, reply: Item, mid: str | None) -> Update:
    content = {"type": kind, kind: reply}
    says = str(reply["title"])
    return _told(moment, "interactive", content, says=says, context=_quoted(moment, mid))


def _quoted(moment: Moment, mid: str | None) -> Item:
    """The bot's message that is quoted."""
    return {"from": moment.number, "id": moment.earlier(mid)}


_FORWARDED = {"forwarded": True}
_AD = {
    "source_url": "https://fb.me/fake",
    "source_id": "120210000000000001",
    "source_type": "ad",
    "headline": "A fake advertisement",
    "body": "Write to us",
    "media_type": "image",
    "image_url": "https://scontent.xx.fbcdn.net/v/t45.1600-4/sample_n.jpg",
    "ctwa_clid": "fake-click-id",
}


def _asked(name: str, event: Event, build: Callable[..., Update]) -> ItemKind:
    return ItemKind(name, event, build, asks=True, opens=True)


WHATSAPP_ITEMS = kinds(
    _asked("text", "text", message),
    _asked("reply", "text", reply),
    _asked("forwarded", "text", partial(message, context=_FORWARDED)),
    _asked("from_ad", "text", partial(message, referral=_AD)),
    _asked("text_by_user_id", "text", partial(message, from_user_id=True)),
    *(_asked(kind, "attachment", partial(media, kind=kind)) for kind in get_args(MediaKind)),
    _asked("file", "attachment", partial(media, kind="document", filename="made-up.pdf")),
    _asked("voice", "attachment", partial(media, kind="audio", voice=True)),
    _asked("captioned", "attachment", partial(media, caption="look")),
    _asked("location", "attachment", location),
    _asked("contacts", "attachment", contacts),
    _asked("button_reply", "postback", button_reply),
    _asked("list_reply", "postback", list_reply),
    _asked("button", "postback", button),
    _asked("order", "order", order),
    ItemKind("unsupported", "unsupported", unsupported, opens=True),
    ItemKind("reaction", "reaction", reaction, opens=True),
    ItemKind("unreaction", "reaction", partial(reaction, action="unreact"), opens=True),
    ItemKind("edit", "edit", edit, opens=True),
    ItemKind("unsend", "unsend", unsend),
    ItemKind("system", "system", system),
    ItemKind("error", "error", error),
    *(
        ItemKind(f"status_{found}", "receipt", partial(status, status=found))
        for found in ("sent", "delivered", "read", "failed", "played")
    ),
    ItemKind("status_priced", "receipt", partial(status, status="sent", priced=True)),
    ItemKind("test_button", "test", dashboard_test),
)
