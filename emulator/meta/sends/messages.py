"""What becomes of a send: whom it reaches, whether it may, and what is answered.

For pages and Instagram accounts; WhatsApp is in `whatsapp_messages.py`.
"""

from collections.abc import Mapping
from dataclasses import replace

from emulator.meta.comments import Comment
from emulator.meta.graph.addressing import NO_MATCHING_USER, Refusal, invalid
from emulator.meta.graph.asked import Answer, Asked
from emulator.meta.graph.site import Site
from emulator.meta.sends.contents import Attachment
from emulator.meta.sends.outbox import Sent
from emulator.meta.sends.requests import Gesture, Say, read_send
from emulator.meta.sends.whatsapp_messages import send_whatsapp
from emulator.meta.sends.window import refuse_late


def send(site: Site, asked: Asked) -> Answer:
    """POST `/{account}/messages`: a message or a sender action."""
    if not site.is_account(asked.address.node):
        return None
    if site.platform == "whatsapp":
        return send_whatsapp(site, asked)
    wanted = read_send(asked.parameters, asked.upload, platform=site.platform)
    if isinstance(wanted, Refusal):
        return wanted
    if isinstance(wanted, Gesture):
        return _gesture(site, wanted, asked)
    if wanted.addressed in ("comment_id", "post_id"):
        comment = site.nodes.comments.find(wanted.to)
        if comment is None:
            return NO_MATCHING_USER
        return reply_privately(site, comment, wanted, asked)
    return _say(site, wanted, asked)


def reply_privately(site: Site, comment: Comment, say: Say, asked: Asked) -> Answer:
    """A message to whoever wrote a comment, of which there can be one."""
    late = site.nodes.comments.refuse_private_reply(comment, site.kernel.clock.now)
    if late is not None:
        return late
    edge = "live_replies" if comment.live else "private_replies"
    often = site.refuse_flood(say.kind, comment.author, edge)
    if often is not None:
        return often
    done = _accept(site, replace(say, to=comment.author), asked, to_person=True)
    if isinstance(done, Refusal):
        return done
    sent, _ = done
    comment.mid = sent.message_id
    return {"recipient_id": sent.to, "message_id": sent.message_id}


# -- inside


def _gesture(site: Site, gesture: Gesture, asked: Asked) -> Answer:
    to = _person(site, gesture.to, gesture.addressed == "id")
    if to is None:
        return NO_MATCHING_USER
    site.outbox.act(replace(gesture, to=to), asked.call)
    return {"recipient_id": to}


def _say(site: Site, say: Say, asked: Asked) -> Answer:
    # The page itself is nobody's user: a bot that answers its own echoes fails here.
    to_self = say.to == site.account_id and site.options.echo_to_self == "accept"
    to = say.to if to_self else _person(site, say.to, say.addressed == "id")
    if to is None:
        return NO_MATCHING_USER
    now = site.kernel.clock.now
    acted = site.contacts.last_act(to)
    # Who asked to be told may be told at any time.
    if acted is not None and say.addressed != "notification_messages_token":
        late = refuse_late(
            say.occasion,
            now - acted,
            event_tags=site.options.event_tags,
            platform=site.platform,
            window_s=site.contacts.window_s(to),
        )
        if late is not None:
            return late
    if site.options.throttled or site.options.thread_limit is not None:
        often = site.refuse_flood(say.kind, to)
        if often is not None:
            return often
    addressed = say.addressed
    done = _accept(site, say if to == say.to else replace(say, to=to), asked, to_person=not to_self)
    if isinstance(done, Refusal):
        return done
    sent, attachment_id = done
    answer: dict[str, object] = {"recipient_id": sent.to, "message_id": sent.message_id}
    if addressed in ("user_ref", "phone_number"):
        del answer["recipient_id"]
    if attachment_id is not None:
        answer["attachment_id"] = attachment_id
    return answer


def _person(site: Site, address: str, is_id: bool) -> str | None:
    """The id of whoever is addressed so, if they have written to the account."""
    to = address if is_id else site.contacts.known(address)
    return None if to is None or site.contacts.last_act(to) is None else to


def _accept(
    site: Site, say: Say, asked: Asked, *, to_person: bool
) -> tuple[Sent, str | None] | Refusal:
    """The message is on its way: note it, and tell of it. With the id of a reusable attachment."""
    if say.persona is not None and site.personas.find(say.persona) is None:
        return invalid(f"Param persona_id must be a valid persona ID - got {say.persona}")
    attachment_id: str | None = None
    if say.attachments:
        resolved = _resolve(site, say, asked)
        if isinstance(resolved, Refusal):
            return resolved
        say = replace(say, attachments=resolved)
        if say.reusable:
            attachment_id = site.uploads.keep(resolved[0], name=site.name_for(asked.call, "f"))
    sent = site.outbox.accept(say, asked.call)
    site.nodes.threads.answered(sent.to, sent.message_id, sent.text, at=sent.at)
    site.feedback.accepted(sent, to_person=to_person)
    return sent, attachment_id


def _resolve(site: Site, say: Say, asked: Asked) -> tuple[Attachment, ...] | Refusal:
    shown: list[Mapping[str, object]] = []
    for attachment in say.attachments:
        made = site.name_for(asked.call, "f")
        one = site.uploads.resolve(attachment, asked.upload, name=made, unix=site.kernel.clock.unix)
        if isinstance(one, Refusal):
            return one
        shown.append(one)
    return tuple(shown)
