"""What a person wrote or did, and what is known of the notification that tells the bot of it."""

from dataclasses import dataclass, field
from typing import Literal

from emulator.meta.delivery import Webhook
from emulator.meta.subscription import Field
from emulator.meta.wire import Channel

# What a person did. In stand-by another app has the conversation, and this one only listens.
Event = Literal["text", "attachment", "postback", "reaction", "standby"]


@dataclass(slots=True, eq=False)
class Notice:
    """The notification of one or more messages; `repeats` are those (at, copies) that were asked
    for before the messages were written."""

    told_as: Field = "messages"
    channel: Channel = "messaging"
    is_written: bool = False
    webhook: Webhook | None = None
    repeats: list[tuple[float, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class UserMessage:
    """What a person wrote or did on the page, or will, `at` seconds of the clock.

    `text` is the title of a button that was tapped, the emoji of a reaction, the kind of an
    attachment. The `mid` of a reaction is never told: there, the platform only names the message
    that is reacted to.
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
