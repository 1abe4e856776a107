"""`thrice serve`: the fakes on fixed local ports, for a bot that is started by hand."""

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

DESCRIPTION = """\
Serve the fakes on local ports on the wall clock, until Ctrl-C: the queue as the vendor's
development server does, with its four accounts, the platform, the store. Prints the environment
that a bot needs to reach them on standard output, and a line when it is ready on standard error.
"""

EPILOG = """\
examples:
  thrice serve
  thrice serve --url http://127.0.0.1:8000 --print-env dotenv > .env
"""

BOT_URL = "http://127.0.0.1:3000"
NAMES = ("queue", "platform", "store", "bot")


def add(commands: Any) -> None:
    """Add the command to the parser."""
    serve = commands.add_parser(
        "serve",
        help="serve the fakes on local ports",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serve.add_argument(
        "--url",
        metavar="URL",
        help=f"where the bot runs, or will (default: that of the profile, else {BOT_URL})",
    )
    serve.add_argument(
        "--print-env",
        choices=tuple(_FORMATS),
        default="shell",
        help="how to print the environment (default shell)",
    )
    serve.add_argument(
        "--profile", metavar="FILE", type=Path, help="thrice.toml, for [bot.env] and the routes"
    )
    add_ports(serve)
    serve.set_defaults(run=run)


def add_ports(parser: argparse.ArgumentParser) -> None:
    """Add the option `--ports`."""
    parser.add_argument(
        "--ports",
        metavar="N,N,N,N",
        type=_ports,
        help="where a bot started by hand finds the queue, the platform, the store, and itself "
        "(default 8080,8091,8092,8093)",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted; returns 0."""
    from harness.errors import UsageError
    from harness.profile import load_profile, with_ports

    try:
        from emulator.serving import Serving
        from harness.live import environment_of, ports_of
    except ModuleNotFoundError as error:
        raise UsageError(f"thrice serve needs {error.name}: pip install 'thrice[live]'") from error
    profile = load_profile(options.profile, url=options.url, fallback_url=BOT_URL)
    profile = with_ports(profile, options.ports)
    bot = profile.bot
    with Serving(
        ports=ports_of(profile),
        public_url=bot.public_url,
        bot_url=bot.url or BOT_URL,
        webhook=bot.webhook,
    ) as serving:
        try:
            environment = environment_of(profile, serving.places)
            print(_FORMATS[options.print_env](environment), flush=True)
            _say_moved(serving.moved, serving.places)
            queue, platform, store, own = serving.places.values()
            print(
                f"thrice is running at http://127.0.0.1:{queue} (queue), :{platform} (platform), "
                f":{store} (store), :{own} (the bot at {bot.url or BOT_URL}); end it with Ctrl-C",
                file=sys.stderr,
                flush=True,
            )
            serving.wait()
        except KeyboardInterrupt:
            print("thrice: ended", file=sys.stderr)
    return 0


def _say_moved(moved: Mapping[str, int], places: Mapping[str, int]) -> None:
    for name, (origin, port) in zip(NAMES, places.items(), strict=True):
        if origin in moved:
            print(
                f"thrice: port {moved[origin]} is in use, the {name} is on {port} instead",
                file=sys.stderr,
            )
    if moved:
        ports = ",".join(map(str, places.values()))
        print(f"thrice: certify with --ports {ports}", file=sys.stderr, flush=True)


def _ports(text: str) -> tuple[int, ...]:
    from harness.profile_keys import TABLES, Wrong

    try:
        numbers = [int(part) for part in text.split(",")]
        ports: Any = TABLES["bot"]["ports"].read(numbers)
    except (ValueError, Wrong) as error:
        raise argparse.ArgumentTypeError(
            f"{text}: {error if isinstance(error, Wrong) else 'has to be four numbers'}"
        ) from None
    return tuple(ports)


def _shell(environment: Mapping[str, str]) -> str:
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in environment.items())


def _dotenv(environment: Mapping[str, str]) -> str:
    lines = []
    for name, value in environment.items():
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        lines.append(f'{name}="{escaped.replace("$", chr(92) + "$")}"')
    return "\n".join(lines)


def _json(environment: Mapping[str, str]) -> str:
    return json.dumps(dict(environment), indent=2)


_FORMATS: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "shell": _shell,
    "dotenv": _dotenv,
    "json": _json,
}
