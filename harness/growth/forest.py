"""The causal forest of a run: every delivery to the bot under the one whose handling led to it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from emulator.journal import Entry

# Findings that say that the world ended a chain which would have gone on.
_CUTS = ("runaway", "echo-loop")

# What a type of work is: the route that a delivery came to, and its kind.
Type = tuple[str, str]


@dataclass(slots=True, eq=False)
class Node:
    """One delivery, and what the bot did because of it.

    `cause` is the entry that led to it: for a delivery by the queue the publish, the same for each
    attempt. `children` are deliveries under it; `acted` says that its handling published something,
    sent something, or led to a delivery. The platform's own notices of a send (echoes and receipts,
    all of kind `echo`) are delivered whatever the bot does, so such a node `counts` only once the
    bot acted because of it. `observed` says that all its children were seen: nothing was cut before
    they could arrive.
    """

    seq: int
    name: str
    type: Type
    generation: int
    roots: tuple[str, ...]
    cause: int
    parent: "Node | None" = field(repr=False)
    children: "list[Node]" = field(default_factory=list, repr=False)
    acted: bool = False
    observed: bool = True

    @property
    def counts(self) -> bool:
        return self.type[1] != "echo" or self.acted

    def ancestors(self) -> "Iterator[Node]":
        """The delivery before this one, the one before that, up to the platform's."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent


@dataclass(frozen=True, slots=True)
class Forest:
    """The deliveries of one run that work for user messages, in their order. One whose cause is no
    longer in the journal has no parent.
    """

    nodes: tuple[Node, ...]

    def counted(self) -> "list[Node]":
        """Without echoes and receipts that the bot did nothing about."""
        return [node for node in self.nodes if node.counts]

    def offspring(self) -> "list[int]":
        """How many counted deliveries each counted delivery led to, as far as all of them were
        seen; in the order of the deliveries.
        """
        return [
            sum(child.counts for child in node.children) for node in self.counted() if node.observed
        ]


def forest_of(entries: Iterable[Entry]) -> Forest:
    """Read the forest off a journal, whose causes stand before their effects."""
    nodes: dict[int, Node] = {}
    # Entry -> the delivery in whose handling it was made.
    owners: dict[int, Node] = {}
    cut: dict[str, bool] = {}
    for entry in entries:
        owner = owners.get(entry.cause)
        if entry.kind == "delivery" and entry.roots:
            route, kind = str(entry.detail.get("route")), str(entry.detail.get("kind"))
            node = Node(
                seq=entry.seq,
                name=entry.name,
                type=(route, kind),
                generation=entry.generation,
                roots=entry.roots,
                cause=entry.cause,
                parent=owner,
            )
            if owner is not None:
                owner.children.append(node)
            if owner is not None and kind != "echo":
                owner.acted = True
            owners[entry.seq] = nodes[entry.seq] = node
            continue
        if owner is not None:
            owners[entry.seq] = owner
            if entry.kind in ("publish", "reply"):
                owner.acted = True
        if entry.kind == "finding" and entry.name in _CUTS:
            whole = not str(entry.detail.get("limit")).endswith("deliveries")
            cut.update((root, whole) for root in entry.roots)
    _mark_unseen(nodes.values(), cut)
    return Forest(tuple(nodes.values()))


def _mark_unseen(nodes: Collection[Node], cut: Mapping[str, bool]) -> None:
    """Of a message that was cut, the last generation's children were never delivered; when it was
    cut for its number of deliveries, that generation itself is not complete either.
    """
    if not cut:
        return
    deepest: dict[str, int] = {}
    for node in nodes:
        for root in node.roots if node.counts else ():
            deepest[root] = max(deepest.get(root, 0), node.generation)
    for node in nodes:
        node.observed = all(
            root not in cut or node.generation < deepest.get(root, 0) - (not cut[root])
            for root in node.roots
        )
