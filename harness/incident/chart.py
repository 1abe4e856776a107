"""The burn for people: bars that grow on a terminal while it runs, plain text in the end."""

from typing import TextIO

from harness.checks.observed import plural
from harness.incident.model import Tally
from harness.report.style import Style

WIDTH = 44  # of a bar; a line fits into 80 columns


def render_chart(tally: Tally, *, most: int | None = None) -> list[str]:
    """A bar for each generation; `most` is what a bar of full length stands for."""
    scale = most or max(tally.levels, default=1)
    return [
        f"  generation {number}  {'#' * -(-count * WIDTH // scale):{WIDTH}}  {count:>9,}"
        for number, count in enumerate(tally.levels, start=1)
    ]


def render_burn(tally: Tally, style: Style, *, wall_s: float, jobs: int) -> str:
    """What the burn came to."""
    processes = plural(jobs, "process", "processes")
    return "\n".join(
        [
            *render_chart(tally),
            "",
            style.bad(
                f"{plural(tally.messages, 'user message')}: {tally.deliveries:,} deliveries by "
                f"the queue, {tally.publishes:,} publishes"
            ),
            f"{tally.invocations:,} signed requests to the bot, {tally.rejected:,} of them refused,"
            f" in {tally.virtual_s:.1f} virtual seconds",
            style.faint(f"replayed by {processes} in {wall_s:.2f}s"),
        ]
    )


class LiveChart:
    """Draws over itself on a terminal, and nothing anywhere else."""

    def __init__(self, stream: TextIO, final: Tally) -> None:
        """`final` is what it will come to, so that the bars grow towards their length."""
        self._stream = stream
        self._final = final
        self._show = stream.isatty()
        self._lines = 0

    def draw(self, tally: Tally) -> None:
        if not self._show:
            return
        levels = tally.levels or (0,) * len(self._final.levels)
        shown = Tally(messages=tally.messages, levels=levels)
        lines = render_chart(shown, most=max(self._final.levels))
        lines.append(
            f"  {tally.deliveries:,} of {self._final.deliveries:,} deliveries by the queue, "
            f"{tally.messages:,} of {self._final.messages:,} user messages"
        )
        self.erase()
        # Before it is drawn, so that a Ctrl-C in between leaves nothing.
        self._lines = len(lines)
        self._stream.write("\n".join(lines) + "\n")
        self._stream.flush()

    def erase(self) -> None:
        """Take away what was drawn."""
        if self._lines:
            self._stream.write(f"\x1b[{self._lines}A\x1b[J")
            self._stream.flush()
            self._lines = 0
