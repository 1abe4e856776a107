"""The messages that the platform accepted from the bot, each for the user messages it answers."""

from collections import deque
from dataclasses import dataclass

from emulator.call import Call
from emulator.kernel import Kernel
from emulator.meta import identity
from emulator.meta.contacts import Contacts
from emulator.meta.graph import Say

# How many accepted messages are kept for reports; the count and the journal's tallies go on beyond.
KEEP_SENT = 10_000


@dataclass(frozen=True, slots=True)
class Sent:
    """One accepted message. `right_user` says that `to` wrote at least one of `roots`; if not,
    these are all the user messages that its invocation worked for."""

    name: str
    to: str
    text: str
    message_id: str
    roots: tuple[str, ...]
    right_user: bool
    at: float


class Outbox:
    """Keeps what was accepted, and notes it in the journal."""

    def __init__(self, kernel: Kernel, contacts: Contacts) -> None:
        self._kernel = kernel
        self._contacts = contacts
        self.sent: deque[Sent] = deque(maxlen=KEEP_SENT)
        self.count = 0

    def accept(self, say: Say, call: Call | None) -> Sent:
        """Note a message as a reply. Without a call it was not the bot's, and answers nobody."""
        if call is None:
            name = f"direct.r{self.count}"
            roots: tuple[str, ...] = ()
            right_user = False
        else:
            name = call.invocation.child("r")
            own = self._contacts.authored(call.roots, say.to)
            right_user = bool(own)
            roots = self._kernel.attribute(own, say.text) if own else call.roots
        self.count += 1
        sent = Sent(
            name=name,
            to=say.to,
            text=say.text,
            message_id=identity.mid(self._kernel.chance, name),
            roots=roots,
            right_user=right_user,
            at=self._kernel.clock.now,
        )
        self.sent.append(sent)
        self._kernel.note(
            "reply",
            name,
            cause=-1 if call is None else call.entry,
            roots=roots,
            generation=0 if call is None else call.invocation.generation,
            instance="" if call is None else call.invocation.instance,
            detail={
                "to": sent.to,
                "text": sent.text,
                "message_id": sent.message_id,
                "right_user": right_user,
            },
        )
        return sent
