"""`thrice verify`: refuses a certificate of another state of the bot."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.platforms import PlatformName
from harness.queue_kinds import QUEUE_KINDS

if TYPE_CHECKING:
    from harness.verify import Claims

DESCRIPTION = """\
Tell whether a certificate (a file of `thrice certify --json`) is about the files below this folder,
and still holds: the same source, profile and version of thrice, certified, no waiver over.
Run it where `thrice certify` ran, with the same --app, --command, --url, --queue and --profile.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    verify = commands.add_parser(
        "verify",
        help="refuse a certificate of another state of the bot",
        description=DESCRIPTION,
        epilog="exit codes: 0 it matches and certifies, 1 it does not, 2 it is no certificate",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verify.add_argument("certificate", metavar="FILE", type=Path, help="a certificate as JSON")
    same = "as it was given to certify"
    verify.add_argument("--app", metavar="MODULE:ATTR", help=same)
    verify.add_argument("--command", metavar="COMMAND", dest="bot_command", help=same)
    verify.add_argument("--url", metavar="URL", help=same)
    verify.add_argument("--queue", choices=QUEUE_KINDS, help=same)
    verify.add_argument("--profile", metavar="FILE", type=Path, help=same)
    verify.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0 when the certificate matches, else 1."""
    from harness.certify import product_version
    from harness.identity import identify
    from harness.profile import load_profile
    from harness.profile_file import find_profile
    from harness.today import today
    from harness.verify import differences, read_claims

    root = Path.cwd()
    claims = read_claims(options.certificate)
    way = {"app": options.app, "command": options.bot_command, "url": options.url}
    platforms: tuple[PlatformName, ...] = ()
    if find_profile(options.profile, root) is None:
        # Only the certificate tells where the bot is, and which one it is if no option does. A name
        # is no path, and nothing is run by it.
        platforms = claims.platforms
        if not any(way.values()):
            way[_way_of(claims)] = claims.app
    profile = load_profile(options.profile, **way, platforms=platforms, queue=options.queue)
    source = identify(root)
    found = differences(
        claims, source=source, profile=profile, version=product_version(), today=today()
    )
    if not found:
        print(f"{options.certificate} holds: {claims.app}: {claims.headline}; {source.shown}")
        return 0
    print(f"{options.certificate} does NOT hold: {found[0]}")
    for reason in found[1:]:
        print(f"  {reason}")
    if claims.certified:
        print("  certify again: thrice certify --json " + str(options.certificate))
    return 1


def _way_of(claims: "Claims") -> str:
    """How the bot was run, by what it is called."""
    if claims.driver == "simulated":
        return "app"
    return "url" if claims.app.startswith(("http://", "https://")) else "command"
