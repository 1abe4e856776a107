"""Scripted people: several at once, each with a conversation of their own and drawn times between
one act and the next.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import cast

from emulator.errors import ScenarioError
from emulator.meta.account import Account
from emulator.meta.items.reaction import EMOJI, Reaction
from emulator.meta.items.user_message import UserMessage
from emulator.meta.people.conversation import Conversation, Doing
from emulator.meta.platform import TITLES
from emulator.meta.sends.outbox import Sent

# Among how many of the latest answers to everybody a person finds the one to react to.
LOOK_BACK = 1_000


@dataclass(slots=True)
class Played:
    """What people have done so far, in that order; it grows while the world runs. `on_message` is
    told of each."""

    messages: list[UserMessage] = field(default_factory=list)
    on_message: Callable[[UserMessage], None] | None = None

    def by(self, name: str) -> list[UserMessage]:
        """What one of them did."""
        return [message for message in self.messages if message.sender == name]


def play(
    account: Account,
    conversations: Iterable[Conversation],
    *,
    on_message: Callable[[UserMessage], None] | None = None,
) -> Played:
    """Have these people do what they are to do, from now on, while the world runs; `on_message` is
    told of each thing as it is done.

    Of each person only the next act is on the agenda. Raises ScenarioError, before anything
    happens, when two have the same name, and when somebody does what there is not on this platform.
    """
    people = list(conversations)
    names = [person.name for person in people]
    if len(set(names)) < len(names):
        double = next(name for name, times in Counter(names).items() if times > 1)
        raise ScenarioError(f"two people are called {double}")
    for person in people:
        for act in person.acts:
            _check(account, person.name, act)
    played = Played(on_message=on_message)
    for person in people:
        _Actor(account, person, played).start()
    return played


class _Actor:
    """One person at their conversation."""

    __slots__ = ("_account", "_conversation", "_latest", "_next", "_played")

    def __init__(self, account: Account, conversation: Conversation, played: Played) -> None:
        self._account = account
        self._conversation = conversation
        self._played = played
        self._next = 0
        self._latest: UserMessage | None = None

    def start(self) -> None:
        self._after(self._conversation.starts_s + self._pause(0.0, 0.0))

    def _after(self, seconds: float) -> None:
        """The next act comes so much later, if there is one."""
        conversation = self._conversation
        if self._next < len(conversation.acts):
            kernel = self._account.kernel
            name = f"script/{conversation.name}/{self._next}"
            kernel.at(kernel.clock.now + seconds, name, self._act)

    def _act(self) -> None:
        act = self._conversation.acts[self._next]
        self._next += 1
        self._do(act)
        self._after(self._pause(*self._conversation.think_s))

    def _pause(self, low_s: float, high_s: float) -> float:
        """How long until the next act: as the script says, or so long."""
        acts = self._conversation.acts
        total = 0.0
        is_said = False
        while self._next < len(acts) and acts[self._next].verb in ("waits", "thinks"):
            total += self._draw(*acts[self._next].seconds)
            self._next += 1
            is_said = True
        return total if is_said else self._draw(low_s, high_s)

    def _draw(self, low_s: float, high_s: float) -> float:
        if low_s == high_s:
            return low_s
        name = f"meta/think/{self._conversation.name}/{self._next}"
        return round(self._account.kernel.chance.uniform(name, low_s, high_s), 3)

    def _do(self, act: Doing) -> None:
        account, name = self._account, self._conversation.name
        match act.verb:
            case "says":
                self._wrote(account.message(act.what, sender=name))
            case "taps":
                self._wrote(account.postback(act.what, str(act.details["payload"]), sender=name))
            case "sends":
                self._wrote(account.attachment(act.what, sender=name))
            case "reads":
                account.open_thread(name)
            case "happens":
                happening = account.inbox.act(act.what, act.details, sender=name)
                self._did(*account.inbox.happen([happening], at=None))
            case "edits" if self._latest is not None:
                self._did(account.edit(self._latest, act.what))
            case "unsends" if self._latest is not None:
                self._did(account.unsend(self._latest))
            case "reacts" | "unreacts":
                self._react(act)

    def _react(self, act: Doing) -> None:
        """Before there is anything to react to, nothing."""
        target = self._answer() or self._latest
        if target is not None:
            self._did(
                self._account.react(
                    target,
                    cast(Reaction, act.what),
                    action="react" if act.verb == "reacts" else "unreact",
                    sender=self._conversation.name,
                )
            )

    def _answer(self) -> Sent | None:
        """The latest one to this person."""
        psid = self._account.contacts.psid(self._conversation.name)
        latest = islice(reversed(self._account.sent), LOOK_BACK)
        return next((sent for sent in latest if sent.to == psid), None)

    def _wrote(self, message: UserMessage) -> None:
        self._latest = message
        self._did(message)

    def _did(self, *messages: UserMessage) -> None:
        played = self._played
        played.messages.extend(messages)
        if played.on_message is not None:
            for message in messages:
                played.on_message(message)


def _check(account: Account, name: str, act: Doing) -> None:
    kind, details = act.what, dict(act.details)
    match act.verb:
        case "reacts" | "unreacts":
            if act.what not in EMOJI:
                known = ", ".join(EMOJI)
                raise ScenarioError(f"{name} {act.verb} with {act.what}; it is one of {known}")
            return
        case "sends":
            if act.what not in account.dialect.attachments:
                known = ", ".join(account.dialect.attachments)
                raise ScenarioError(
                    f"{name} sends {act.what}; on {TITLES[account.platform]} it is one of {known}"
                )
            return
        case "edits" | "unsends":
            kind, details = act.verb.removesuffix("s"), {}
        case "happens":
            pass
        case _:
            return
    try:
        trial = account.inbox.act(kind, details, sender=name)
        account.inbox.build(trial, "trial", "", account.contacts.psid(name))
    except ScenarioError as error:
        raise ScenarioError(f"{name} {act.verb} {act.what}".rstrip() + f": {error}") from None
