"""What people write to the page, and the notifications that tell the bot of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, get_args

from emulator.errors import ScenarioError
from emulator.kernel import Kernel
from emulator.meta import identity
from emulator.meta.contacts import Contacts
from emulator.meta.delivery import Courier, Webhook
from emulator.meta.wire import Item, envelope, text_item

# How the messages of a batch share one notification: an entry each, as the platform does today, or
# as several items of one entry, which its older reference allowed.
BatchMode = Literal["entries", "items"]

BATCH_LIMIT = 1_000  # updates in one notification; Graph API docs, "Webhooks / Get started"


@dataclass(slots=True, eq=False)
class _Notice:
    """The notification of one or more messages; `repeats` are those (at, copies) that were asked
    for before there was one."""

    webhook: Webhook | None = None
    repeats: list[tuple[float, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class UserMessage:
    """A text that a person wrote, or will write, to the page `at` seconds of the clock."""

    root: str
    mid: str
    sender: str
    psid: str
    text: str
    at: float
    # Kept here and nowhere else, so that what it takes to repeat a message is forgotten along with
    # the message.
    _notice: _Notice = field(default_factory=_Notice, repr=False, compare=False)


class Inbox:
    """The messages to one page. Without `told` the bot is told of none of them."""

    def __init__(
        self, kernel: Kernel, contacts: Contacts, courier: Courier, *, page_id: str, told: bool
    ) -> None:
        self._kernel = kernel
        self._contacts = contacts
        self._courier = courier
        self._page_id = page_id
        self._told = told

    def write(
        self, texts: Sequence[str], *, sender: str, at: float | None, mode: BatchMode
    ) -> list[UserMessage]:
        """A person writes texts, which one notification tells of.

        Raises ScenarioError when there are none or more than 1,000 of them, for a time in the past,
        and for a mode that does not exist.
        """
        now = self._kernel.clock.now
        when = now if at is None else at
        if not 1 <= len(texts) <= BATCH_LIMIT:
            raise ScenarioError(f"a batch has 1 to {BATCH_LIMIT:,} messages, not {len(texts):,}")
        if mode not in get_args(BatchMode):
            raise ScenarioError(f"mode must be one of entries, items, not {mode}")
        if when < now:
            raise ScenarioError(f"nobody can write at {when}, the clock is at {now}")
        notice = _Notice()
        messages = [self._compose(text, sender, when, notice) for text in texts]
        if when == now:
            self._write(messages, mode, notice)
        else:
            roots = tuple(message.root for message in messages)
            write = partial(self._write, messages, mode, notice)
            self._kernel.at(when, roots[0], write, roots=roots)
        return messages

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
        if not self._told:
            return
        notice = message._notice
        if notice.webhook is None:
            notice.repeats.append((at, copies))
        else:
            self._courier.send(notice.webhook, at=at, copies=copies)

    def _compose(self, text: str, sender: str, at: float, notice: _Notice) -> UserMessage:
        # All platforms of a world enter their messages there, so that no two share a name.
        root = f"u{len(self._kernel.mids)}"
        mid = self._kernel.mids[root] = identity.mid(self._kernel.chance, root)
        return UserMessage(root, mid, sender, self._contacts.psid(sender), text, at, notice)

    def _write(self, messages: Sequence[UserMessage], mode: BatchMode, notice: _Notice) -> None:
        """The moment has come: note the messages, and send what tells of them."""
        kernel = self._kernel
        timestamp_ms = round(kernel.clock.unix * 1000)
        items: list[Item] = []
        causes = []
        for message in messages:
            self._contacts.wrote(message.root, message.psid)
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
                    },
                )
            )
            items.append(
                text_item(
                    sender=message.psid,
                    recipient=self._page_id,
                    timestamp_ms=timestamp_ms,
                    mid=message.mid,
                    text=message.text,
                )
            )
        if not self._told:
            return
        webhook = notice.webhook = Webhook(
            name=messages[0].root,
            roots=tuple(message.root for message in messages),
            cause=causes[0],
            # Nothing of the world is in it: messages outlive their world in reports.
            render=partial(
                _render, self._page_id, [items] if mode == "items" else [[item] for item in items]
            ),
        )
        self._courier.send(webhook)
        for at, copies in notice.repeats:
            self._courier.send(webhook, at=at, copies=copies)
        notice.repeats.clear()


def _render(page_id: str, groups: Sequence[Sequence[Item]], time_ms: int) -> bytes:
    return envelope("page", page_id, groups, time_ms=time_ms)
