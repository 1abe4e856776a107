"""Stages on which a bot runs live: started by its command, or attached to by its URL.

What they need is not part of a plain installation, so this is imported only when it is used.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from emulator.serverless.attached import Attached
from emulator.serverless.live import Live, Source
from emulator.serverless.pool import ProcessPool
from harness.profile import Profile, render_env
from harness.stage import SERVICES, Stage, variables
from harness.template import names_in

# Processes that are started before they are needed, beyond those the duplicates spread over: ten
# rapid messages, three copies each, keep about ten busy at a time.
AHEAD = 6

NOT_MEDIATED = (
    "not mediated: calls that do not go to the addresses in the bot's environment are neither "
    "seen nor refused"
)
FREEZE = (
    "freeze-safe: sees calls that a response left behind, not other work; the instance is not "
    "stopped"
)
TIME = (
    "time: the world's clock counts what the services take, not what the bot computes; the bot's "
    "own clock is the wall's"
)
VERCEL = (
    'host "vercel" is judged like "lambda": when the application call returns can not be seen from '
    "outside"
)
INEXACT = (
    "which threads of the bot sleep is not known here: calls are held for a fixed time instead"
)
NOT_TOLD = (
    "not told: no variable in [bot.env] holds {{{name}}}, so calls to it, if the bot makes any, go "
    "to the real address"
)
ATTACHED = (
    "the bot was started by hand: one process serves every instance, its memory outlives them, and "
    "it is not killed"
)


@contextmanager
def started(profile: Profile, *, root: Path, seed: int) -> Iterator[Stage]:
    """Start a bot's command in `root`; every process of it is ended at the end."""
    bot, host = profile.bot, profile.host
    processes = ProcessPool(
        bot.command,
        root=root,
        webhook=bot.webhook,
        public_url=bot.public_url,
        services=SERVICES,
        environment=lambda addresses: render_env(profile, variables(profile, addresses)),
        ahead=min(host.instances + AHEAD, host.max_instances),
        max_instances=host.max_instances,
        start_limit_s=bot.start_limit_s,
    )
    with _stage(profile, processes, seed=seed) as stage:
        yield stage


@contextmanager
def attached(profile: Profile, *, seed: int) -> Iterator[Stage]:
    """Drive a bot that runs already, and was started with the environment of `environment_of`."""
    bot = profile.bot
    source = Attached(bot.url, webhook=bot.webhook, ports=ports_of(profile))
    with _stage(profile, source, seed=seed, notes=[ATTACHED]) as stage:
        yield stage


def ports_of(profile: Profile) -> Mapping[str, int]:
    """The ports at which a bot that is started by hand finds each service, and itself."""
    return dict(zip((*SERVICES, profile.bot.public_url), profile.bot.ports, strict=True))


def environment_of(profile: Profile, ports: Mapping[str, int]) -> dict[str, str]:
    """The variables for a bot that is to reach the fakes at these ports, by origin."""
    addresses = {origin: f"http://127.0.0.1:{port}" for origin, port in ports.items()}
    return render_env(profile, variables(profile, addresses))


def not_told(profile: Profile) -> list[str]:
    """The variables of addresses that a live bot needs and its environment does not hold."""
    needed = {
        "qstash.url": profile.expect.publishes > 0,
        "meta.graph_url": profile.expect.replies > 0,
        "firestore.url": profile.store is not None,
    }
    held = {name for text in profile.bot.env.values() for name in names_in(text)}
    return [name for name, is_needed in needed.items() if is_needed and name not in held]


@contextmanager
def _stage(
    profile: Profile, source: Source, *, seed: int, notes: Sequence[str] = ()
) -> Iterator[Stage]:
    with Live(source, patience_s=profile.bot.call_timeout_s / 2) as live:
        yield Stage(
            profile,
            live.connect,
            seed=seed,
            printed=lambda: source.output,
            bot_clock=live.unix,
            addresses=live.addresses,
            accept=live.accept,
            driver="live",
            notes=[
                NOT_MEDIATED,
                FREEZE,
                TIME,
                *([VERCEL] if profile.host.kind == "vercel" else []),
                *([] if source.exact else [INEXACT]),
                *(NOT_TOLD.format(name=name) for name in not_told(profile)),
                *notes,
            ],
        )
