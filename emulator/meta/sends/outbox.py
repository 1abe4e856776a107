"""What the platform accepted from the bot: messages, each for the user messages it answers, and
sender actions.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from emulator.call import Call
from emulator.chance import Chance
from emulator.kernel import Kernel
from emulator.meta import identity
from emulator.meta.contacts import Contacts
from emulator.meta.sends.contents import Attachment
from emulator.meta.sends.requests import Gesture, Say

# How many accepted messages, and how many sender actions, are kept for reports; the counts and the
# journal's tallies go on beyond.
KEEP_SENT = 10_000


@dataclass(frozen=True, slots=True)
class Sent:
    """One accepted message. `right_user` says that `to` wrote at least one of `roots`; if not,
    these are all the user messages that its invocation worked for.

    `text` is what can be read of it, `attachments` what it has besides, as an echo shows them;
    `kind` is the type of the first (`image`, `template`), `reply_to` the message that it quotes.

    `entry` is the number of its reply in the journal, `generation` and `routes` (paths) are those
    of the invocation that made it.
    """

    name: str
    to: str
    text: str
    message_id: str
    roots: tuple[str, ...]
    right_user: bool
    at: float
    metadata: str | None = None
    entry: int = -1
    generation: int = 0
    routes: tuple[str, ...] = ()
    kind: str = "text"
    attachments: tuple[Attachment, ...] = ()
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One accepted sender action, such as `typing_on`: it is no reply, whoever `roots` wrote.

    `mid` is the message that a reaction or a read mark is for, `reaction` what it says.
    """

    name: str
    to: str
    action: str
    roots: tuple[str, ...]
    at: float
    mid: str | None = None
    reaction: str | None = None


class Outbox:
    """Keeps what was accepted, and notes messages in the journal.

    `message_id` makes the id of a message, as the platform writes them, from a name of its own.
    """

    def __init__(
        self,
        kernel: Kernel,
        contacts: Contacts,
        *,
        message_id: Callable[[Chance, str], str] = identity.mid,
    ) -> None:
        self._kernel = kernel
        self._message_id = message_id
        self._contacts = contacts
        self.sent: deque[Sent] = deque(maxlen=KEEP_SENT)
        self.actions: deque[Action] = deque(maxlen=KEEP_SENT)
        self.count = 0
        self.action_count = 0

    def accept(self, say: Say, call: Call | None) -> Sent:
        """Note a message as a reply. Without a call it was not the bot's, and answers nobody."""
        invocation = None if call is None else call.invocation
        if call is None:
            name = f"direct.r{self.count}"
            roots: tuple[str, ...] = ()
            right_user = False
        else:
            name = call.invocation.child("r")
            own = self._contacts.authored(call.roots, say.to)
            right_user = bool(own)
            roots = self._kernel.attribute(own, say.text) if own else call.roots
        generation = 0 if invocation is None else invocation.generation
        message_id = self._message_id(self._kernel.chance, name)
        entry = self._kernel.note(
            "reply",
            name,
            cause=-1 if call is None else call.entry,
            roots=roots,
            generation=generation,
            instance="" if invocation is None else invocation.instance,
            detail={
                "to": say.to,
                "text": say.text,
                "message_id": message_id,
                "right_user": right_user,
            },
        )
        sent = Sent(
            name=name,
            to=say.to,
            text=say.text,
            message_id=message_id,
            roots=roots,
            right_user=right_user,
            at=self._kernel.clock.now,
            metadata=say.metadata,
            entry=entry,
            generation=generation,
            routes=() if call is None else call.routes,
            kind=say.kind,
            attachments=say.attachments,
            reply_to=say.reply_to,
        )
        self.count += 1
        self.sent.append(sent)
        return sent

    def act(self, gesture: Gesture, call: Call | None) -> Action:
        """Keep a sender action. Without a call it was not the bot's."""
        action = Action(
            name=f"direct.a{self.action_count}" if call is None else call.invocation.child("a"),
            to=gesture.to,
            action=gesture.action,
            roots=() if call is None else call.roots,
            at=self._kernel.clock.now,
            mid=gesture.mid,
            reaction=gesture.reaction,
        )
        self.action_count += 1
        self.actions.append(action)
        return action

    def id_of(self, action: Action) -> str:
        """The id of a reaction, which on WhatsApp is a message."""
        return self._message_id(self._kernel.chance, action.name)
