"""Journals of cascades, written by hand."""

from typing import Any

from emulator.journal import Entry, EntryKind

HOOK, BACK = "/hook", "/back"


class Journal:
    """Entries in their order, each with its cause."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def note(
        self,
        what: EntryKind,
        name: str = "",
        /,
        *,
        cause: int = -1,
        generation: int = 0,
        roots: tuple[str, ...] = ("u0",),
        **detail: Any,
    ) -> int:
        seq = len(self.entries)
        self.entries.append(
            Entry(seq, float(seq), what, name, cause, roots, generation, "i0", detail)
        )
        return seq

    def delivery(
        self, kind: str, route: str, *, cause: int = -1, generation: int = 0, root: str = "u0"
    ) -> int:
        return self.note(
            "delivery",
            f"{root}.{kind}{len(self.entries)}",
            cause=cause,
            generation=generation,
            roots=(root,),
            kind=kind,
            route=route,
        )

    def user(self, root: str = "u0") -> int:
        """The platform delivers a user message."""
        return self.delivery("user", HOOK, root=root)

    def publish(self, by: int, root: str = "u0") -> int:
        """The bot publishes, while it handles a delivery."""
        call = self.note("call", cause=by, roots=(root,))
        return self.note("publish", f"{root}.q", cause=call, roots=(root,))

    def attempt(self, publish: int, generation: int, root: str = "u0", route: str = BACK) -> int:
        return self.delivery("queue", route, cause=publish, generation=generation, root=root)

    def trigger(self, by: int, generation: int, root: str = "u0") -> int:
        call = self.note("call", cause=by, roots=(root,))
        return self.delivery("trigger", HOOK, cause=call, generation=generation, root=root)

    def echo(self, by: int, generation: int, root: str = "u0") -> int:
        """The bot sends something, while it handles a delivery, and is told of it."""
        call = self.note("call", cause=by, roots=(root,))
        reply = self.note("reply", cause=call, roots=(root,))
        return self.delivery("echo", HOOK, cause=reply, generation=generation, root=root)

    def runaway(self, limit: str, root: str = "u0") -> None:
        self.note("finding", "runaway", roots=(root,), limit=limit)


def loop(hops: int, *, cut: str = "") -> Journal:
    """One webhook, then callback and trigger in turns."""
    journal = Journal()
    at = journal.user()
    for hop in range(1, hops + 1):
        at = journal.attempt(journal.publish(at), hop) if hop % 2 else journal.trigger(at, hop)
    if cut:
        journal.runaway(cut)
    return journal


def tree(factor: int, levels: int) -> Journal:
    """A webhook, then a queue message that publishes `factor` others, and so on."""
    journal = Journal()
    layer = [journal.user()]
    for level in range(1, levels + 1):
        layer = [
            journal.attempt(journal.publish(parent), level)
            for parent in layer
            for _ in range(factor)
        ]
    journal.runaway(f"generation {levels}")
    return journal
