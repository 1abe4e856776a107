"""What one scripted person says and does, one thing after the other; played by `people.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from emulator.errors import ScenarioError
from emulator.meta.people.doings import MAX_EDITS

Verb = Literal[
    "says",
    "taps",
    "sends",
    "edits",
    "unsends",
    "reacts",
    "unreacts",
    "reads",
    "happens",
    "waits",
    "thinks",
]
VERBS: tuple[Verb, ...] = get_args(Verb)

# How long a person takes for each further act where nothing else is said, in seconds.
THINK_S = (1.0, 5.0)


@dataclass(frozen=True, slots=True)
class Doing:
    """One act. `what` is a text, the title of a button, the kind of a file or item, or a reaction;
    `details` is what else there is to it. For `waits` and `thinks`, `seconds` is from where to
    where the time may be.
    """

    verb: Verb
    what: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    seconds: tuple[float, float] = (0.0, 0.0)


def says(text: str) -> Doing:
    return Doing("says", text)


def taps(title: str, payload: str | None = None) -> Doing:
    """A tap on a button; without a payload it is the title in capitals."""
    return Doing("taps", title, {"payload": payload or title.upper().replace(" ", "_")})


def sends(kind: str = "image") -> Doing:
    """A file, sticker or place; the kinds are those of `Account.attachment`."""
    return Doing("sends", kind)


def edits(text: str) -> Doing:
    """The person's latest message is written anew."""
    return Doing("edits", text)


def unsends() -> Doing:
    """The person's latest message is taken back."""
    return Doing("unsends")


def reacts(reaction: str = "love") -> Doing:
    """To the latest answer, or to the person's own latest message while there is none."""
    return Doing("reacts", reaction)


def unreacts(reaction: str = "love") -> Doing:
    return Doing("unreacts", reaction)


def reads() -> Doing:
    """The person looks at the answers."""
    return Doing("reads")


def happens(kind: str, **details: object) -> Doing:
    """Anything that the platform tells of; see `Account.happen`."""
    return Doing("happens", kind, details)


def waits(seconds: float) -> Doing:
    """Exactly so long until the next act. Raises ScenarioError for less than nothing."""
    return thinks(seconds, seconds)


def thinks(low_s: float, high_s: float) -> Doing:
    """A drawn time until the next act. Raises ScenarioError when that is no span."""
    if not 0 <= low_s <= high_s < float("inf"):
        raise ScenarioError(f"nobody can think for {low_s:g} to {high_s:g} s")
    return Doing("waits" if low_s == high_s else "thinks", seconds=(low_s, high_s))


@dataclass(frozen=True, slots=True)
class Conversation:
    """One person's script, from `starts_s` seconds on; `think_s` is how long they take for each
    further act where the script does not say it.

    Raises ScenarioError when there is nothing to do, when something is edited or unsent before
    anything is written, or is edited too often, and for times that are none.
    """

    name: str
    acts: tuple[Doing, ...]
    starts_s: float = 0.0
    think_s: tuple[float, float] = THINK_S

    def __post_init__(self) -> None:
        if not self.name:
            raise ScenarioError("a person needs a name")
        if not self.acts:
            raise ScenarioError(f"{self.name} has nothing to do")
        if not 0 <= self.starts_s < float("inf"):
            raise ScenarioError(f"{self.name} can not start at {self.starts_s:g} s")
        thinks(*self.think_s)
        has_written = False
        edits = 0
        for act in self.acts:
            if act.verb in ("edits", "unsends") and not has_written:
                raise ScenarioError(f"{self.name} {act.verb} before having written anything")
            if act.verb in ("says", "taps", "sends"):
                has_written = True
                edits = 0
            edits += act.verb == "edits"
            if edits > MAX_EDITS:
                raise ScenarioError(f"{self.name} edits a message more than {MAX_EDITS} times")
