"""What happens on a page of Messenger, in the shapes and the order of keys in which the platform
tells of it (Messenger docs, "Webhook Events Reference").
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal, get_args

from emulator.meta.graph.files import file_url
from emulator.meta.items.attachment import AttachmentKind, StickerMode, describe
from emulator.meta.items.common import (
    INBOX_APP,
    ad_referral,
    handover,
    item,
    message_item,
    nobodys_item,
    own_item,
)
from emulator.meta.items.reaction import EMOJI, Reaction, ReactionAction, check_reaction
from emulator.meta.items.update import ItemKind, Moment, Update, kinds, standby

# -- messages


def message(
    moment: Moment,
    *,
    text: str = "hello",
    quick_reply: str | None = None,
    reply_to: str | None = None,
    is_self_reply: bool = False,
    referral: Mapping[str, object] | None = None,
    commands: Sequence[str] = (),
    nlp: Mapping[str, object] | None = None,
    seq: int | None = None,
) -> Update:
    """`quick_reply` is the payload of one that was tapped; `reply_to` the message that is quoted;
    `seq` a number that older payloads had."""
    content: dict[str, object] = {}
    if seq is not None:
        content["seq"] = seq
    content["text"] = text
    if quick_reply is not None:
        content["quick_reply"] = {"payload": quick_reply}
    if reply_to is not None:
        content["reply_to"] = {"mid": reply_to, "is_self_reply": is_self_reply}
    if referral is not None:
        content["referral"] = referral
    if commands:
        content["commands"] = [{"name": name} for name in commands]
    if nlp is not None:
        content["nlp"] = nlp
    body = message_item(moment, content)
    if referral is None or referral.get("source") != "ADS":
        return Update("messages", body, says=text)
    lean = {key: value for key, value in content.items() if key != "referral"}
    return Update(
        "messages",
        body,
        says=text,
        further="messaging_referrals",
        lean=message_item(moment, lean),
    )


def reply(
    moment: Moment, *, text: str = "yes", mid: str | None = None, is_self_reply: bool = False
) -> Update:
    """A text that quotes the message `mid`."""
    return message(moment, text=text, reply_to=moment.earlier(mid), is_self_reply=is_self_reply)


def attachment(
    moment: Moment,
    *,
    kind: AttachmentKind = "image",
    url: str | None = None,
    payload: Mapping[str, object] | None = None,
    stickers: StickerMode | None = None,
) -> Update:
    """Without `url`, a file that can be fetched; a `fallback` without both has no payload."""
    if url is None:
        url = (
            ""
            if kind == "fallback"
            else file_url(moment.chance, moment.name, kind, unix=moment.unix)
        )
    found = describe(kind, url=url, payload=payload, unix=moment.unix, stickers=stickers)
    return Update("messages", message_item(moment, {"attachments": found}), says=kind)


def inbox_echo(moment: Moment, *, text: str = "A colleague of yours here") -> Update:
    """Somebody answers in the inbox of the page; the bot's own echoes are receipts."""
    content = {"mid": moment.mid, "text": text, "is_echo": True, "app_id": INBOX_APP}
    return Update("message_echoes", own_item(moment, "message", content), says=text)


# -- other doings of people


def postback(
    moment: Moment,
    *,
    title: str = "Get started",
    payload: str = "GET_STARTED",
    ref: str | None = None,
    has_mid: bool = True,
) -> Update:
    """`ref` is that of the link that brought the person here, where they had not been before;
    before version 11 of the API a postback had no mid."""
    told: dict[str, object] = {"mid": moment.mid} if has_mid else {}
    told |= {"title": title, "payload": payload}
    if ref is not None:
        told["referral"] = {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
    return Update("messaging_postbacks", item(moment, "postback", told), says=title)


def reaction(
    moment: Moment,
    *,
    mid: str | None = None,
    reaction: Reaction = "love",
    emoji: str | None = None,
    action: ReactionAction = "react",
) -> Update:
    """`mid` is the message that is reacted to."""
    check_reaction(reaction, action)
    shown = EMOJI[reaction] if emoji is None else emoji
    told = {"reaction": reaction, "emoji": shown, "action": action, "mid": moment.earlier(mid)}
    return Update("message_reactions", item(moment, "reaction", told), says=shown)


def edit(
    moment: Moment, *, mid: str | None = None, text: str = "hello again", num_edit: int = 1
) -> Update:
    told = {"mid": moment.earlier(mid), "text": text, "num_edit": num_edit}
    return Update("message_edits", item(moment, "message_edit", told), says=text)


def delivery(moment: Moment, *, mids: Sequence[str] | None = None) -> Update:
    """A delivery receipt, which has no timestamp; with empty `mids` it only has the watermark."""
    found = [moment.earlier(None)] if mids is None else list(mids)
    told: dict[str, object] = {"mids": found} if found else {}
    told["watermark"] = moment.unix_ms
    body = {
        "sender": {"id": moment.user},
        "recipient": {"id": moment.account},
        "delivery": told,
    }
    return Update("message_deliveries", body)


def read(moment: Moment, *, watermark_ms: int | None = None) -> Update:
    told = {"watermark": moment.unix_ms if watermark_ms is None else watermark_ms}
    return Update("message_reads", item(moment, "read", told))


def referral(moment: Moment, *, ref: str = "a-poster", from_ad: bool = False) -> Update:
    """A person who knows the page comes back by a link or an advertisement."""
    told = (
        ad_referral(ref)
        if from_ad
        else {
            "ref": ref,
            "source": "SHORTLINK",
            "type": "OPEN_THREAD",
        }
    )
    return Update("messaging_referrals", item(moment, "referral", told), says=ref)


def optin(moment: Moment, *, payload: str = "NEWS", token: str | None = None) -> Update:
    """Consent to later messages; `token` is what they are addressed with."""
    token = token or moment.digits("optin-token", 19)
    told = {
        "type": "notification_messages",
        "payload": payload,
        "notification_messages_token": token,
    }
    body = item(moment, "optin", told)
    return Update("messaging_optins", body, says=payload, alias=token)


def plugin_optin(moment: Moment, *, ref: str = "checkout", user_ref: str | None = None) -> Update:
    """The plugin of older web pages. With a `user_ref` nobody has signed in: there is no sender,
    and that is how the person is addressed."""
    if user_ref is None:
        return Update("messaging_optins", item(moment, "optin", {"ref": ref}), says=ref)
    body = nobodys_item(moment, "optin", {"ref": ref, "user_ref": user_ref})
    return Update("messaging_optins", body, says=ref, alias=user_ref)


def account_linking(
    moment: Moment, *, status: Literal["linked", "unlinked"] = "linked", code: str = "fake-code"
) -> Update:
    told: dict[str, object] = {"status": status}
    if status == "linked":
        told["authorization_code"] = code
    return Update("messaging_account_linking", item(moment, "account_linking", told), says=status)


def response_feedback(moment: Moment, *, mid: str | None = None, good: bool = True) -> Update:
    feedback = "Good response" if good else "Bad response"
    told = {"feedback": feedback, "mid": moment.earlier(mid)}
    return Update("response_feedback", item(moment, "response_feedback", told), says=feedback)


def order(moment: Moment, *, note: str | None = None) -> Update:
    product = {
        "id": "2345678901234567",
        "retailer_id": "sku-1",
        "name": "A fake product",
        "unit_price": 10,
        "currency": "USD",
        "quantity": 2,
    }
    told: dict[str, object] = {"products": [product]}
    if note is not None:
        told["note"] = note
    return Update("send_cart", item(moment, "order", told), says=note or "")


# -- what other apps, the platform and visitors of the page do


def pass_thread_control(moment: Moment, *, metadata: str = "yours") -> Update:
    told = handover(str(INBOX_APP), moment.app_id, metadata)
    return Update("messaging_handovers", item(moment, "pass_thread_control", told))


def take_thread_control(moment: Moment, *, metadata: str = "mine") -> Update:
    told = handover(moment.app_id, str(INBOX_APP), metadata)
    return Update("messaging_handovers", item(moment, "take_thread_control", told))


def request_thread_control(moment: Moment, *, metadata: str = "please") -> Update:
    told = {"requested_owner_app_id": INBOX_APP, "metadata": metadata}
    return Update("messaging_handovers", item(moment, "request_thread_control", told))


def app_roles(moment: Moment, *, role: str = "primary_receiver") -> Update:
    return Update("messaging_handovers", nobodys_item(moment, "app_roles", {moment.app_id: [role]}))


def policy_enforcement(
    moment: Moment,
    *,
    action: Literal["warning", "block", "unblock"] = "warning",
    reason: str = "A fake reason",
) -> Update:
    told: dict[str, object] = {"action": action}
    if action != "unblock":
        told["reason"] = reason
    return Update("messaging_policy_enforcement", nobodys_item(moment, "policy_enforcement", told))


def feed(
    moment: Moment, *, thing: Literal["post", "comment"] = "comment", text: str = "nice"
) -> Update:
    """A visitor writes on the page itself; a message to them is a private reply."""
    post = f"{moment.account}_{moment.digits('post')}"
    comment = f"{post.partition('_')[2]}_{moment.digits('comment')}"
    value: dict[str, object] = {
        "from": {"id": moment.user, "name": moment.nickname.capitalize()},
        "item": thing,
        "post_id": post,
    }
    if thing == "comment":
        value |= {"comment_id": comment, "parent_id": post}
    value |= {"verb": "add", "created_time": int(moment.unix), "message": text}
    named = (comment, post) if thing == "comment" else (post, None)
    return Update("feed", value, channel="changes", says=text, comment=named)


def dashboard_test(moment: Moment) -> Update:
    """What the dashboard sends for a tap on "Test": made-up ids, and times that are texts."""
    value = {
        "sender": {"id": "12334", "user_ref": "random_user_ref"},
        "recipient": {"id": "23245"},
        "timestamp": "1527459824",
        "message": {"mid": "test_message_id", "text": "test_message"},
    }
    return Update("messages", value, channel="test", says="test_message")


# Built-in language processing, where the page has switched it on; its shape is assumed.
_NLP = {
    "intents": [],
    "entities": {},
    "traits": {"wit$greetings": [{"id": "5900cc2d", "value": "true", "confidence": 0.99}]},
    "detected_locales": [{"locale": "en_XX", "confidence": 0.99}],
}
_PRODUCT = {"product": {"id": "2345678901234567"}}
_APPOINTMENT = {
    "booking_id": "3456789012345678",
    "status": "CONFIRMED",
    "start_time": 1790100000,
    "end_time": 1790103600,
    "timezone": "Europe/Berlin",
}
_ELEMENTS = {"product": {"elements": [{"id": "2345678901234567", "title": "A fake product"}]}}
_PAYLOADS: Mapping[str, Mapping[str, object]] = {
    "template": {"payload": _ELEMENTS},
    "appointment_booking": {"payload": _APPOINTMENT},
}

PAGE_ITEMS = kinds(
    ItemKind("text", "text", message, asks=True, opens=True),
    ItemKind(
        "quick_reply",
        "text",
        partial(message, text="Blue", quick_reply="COLOUR_BLUE"),
        asks=True,
        opens=True,
    ),
    ItemKind("reply", "text", reply, asks=True, opens=True),
    ItemKind(
        "command", "text", partial(message, text="/help", commands=("help",)), asks=True, opens=True
    ),
    ItemKind("nlp", "text", partial(message, nlp=_NLP), asks=True, opens=True),
    ItemKind("about_product", "text", partial(message, referral=_PRODUCT), asks=True, opens=True),
    ItemKind(
        "from_ad", "text", partial(message, referral=ad_referral("summer")), asks=True, opens=True
    ),
    *(
        ItemKind(
            kind,
            "attachment",
            partial(attachment, kind=kind),
            asks=True,
            opens=True,
            sample=_PAYLOADS.get(kind, {}),
        )
        for kind in get_args(AttachmentKind)
    ),
    ItemKind("inbox_echo", "echo", inbox_echo),
    ItemKind("postback", "postback", postback, asks=True, opens=True),
    ItemKind("get_started", "postback", partial(postback, ref="a-poster"), asks=True, opens=True),
    ItemKind("older_postback", "postback", partial(postback, has_mid=False), asks=True, opens=True),
    ItemKind("reaction", "reaction", reaction, opens=True),
    ItemKind("unreaction", "reaction", partial(reaction, action="unreact"), opens=True),
    ItemKind("edit", "edit", edit, opens=True),
    ItemKind("delivery", "receipt", delivery),
    ItemKind("read", "read", read),
    ItemKind("referral", "referral", referral, opens=True),
    ItemKind("ad_referral", "referral", partial(referral, from_ad=True), opens=True),
    ItemKind("optin", "optin", optin, opens=True),
    ItemKind("plugin_optin", "optin", plugin_optin, opens=True),
    ItemKind("nobodys_optin", "optin", partial(plugin_optin, user_ref="fake-user-ref")),
    ItemKind("account_linking", "linking", account_linking),
    ItemKind("account_unlinking", "linking", partial(account_linking, status="unlinked")),
    ItemKind("response_feedback", "feedback", response_feedback),
    ItemKind("bad_response", "feedback", partial(response_feedback, good=False)),
    ItemKind("order", "order", order, opens=True),
    ItemKind("pass_thread_control", "handover", pass_thread_control),
    ItemKind("take_thread_control", "handover", take_thread_control),
    ItemKind("request_thread_control", "handover", request_thread_control),
    ItemKind("app_roles", "handover", app_roles),
    ItemKind("policy_enforcement", "policy", policy_enforcement),
    ItemKind("policy_block", "policy", partial(policy_enforcement, action="block")),
    ItemKind("policy_unblock", "policy", partial(policy_enforcement, action="unblock")),
    ItemKind("standby_text", "standby", standby(message), opens=True),
    ItemKind("standby_postback", "standby", standby(postback), opens=True),
    ItemKind("standby_echo", "standby", standby(inbox_echo)),
    ItemKind("feed_post", "comment", partial(feed, thing="post")),
    ItemKind("feed_comment", "comment", feed),
    ItemKind("test_button", "test", dashboard_test),
)
