"""Stages on which a bot runs live: started by its command, or attached to by its URL.

What they need is not part of a plain installation, so this is imported only when it is used.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from emulator.meta.messenger import ORIGIN as GRAPH
from emulator.redis.server import RedisServer
from emulator.redis.service import ORIGIN as REDIS
from emulator.serverless.attached import Attached
from emulator.serverless.live import Live, Source
from emulator.serverless.platforms import PLATFORMS
from emulator.serverless.pool import ProcessPool
from harness.platforms import PlatformName
from harness.profile import Profile, render_env
from harness.queues import QUEUES
from harness.stage import Stage, services_of, variables
from harness.stores import ORIGINS
from harness.template import names_in

# Processes that are started before they are needed, beyond those the duplicates spread over: ten
# rapid messages, three copies each, keep about ten busy at a time.
AHEAD = 6

NOT_MEDIATED = (
    "not mediated: calls that do not go to the addresses in the bot's environment are neither "
    "seen nor refused"
)
BEYOND = (
    "not mediated: services on this machine, and calls by clients that heed no proxy variables, "
    "such as aiohttp without trust_env"
)
FREEZE = (
    "freeze-safe: sees calls that a response left behind, not other work; what a timer does that "
    "was not yet due when its instance's next request came counts as that request's"
)
NOT_FROZEN = (
    "freeze-safe: sees calls that a response left behind, not other work; the bot is not stopped"
)
RESTLESS = (
    "not exact: a thread of the bot never rests, so its calls were answered after a while in which "
    "it computed; whether a response came before an answer is not certain"
)
ESCAPED = (
    "left the bot's session: {command}; it is stopped with the bot here, and ends with it; a host "
    "does not promise either"
)
TIME = "time: the world's clock counts what the services take, not what the bot computes; "
FOLLOWS = TIME + "the bot's own clock follows it, its timers are real"
EXPIRES = "time: keys in redis-server expire by the machine's clock, which does not follow"
OWN = (
    TIME + "the bot's own clock is the wall's, so what expires by it (a dedup record in "
    "late-duplicate) does not expire"
)
REGISTERED = (
    'host "{kind}": a request is over when its response is, and whatever Node code gave to '
    "waitUntil or Next's after; other background work can not be seen from outside, and counts as "
    "left behind"
)
UNREGISTERED = (
    'host "{kind}": a request is over when its response is: a bot that was started by hand has no '
    "waitUntil"
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
def started(
    profile: Profile, *, root: Path, seed: int, platform: PlatformName = "messenger"
) -> Iterator[Stage]:
    """Start a bot's command in `root`; every process of it is ended at the end."""
    bot, host = profile.bot, profile.host
    processes = ProcessPool(
        bot.command,
        root=root,
        webhook=bot.webhook_of(platform),
        public_url=bot.public_url,
        services=services_of(profile),
        environment=lambda addresses: render_env(profile, variables(profile, addresses)),
        ahead=min(host.instances + AHEAD, host.max_instances),
        max_instances=host.max_instances,
        start_limit_s=bot.start_limit_s,
        wait_until=PLATFORMS[host.kind].wait_until,
        clock=bot.clock,
    )
    with _stage(profile, processes, seed=seed, platform=platform, notes=[BEYOND]) as stage:
        yield stage


@contextmanager
def attached(
    profile: Profile, *, seed: int, platform: PlatformName = "messenger"
) -> Iterator[Stage]:
    """Drive a bot that runs already, and was started with the environment of `environment_of`."""
    bot = profile.bot
    source = Attached(bot.url, webhook=bot.webhook_of(platform), ports=ports_of(profile))
    untold = [NOT_TOLD.format(name=name) for name in not_told(profile)]
    notes = [NOT_MEDIATED, ATTACHED, *untold]
    with _stage(profile, source, seed=seed, platform=platform, notes=notes) as stage:
        yield stage


def ports_of(profile: Profile) -> Mapping[str, int]:
    """The ports at which a bot that is started by hand finds each service, and itself."""
    store = ORIGINS[profile.store.kind if profile.store is not None else "firestore"]
    queue = QUEUES[profile.queue.kind].origin
    return dict(zip((queue, GRAPH, store, profile.bot.public_url), profile.bot.ports, strict=True))


def environment_of(profile: Profile, ports: Mapping[str, int]) -> dict[str, str]:
    """The variables for a bot that is to reach the fakes at these ports, by origin."""
    addresses = {
        origin: f"{'redis' if origin == REDIS else 'http'}://127.0.0.1:{port}"
        for origin, port in ports.items()
    }
    return render_env(profile, variables(profile, addresses))


def not_told(profile: Profile) -> list[str]:
    """The variables of addresses that a bot which is started by hand needs and its environment does
    not hold: nothing leads such a bot anywhere else.
    """
    kept = profile.store.kind if profile.store is not None else "none"
    needed = {
        QUEUES[profile.queue.kind].address: profile.expect.publishes > 0,
        "meta.graph_url": profile.expect.replies > 0,
        f"{kept}.url": kept != "none",
    }
    held = {name for text in profile.bot.env.values() for name in names_in(text)}
    if "firestore.host" in held:
        held.add("firestore.url")  # the same address, for Google's clients
    return [name for name, is_needed in needed.items() if is_needed and name not in held]


def _ends(profile: Profile) -> list[str]:
    """When a request of this bot is over, on a host on which that may be after its response."""
    kind = profile.host.kind
    if not PLATFORMS[kind].wait_until:
        return []
    return [(UNREGISTERED if profile.bot.url else REGISTERED).format(kind=kind)]


@contextmanager
def _stage(
    profile: Profile,
    source: Source,
    *,
    seed: int,
    platform: PlatformName,
    notes: Sequence[str] = (),
) -> Iterator[Stage]:
    freezes = PLATFORMS[profile.host.kind].freezes and not profile.bot.url
    serves = profile.store is not None and profile.store.server == "redis-server"
    with (
        closing(RedisServer()) as server,
        Live(source, patience_s=profile.bot.call_timeout_s / 2) as live,
    ):
        yield Stage(
            profile,
            live.connect,
            seed=seed,
            printed=lambda: source.output,
            bot_clock=None if live.clock_follows else live.unix,
            begins=live.begins if live.clock_follows else None,
            addresses=live.addresses,
            accept=live.accept,
            driver="live",
            platform=platform,
            redis_server=server if serves else None,
            notes=lambda: [
                *notes[:1],
                FREEZE if freezes else NOT_FROZEN,
                FOLLOWS if live.clock_follows else OWN,
                *([EXPIRES] if serves else []),
                *_ends(profile),
                *([] if source.exact else [INEXACT]),
                *([RESTLESS] if live.restless else []),
                *(ESCAPED.format(command=command) for command in live.escaped),
                *notes[1:],
            ],
        )
