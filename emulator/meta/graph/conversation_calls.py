"""Calls about conversations: what was written, and which app has them; and answers to comments."""

from collections.abc import Mapping
from functools import partial

from emulator.chance import DIGITS
from emulator.meta.delivery.courier import Webhook
from emulator.meta.graph.addressing import NO_MATCHING_USER, Refusal, invalid, required
from emulator.meta.graph.asked import SUCCESS, Answer, Asked
from emulator.meta.graph.fields import read_wanted, show_all
from emulator.meta.graph.limits import INBOX_SENDS
from emulator.meta.graph.parameters import as_object, clean
from emulator.meta.graph.refusals import refusal
from emulator.meta.graph.site import Site
from emulator.meta.graph.thread_control import INBOX_APP_ID
from emulator.meta.graph.thread_nodes import thread_nodes
from emulator.meta.items.update import Update
from emulator.meta.platform import Field
from emulator.meta.sends.contents import TEXT_LIMIT, as_id
from emulator.meta.sends.messages import reply_privately
from emulator.meta.sends.requests import Say


def conversations(site: Site, asked: Asked) -> Answer:
    """GET `/{account}/conversations`: who has written lately, and what."""
    if not site.is_account(asked.address.node) or site.platform == "whatsapp":
        return None
    often = site.refuse_often("conversations")
    if often is not None:
        return often
    only = asked.text("user_id")
    # Messenger docs, "Rate Limits": then a single conversation can be had, and not all of them.
    if only is None and site.is_flooded():
        return refusal(INBOX_SENDS.code)
    wanted = read_wanted(asked.parameters)
    if isinstance(wanted, Refusal):
        return wanted
    return show_all(thread_nodes(site, wanted, person=only), wanted)


def control(site: Site, asked: Asked) -> Answer:
    """POST `/me/pass_thread_control` and the like: a conversation goes to an app, or comes back."""
    if not site.is_account(asked.address.node) or site.platform == "whatsapp":
        return None
    recipient = as_object(asked.given.get("recipient")) or {}
    person = as_id(recipient.get("id"))
    if person is None:
        return required("recipient[id]")
    if site.contacts.last_act(person) is None:
        return NO_MATCHING_USER
    own, owners = site.credentials.app_id, site.nodes.control
    verb = asked.address.edge
    owner = owners.owner(person)
    metadata = asked.text("metadata") or ""
    if verb == "request_thread_control":
        asks = int(own) if own.isdecimal() else own
        detail: dict[str, object] = {"requested_owner_app_id": asks, "metadata": metadata}
        _tell_of_control(site, verb, person, detail, asked)
        return SUCCESS
    if verb == "take_thread_control":
        target: str | None = own
        owners.take(person)
    else:
        released = verb == "release_thread_control"
        target = INBOX_APP_ID if released else as_id(asked.given.get("target_app_id"))
        if target is None:
            return required("target_app_id")
        if owner is not None:
            return invalid("Only the app that has the conversation can give it away")
        owners.give(person, target)
        # Told as what it is for whoever gets the conversation.
        verb = "pass_thread_control"
    detail = {
        "previous_owner_app_id": owner or own,
        "new_owner_app_id": target,
        "metadata": metadata,
    }
    _tell_of_control(site, verb, person, detail, asked)
    return SUCCESS


def thread_owner(site: Site, asked: Asked) -> Answer:
    """GET `/me/thread_owner?recipient=`: the app that has a conversation."""
    if not site.is_account(asked.address.node) or site.platform == "whatsapp":
        return None
    person = asked.text("recipient")
    if person is None:
        return required("recipient")
    if site.contacts.last_act(person) is None:
        return NO_MATCHING_USER
    owner = site.nodes.control.owner(person) or site.credentials.app_id
    return {"data": [{"thread_owner": {"app_id": owner}}]}


def secondary_receivers(site: Site, asked: Asked) -> Answer:
    """GET `/me/secondary_receivers`: the other apps, of which there is the inbox only."""
    if not site.is_account(asked.address.node) or site.platform == "whatsapp":
        return None
    return {"data": [{"id": INBOX_APP_ID, "name": "Page Inbox"}]}


def replies(site: Site, asked: Asked) -> Answer:
    """POST `/{comment-id}/replies`: a public answer, as a comment."""
    comment = site.nodes.comments.find(asked.address.node)
    if comment is None or site.platform == "whatsapp":
        return None
    if asked.text("message") is None:
        return required("message")
    name = site.name_for(asked.call, "k")
    return {
        "id": f"{site.account_id}_{site.kernel.chance.text('meta/comment/' + name, 15, DIGITS)}"
    }


def private_replies(site: Site, asked: Asked) -> Answer:
    """POST `/{comment-id}/private_replies`: a message to whoever wrote the comment."""
    comment = site.nodes.comments.find(asked.address.node)
    if comment is None or site.platform == "whatsapp":
        return None
    text = asked.text("message")
    if text is None:
        return required("message")
    if len(text) > TEXT_LIMIT:
        return invalid(f"Length of param message must be less than or equal to {TEXT_LIMIT}")
    answer = reply_privately(site, comment, Say(comment.author, clean(text)), asked)
    if isinstance(answer, dict):
        return {"id": answer["message_id"]}
    return answer


# -- inside


def _tell_of_control(
    site: Site, verb: str, person: str, detail: Mapping[str, object], asked: Asked
) -> None:
    """The notification of a handover."""
    field: Field = "messaging_handover" if site.platform == "instagram" else "messaging_handovers"
    if not site.subscribed.tells_of(field):
        return
    item = {
        "sender": {"id": person},
        "recipient": {"id": site.account_id},
        "timestamp": round(site.kernel.clock.unix * 1000),
        verb: detail,
    }
    call = asked.call
    site.courier.send(
        Webhook(
            name=site.name_for(call, "t"),
            roots=() if call is None else call.roots,
            cause=-1 if call is None else call.entry,
            render=partial(site.render, ((Update(field, item),),)),
            kind="echo",
            generation=0 if call is None else call.invocation.generation + 1,
            routes=() if call is None else call.routes,
        )
    )
