"""One request of the scenario's own making, sent to the bot, and what came of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from emulator import World
from emulator.delivery import Delivery, DeliveryKind
from emulator.exchange import Headers, Outcome, Reply, Request
from emulator.journal import Entry
from emulator.meta import UserMessage
from harness.scenarios.genuine import new_mid
from harness.stores import operations, writers_since

# Seconds. How long the sender waits for the answer (Messenger docs, FAQ), and how long the world
# has for that and for whatever the request causes.
PATIENCE_S = 20.0
AFTERMATH_S = 120.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the bot did with one request.

    `status` is None when there was no response; `failure` says why then. `effects` tell what the
    request changed, for people: `publish`, `send`, `store write`; what only reads is none.
    `error` is the exception that it made the bot raise, as far as it got out, or what became of
    the instance. `entries` are those of the journal behind all this.
    """

    label: str
    status: int | None
    failure: str = ""
    effects: tuple[str, ...] = ()
    error: str = ""
    entries: tuple[Entry, ...] = ()

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """The bot said no, which is neither silence nor a crash."""
        return self.status is not None and 400 <= self.status < 500

    @property
    def answer(self) -> str:
        """For people: `answered 500 (KeyError: 'entry')`."""
        text = (
            f"answered {self.status}" if self.status is not None else f"no answer: {self.failure}"
        )
        return f"{text} ({self.error})" if self.error else text


class Prober:
    """Sends requests to the bot of one world, one at a time, each of them a root of its own."""

    def __init__(self, world: World) -> None:
        self.world = world

    def new_message(self) -> tuple[str, str]:
        """The name of one more user message of this world, and its id on the platform."""
        kernel = self.world.kernel
        root = f"u{len(kernel.mids)}"
        mid = kernel.mids[root] = new_mid(self.world, root)
        return root, mid

    def watch(self, label: str, message: UserMessage) -> Sighting:
        """Let the platform deliver a message in its own way, and look."""
        return self._observe(label, message.root, f"{message.root}.w0")

    def send(
        self,
        label: str,
        build: Callable[[], Request],
        *,
        root: str,
        kind: DeliveryKind = "user",
        generation: int = 0,
        after_s: float = 0.0,
    ) -> Sighting:
        """Send what `build` makes, `after_s` seconds from now, let what it causes happen, and
        look.
        """
        world = self.world
        if after_s:
            world.advance(seconds=after_s)
        name = f"{root}.w0" if kind == "user" else f"{root}.q0"
        world.kernel.deliver(
            Delivery(
                name=name,
                kind=kind,
                due=world.now,
                build=build,
                on_outcome=lambda outcome: None,
                timeout_s=PATIENCE_S,
                roots=(root,),
                generation=generation,
            )
        )
        return self._observe(label, root, name)

    def _observe(self, label: str, root: str, name: str) -> Sighting:
        world = self.world
        first = len(world.journal)
        before = operations(world)
        world.run_until(world.now + AFTERMATH_S)
        entries = [entry for entry in _since(world, first) if root in entry.roots]
        sent = next((one.seq for one in entries if (one.kind, one.name) == ("delivery", name)), -1)
        at_once = [entry for entry in entries if entry.cause == sent]
        status = next(
            (entry.detail["status"] for entry in at_once if entry.kind == "response"), "never sent"
        )
        effects = [effect for entry in entries if (effect := _effect(entry)) is not None]
        # The invocation itself, or one that it led to.
        if any(writer.startswith(name) for writer in writers_since(world, before)):
            effects.append("store write")
        return Sighting(
            label=label,
            status=status if isinstance(status, int) else None,
            failure=str(status),
            effects=tuple(dict.fromkeys(effects)),
            error=next((error for entry in at_once if (error := error_of(entry))), ""),
            entries=tuple(
                entry
                for entry in entries
                if entry.kind in ("delivery", "response") or _effect(entry) is not None
            ),
        )


class Interception:
    """Stands in front of the bot, keeps what the queue delivers and answers 200 in its place: the
    bot's own queue messages as they would have reached it.
    """

    def __init__(self, world: World) -> None:
        self._host = world.host
        self._origins = world.kernel.origins
        self._at = [origin for origin, place in self._origins.items() if place is world.host]
        self.caught: list[tuple[Delivery, Request]] = []

    def __enter__(self) -> Self:
        self._origins.update(dict.fromkeys(self._at, self))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._origins.update(dict.fromkeys(self._at, self._host))

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        """Keep what comes from the queue; everything else goes on to the bot."""
        if delivery.kind == "queue":
            self.caught.append((delivery, request))
            done(Reply(200))
        else:
            self._host.accept(delivery, request, entry, done)

    def of(self, message: UserMessage, route: str) -> tuple[Delivery, Request] | None:
        """The queue message that a user message led to, preferably one for this route."""
        own = [caught for caught in self.caught if message.root in caught[0].roots]
        return min(own, key=lambda caught: caught[1].raw_path != route, default=None)


def without(headers: Headers, *names: str) -> Headers:
    """The headers but for these, whatever the case of their names."""
    unwanted = {name.lower() for name in names}
    return tuple(pair for pair in headers if pair[0].lower() not in unwanted)


def _since(world: World, first: int) -> Iterator[Entry]:
    found = (world.journal.entry(seq) for seq in range(first, len(world.journal)))
    return (entry for entry in found if entry is not None)


def _effect(entry: Entry) -> str | None:
    """What an entry shows to have been done to the world; a send counts even when the platform
    refuses it.
    """
    match entry.kind:
        case "publish" | "duplicate":
            return "publish"
        case "call":
            service, verb = entry.detail["service"], entry.detail["verb"]
            if service == "graph" and verb in ("send", "typing"):
                return str(verb)
            if service in ("bot", "stub") and entry.detail["method"] not in ("GET", "HEAD"):
                return f"call of {entry.detail['url']}"
    return None


def error_of(entry: Entry) -> str:
    """For people, an exception and where it was raised, or what became of the instance; empty for
    any other entry.
    """
    if entry.kind != "instance":
        return ""
    match entry.detail["event"]:
        case "exception":
            error, place = entry.detail["error"], entry.detail["place"]
            return f"{error} at {place}" if place else str(error)
        case "killed":
            return str(entry.detail["why"])
        case _:
            return ""
