"""What people do on an account, verb by verb; the same on every platform that has it."""

from collections.abc import Mapping, Sequence
from functools import partial

from emulator.errors import ScenarioError
from emulator.journal import NOTHING
from emulator.kernel import Kernel
from emulator.meta.contacts import Contacts
from emulator.meta.dialect import Dialect
from emulator.meta.inbox import BatchMode, Inbox
from emulator.meta.items.reaction import Reaction, ReactionAction
from emulator.meta.items.update import Update
from emulator.meta.items.user_message import UserMessage
from emulator.meta.sends.feedback import Feedback
from emulator.meta.sends.outbox import Sent

# How often a person can edit a message; Messenger docs, "Webhook Events Reference", message_edits.
MAX_EDITS = 5


class Doings:
    """The people of one account at work."""

    def __init__(
        self,
        kernel: Kernel,
        dialect: Dialect,
        *,
        contacts: Contacts,
        inbox: Inbox,
        feedback: Feedback,
    ) -> None:
        self.kernel = kernel
        self.dialect = dialect
        self.contacts = contacts
        self.inbox = inbox
        self._feedback = feedback
        self._openings = 0

    def message(self, text: str, *, sender: str = "ada", at: float | None = None) -> UserMessage:
        """A person writes a text, at `at` seconds of the clock (now when None).

        Raises ScenarioError when that lies in the past.
        """
        return self.batch([text], sender=sender, at=at)[0]

    def batch(
        self,
        texts: Sequence[str],
        *,
        sender: str = "ada",
        at: float | None = None,
        mode: BatchMode = "entries",
    ) -> list[UserMessage]:
        """A person writes several texts at once, and the bot is told of them in one notification.

        Raises ScenarioError when there are none or more than 1,000 of them, for a time in the past,
        and for a mode that does not exist.
        """
        acts = [self.inbox.act("text", {"text": text}, sender=sender) for text in texts]
        return self.inbox.happen(acts, at=at, mode=mode)

    def happen(
        self,
        kind: str,
        details: Mapping[str, object] = NOTHING,
        *,
        sender: str = "ada",
        at: float | None = None,
        standby: bool = False,
        **more: object,
    ) -> UserMessage:
        """Something happens that the platform tells of, of a kind that stands in `items` of its
        dialect; `details`, and whatever else is named, are what the builder of that kind takes.

        Raises ScenarioError for what does not happen here, and for a time in the past.
        """
        chosen = {**details, **more}
        return self._happen(kind, chosen, sender=sender, at=at, standby=standby)

    def update(self, kind: str, *, sender: str, name: str, mid: str, **details: object) -> Update:
        """What would be told if this happened now, as plain as it can be, with this mid; nothing
        does. `name` is a causal name, for what has to be made up.

        Raises ScenarioError as `happen` does.
        """
        sample = self.dialect.items[kind].sample if kind in self.dialect.items else {}
        act = self.inbox.act(kind, {**sample, **details}, sender=sender)
        return self.inbox.build(act, name, mid, self.contacts.psid(sender))

    def standby(self, text: str, *, sender: str = "ada", at: float | None = None) -> UserMessage:
        """A person writes a text while another app has the conversation: the bot may listen, but
        is not asked.

        Raises ScenarioError for a time in the past, and where there is no stand-by.
        """
        return self.happen("text", sender=sender, at=at, standby=True, text=text)

    def attachment(
        self,
        kind: str = "image",
        *,
        url: str | None = None,
        payload: Mapping[str, object] | None = None,
        sender: str = "ada",
        at: float | None = None,
    ) -> UserMessage:
        """A person sends something other than a text; without `url`, a file that can be fetched.

        `payload` replaces the one that this kind has by default. A `fallback` with neither of them
        has no payload at all. Raises ScenarioError for an unknown kind, for one that needs a
        payload, and for a time in the past.
        """
        if kind not in self.dialect.attachments:
            known = ", ".join(self.dialect.attachments)
            raise ScenarioError(f"kind must be one of {known}, not {kind}")
        chosen = {"url": url, "payload": payload}
        details = {name: value for name, value in chosen.items() if value is not None}
        return self._happen(kind, details, sender=sender, at=at)

    def postback(
        self,
        title: str,
        payload: str,
        *,
        ref: str | None = None,
        sender: str = "ada",
        at: float | None = None,
        standby: bool = False,
    ) -> UserMessage:
        """A person taps a button; `ref` is that of the link that brought them to the page. In
        `standby` the bot is not told the payload.

        Raises ScenarioError for a time in the past, and on WhatsApp for a `ref`.
        """
        details: dict[str, object] = {"title": title, "payload": payload}
        if ref is not None:
            details["ref"] = ref
        return self._happen(self.dialect.tap, details, sender=sender, at=at, standby=standby)

    def react(
        self,
        message: UserMessage | Sent | str,
        reaction: Reaction = "love",
        *,
        emoji: str | None = None,
        action: ReactionAction = "react",
        sender: str | None = None,
        at: float | None = None,
    ) -> UserMessage:
        """A person reacts to a message of their own, to one of the bot, or to one with this mid.

        By default it is whoever wrote or was sent it, and `ada` when only a mid is given. Raises
        ScenarioError when people can not react so, and for a time in the past.
        """
        if isinstance(message, str):
            mid, person = message, "ada"
        elif isinstance(message, Sent):
            mid, person = message.message_id, self.contacts.nickname(message.to) or "ada"
        else:
            mid, person = message.mid, message.sender
        return self.happen(
            "reaction",
            sender=sender or person,
            at=at,
            mid=mid,
            reaction=reaction,
            emoji=emoji,
            action=action,
        )

    def edit(self, message: UserMessage, text: str, *, at: float | None = None) -> UserMessage:
        """A person writes a message of theirs anew.

        Raises ScenarioError for the sixth time, and for a time in the past.
        """
        edits = dict(message.notice.edits)
        number = edits.get(message.mid, 0) + 1
        if number > MAX_EDITS:
            raise ScenarioError(f"a message can be edited {MAX_EDITS} times")
        details: dict[str, object] = {"mid": message.mid, "text": text}
        if self.dialect.platform != "whatsapp":
            details["num_edit"] = number
        edited = self._happen("edit", details, sender=message.sender, at=at)
        message.notice.edits = tuple({**edits, message.mid: number}.items())
        return edited

    def unsend(self, message: UserMessage, *, at: float | None = None) -> UserMessage:
        """A person takes a message back.

        Raises ScenarioError where nobody is told of that, and for a time in the past.
        """
        return self.happen("unsend", sender=message.sender, at=at, mid=message.mid)

    def repeat(self, message: UserMessage, *, at: float, copies: int = 1) -> None:
        """The platform sends the notification of a message again, however it was answered: copies
        with the numbers after those that there have been, from `at` seconds of the clock on.

        A message of a batch comes back with the whole of it. Raises ScenarioError when there would
        be no copy, for a message to another page, and for a time in the past or before the message
        is written.
        """
        self.inbox.repeat(message, at=at, copies=copies)

    def open_thread(self, sender: str = "ada", *, at: float | None = None) -> None:
        """A person looks at what the account has written to them, at `at` seconds of the clock (now
        when None): a read receipt, if there is something new.

        Raises ScenarioError for a time in the past.
        """
        now = self.kernel.clock.now
        when = now if at is None else at
        if when < now:
            raise ScenarioError(f"nobody can read at {when}, the clock is at {now}")
        opened = partial(self._feedback.opened, self.contacts.psid(sender))
        if when == now:
            opened()
        else:
            self.kernel.at(when, f"opening{self._openings}", opened)
            self._openings += 1

    def asks(self, message: UserMessage) -> bool:
        """Whether a sound bot answers this."""
        return self.dialect.items[message.kind].asks and not message.is_standby

    # -- inside

    def _happen(
        self,
        kind: str,
        details: Mapping[str, object],
        *,
        sender: str,
        at: float | None,
        standby: bool = False,
    ) -> UserMessage:
        act = self.inbox.act(kind, details, sender=sender, standby=standby)
        return self.inbox.happen([act], at=at)[0]
