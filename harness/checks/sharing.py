"""Which user message a publish or a reply is for, when whoever made it worked for several."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from emulator.journal import Entry


def share_out(
    entries: Sequence[Entry], roots: Sequence[str], each: int
) -> Mapping[str, list[Entry]]:
    """Entries by user message, of which each is to have `each`. One that an invocation made for
    several messages, and that names none, goes to the one that lacks it.
    """
    found: dict[str, list[Entry]] = defaultdict(list)
    shared = []
    for entry in entries:
        if len(entry.roots) == 1:
            found[entry.roots[0]].append(entry)
        elif not set(roots).isdisjoint(entry.roots):
            shared.append(entry)
    for entry in shared:
        root = min(
            set(roots).intersection(entry.roots),
            key=lambda candidate: (len(found[candidate]) >= each, roots.index(candidate)),
        )
        found[root].append(entry)
    return found
