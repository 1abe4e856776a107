"""The table of the reports' arithmetic, for people."""

import textwrap
from collections.abc import Sequence

from harness.growth.geometry import levels_for
from harness.incident.rows import MESSAGES, Line
from harness.report.style import Style

# What the first report says in all, for its 300 messages.
REPORTED = 500_000

_WIDTH = 100
_PAD = " " * 6


def render_table(lines: Sequence[Line], style: Style) -> str:
    """One paragraph for each row: what was simulated, what the report says, why they differ."""
    head = f"{'row':6}{'model':64}{'D':>8}{'P':>8}{f'D x {MESSAGES}':>12}"
    parts = [
        "What one user message causes, in every model of the report: D deliveries by the queue, "
        "P publishes.",
        "",
        style.strong(head),
    ]
    for line in lines:
        parts += _row(line, style)
    return "\n".join([*parts, "", *_sum_up()])


def _row(line: Line, style: Style) -> list[str]:
    row = line.row
    figures = (
        f"{_figure(line.deliveries):>8}{_figure(line.publishes):>8}"
        f"{_figure(line.deliveries * MESSAGES):>12}"
    )
    parts = [f"{row.id:6}{row.title:64}{figures}", style.faint(_PAD + _levels(line))]
    if row.claim:
        parts.append(f'{_PAD}the report: "{row.claim}"')
    parts += textwrap.wrap(row.why, _WIDTH, initial_indent=_PAD, subsequent_indent=_PAD)
    return parts


def _levels(line: Line) -> str:
    """The deliveries of one generation after the other, or how they go on without an end."""
    levels, tally = line.tally.levels, line.tally
    if not tally.quiet:
        return f"{levels[0]} in each of {len(levels)} generations, and no end"
    each = [_figure(level / tally.messages) for level in levels]
    text = ("1 + " if line.row.root else "") + ", ".join(each)
    return text if line.exact else f"{text}: the mean of {tally.messages} messages"


def _sum_up() -> list[str]:
    each = REPORTED / MESSAGES
    text = (
        f"{REPORTED:,} for {MESSAGES} messages are {each:,.1f} each, which no whole number of "
        f"levels gives: A would need {levels_for(3, 3, each):.2f}, B {levels_for(6, 6, each):.2f}. "
        f"{REPORTED:,} is also the request quota of the store that the bot used at one time: where "
        "counting stops, not how far something grew."
    )
    return textwrap.wrap(text, _WIDTH + len(_PAD))


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
