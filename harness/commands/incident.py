"""`thrice incident`: what turned 300 user messages into half a million, counted and replayed."""

import argparse
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.incident import Line, Tally

DESCRIPTION = """\
Simulate every model of the incident that turned 300 user messages into 500,000 queue messages,
beside what its report says of it. Then replay the worst of them delivery by delivery, through an
application that checks every signature, on all cores.
"""

EPILOG = """\
examples:
  thrice incident
  thrice incident --no-burn
  thrice incident --messages 30 --jobs 1 --json incident.json
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    incident = commands.add_parser(
        "incident",
        help="replay the incident that turned 300 messages into 500,000",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    incident.add_argument("--no-burn", action="store_true", help="print the table only")
    incident.add_argument(
        "--messages",
        metavar="N",
        type=_positive,
        help="user messages of the burn (default 300, as in the incident)",
    )
    incident.add_argument(
        "--jobs", metavar="N", type=_positive, help="processes of the burn (default: all cores)"
    )
    incident.add_argument(
        "--seed", metavar="N", type=int, default=1, help="seed of what is drawn (default 1)"
    )
    incident.add_argument(
        "--json", metavar="FILE", type=Path, help="write the figures as JSON; - is stdout"
    )
    incident.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0. Raises EmulatorBug when the burn counts something else than its model."""
    from harness.checks.observed import plural
    from harness.incident import MESSAGES, play_all
    from harness.incident.table import render_table
    from harness.report.files import STDOUT
    from harness.report.style import style_for

    people = sys.stderr if options.json == STDOUT else sys.stdout
    style = style_for(people)
    lines = play_all(seed=options.seed)
    print(render_table(lines, style), file=people, flush=True)
    tally: Tally | None = None
    measured: dict[str, float] = {}
    if not options.no_burn:
        messages = options.messages or MESSAGES
        jobs = min(options.jobs or _cores(), messages)
        print(
            "\nRow 5 again, through a Starlette application that checks every signature, for "
            f"{plural(messages, 'user message')}\n",
            file=people,
            flush=True,
        )
        tally, measured = _burn(messages, jobs, options.seed, people)
    if options.json is not None:
        _write(options.json, _as_json(lines, tally, measured, options.seed))
    return 0


def _burn(messages: int, jobs: int, seed: int, people: Any) -> "tuple[Tally, dict[str, float]]":
    from emulator.errors import EmulatorBug
    from harness.incident import BURN, Tally, burn, simulate
    from harness.incident.chart import LiveChart, render_burn
    from harness.report.style import style_for

    expected = simulate(BURN).times(messages)
    chart = LiveChart(sys.stderr, expected)
    started = perf_counter()
    chart.draw(Tally())
    try:
        tally = burn(BURN, messages=messages, jobs=jobs, seed=seed, progress=chart.draw)
    finally:
        chart.erase()
    wall_s = perf_counter() - started
    if tally != expected:
        raise EmulatorBug(f"the burn counted {tally}, but its model {expected}")
    print(render_burn(tally, style_for(people), wall_s=wall_s, jobs=jobs), file=people)
    return tally, {"wall_s": round(wall_s, 3), "jobs": jobs}


def _as_json(
    lines: "list[Line]", tally: "Tally | None", measured: dict[str, float], seed: int
) -> str:
    import json

    burnt = None
    if tally is not None:
        burnt = {
            "messages": tally.messages,
            "deliveries": tally.deliveries,
            "publishes": tally.publishes,
            "requests": tally.invocations,
            "refused": tally.rejected,
            "by_generation": list(tally.levels),
            "virtual_s": round(tally.virtual_s, 3),
        }
    return json.dumps(
        {
            "schema": "thrice-incident-1",
            "seed": seed,
            "rows": [line.as_dict() for line in lines],
            "burn": burnt,
            "measured": measured,
        },
        indent=2,
    )


def _write(path: Path, text: str) -> None:
    from harness.errors import UsageError
    from harness.report.files import STDOUT

    if path == STDOUT:
        print(text)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} can not be written: {error.strerror}") from error


def _cores() -> int:
    import os

    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return number
