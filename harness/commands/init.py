"""`thrice init`: writes a first profile."""

import argparse
import sys
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Add the command to the parser."""
    init = commands.add_parser(
        "init",
        help="write a first profile",
        description="Look at the source of the bot in this folder, without running it, and write "
        "thrice.toml: routes, environment variables, store. On a terminal each guess can be "
        "corrected.",
    )
    init.add_argument("--app", metavar="MODULE:ATTR", help="the ASGI app, instead of searching it")
    init.add_argument(
        "--command",
        metavar="COMMAND",
        dest="bot_command",
        help="what starts the bot, in whatever language it is written, instead of searching it",
    )
    init.add_argument(
        "--force", action="store_true", help="write thrice.toml although there is a profile"
    )
    init.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0. Raises UsageError when there is a profile already, or no bot."""
    from harness.errors import UsageError
    from harness.init import write_profile
    from harness.profile_file import FILE

    if options.app is not None and options.bot_command is not None:
        raise UsageError("--app and --command can not be given together: a bot runs in one way")
    draft = write_profile(
        Path.cwd(),
        app=options.app,
        command=options.bot_command,
        force=options.force,
        ask=_ask if sys.stdin.isatty() else None,
    )
    print(f"{FILE} is written:\n")
    shown = [(f"[{line.table}] {line.key} = {line.value}", line) for line in draft.lines]
    width = max(len(text) for text, line in shown if line.active)
    for text, line in shown:
        if line.active:
            print(f"  {text:{width}}  {line.reason}")
    left_out = [line.key for line in draft.lines if not line.active]
    if left_out:
        print(f"\n  left out, in comments: {', '.join(left_out)}")
    for remark in draft.remarks:
        print(f"\n  {remark}")
    print(f"\nNow: {f'{draft.build}, then ' if draft.build else ''}thrice certify")
    return 0


def _ask(question: str, guess: str) -> str:
    from harness.errors import UsageError

    try:
        return input(f"{question}\n  [{guess}] ")
    except EOFError:
        raise UsageError("no answer, so nothing is written") from None
