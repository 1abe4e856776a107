"""The command `thrice`. Thin: it reads arguments, calls the harness, prints, and chooses the exit
code.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from harness.commands import checks, incident, init, serve, verify
from harness.commands.serve import add_ports
from harness.platforms import PLATFORMS, PlatformName, in_order
from harness.queue_kinds import QUEUE_KINDS

CERTIFIED, FAILED, USAGE, FAULT = 0, 1, 2, 3

EPILOG = """\
examples:
  thrice certify --app mybot.main:app
  thrice certify --app mybot.main:app --profile thrice.toml --json certificate.json
  thrice certify --app mybot.main:app --only ten-rapid --only one-reply
  thrice certify --platform instagram,whatsapp
  thrice certify --command "uvicorn mybot.main:app --port {port}"
  thrice certify --url http://127.0.0.1:3000
  thrice certify --junit thrice.xml --markdown thrice.md --github --require queue-ledger
  thrice serve --print-env dotenv
  thrice verify certificate.json
  thrice checks ten-rapid
  thrice init
  thrice incident
  thrice replay .thrice/ten-rapid-1.json

exit codes: 0 certified, 1 failed, 2 usage, profile or a bot that can not be run,
3 a fault of thrice itself
"""


_FORMATS = {
    "--json": "JSON",
    "--junit": "JUnit XML",
    "--markdown": "Markdown",
}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="thrice",
        description="Prove, before you deploy, that a serverless chat bot can not burn its queue, "
        "lose a message, or answer twice.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_certify(commands)
    replay = commands.add_parser(
        "replay",
        help="show a failed run again",
        description="Run a recorded failure again, step by step.",
    )
    replay.add_argument("trace", metavar="FILE", type=Path, help="a file below .thrice/")
    replay.set_defaults(run=_replay)
    for command in (serve, verify, checks, init, incident):
        command.add(commands)
    top.add_argument("--version", action="store_true", help="print the version and exit")
    return top


def _add_certify(commands: Any) -> None:
    certify = commands.add_parser(
        "certify",
        help="judge a bot",
        description="Run a bot in a world of fakes and judge it: a Python ASGI app simulated, any "
        "other one live.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_bot(certify)
    _add_checks(certify)
    _add_effort(certify)
    for flag, what in _FORMATS.items():
        certify.add_argument(
            flag, metavar="FILE", type=Path, help=f"write the certificate as {what}; - is stdout"
        )
    certify.add_argument(
        "--github", action="store_true", help="print annotations for a GitHub workflow as well"
    )
    certify.set_defaults(run=_certify)


def _add_bot(certify: argparse.ArgumentParser) -> None:
    """Which bot, how it is run, and what is around it."""
    certify.add_argument(
        "--app",
        metavar="MODULE:ATTR",
        help="the ASGI app, for example mybot.main:app (a factory: mybot.main:create_app(); one "
        "that takes its HTTP client, which is faster: mybot.main:create_app(http))",
    )
    certify.add_argument(
        "--command",
        metavar="COMMAND",
        dest="bot_command",
        help="start this for each instance and judge it live, in whatever language it is written; "
        "{port} and the variable PORT are the port to listen on",
    )
    certify.add_argument(
        "--url",
        metavar="URL",
        help="judge a bot live that runs already, with the environment that thrice serve prints",
    )
    certify.add_argument(
        "--platform",
        metavar="NAME",
        dest="platforms",
        type=_platforms,
        action="extend",
        default=[],
        help=f"judge on this platform, {', '.join(PLATFORMS)}; may be given again, or with several "
        "names and commas (default: all that the profile names)",
    )
    certify.add_argument(
        "--queue",
        choices=QUEUE_KINDS,
        help="the queue that the bot publishes to (default: that of the profile, else qstash)",
    )
    add_ports(certify)
    certify.add_argument(
        "--profile",
        metavar="FILE",
        type=Path,
        help="thrice.toml, or a pyproject.toml with [tool.thrice]",
    )


def _add_checks(certify: argparse.ArgumentParser) -> None:
    """Which checks judge it."""
    certify.add_argument(
        "--only",
        metavar="ID",
        action="append",
        default=[],
        help="judge only this check; may be given again",
    )
    certify.add_argument(
        "--skip",
        metavar="ID",
        action="append",
        default=[],
        help="leave this check out; may be given again",
    )
    certify.add_argument(
        "--seed",
        metavar="N",
        type=int,
        default=1,
        help="seed of everything that is drawn (default 1)",
    )
    certify.add_argument(
        "--require",
        metavar="ID",
        action="append",
        default=[],
        help="fail unless this check can be judged; may be given again",
    )


def _add_effort(certify: argparse.ArgumentParser) -> None:
    """How much is tried."""
    certify.add_argument(
        "--budget",
        choices=("quick", "standard", "deep"),
        default="standard",
        help="how many orders and faults are tried (default standard)",
    )
    certify.add_argument(
        "--jobs",
        metavar="N",
        type=_at_least_one,
        help="processes that share the work for a simulated bot (default: as many as help); the "
        "certificate is the same",
    )
    certify.add_argument(
        "--time-limit",
        metavar="SECONDS",
        type=_at_least_one,
        help="search no further orders after this long; the certificate says what was not finished",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:
        from harness.certify import product_version

        print(f"thrice {product_version()}")
        return CERTIFIED
    options = parser().parse_args(given)
    if arguments is None and os.environ.get("PYTHONHASHSEED") != "0":
        # Sets and dicts of a bot may order themselves by hash; a fixed hash seed makes two runs
        # byte-identical.
        os.execve(
            sys.executable,
            [sys.executable, "-m", "harness", *given],
            {**os.environ, "PYTHONHASHSEED": "0"},
        )
    from harness.outlet import outlets

    with outlets():
        return _guarded(options)


def _at_least_one(text: str) -> int:
    """For argparse, which names the option itself."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not a whole number of 1 or more')
    return number


def _platforms(text: str) -> tuple[PlatformName, ...]:
    """For argparse, which names the option itself."""
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in PLATFORMS:
            known = ", ".join(PLATFORMS)
            raise argparse.ArgumentTypeError(f'"{name}" is no platform; there are {known}')
    return in_order(names)


def _guarded(options: argparse.Namespace) -> int:
    from emulator.errors import BotError, BotHungError, ThriceError
    from harness.errors import HarnessError

    try:
        code: int = options.run(options)
    except BotHungError as error:
        print(f"thrice: {error}\n{error.stack}".rstrip(), file=sys.stderr)
        # The thread that hangs can not be trusted to let the process end.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(USAGE)
    except (HarnessError, BotError) as error:
        print(f"thrice: {error}", file=sys.stderr)
        return USAGE
    except ThriceError as error:
        print(f"thrice: this is a fault of thrice, not of your bot: {error}", file=sys.stderr)
        return FAULT
    except KeyboardInterrupt:
        print("thrice: interrupted", file=sys.stderr)
        return FAULT
    except Exception:
        import traceback

        traceback.print_exc()
        print(
            "thrice: this is a fault of thrice, not of your bot; please report the lines above",
            file=sys.stderr,
        )
        return FAULT
    return code


def _certify(options: argparse.Namespace) -> int:
    from harness.certify import certify
    from harness.errors import UsageError
    from harness.explore.budget import BUDGETS
    from harness.profile import load_profile, with_ports
    from harness.report import (
        render_certificate,
        render_github,
        render_json,
        render_junit,
        render_markdown,
    )
    from harness.report.files import STDOUT, Output, refuse_impossible, write_all
    from harness.report.style import style_for
    from harness.today import today
    from harness.trace import FOLDER, trace_of

    started = perf_counter()
    ways = {"--app": options.app, "--command": options.bot_command, "--url": options.url}
    if len(given := [flag for flag, value in ways.items() if value is not None]) > 1:
        raise UsageError(f"{' and '.join(given)} can not be given together: a bot runs in one way")
    profile = load_profile(
        options.profile,
        app=options.app,
        command=options.bot_command,
        url=options.url,
        platforms=options.platforms,
        queue=options.queue,
    )
    profile = with_ports(profile, options.ports)
    rendered = (
        ("--json", options.json, render_json),
        ("--junit", options.junit, render_junit),
        ("--markdown", options.markdown, render_markdown),
    )
    outputs = [Output(flag, path, render) for flag, path, render in rendered if path is not None]
    refuse_impossible(outputs)
    # Standard output is for one reader: a file in it leaves no room for people.
    people = sys.stderr if any(output.path == STDOUT for output in outputs) else sys.stdout
    root = Path.cwd()
    profile_path = _relative(profile.source) if profile.source is not None else ""
    progress = Progress()
    certificate = certify(
        profile,
        root=root,
        seed=options.seed,
        only=options.only,
        skip=options.skip,
        require=options.require,
        today=today(),
        budget=BUDGETS[options.budget],
        jobs=options.jobs,
        platforms=options.platforms,
        time_limit_s=options.time_limit,
        progress=progress,
        save_trace=lambda verdict, observed: _relative(
            trace_of(verdict, observed, seed=options.seed, profile_path=profile_path).save(
                root / FOLDER
            )
        ),
    )
    progress("")
    certificate = replace(certificate, measured={"wall_s": round(perf_counter() - started, 3)})
    try:
        write_all(certificate, outputs)
    finally:
        print(render_certificate(certificate, style_for(people)), file=people)
        if options.github:
            print(render_github(certificate), file=people)
    return CERTIFIED if certificate.certified else FAILED


def _replay(options: argparse.Namespace) -> int:
    from emulator.schedule import DivergedError
    from harness.certify import judge, replay
    from harness.checks import CATALOGUE
    from harness.errors import UsageError
    from harness.playing import fit
    from harness.profile import load_profile, with_ports
    from harness.report import output_lines, render_exhibit, render_timeline
    from harness.report.style import style_for
    from harness.stage import staged
    from harness.trace import load_trace

    trace = load_trace(options.trace)
    profile = load_profile(
        Path(trace.profile) if trace.profile else None,
        app=trace.app or None,
        command=trace.command or None,
        url=trace.url or None,
        platforms=trace.platforms,
        queue=trace.queue,
    )
    profile = with_ports(profile, tuple(trace.ports) or None)
    if profile.digest() != trace.profile_digest:
        raise UsageError(
            f"the profile has changed since {options.trace} was recorded; certify again"
        )
    check = CATALOGUE[trace.check]
    with staged(profile, root=Path.cwd(), seed=trace.seed, platform=trace.platform) as stage:
        try:
            observed = fit(lambda: replay(stage, check, trace.run, trace.choices))
        except DivergedError as error:
            raise UsageError(
                f"{error}; the bot has changed since this was recorded, so certify again"
            ) from error
        output = tuple(stage.printed())
    (verdict,) = judge(observed, [check])
    style = style_for(sys.stdout)
    on = f" on {verdict.platform}" if verdict.platform else ""
    print(
        style.faint(
            f"{profile.bot.name}, {check.title}{on}, {trace.run}, seed {trace.seed}, "
            f"{len(trace.choices)} steps"
        )
    )
    run = observed.run_of(check.scenario.id, trace.run)
    if run is not None:
        guilty = set(verdict.entries)
        named = [entry for entry in run.record.entries if entry.seq in guilty] or run.record.entries
        roots = list(dict.fromkeys(root for entry in named for root in entry.roots))[:1]
        shown = [exhibit.root for exhibit in verdict.exhibits] or roots
        print(render_timeline(run.record.entries, shown, style))
    for exhibit in verdict.exhibits:
        print(render_exhibit(exhibit))
    print(f"expected  {verdict.expected}\nobserved  {verdict.observed}")
    for line in verdict.evidence:
        print(f"          {line}")
    for line in output_lines(output, style):
        print(line)
    if not verdict.failed:
        print(style.good(f"{verdict.title} passes now"))
        return CERTIFIED
    print(style.bad(f"{verdict.title} FAILED again, the same run"))
    return FAILED


def _relative(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


class Progress:
    """A line that is overwritten on a terminal, and nothing in a pipe."""

    def __init__(self) -> None:
        self._show = sys.stderr.isatty()

    def __call__(self, text: str) -> None:
        if self._show:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
