"""One thing that a notification tells of, before it is put into its envelope; and the moment at
which it happens.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Literal

from emulator.chance import DIGITS, Chance
from emulator.meta.delivery.wire import Channel, Item
from emulator.meta.graph.media import Media
from emulator.meta.platform import Field

# What a person did, or what happened to the account, as far as reports tell it apart. In stand-by
# another app has the conversation, and this one only listens.
Event = Literal[
    "text",
    "attachment",
    "postback",
    "reaction",
    "standby",
    "edit",
    "unsend",
    "referral",
    "optin",
    "order",
    "feedback",
    "read",
    "linking",
    "handover",
    "policy",
    "comment",
    "mention",
    "unsupported",
    "echo",
    "receipt",
    "system",
    "error",
    "test",
]

# Where an update of WhatsApp stands in its `value`.
Part = Literal["messages", "statuses", "errors"]


@dataclass(frozen=True, slots=True)
class Update:
    """An item of the `messaging` or `standby` of an entry, or the value of one of its `changes`.

    `field` is what the app has to be subscribed to; `says` is the text of it for reports. On
    WhatsApp `body` is one of the `part` of a value, and `contact` who wrote it. `alias` is a
    further address by which the account may write to this person from then on; `comment` the id of
    a comment or post that can be answered, and of the post that it is below. An app that is not
    subscribed to the `further` field, too, is told the `lean` item instead.
    """

    field: Field
    body: Item
    channel: Channel = "messaging"
    says: str = ""
    part: Part = "messages"
    contact: Item | None = None
    alias: str = ""
    comment: tuple[str, str | None] | None = None
    further: Field | None = None
    lean: Item | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """Somebody does something to the account at `unix` seconds.

    `number` is that of the account, where it has one. `user` is the platform's id of that person,
    `alias` a further one where there is one; `name` is the root, by which everything is drawn that
    has to be made up; `mid` is the id of the message.
    `message_id` makes further ids of messages; `media` keeps the files that have ids.
    """

    chance: Chance
    account: str
    number: str
    app_id: str
    user: str
    alias: str
    nickname: str
    name: str
    mid: str
    unix: float
    message_id: Callable[[Chance, str], str]
    media: Media

    def earlier(self, mid: str | None) -> str:
        """The message that this is about; one that was never written when None."""
        return mid or self.message_id(self.chance, self.name + "/earlier")

    def digits(self, what: str, length: int = 15) -> str:
        """An id of something else, drawn by name."""
        return "1" + self.chance.text(f"meta/{what}/{self.name}", length - 1, DIGITS)

    @property
    def unix_ms(self) -> int:
        return round(self.unix * 1000)

    @property
    def seconds(self) -> str:
        """As WhatsApp writes it."""
        return str(int(self.unix))


@dataclass(frozen=True, slots=True)
class ItemKind:
    """A kind of item. `build` is given the moment and, by keyword, whatever differs from a plain
    one; it raises ScenarioError for what people can not do.

    `asks`: a bot that answers messages is to answer it. `opens`: it lets the account write to that
    person (the 24-hour window). `sample` is what the builder needs besides the moment, if anything.
    """

    name: str
    event: Event
    build: Callable[..., Update]
    asks: bool = False
    opens: bool = False
    sample: Mapping[str, object] = field(default_factory=dict)


def in_standby(update: Update) -> Update:
    """The same for an app that only listens: it is not told the payload of a postback."""
    body = update.body
    postback = body.get("postback")
    if isinstance(postback, Mapping):
        told = {key: value for key, value in postback.items() if key != "payload"}
        body = {**body, "postback": told}
    return replace(update, field="standby", channel="standby", body=body)


def standby(build: Callable[..., Update]) -> Callable[..., Update]:
    """The builder of the same kind of item for an app that only listens."""

    @wraps(build)
    def listened(moment: Moment, **details: object) -> Update:
        return in_standby(build(moment, **details))

    return listened


def kinds(*all_of_them: ItemKind) -> Mapping[str, ItemKind]:
    return {kind.name: kind for kind in all_of_them}
