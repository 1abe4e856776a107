"""Whether a bot's deliveries end: rules that are exact for deterministic bots, in their order.

G0 no more publishes than agreed; G1 the world comes to rest; G2 no chain comes back to a route; G3
several messages cause no more than each of them alone. Random bots: `harness.growth.alarm`.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from emulator.journal import Entry
from harness.growth.forest import Forest, forest_of


@dataclass(frozen=True, slots=True)
class Breach:
    """The publish with which a user message exceeded its contract; `entry` is its number in the
    journal.
    """

    root: str
    publishes: int
    entry: int


@dataclass(frozen=True, slots=True)
class Cycle:
    """A chain of causes that came back: its routes, the first again at the end; the delivery that
    closed it, and that one's generation.
    """

    routes: tuple[str, ...]
    delivery: str
    generation: int


@dataclass(frozen=True, slots=True)
class Excess:
    """So many messages together, and more publishes than they may cause."""

    messages: int
    publishes: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What one run shows, by which rule, in words; with the cycle when there is one."""

    passed: bool
    rule: Literal["G0", "G1", "G2"]
    reason: str
    cycle: Cycle | None = None


def first_breach(entries: Iterable[Entry], *, allowed: int = 1) -> Breach | None:
    """G0: the first publish beyond the contract. Reads no further than that, so it can be asked
    while a run goes on.
    """
    made: dict[str, int] = {}
    for entry in entries:
        if entry.kind != "publish":
            continue
        for root in entry.roots:
            made[root] = made.get(root, 0) + 1
            if made[root] > allowed:
                return Breach(root, made[root], entry.seq)
    return None


def cycles(forest: Forest, *, returns: int = 0) -> list[Cycle]:
    """G2: chains that were at the same route more often than `returns` times before, in the order
    in which they closed.

    A chain is at a route by a message of the queue, a request of the bot's own, or an echo that
    the bot acted upon; the platform's copies and redeliveries of one webhook are no chain.
    """
    found = []
    for node in forest.counted():
        if node.parent is None:
            continue
        route = node.type[0]
        path = [one.type[0] for one in node.ancestors() if one.counts][::-1]
        if path.count(route) > returns:
            found.append(Cycle((*path[path.index(route) :], route), node.name, node.generation))
    return found


def first_cycle(forest: Forest, *, returns: int = 0) -> Cycle | None:
    """The one with the fewest routes, and of those the first to close: it explains the rest."""
    return min(cycles(forest, returns=returns), key=lambda one: len(one.routes), default=None)


def excesses(sizes: Iterable[tuple[int, int]], *, allowed: int = 1) -> list[Excess]:
    """G3: of runs with (messages, publishes), those with more publishes than the messages allow."""
    return [
        Excess(messages, publishes)
        for messages, publishes in sizes
        if publishes > allowed * messages
    ]


def decide(
    entries: Sequence[Entry],
    *,
    pending: Collection[str] = (),
    cut: Collection[str] = (),
    allowed: int = 1,
    returns: int = 0,
) -> Decision:
    """G0 to G2 for one run that was played until nothing more could happen, or was cut.

    `pending` names what could still cause a delivery, `cut` the user messages that were cut.
    """
    cycle = first_cycle(forest_of(entries), returns=returns)
    breach = first_breach(entries, allowed=allowed)
    if breach is not None:
        return Decision(
            False,
            "G0",
            f"{breach.root} was published {breach.publishes} times, of {allowed} allowed",
            cycle,
        )
    if not pending and not cut:
        return Decision(True, "G1", "came to rest with its publishes in contract", cycle)
    if cycle is not None:
        return Decision(False, "G2", "comes back: " + " -> ".join(cycle.routes), cycle)
    still = [f"{name} is still pending" for name in sorted(pending)]
    still += [f"{root} was cut" for root in sorted(cut)]
    return Decision(False, "G1", "does not come to rest: " + ", ".join(still[:4]))
