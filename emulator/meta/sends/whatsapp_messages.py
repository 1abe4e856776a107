"""What becomes of a send on WhatsApp: whom it reaches, whether it may, and what is answered."""

from dataclasses import replace
from functools import partial

from emulator.meta.graph.addressing import Refusal, invalid
from emulator.meta.graph.asked import SUCCESS, Answer, Asked
from emulator.meta.graph.refusals import refusal
from emulator.meta.graph.site import Site
from emulator.meta.items.update import Update
from emulator.meta.sends.contents import as_id
from emulator.meta.sends.feedback import ECHO_AFTER_S, Origin, Receipt
from emulator.meta.sends.outbox import Sent
from emulator.meta.sends.receipts import status_update
from emulator.meta.sends.requests import Gesture, Say
from emulator.meta.sends.whatsapp_requests import MEDIA_TYPES, read_whatsapp_send, template_of
from emulator.meta.sends.window import refuse_late


def send_whatsapp(site: Site, asked: Asked) -> Answer:
    """POST `/{phone-number-id}/messages`: a message, a reaction or a read mark."""
    wanted = read_whatsapp_send(asked.parameters)
    if isinstance(wanted, Refusal):
        return wanted
    if isinstance(wanted, Gesture):
        return _gesture(site, wanted, asked)
    to = site.contacts.known(wanted.to)
    refused = _refuse(site, wanted, to)
    if refused is not None:
        return refused
    # A template also reaches people who never wrote: those are nobody's user messages.
    sent = site.outbox.accept(replace(wanted, to=to or _digits(wanted.to)), asked.call)
    site.nodes.threads.answered(sent.to, sent.message_id, sent.text, at=sent.at)
    if asked.fails_later is None:
        site.feedback.accepted(sent, to_person=True)
    else:
        told = partial(_failed, why=asked.fails_later)
        site.feedback.tell(Receipt("s0", "messages", told, ECHO_AFTER_S), sent)
    return _answer(wanted.to, sent.to, sent.message_id)


# -- inside


def _failed(sent: Sent, origin: Origin, unix: float, *, why: Refusal) -> Update:
    """The status of a message that was accepted and reached nobody."""
    error = {
        "code": why.code,
        "title": why.message.partition(") ")[2],
        "message": why.message,
        "error_data": {"details": why.details or why.message},
    }
    extra = {"errors": [error]}
    return status_update(sent.message_id, "failed", to=sent.to, unix=unix, extra=extra)


def _gesture(site: Site, gesture: Gesture, asked: Asked) -> Answer:
    if not gesture.to:
        site.outbox.act(gesture, asked.call)
        return SUCCESS
    to = site.contacts.known(gesture.to)
    if to is None:
        return refusal(131026)
    late = _refuse_late(site, "RESPONSE", to)
    if late is not None:
        return late
    action = site.outbox.act(replace(gesture, to=to), asked.call)
    return _answer(gesture.to, to, site.outbox.id_of(action))


def _refuse(site: Site, say: Say, to: str | None) -> Refusal | None:
    """What is wrong with a message to this person (None: to a number that never wrote)."""
    if say.kind == "template":
        any_goes = site.options.templates is None
        if not any_goes and template_of(say) not in site.templates:
            return refusal(132001)
    if to is None and not _digits(say.to):
        return refusal(131009, details="Recipient is not a valid phone number")
    late = _refuse_late(site, say.occasion, to)
    if late is not None:
        return late
    if say.kind in MEDIA_TYPES:
        payload = say.attachments[0]["payload"]
        media_id = as_id(payload.get("id")) if isinstance(payload, dict) else None
        if media_id is not None and site.nodes.media.find(media_id) is None:
            return invalid(f"Invalid parameter: media {media_id} does not exist or has expired")
    if site.options.throttled:
        now = site.kernel.clock.now
        return site.usage.refuse_send(now, kind=say.kind, to=to or _digits(say.to))
    return None


def _refuse_late(site: Site, occasion: str, to: str | None) -> Refusal | None:
    acted = None if to is None else site.contacts.last_act(to)
    # Who never wrote has no window at all.
    idle_s = float("inf") if acted is None else site.kernel.clock.now - acted
    return refuse_late(occasion, idle_s, event_tags=site.options.event_tags, platform="whatsapp")


def _digits(address: str) -> str:
    return "".join(filter(str.isdecimal, address))


def _answer(asked_for: str, to: str, mid: str) -> Answer:
    return {
        "messaging_product": "whatsapp",
        "contacts": [{"input": asked_for, "wa_id": to}],
        "messages": [{"id": mid, "message_status": "accepted"}],
    }
