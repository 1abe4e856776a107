"""Exactly once, message by message: what was published and replied against what was to be."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.control.operation import Json
from emulator.errors import ScenarioError
from emulator.journal import Entry

if TYPE_CHECKING:
    from emulator.served import Served

# Messages out of contract that are told one by one, and moments told of each.
MOST_WRONG = 20
MOST_MOMENTS = 4


@dataclass(frozen=True, slots=True)
class Contract:
    """What each message is to cause; None is not counted."""

    publishes: int | None
    replies: int | None

    def parts(self) -> list[tuple[str, str, int]]:
        """Name of the count, kind of the journal entries, expected number."""
        asked = (("publishes", "publish", self.publishes), ("replies", "reply", self.replies))
        return [(name, kind, each) for name, kind, each in asked if each is not None]


def judge(served: "Served", contract: Contract, *, roots: Sequence[str], findings: bool) -> Json:
    """Hold the messages to the contract; all of them when no `roots` are named. What asks for no
    answer may then go without, but may not cause more than a message.

    `findings` has whatever the world itself found wrong count, too. Raises ScenarioError for a root
    that is none.
    """
    kernel = served.kernel
    journal = kernel.journal
    for root in roots:
        if root not in kernel.mids:
            raise ScenarioError(f"there is no message {root}")
    chosen: Iterable[str] = roots or kernel.mids
    count = 0
    parts = contract.parts()
    totals = dict.fromkeys((name for name, _, _ in parts), 0)
    asked_for = dict(totals)
    wrong: list[str] = []
    for root in chosen:
        tally = journal.tally(root)
        is_asked = bool(roots) or served.asks(root)
        count += is_asked
        for name, _, each in parts:
            found = getattr(tally, name)
            totals[name] += found
            if is_asked:
                asked_for[name] += found
            is_wrong = found != each if is_asked else found > each
            if is_wrong and (not wrong or wrong[-1] != root):
                wrong.append(root)
    told = _told(served, contract, wrong[:MOST_WRONG])
    others = [] if roots else _strays(served, contract, totals)
    if findings and not roots:
        others += _findings(served)
    expected = [_plural(count, "message")] + [
        _plural(each * count, name) for name, _, each in parts
    ]
    observed = [_plural(count, "message")] + [
        _plural(asked_for[name], name) for name, _, _ in parts
    ]
    passed = not wrong and not others
    result: Json = {
        "passed": passed,
        "expected": ", ".join(expected),
        "observed": ", ".join(observed),
        "quiet": served.pace.quiet,
        "wrong_count": len(wrong),
        "wrong": told,
        "other": others,
    }
    if not passed:
        first = [told[0]["why"]] if told else others[:1]
        hint = [] if result["quiet"] else ["the world is not quiet yet, POST /v1/wait first"]
        result["error"] = "; ".join([*first, *hint])
    return result


def _told(served: "Served", contract: Contract, wrong: Sequence[str]) -> list[Json]:
    journal = served.kernel.journal
    entries: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    if wrong:
        asked = set(wrong)
        for entry in journal.entries("publish", "reply"):
            for root in asked.intersection(entry.roots):
                entries[root, entry.kind].append(entry)
    told = []
    for root in wrong:
        message = served.attribution.message(root)
        tally = journal.tally(root)
        title = f'{root} "{message.text}"' if message is not None else root
        faults = [
            _fault(verb, each, getattr(tally, name), entries[root, kind])
            for (name, kind, each), verb in zip(contract.parts(), _verbs(contract), strict=True)
            if getattr(tally, name) != each
        ]
        told.append(
            {
                "root": root,
                "mid": served.kernel.mids[root],
                "text": "" if message is None else message.text,
                "publishes": tally.publishes,
                "replies": tally.replies,
                "dead": tally.dead,
                "why": f"message {title} {' and '.join(faults)}",
            }
        )
    return told


def _verbs(contract: Contract) -> list[str]:
    words = {"publishes": "published", "replies": "answered"}
    return [words[name] for name, _, _ in contract.parts()]


def _fault(verb: str, each: int, found: int, entries: Sequence[Entry]) -> str:
    moments = [f"t={entry.time:.3f} in {_place(entry)}" for entry in entries[:MOST_MOMENTS]]
    more = ", ..." if len(entries) > MOST_MOMENTS else ""
    shown = f": {', '.join(moments)}{more}" if moments else ""
    done = f"{verb} {_times(found)}" if found else f"never {verb}"
    return f"was {done}{shown} (expected {_times(each)})"


def _times(number: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number:,} times")


def _strays(served: "Served", contract: Contract, totals: dict[str, int]) -> list[str]:
    """Publishes and replies that belong to no message."""
    journal = served.kernel.journal
    strays = []
    for name, kind, _ in contract.parts():
        more = journal.counts[kind] - totals[name]
        if more > 0:
            of_it = [entry for entry in journal.entries("publish", "reply") if not entry.roots]
            shown = next((_what(entry) for entry in of_it if entry.kind == kind), "")
            strays.append(f"{_plural(more, name)} of no message{': ' + shown if shown else ''}")
    return strays


def _findings(served: "Served") -> list[str]:
    found: dict[str, int] = {}
    for entry in served.kernel.journal.entries("finding"):
        found[entry.name] = found.get(entry.name, 0) + 1
    return [f"finding: {name}, {_plural(times, 'time')}" for name, times in found.items()]


def _what(entry: Entry) -> str:
    if entry.kind == "reply":
        return f'"{entry.detail.get("text")}" to {entry.detail.get("to")} at t={entry.time:.3f}'
    return f"{str(entry.detail.get('url')).partition('?')[0]} at t={entry.time:.3f}"


def _place(entry: Entry) -> str:
    return entry.name.rpartition(".")[0] or entry.name


def _plural(number: int, noun: str) -> str:
    """`1 time`, `2 times`; `1 reply` for the plural `replies`."""
    singular = {"publishes": "publish", "replies": "reply"}
    if number == 1:
        return f"1 {singular.get(noun, noun)}"
    return f"{number:,} {noun if noun in singular else noun + 's'}"
