"""What happened in a world, as text for whoever's test failed; judging it is not for here."""

from collections.abc import Iterable, Mapping

from emulator import World
from emulator.journal import Entry
from harness.checks.observed import listed, plural, publishes, shorten
from harness.profile import Expect
from harness.report.style import Style
from harness.report.terminal import render_timeline
from harness.scenarios.outside import problems_of

PLAIN = Style(colour=False)


def render_evidence(world: World, expect: Expect) -> str:
    """Counts, the user messages that went otherwise than `expect` says, and the timeline of the
    first of them.
    """
    journal = world.journal
    counts = journal.counts
    lines = [
        f"t={world.now:.3f}: "
        + ", ".join(
            [
                plural(counts["message"], "user message"),
                plural(counts["delivery"], "delivery", "deliveries"),
                publishes(counts["publish"]),
                plural(counts["duplicate"], "duplicate"),
                plural(counts["reply"], "reply", "replies"),
                plural(counts["late"], "late call"),
            ]
        )
    ]
    odd = [
        root
        for root, tally in journal.tallies.items()
        if (tally.publishes, tally.replies) != (expect.publishes, expect.replies) or not tally.clean
    ]
    texts = {
        entry.roots[0]: str(entry.detail.get("text", ""))
        for entry in journal.entries("message")
        if entry.roots
    }
    lines += shorten(
        [
            f'{root} "{texts.get(root, "")}": {publishes(journal.tally(root).publishes)}, '
            f"{plural(journal.tally(root).replies, 'reply', 'replies')}, "
            f"{plural(journal.tally(root).late, 'late call')}"
            for root in odd
        ]
    )
    lines += shorten(describe_findings(world.findings()))
    if not world.quiet:
        pending = [step.name for step in world.kernel.agenda]
        lines.append(f"still to come: {listed(pending)}")
    if odd:
        lines += ["", render_timeline(journal.entries(), odd[:1], PLAIN)]
    return "\n".join(lines)


def describe_findings(findings: Iterable[Entry]) -> list[str]:
    """A line for each different finding: when and where it was first made, what it is, how
    often.
    """
    first: dict[str, Entry] = {}
    often: dict[str, int] = {}
    for entry in findings:
        what = next(iter(problems_of([entry])), None) or _in_short(entry.name, entry.detail)
        first.setdefault(what, entry)
        often[what] = often.get(what, 0) + 1
    return [
        f"t={first[what].time:.3f} {listed(first[what].roots) or '-'}: {what}"
        + (f" ({number} times)" if number > 1 else "")
        for what, number in often.items()
    ]


def _in_short(name: str, detail: Mapping[str, object]) -> str:
    cycle = detail.get("cycle")
    if isinstance(cycle, list):
        return f"{name}: {' -> '.join(map(str, cycle))}"
    facts = ", ".join(f"{key} {value}" for key, value in detail.items() if key != "delivery")
    return f"{name}: {facts}" if facts else name
