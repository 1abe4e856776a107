"""What people write to the page and do there, and the notifications that tell the bot of it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal, get_args

from emulator.errors import ScenarioError
from emulator.kernel import Kernel
from emulator.meta import identity
from emulator.meta.attachment import AttachmentKind, describe
from emulator.meta.contacts import Contacts
from emulator.meta.delivery import Courier, Webhook
from emulator.meta.files import file_url
from emulator.meta.reaction import EMOJI, Reaction, ReactionAction, check_reaction
from emulator.meta.subscribed import Subscribed
from emulator.meta.user_message import Event, Notice, UserMessage
from emulator.meta.wire import (
    Channel,
    Item,
    attachment_item,
    envelope,
    postback_item,
    reaction_item,
    text_item,
)

# How the messages of a batch share one notification: an entry each, as the platform does today, or
# as several items of one entry, which its older reference allowed.
BatchMode = Literal["entries", "items"]

BATCH_LIMIT = 1_000  # updates in one notification; Graph API docs, "Webhooks / Get started"


# Makes the item of a message, given its time in unix milliseconds.
_Describe = Callable[[UserMessage, int], Item]


class Inbox:
    """What comes in at one page. The bot is told of it as far as `subscribed` says."""

    def __init__(
        self,
        kernel: Kernel,
        contacts: Contacts,
        courier: Courier,
        *,
        page_id: str,
        subscribed: Subscribed,
    ) -> None:
        self._kernel = kernel
        self._contacts = contacts
        self._courier = courier
        self._page_id = page_id
        self._subscribed = subscribed

    def write(
        self, texts: Sequence[str], *, sender: str, at: float | None, mode: BatchMode
    ) -> list[UserMessage]:
        """A person writes texts, which one notification tells of.

        Raises ScenarioError when there are none or more than 1,000 of them, for a time in the past,
        and for a mode that does not exist.
        """
        if not 1 <= len(texts) <= BATCH_LIMIT:
            raise ScenarioError(f"a batch has 1 to {BATCH_LIMIT:,} messages, not {len(texts):,}")
        if mode not in get_args(BatchMode):
            raise ScenarioError(f"mode must be one of entries, items, not {mode}")
        when = self._check_time(at)
        notice = Notice()
        messages = [self._compose("text", text, sender, when, notice) for text in texts]
        self._schedule(messages, notice, self._text_item, mode)
        return messages

    def listen(self, text: str, *, sender: str, at: float | None) -> UserMessage:
        """A person writes a text while another app has the conversation."""
        notice = Notice("standby", "standby")
        return self._act("standby", text, sender, at, notice, self._text_item)

    def attach(
        self,
        kind: AttachmentKind,
        *,
        url: str | None,
        payload: Mapping[str, object] | None,
        sender: str,
        at: float | None,
    ) -> UserMessage:
        """A person sends an attachment. Raises ScenarioError as `attachment.describe` does."""
        kernel = self._kernel
        describe(kind, url=url or "", payload=payload, unix=kernel.clock.unix)

        def item(message: UserMessage, timestamp_ms: int) -> Item:
            unix = kernel.clock.unix
            link = url
            if link is None:
                link = (
                    ""
                    if kind == "fallback"
                    else file_url(kernel.chance, message.root, kind, unix=unix)
                )
            return attachment_item(
                sender=message.psid,
                recipient=self._page_id,
                timestamp_ms=timestamp_ms,
                mid=message.mid,
                attachments=describe(kind, url=link, payload=payload, unix=unix),
            )

        return self._act("attachment", kind, sender, at, Notice(), item)

    def tap(
        self,
        title: str,
        payload: str,
        *,
        ref: str | None,
        sender: str,
        at: float | None,
        standby: bool,
    ) -> UserMessage:
        """A person taps a button."""

        def item(message: UserMessage, timestamp_ms: int) -> Item:
            return postback_item(
                sender=message.psid,
                recipient=self._page_id,
                timestamp_ms=timestamp_ms,
                mid=message.mid,
                title=title,
                payload=None if standby else payload,
                ref=ref,
            )

        notice = Notice("standby", "standby") if standby else Notice("messaging_postbacks")
        return self._act("postback", title, sender, at, notice, item)

    def react(
        self,
        mid: str,
        reaction: Reaction,
        *,
        emoji: str | None,
        action: ReactionAction,
        sender: str,
        at: float | None,
    ) -> UserMessage:
        """A person reacts to a message, or takes a reaction back. Raises ScenarioError when people
        can not react so."""
        check_reaction(reaction, action)
        shown = EMOJI[reaction] if emoji is None else emoji

        def item(message: UserMessage, timestamp_ms: int) -> Item:
            return reaction_item(
                sender=message.psid,
                recipient=self._page_id,
                timestamp_ms=timestamp_ms,
                mid=mid,
                reaction=reaction,
                emoji=shown,
                action=action,
            )

        return self._act("reaction", shown, sender, at, Notice("message_reactions"), item)

    def repeat(self, message: UserMessage, *, at: float, copies: int) -> None:
        """Send the notification of a message again, at `at` seconds of the clock.

        Raises ScenarioError when there would be no copy, for a message to another page, and for a
        time in the past or before the message is written.
        """
        now = self._kernel.clock.now
        if copies < 1:
            raise ScenarioError(f"copies must be at least 1, not {copies}")
        if (
            self._kernel.mids.get(message.root) != message.mid
            or self._contacts.psid(message.sender) != message.psid
        ):
            raise ScenarioError(f"{message.root} was not written to this page")
        if at < now:
            raise ScenarioError(f"nothing can be repeated at {at}, the clock is at {now}")
        if at < message.at:
            raise ScenarioError(
                f"{message.root} can not be repeated at {at}, it is written at {message.at}"
            )
        notice = message.notice
        if not notice.is_written:
            notice.repeats.append((at, copies))
        elif notice.webhook is not None:
            self._courier.send(notice.webhook, at=at, copies=copies)

    # -- inside

    def _check_time(self, at: float | None) -> float:
        now = self._kernel.clock.now
        if at is not None and at < now:
            raise ScenarioError(f"nobody can write at {at}, the clock is at {now}")
        return now if at is None else at

    def _act(
        self,
        event: Event,
        text: str,
        sender: str,
        at: float | None,
        notice: Notice,
        item: _Describe,
    ) -> UserMessage:
        message = self._compose(event, text, sender, self._check_time(at), notice)
        self._schedule([message], notice, item, "items")
        return message

    def _schedule(
        self,
        messages: Sequence[UserMessage],
        notice: Notice,
        item: _Describe,
        mode: BatchMode,
    ) -> None:
        when = messages[0].at
        write = partial(self._write, messages, notice, item, mode)
        if when == self._kernel.clock.now:
            write()
        else:
            roots = tuple(message.root for message in messages)
            self._kernel.at(when, roots[0], write, roots=roots)

    def _compose(
        self, event: Event, text: str, sender: str, at: float, notice: Notice
    ) -> UserMessage:
        # All platforms of a world enter their messages there, so that no two share a name.
        root = f"u{len(self._kernel.mids)}"
        mid = self._kernel.mids[root] = identity.mid(self._kernel.chance, root)
        return UserMessage(root, mid, sender, self._contacts.psid(sender), text, at, event, notice)

    def _text_item(self, message: UserMessage, timestamp_ms: int) -> Item:
        return text_item(
            sender=message.psid,
            recipient=self._page_id,
            timestamp_ms=timestamp_ms,
            mid=message.mid,
            text=message.text,
        )

    def _write(
        self,
        messages: Sequence[UserMessage],
        notice: Notice,
        item: _Describe,
        mode: BatchMode,
    ) -> None:
        """The moment has come: note the messages, and send what tells of them."""
        kernel = self._kernel
        notice.is_written = True
        timestamp_ms = round(kernel.clock.unix * 1000)
        items: list[Item] = []
        causes = []
        for message in messages:
            self._contacts.wrote(message.root, message.psid, at=kernel.clock.now)
            causes.append(
                kernel.note(
                    "message",
                    message.root,
                    roots=(message.root,),
                    detail={
                        "sender": message.sender,
                        "psid": message.psid,
                        "mid": message.mid,
                        "text": message.text,
                        "event": message.event,
                    },
                )
            )
            items.append(item(message, timestamp_ms))
        if not self._subscribed.tells_of(notice.told_as):
            notice.repeats.clear()
            return
        webhook = notice.webhook = Webhook(
            name=messages[0].root,
            roots=tuple(message.root for message in messages),
            cause=causes[0],
            # Nothing of the world is in it: messages outlive their world in reports.
            render=partial(
                _render,
                self._page_id,
                notice.channel,
                [items] if mode == "items" else [[one] for one in items],
            ),
        )
        self._courier.send(webhook)
        for at, copies in notice.repeats:
            self._courier.send(webhook, at=at, copies=copies)
        notice.repeats.clear()


def _render(
    page_id: str, channel: Channel, groups: Sequence[Sequence[Item]], time_ms: int
) -> bytes:
    return envelope("page", page_id, groups, time_ms=time_ms, channel=channel)
