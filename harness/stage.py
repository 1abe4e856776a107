"""The stage: a profile's bot, simulated or live, ready to have worlds made around it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator import HostProfile, Simulation, World, google_account
from emulator.chance import Chance
from emulator.clock import VIRTUAL_EPOCH
from emulator.cloudtasks import ORIGIN as CLOUD_TASKS
from emulator.cloudtasks import QUEUE as TASK_QUEUE
from emulator.errors import ScenarioError
from emulator.firestore.service import ORIGIN as FIRESTORE
from emulator.gate import Gate, LatePolicy
from emulator.google_signing import JWK_PATH
from emulator.kernel import Kernel
from emulator.meta.credentials import Credentials
from emulator.meta.delivery.courier import Spacing
from emulator.meta.messenger import ORIGIN as GRAPH
from emulator.meta.platform import Field
from emulator.qstash.service import DEFAULT_CURRENT_KEY, DEFAULT_NEXT_KEY, DEFAULT_TOKEN
from emulator.qstash.service import ORIGINS as QSTASHES
from emulator.redis import load
from emulator.redis.service import ORIGIN as REDIS
from emulator.schedule import Fifo, Schedule
from emulator.serverless.host import Placement
from emulator.sqs import ORIGIN as SQS
from emulator.sqs.actions import url_of
from emulator.sqs.service import FIFO_QUEUE as SQS_FIFO
from emulator.sqs.service import QUEUE as SQS_QUEUE
from emulator.sqs.settings import REGION
from emulator.stubs import Answer, Stub
from emulator.stubs.google_certs import ORIGIN as CERTS
from emulator.upstash import ORIGIN as UPSTASH
from emulator.upstash import TOKEN as UPSTASH_TOKEN
from emulator.world import WorldDriver
from harness.errors import ProfileError, UsageError
from harness.explore.budget import STANDARD
from harness.google_account import key_file_path
from harness.platforms import PlatformName
from harness.profile import Profile, render_env
from harness.stores import records_of
from harness.template import names_in

if TYPE_CHECKING:
    from emulator.redis.server import RedisServer

QSTASH = QSTASHES[0]
# The addresses that a bot has to reach; a live one reaches each at an address of its instance's.
SERVICES = (QSTASH, GRAPH, FIRESTORE)
# Seconds between the beginnings of two executions of one scene: more than the day that limits are
# counted by.
APART_S = 25 * 3_600.0
# What a profile calls what becomes of late calls; None is what the platform does with them.
LEFTOVERS: Mapping[str, LatePolicy | None] = {
    "late": None,
    "answered": "answered",
    "dropped": "reset",
}


def services_of(profile: Profile) -> tuple[str, ...]:
    """The addresses that this bot has to reach: the usual ones, and those that its environment
    names.
    """
    named = {name for text in profile.bot.env.values() for name in names_in(text)}
    further = {"upstash.": UPSTASH, "redis.": REDIS, "cloudtasks.": CLOUD_TASKS, "sqs.": SQS}
    return (
        *SERVICES,
        *(at for own, at in further.items() if any(name.startswith(own) for name in named)),
    )


def variables(profile: Profile, addresses: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """What the templates of `[bot.env]` may name.

    `addresses` tells where services, and the bot itself, are really reached, by their origins.
    """
    meta = Credentials()
    known = (*SERVICES, UPSTASH, REDIS, CLOUD_TASKS, SQS, profile.bot.public_url)
    at = {origin: origin for origin in known} | dict(addresses or {})
    # Whoever is led to Cloud Tasks by an address of its own has no other way to Google, either.
    certs = at[CLOUD_TASKS] if at[CLOUD_TASKS] != CLOUD_TASKS else CERTS
    named = {name for text in profile.bot.env.values() for name in names_in(text)}
    return {
        "cloudtasks.account": google_account.EMAIL,
        "cloudtasks.certs_url": certs + JWK_PATH,
        "cloudtasks.location": TASK_QUEUE.split("/")[3],
        "cloudtasks.project": TASK_QUEUE.split("/")[1],
        "cloudtasks.queue": TASK_QUEUE,
        "cloudtasks.queue_id": TASK_QUEUE.split("/")[5],
        "cloudtasks.token": "thrice-cloudtasks-token",
        "cloudtasks.url": at[CLOUD_TASKS],
        "google.account": google_account.key_file(),
        # A file is made for those who need one.
        "google.account_file": key_file_path() if "google.account_file" in named else "",
        "instagram.account_id": meta.instagram_id,
        "instagram.token": meta.instagram_token,
        "meta.app_secret": meta.app_secret,
        "meta.verify_token": meta.verify_token,
        "meta.page_token": meta.page_token,
        "meta.page_id": meta.page_id,
        "meta.app_id": meta.app_id,
        "meta.graph_url": f"{at[GRAPH]}/v23.0",
        "qstash.url": at[QSTASH],
        "qstash.token": DEFAULT_TOKEN,
        "qstash.current_key": DEFAULT_CURRENT_KEY,
        "qstash.next_key": DEFAULT_NEXT_KEY,
        "firestore.host": at[FIRESTORE].partition("://")[2],
        "firestore.url": f"{at[FIRESTORE]}/v1",
        "firestore.project": "demo-thrice",
        "firestore.token": "thrice-firestore-token",
        "redis.url": at[REDIS],
        "sqs.access_key": "AKIDTHRICEDEMO000000",
        "sqs.fifo_url": url_of(SQS_FIFO, at[SQS]),
        "sqs.queue_url": url_of(SQS_QUEUE, at[SQS]),
        "sqs.region": REGION,
        "sqs.secret_key": "thrice-sqs-secret",
        "sqs.url": at[SQS],
        "upstash.token": UPSTASH_TOKEN,
        "upstash.url": at[UPSTASH],
        "whatsapp.business_account_id": meta.business_account_id,
        "whatsapp.phone_number": meta.display_phone_number,
        "whatsapp.phone_number_id": meta.phone_number_id,
        "whatsapp.token": meta.whatsapp_token,
        "bot.public_url": at[profile.bot.public_url],
    }


class Stage:
    """Makes worlds around one bot, which `connect` runs, each with the same platform. One world at
    a time.

    `printed` gives what the bot has printed. For a bot with a clock of its own, `bot_clock` tells
    its unix seconds; `addresses` are those it is reached at beside its public one. `accept` is
    called after each world, and raises UnfitRunError when nothing may be judged by it. `driver`
    names what runs the bot, for the certificate, and `notes` tells what that can not see.
    `connect_warm` runs the bot on instances that served an earlier world, where it can. `budget`
    says how much is explored and `jobs` by how many processes; `stop` is asked whether that took
    too long already, `progress` is told what is explored. `root` is the folder that the bot is
    imported from. A live bot whose clock follows the world's has `begins`, which tells when a world
    begins that would rather begin at another time (unix seconds).
    """

    def __init__(
        self,
        profile: Profile,
        connect: Callable[[Kernel, Gate], WorldDriver],
        *,
        seed: int,
        printed: Callable[[], Sequence[str]] = tuple,
        bot_clock: Callable[[], float] | None = None,
        addresses: Sequence[str] = (),
        accept: Callable[[], None] = lambda: None,
        driver: str = "simulated",
        notes: Callable[[], Sequence[str]] = tuple,
        connect_warm: Callable[[Kernel, Gate], WorldDriver] | None = None,
        root: Path | None = None,
        begins: Callable[[float], float] | None = None,
        platform: PlatformName = "messenger",
        redis_server: "RedisServer | None" = None,
    ) -> None:
        self.profile = profile
        self.platform = platform
        self.seed = seed
        self.printed = printed
        self.driver = driver
        self._notes = notes
        self.root = root or Path.cwd()
        self.jobs = 1
        self.budget = STANDARD
        self.stop: Callable[[], bool] = lambda: False
        self.progress: Callable[[str], None] = lambda text: None
        self._connect = connect
        self._connect_warm = connect_warm or connect
        self._again = 0
        self.clock_follows = driver == "simulated" or begins is not None
        self._begins = begins or float
        self._bot_clock = bot_clock
        self._addresses = addresses
        self._redis_server = redis_server
        self._accept = accept
        self._store_seed = _read_seed(profile)
        self._stubs = _stubs(profile)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the driver can not see, and what it met with so far."""
        return tuple(self._notes())

    @contextmanager
    def world(
        self,
        *,
        spacing: Spacing = "at-once",
        copies: int = 3,
        schedule: Callable[[Chance], Schedule] = Fifo,
        fields: Sequence[Field] = ("messages",),
        placement: Placement | None = None,
        epoch: float = VIRTUAL_EPOCH,
        nonce: str = "",
        warm: bool = False,
        late: LatePolicy | None = None,
    ) -> Iterator[World]:
        """A fresh world; closed at the end, whatever happens. It begins at `epoch` (unix).

        Another `nonce` makes other ids. `late` is what becomes of calls that a response left
        behind; None is what the profile says. A `warm` one may be served by instances that
        served an earlier warm one. Raises UnfitRunError at its end when it has to be repeated.
        """
        profile = self.profile
        with World(
            self._connect_warm if warm else self._connect,
            seed="/".join([str(self.seed), spacing, str(copies), *([nonce] if nonce else [])]),
            platform=self.platform,
            host=HostProfile(
                kind=profile.host.kind,
                instances=profile.host.instances,
                max_instances=profile.host.max_instances,
                concurrency=profile.host.concurrency,
                timeout_s=profile.host.timeout_s,
                late=late or LEFTOVERS[profile.host.leftovers],
            ),
            public_url=profile.bot.public_url,
            webhook=profile.bot.webhook_of(self.platform),
            copies=copies,
            spacing=spacing,
            schedule=schedule,
            services=self._stubs,
            queue=profile.queue.kind,
            fields=fields,
            placement=placement,
            epoch=self._begins(epoch),
            bot_clock=self._bot_clock,
            addresses=self._addresses,
            redis_server=self._redis_server,
        ) as world:
            if profile.queue.kind == "sqs" and profile.bot.consumer is not None:
                world.sqs.hand_to(
                    profile.bot.public_url + profile.bot.consumer,
                    visibility_s=profile.queue.visibility_s,
                    max_receives=profile.queue.max_receives,
                )
            store = profile.store
            if store is not None:
                records = records_of(world, store.kind)
                for path, content in self._store_seed.items():
                    records.put(path, content)
                world.upstash.meter.used = store.commands_used
            yield world
        self._accept()

    def again(
        self,
        *,
        copies: int,
        schedule: Callable[[Chance], Schedule],
        placement: Placement | None = None,
        late: LatePolicy = "withheld",
    ) -> AbstractContextManager[World]:
        """A warm world for one of many executions of the same scene.

        It begins a day and an hour after the one before, and has ids of its own: so neither the
        store nor a bot's hourly limits and memory tell it of another execution.
        """
        self._again += 1
        return self.world(
            copies=copies,
            schedule=schedule,
            placement=placement,
            epoch=VIRTUAL_EPOCH + self._again * APART_S,
            nonce=f"again{self._again}",
            warm=True,
            late=late,
        )


@contextmanager
def staged(
    profile: Profile, *, root: Path, seed: int, platform: PlatformName = "messenger"
) -> Iterator[Stage]:
    """The stage that the profile asks for: simulated for an app, else live.

    Raises UsageError when what the run needs is not installed.
    """
    if profile.store is not None and profile.store.kind != "firestore":
        try:
            # Before any clock is changed.
            load()
        except ScenarioError as error:
            raise UsageError(str(error)) from error
    if profile.bot.app:
        with simulated(profile, root=root, seed=seed, platform=platform) as stage:
            yield stage
        return
    try:
        from harness.live import attached, started
    except ModuleNotFoundError as error:
        raise UsageError(f"a live run needs {error.name}: pip install 'thrice[live]'") from error
    live = (
        attached(profile, seed=seed, platform=platform)
        if profile.bot.url
        else started(profile, root=root, seed=seed, platform=platform)
    )
    with live as stage:
        yield stage


@contextmanager
def simulated(
    profile: Profile, *, root: Path, seed: int, platform: PlatformName = "messenger"
) -> Iterator[Stage]:
    """Set the simulation up for a bot below `root`; everything is undone at the end."""
    env = render_env(profile, variables(profile))
    with Simulation(profile.bot.app, root=root, env=env) as simulation:
        yield Stage(
            profile,
            simulation.connect,
            seed=seed,
            printed=lambda: simulation.output.lines,
            connect_warm=simulation.connect_warm,
            root=root,
            platform=platform,
        )


def _stubs(profile: Profile) -> tuple[Stub, ...]:
    return tuple(
        Stub(
            host=service.host,
            method=service.method,
            path=service.path,
            answers=tuple(
                Answer(
                    status=answer.status,
                    headers=answer.headers,
                    body=answer.body,
                    latency_s=answer.latency_s,
                    fault=answer.fault,
                )
                for answer in service.answers
            ),
        )
        for service in profile.services
    )


def _read_seed(profile: Profile) -> dict[str, Any]:
    if profile.store is None or profile.store.seed is None:
        return {}
    path = profile.store.seed
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ProfileError(f"[store] seed: {path} can not be read as JSON: {error}") from error
    if profile.store.kind != "firestore" and isinstance(content, dict):
        return content
    if not isinstance(content, dict) or not all(
        isinstance(fields, dict) for fields in content.values()
    ):
        raise ProfileError(
            f"[store] seed: {path} must be an object of documents, "
            'for example {"settings/bot": {"greeting": "hello"}}'
        )
    return content
