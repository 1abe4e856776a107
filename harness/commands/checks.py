"""`thrice checks`: the checklist, or one check of it explained."""

import argparse
import textwrap
from typing import Any

WIDTH = 96


def add(commands: Any) -> None:
    """Add the command to the parser."""
    checks = commands.add_parser(
        "checks",
        help="list the checks, or explain one",
        description="List the checks in the order in which they are judged, or explain one.",
    )
    checks.add_argument("id", metavar="ID", nargs="?", help="the check to explain")
    checks.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0. Raises UsageError for a check that does not exist."""
    from harness.certify import select

    checks = select([options.id] if options.id else ())
    if options.id:
        print(_explained(checks[0]))
        return 0
    width = max(len(check.id) for check in checks)
    for check in checks:
        print(f"{check.id:{width}}  {check.title}")
    print(f"\n{len(checks)} checks; thrice checks ID explains one")
    return 0


def _explained(check: Any) -> str:
    from harness.checks.explained import EXPLAINED, live_of, needs_of

    text = EXPLAINED[check.id]
    failure = {
        "hard": "fails the certificate",
        "note": "is printed, and fails nothing",
        "hard or note": "fails the certificate, or is printed where it can not be avoided",
    }[text.weight]
    rows = (
        ("does", text.does),
        ("expected", text.expected),
        ("needs", needs_of(check) or "nothing beyond a bot"),
        ("why", text.why),
        *([("way out", text.way_out)] if text.way_out else []),
        ("failure", failure),
        ("judged on", f"{check.scenario.title}: {', '.join(check.scenario.runs)}"),
        ("live", live_of(check) or "the same"),
    )
    lines = [f"{check.id}: {check.title}", ""]
    for label, content in rows:
        lead = f"  {label:9}  "
        lines += textwrap.wrap(
            content, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead)
        )
    return "\n".join(lines)
