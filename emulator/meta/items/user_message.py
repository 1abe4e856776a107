"""What a person wrote or did, and what is known of the notification that tells the bot of it."""

from dataclasses import dataclass, field

from emulator.meta.delivery.courier import Webhook
from emulator.meta.items.update import Event


@dataclass(slots=True, eq=False)
class Notice:
    """The notification of one or more messages; `repeats` are those (at, copies) that were asked
    for before the messages were written. `edits` counts those of each message (mid, times);
    `listened` are those (roots) that another app turned out to have the conversation of."""

    is_written: bool = False
    webhook: Webhook | None = None
    repeats: tuple[tuple[float, int], ...] = ()
    edits: tuple[tuple[str, int], ...] = ()
    listened: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class UserMessage:
    """What a person wrote or did on the page, or will, `at` seconds of the clock.

    `text` is the title of a button that was tapped, the emoji of a reaction, the kind of an
    attachment; `kind` is the name of the item in the platform's table. The `mid` of a reaction is
    never told: there, the platform only names the message that is reacted to.
    """

    root: str
    mid: str
    sender: str
    psid: str
    text: str
    at: float
    event: Event = "text"
    # Kept here and nowhere else, so that what it takes to repeat a message is forgotten along with
    # the message.
    notice: Notice = field(default_factory=Notice, repr=False, compare=False)
    kind: str = "text"

    @property
    def is_standby(self) -> bool:
        """Whether another app has the conversation; known once the message is written."""
        return self.event == "standby" or self.root in self.notice.listened
