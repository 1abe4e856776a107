"""`thrice serve`: the fakes on fixed local ports, for a bot that is started by hand."""

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.platforms import PLATFORMS

if TYPE_CHECKING:
    from emulator.serving import Serving

DESCRIPTION = """\
Serve the fakes on local ports on the wall clock, until Ctrl-C: the queue as the vendor's
development server does, with its four accounts, the platform, the store; and an HTTP API by which
other test runners write messages, wait, break things and read what happened. Prints the environment
that a bot needs to reach them on standard output, and a line when it is ready on standard error.
"""

EPILOG = """\
examples:
  thrice serve
  thrice serve --url http://127.0.0.1:8000 --print-env dotenv > .env
  curl http://127.0.0.1:8099/openapi.json
"""

BOT_URL = "http://127.0.0.1:3000"
CONTROL_PORT = 8099
CONTROL_URL = "THRICE_CONTROL_URL"


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
    serve.add_argument(
        "--control-port",
        metavar="N",
        type=_port,
        default=CONTROL_PORT,
        help=f"where the control API is (default {CONTROL_PORT}; 0 takes a free port)",
    )
    serve.add_argument(
        "--platform",
        choices=PLATFORMS,
        help="where the users of the bot are (default: the first that the profile names)",
    )
    serve.add_argument(
        "--seed",
        metavar="N",
        type=int,
        help="seed of the ids (default: another one each time, as a bot may remember old ids)",
    )
    serve.add_argument(
        "--data",
        metavar="FILE",
        type=Path,
        help="keep what the queue has in this file, and go on with what is in it (default: nothing "
        "is kept)",
    )
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
    from harness.profile import load_profile, platforms_of, with_ports

    try:
        from emulator.control.expecting import Contract
        from emulator.net import wall
        from emulator.serving import CONTROL, Serving
        from harness.live import environment_of, ports_of
    except ModuleNotFoundError as error:
        raise UsageError(f"thrice serve needs {error.name}: pip install 'thrice[live]'") from error
    asked = [options.platform] if options.platform else ()
    profile = load_profile(options.profile, url=options.url, fallback_url=BOT_URL, platforms=asked)
    profile = with_ports(profile, options.ports)
    bot = profile.bot
    if profile.queue.kind != "qstash":
        raise UsageError(
            f"thrice serve has qstash only, and the profile says [queue] kind = "
            f'"{profile.queue.kind}"; certify judges a bot that uses it'
        )
    (platform, *_) = platforms_of(profile, asked)
    with Serving(
        ports=ports_of(profile),
        public_url=bot.public_url,
        bot_url=bot.url or BOT_URL,
        webhook=bot.webhook_of(platform),
        platform=platform,
        seed=int(wall.unix()) if options.seed is None else options.seed,
        control_port=options.control_port,
        contract=Contract(profile.expect.publishes, profile.expect.replies),
        data=options.data,
    ) as serving:
        try:
            ports = serving.ports
            environment = environment_of(profile, serving.places) | {
                CONTROL_URL: f"http://127.0.0.1:{ports[CONTROL]}"
            }
            print(_FORMATS[options.print_env](environment), flush=True)
            _say_moved(serving)
            print(
                f"thrice is running at http://127.0.0.1:{ports['queue']} (queue), "
                f":{ports['platform']} (platform), :{ports['store']} (store), :{ports['bot']} "
                f"(the bot at {bot.url or BOT_URL}), :{ports[CONTROL]} (control); end it with "
                "Ctrl-C",
                file=sys.stderr,
                flush=True,
            )
            serving.wait()
        except KeyboardInterrupt:
            print("thrice: ended", file=sys.stderr)
    return 0


def _say_moved(serving: "Serving") -> None:
    from emulator.serving import CONTROL

    places = {**dict(zip(serving.places, serving.ports, strict=False)), CONTROL: CONTROL}
    for origin, wished in serving.moved.items():
        name = places[origin]
        print(
            f"thrice: port {wished} is in use, the {name} is on {serving.ports[name]} instead",
            file=sys.stderr,
        )
    if any(origin in serving.places for origin in serving.moved):
        ports = ",".join(map(str, serving.places.values()))
        print(f"thrice: certify with --ports {ports}", file=sys.stderr)


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port from 0 to 65535")
    return number


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
