"""What the harness must know of a bot: routes, environment, host, store, contract and limits, read
from TOML.

It neither imports the bot nor starts anything; a mistake is refused here, before anything runs.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from harness import profile_keys
from harness.errors import ProfileError, UsageError
from harness.platforms import USUAL, PlatformName, in_order, listed
from harness.profile_env import DEFAULT_ENV, default_env
from harness.profile_file import FILE, SHARED_FILE, WAIVE, ProfileFile, find_profile
from harness.profile_keys import Wrong
from harness.profile_services import Service, read_services
from harness.queue_kinds import QueueKind
from harness.template import fill, names_in
from harness.waivers import Waiver, read_waivers

HostKind = Literal["lambda", "vercel", "vercel-fluid", "cloud-run", "always-on"]
StoreKind = Literal["firestore", "upstash", "redis"]
RedisServerKind = Literal["built-in", "redis-server"]
ClockKind = Literal["node", "libfaketime", "own"]
# What becomes of calls that a response left behind, once their instance serves another request.
Leftovers = Literal["late", "answered", "dropped"]
# Later; left unanswered once the user was told; refused one by one.
Excess = Literal["delay", "notice", "drop-with-reply"]

# Where a bot that is started by hand finds the queue (the port of the vendor's development server,
# QStash docs, "Local development"), the platform, the store, and itself.
DEFAULT_PORTS = (8080, 8091, 8092, 8093)

# The ways to run a bot, as keys of [bot] and as options, each with an example.
WAYS: Mapping[str, str] = {
    "app": "--app mybot.main:app",
    "url": "--url http://127.0.0.1:3000",
    "command": '--command "uvicorn mybot.main:app --port {port}"',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """The application and how it is reached.

    `app` is simulated; `command` is started for each instance, and has to answer within
    `start_limit_s` seconds; `url` is where the bot runs already, and `ports` are those at which it
    was told to reach the queue, the platform, the store, and itself. One of the three is given, the
    others are empty. The bot is on `platforms`, each of which delivers to `webhook`, but for those
    that have a route of their own in `webhooks`. `consumer` is the queue's destination, None for a
    bot without a queue. `public_url` has no trailing slash. `env` holds templates, see
    `render_env`. `call_timeout_s` is the shortest time limit that a live bot puts on its own calls;
    `clock` is by what the clock of a command follows the world's.
    """

    app: str = ""
    command: str = ""
    url: str = ""
    platforms: tuple[PlatformName, ...] = USUAL
    webhook: str = "/api/messenger"
    webhooks: Mapping[PlatformName, str] = field(default_factory=dict)
    consumer: str | None = "/api/process-message"
    public_url: str = "https://my-bot.example.com"
    env: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_ENV))
    start_limit_s: float = 60.0
    call_timeout_s: float = 3.0
    ports: tuple[int, int, int, int] = DEFAULT_PORTS
    clock: ClockKind = "node"

    @property
    def name(self) -> str:
        """What people call it: the app, the command, or the URL."""
        return self.app or self.command or self.url

    def webhook_of(self, platform: PlatformName) -> str:
        """The route that a platform delivers to."""
        return self.webhooks.get(platform, self.webhook)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The serverless host.

    Duplicates spread over `instances`; at most `max_instances` run at once. An instance takes
    `concurrency` requests at a time, and an invocation that takes longer than `timeout_s` seconds
    is cut; None is what the platform gives by default. Calls that a response left behind are noted
    and go the way of the platform (`late`), take effect with the next request (`answered`), or fail
    then (`dropped`).
    """

    # The stricter kind: it freezes at the last byte, before what the application still does.
    kind: HostKind = "lambda"
    instances: int = 4
    max_instances: int = 100
    concurrency: int | None = None
    timeout_s: float | None = None
    leftovers: Leftovers = "late"

    @property
    def title(self) -> str:
        """The kind, and what tells it from others: `vercel-fluid (10 at once)`."""
        limits = profile_keys.HOSTS[self.kind]
        if self.kind == "always-on":
            return f"{self.kind} ({self.instances} instance{'s' if self.instances > 1 else ''})"
        if limits.concurrency > 1:
            return f"{self.kind} ({self.concurrency or limits.usual} at once)"
        return self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The store that decides what is a duplicate.

    `dedup` is the collection of its records, in a store of keys what their keys begin with; `seed`
    is a JSON file of what is in it at first. Of a month's commands, `commands_used` are spent
    before anything happens, where the store has a plan. `server` is what does the commands of a
    Redis: the database of thrice, or a redis-server that it starts.
    """

    kind: StoreKind = "firestore"
    dedup: str = "processedMessages"
    seed: Path | None = None
    commands_used: int = 0
    server: RedisServerKind = "built-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The queue that the bot publishes to, if it publishes at all. On SQS a message that was handed
    out is hidden for `visibility_s`, and is a dead letter after `max_receives`.
    """

    kind: QueueKind = "qstash"
    visibility_s: int = 30
    max_receives: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """The contract, per user message."""

    publishes: int = 1
    replies: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """What the bot promises not to exceed; None where it promises nothing.

    `messages_per_user_minute` are replies to one user in any minute; `excess` says what becomes of
    the messages beyond that, and `notice` is a text by which a reply is known that only says so.
    `publishes_per_hour` is where the circuit breaker opens, `breaker_recovery_s` after how many
    seconds messages pass again.
    """

    messages_per_user_minute: int | None = None
    excess: Excess = "delay"
    notice: str = ""
    publishes_per_hour: int | None = None
    breaker_recovery_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The plan that pays for the queue, for each kind of queue, and how many messages users write
    in a month.
    """

    messages_per_month: int
    qstash: str = "free"
    cloudtasks: str = "free"
    sqs: str = "free"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything the harness knows of a bot.

    `store` is None for a bot without one, `plan` when nothing is said of it; `services` are stubs
    for what else it needs; `waivers` are failures that its owner accepts; `source` is the file that
    the profile came from.
    """

    bot: Bot
    host: Host = field(default_factory=Host)
    store: Store | None = field(default_factory=Store)
    queue: Queue = field(default_factory=Queue)
    expect: Expect = field(default_factory=Expect)
    limits: RateLimits = field(default_factory=RateLimits)
    plan: Budget | None = None
    services: tuple[Service, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    source: Path | None = field(default=None, compare=False)

    def digest(self) -> str:
        """SHA-256, in hex, of the resolved profile.

        It is the same on every machine: files count with their content, not with their paths.
        Raises ProfileError if the seed file can not be read any more.
        """
        resolved = asdict(self)
        del resolved["source"]
        # A profile that says nothing of platforms has the digest that it had before there were any.
        if self.bot.platforms == USUAL:
            del resolved["bot"]["platforms"]
        if not self.bot.webhooks:
            del resolved["bot"]["webhooks"]
        # Neither does one that says nothing of queues.
        if self.queue == Queue():
            del resolved["queue"]
            if resolved["plan"] is not None:
                del resolved["plan"]["cloudtasks"]
                del resolved["plan"]["sqs"]
        if self.store is not None and not self.store.commands_used:
            del resolved["store"]["commands_used"]
        if self.store is not None and self.store.server == "built-in":
            del resolved["store"]["server"]
        if self.store is not None and self.store.seed is not None:
            try:
                seed = self.store.seed.read_bytes()
            except OSError as error:
                reason = f"can not be read: {error.strerror}"
                raise ProfileError(f"the seed file {self.store.seed} {reason}") from None
            resolved["store"]["seed"] = hashlib.sha256(seed).hexdigest()
        for service in resolved["services"]:
            for answer in service["answers"]:
                answer["body"] = hashlib.sha256(answer["body"]).hexdigest()
        for waiver in resolved["waivers"]:
            waiver["until"] = waiver["until"].isoformat()
            if not waiver["platforms"]:
                del waiver["platforms"]
        canonical = json.dumps(resolved, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def load_profile(
    path: Path | None,
    *,
    app: str | None = None,
    command: str | None = None,
    url: str | None = None,
    fallback_url: str | None = None,
    start: Path | None = None,
    platforms: Sequence[PlatformName] = (),
    queue: QueueKind | None = None,
) -> Profile:
    """Read the profile of a bot, resolved and checked.

    `path` is a TOML file, or a pyproject.toml with a table [tool.thrice]; without it, thrice.toml
    and then pyproject.toml are looked for in `start` (the working directory). With neither, routes,
    environment, host and store are those of the reference bot, and nothing is promised. In a
    profile that is there, a missing `consumer` or [store] means that the bot has none. `app`,
    `command` or `url` takes the place of whichever of them [bot] has; without any, `fallback_url`
    does. `platforms` are those of a bot without a profile, and have to be among those of one that
    has a profile. `queue` takes the place of the kind that [queue] says.

    Raises ProfileError, which names the file, the key and a line that is right.
    """
    given = _given(app=app, command=command, url=url)
    file = find_profile(path, Path.cwd() if start is None else start)
    if file is not None:
        profile = _resolve(file, given, fallback_url, queue)
        _refuse_others(file, profile, platforms)
        return profile
    if not given and fallback_url is not None:
        given = {"url": fallback_url}
    if not given:
        raise ProfileError(
            f"no bot to run: there is no --app, no {FILE}, and no [tool.thrice] in {SHARED_FILE}\n"
            f"  for example: {WAYS['app']}"
        )
    if platforms:
        own = in_order(platforms)
        given |= {"platforms": own, "env": default_env(own)}
    if queue is not None:
        given["env"] = default_env(given.get("platforms", USUAL), queue)
        return Profile(bot=Bot(**given), queue=Queue(kind=queue))
    return Profile(bot=Bot(**given))


def platforms_of(
    profile: Profile, platforms: Sequence[PlatformName] = ()
) -> tuple[PlatformName, ...]:
    """Those of the profile's platforms that are wanted; all of them, when nothing is said.

    Raises UsageError for one that the profile does not name.
    """
    chosen = in_order(platforms or profile.bot.platforms)
    for platform in chosen:
        if platform not in profile.bot.platforms:
            raise UsageError(
                f"the bot is not on {platform}, its profile names {listed(profile.bot.platforms)}"
            )
    return chosen


def with_ports(profile: Profile, ports: tuple[int, ...] | None) -> Profile:
    """The profile with other ports for a bot that is started by hand; None keeps its own."""
    if ports is None:
        return profile
    queue, platform, store, own = ports
    return replace(profile, bot=replace(profile.bot, ports=(queue, platform, store, own)))


def render_env(profile: Profile, variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of the bot, from what a world gives.

    `variables` has the values by the names that `harness.template.VARIABLES` lists.
    Raises ProfileError for a variable that this world has not.
    """
    for key, text in profile.bot.env.items():
        for name in names_in(text):
            if name not in variables:
                has = ", ".join(f"{{{known}}}" for known in sorted(variables)) or "nothing"
                raise ProfileError(
                    f"[bot.env] {key}: this world has no {{{name}}}\n  it has: {has}"
                )
    return {key: fill(text, variables) for key, text in profile.bot.env.items()}


def _given(**options: str | None) -> dict[str, Any]:
    """The way to run the bot that the command line names, checked; empty when it names none."""
    given = {name: value for name, value in options.items() if value is not None}
    for name, value in given.items():
        try:
            profile_keys.TABLES["bot"][name].read(value)
        except Wrong as wrong:
            raise ProfileError(f"--{name}: {wrong}\n  for example: {WAYS[name]}") from None
    return given


def _refuse_others(file: ProfileFile, profile: Profile, platforms: Sequence[PlatformName]) -> None:
    for platform in platforms:
        if platform not in profile.bot.platforms:
            named = in_order({*profile.bot.platforms, platform})
            example = f"platforms = [{', '.join(map(profile_keys.quoted, named))}]"
            what = f"does not name {platform}, which --platform does"
            raise file.error("bot", "platforms", what, example)


def _check_host(file: ProfileFile, host: Host) -> None:
    limits = profile_keys.HOSTS[host.kind]
    if host.concurrency is not None and host.concurrency > limits.concurrency:
        several = " or ".join(
            f'"{kind}"' for kind, known in profile_keys.HOSTS.items() if known.concurrency > 1
        )
        what = (
            f'{host.concurrency:,} is more than "{host.kind}" takes at once, which is '
            f"{limits.concurrency:,}"
            + (f"; {several} take more" if limits.concurrency == 1 else "")
        )
        raise file.error("host", "concurrency", what, f"concurrency = {limits.concurrency}")
    if host.timeout_s is not None and host.timeout_s > limits.timeout_s:
        what = f'{host.timeout_s:g} is more than "{host.kind}" allows, which is {limits.timeout_s}'
        raise file.error("host", "timeout_s", what, f"timeout_s = {limits.timeout_s}")


def _check_store(file: ProfileFile, store: Mapping[str, Any]) -> None:
    kind = store.get("kind", "firestore")
    if "commands_used" in store and kind != "upstash":
        what = f"is of no use for {profile_keys.quoted(kind)}, whose commands nobody counts"
        raise file.error("store", "commands_used", what, 'kind = "upstash"')
    if store.get("server") == "redis-server" and kind != "redis":
        what = f"is of no use for {profile_keys.quoted(kind)}"
        raise file.error("store", "server", what, 'kind = "redis"')
    if kind == "firestore" and "dedup" in store:
        try:
            profile_keys.collection(store["dedup"])
        except Wrong as wrong:
            raise file.error("store", "dedup", str(wrong)) from None


def _check_queue(file: ProfileFile, kind: QueueKind) -> None:
    for key in ("visibility_s", "max_receives"):
        if key in file.values("queue") and kind != "sqs":
            what = f"is of no use for {profile_keys.quoted(kind)}, which has no such setting"
            raise file.error("queue", key, what, 'kind = "sqs"')


def _resolve(
    file: ProfileFile,
    given: dict[str, Any],
    fallback_url: str | None,
    queue_kind: QueueKind | None = None,
) -> Profile:
    file.refuse_unknown_tables()
    bot: dict[str, Any] = {"consumer": None} | file.values("bot")
    queue = Queue(**file.values("queue") | ({"kind": queue_kind} if queue_kind else {}))
    _check_queue(file, queue.kind)
    env = file.env()
    if env is not None:
        bot["env"] = env
    elif "platforms" in bot or queue != Queue():
        bot["env"] = default_env(bot.get("platforms", USUAL), queue.kind)
    for platform in bot.get("webhooks", {}):
        if platform not in bot.get("platforms", USUAL):
            named = ", ".join(map(profile_keys.quoted, bot.get("platforms", USUAL)))
            what = f"{platform} is none of the platforms, which are {named}"
            example = profile_keys.TABLES["bot"]["platforms"].example
            raise file.error("bot", "webhooks", what, example)
    host = Host(**file.values("host"))
    if host.instances > host.max_instances:
        what = f"{host.instances} is more than max_instances = {host.max_instances}"
        raise file.error("host", "instances", what, f"max_instances = {host.instances}")
    _check_host(file, host)
    store = file.values("store")
    _check_store(file, store)
    if "seed" in store:
        store["seed"] = file.json_file("store", "seed", store["seed"])
    expect = Expect(**file.values("expect"))
    limits = RateLimits(**file.values("limits"))
    if limits.excess != "delay" and not limits.notice:
        what = f'is missing: thrice knows by it what "{limits.excess}" sends from an answer'
        raise file.error("limits", "notice", what)
    plan = file.values("plan")
    if "plan" in file.tables and "messages_per_month" not in plan:
        raise file.error("plan", "messages_per_month", "is missing")
    if given:
        bot = {name: value for name, value in bot.items() if name not in WAYS} | given
    if fallback_url is not None and not any(name in bot for name in WAYS):
        bot["url"] = fallback_url
    ways = [name for name in WAYS if name in bot]
    if not ways:
        raise file.error("bot", "app", "is missing, and there is no --app")
    if len(ways) > 1:
        raise file.error("bot", ways[1], f"can not stand beside {ways[0]}: a bot runs in one way")
    checked_bot = Bot(**bot)
    waivers = read_waivers(file)
    for waiver in waivers:
        for platform in waiver.platforms:
            if platform not in checked_bot.platforms:
                label = f"{file.name_of(WAIVE)} {profile_keys.quoted(waiver.check)} platforms"
                what = f"the bot is not on {platform}, but on {listed(checked_bot.platforms)}"
                raise file.error_at(label, what, f'platforms = ["{checked_bot.platforms[0]}"]')
    return Profile(
        bot=checked_bot,
        host=host,
        store=Store(**store) if "store" in file.tables else None,
        queue=queue,
        expect=expect,
        limits=limits,
        plan=Budget(**plan) if "plan" in file.tables else None,
        services=read_services(file, checked_bot.public_url),
        waivers=waivers,
        source=file.path,
    )
