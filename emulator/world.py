"""A world: everything that a bot can observe, composed; the object that scenarios and tests
construct.
"""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self

from emulator.chance import Chance
from emulator.clock import DAY_S, VIRTUAL_EPOCH
from emulator.cloudtasks import CloudTasks
from emulator.errors import ScenarioError
from emulator.exchange import Request
from emulator.firestore import Firestore
from emulator.gate import Gate
from emulator.google_signing import GoogleKeys
from emulator.journal import Entry, Journal
from emulator.kernel import Kernel, Limits
from emulator.meta import Account, Field, PlatformName
from emulator.meta.accounts import make_account
from emulator.meta.delivery.courier import Spacing
from emulator.meta.platform import InstagramLogin
from emulator.qstash import QStash
from emulator.redis import Keyspace
from emulator.redis.service import Redis
from emulator.schedule import Fifo, Schedule
from emulator.serverless.host import Driver, Host, HostProfile, Placement
from emulator.service import Service
from emulator.sqs import Sqs
from emulator.stubs import GoogleCerts, GoogleTokens, OtherProtocols, Stub, StubService
from emulator.upstash import Upstash

if TYPE_CHECKING:
    from emulator.redis.server import RedisServer

# The queue that a bot publishes to.
QueueKind = Literal["qstash", "cloudtasks", "sqs"]

PUBLIC_URL = "https://my-bot.example.com"
WEBHOOK = "/api/messenger"
# Steps after which a run is called endless; a full checklist takes about 2,000.
MAX_STEPS = 20_000_000


class WorldDriver(Driver, Protocol):
    """A driver as a world needs it."""

    host: Host | None

    def leftovers(self) -> list[str]: ...

    def reveal(self, name: str) -> None: ...

    def rest(self) -> None: ...

    def close(self) -> None: ...


class World:
    """One execution's outside world around one bot.

    `connect` makes the driver that runs the bot, for example `simulation.connect`. Times are
    seconds of the world's clock. `platform` is where the bot's users are, `instagram_login` whose
    login let it into an account there; `services` are stubs for whatever else the bot needs.
    `queue` is the kind of queue that there is beside QStash, or QStash alone.
    `placement` says which deliveries share an instance. A bot with a clock of its own has
    `bot_clock`, which tells the unix seconds that it sees; `addresses` are further ones at which it
    is reached. `redis_server` holds what is kept in Redis, in the place of this process. Use it as
    a context manager, or call `close`: everything the bot left running is ended then.
    """

    def __init__(
        self,
        connect: Callable[[Kernel, Gate], WorldDriver],
        *,
        seed: int | str = 0,
        host: HostProfile | None = None,
        public_url: str = PUBLIC_URL,
        webhook: str = WEBHOOK,
        platform: PlatformName = "messenger",
        instagram_login: InstagramLogin = "facebook",
        copies: int = 3,
        spacing: Spacing = "at-once",
        fields: Sequence[Field] = ("messages",),
        limits: Limits | None = None,
        schedule: Callable[[Chance], Schedule] = Fifo,
        journal: Journal | None = None,
        epoch: float = VIRTUAL_EPOCH,
        services: Sequence[Stub] = (),
        queue: QueueKind = "qstash",
        placement: Placement | None = None,
        bot_clock: Callable[[], float] | None = None,
        addresses: Sequence[str] = (),
        redis_server: "RedisServer | None" = None,
    ) -> None:
        self.kernel = Kernel(
            seed=seed,
            limits=limits,
            schedule=schedule,
            journal=journal,
            epoch=epoch,
            bot_clock=bot_clock,
        )
        self.meta: Account = make_account(
            platform,
            self.kernel,
            callback_url=public_url + webhook,
            instagram_login=instagram_login,
            copies=copies,
            spacing=spacing,
            fields=fields,
        )
        self.qstash = QStash(self.kernel)
        google_keys = GoogleKeys()
        self.cloudtasks = CloudTasks(self.kernel, keys=google_keys)
        self.sqs = Sqs(self.kernel)
        queues: dict[QueueKind, QStash | CloudTasks | Sqs] = {
            "qstash": self.qstash,
            "cloudtasks": self.cloudtasks,
            "sqs": self.sqs,
        }
        self.queue = queues[queue]
        self.firestore = Firestore(self.kernel)
        self.keyspace = Keyspace(self.kernel, server=redis_server)
        self.upstash = Upstash(self.kernel, self.keyspace)
        self.redis = Redis(self.kernel, self.keyspace)
        self.stubs = StubService(self.kernel, services)
        self.google_tokens = GoogleTokens(self.kernel)
        self.gate = Gate(self.kernel, self._services(queue, google_keys))
        self.driver = connect(self.kernel, self.gate)
        self.host = Host(
            self.kernel, self.gate, self.driver, host or HostProfile(), placement=placement
        )
        self.driver.host = self.host
        for address in (public_url, *addresses):
            self.kernel.origins[Request("GET", address).origin] = self.host
        self._closed = False

    def _services(self, queue: QueueKind, google_keys: GoogleKeys) -> Sequence[Service]:
        """All that answers, in this order: the first that claims an address does. A stub never
        replaces a platform, but may replace the tokens.
        """
        return (
            OtherProtocols(self.kernel),
            self.firestore,
            self.upstash,
            self.redis,
            self.qstash,
            *((self.cloudtasks,) if queue == "cloudtasks" else ()),
            *((self.sqs,) if queue == "sqs" else ()),
            self.meta,
            self.stubs,
            self.google_tokens,
            *((GoogleCerts(self.kernel, google_keys),) if queue == "cloudtasks" else ()),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- time

    @property
    def now(self) -> float:
        return self.kernel.clock.now

    @property
    def journal(self) -> Journal:
        return self.kernel.journal

    @property
    def quiet(self) -> bool:
        """Nothing is pending that could cause anything."""
        return len(self.kernel.agenda) == 0

    def run_until_quiet(self, *, within_s: float | None = None) -> bool:
        """Let everything happen, however long it takes on the virtual clock; returns whether the
        world went quiet.

        `within_s` stops it after so many virtual seconds.
        """
        return self.run_until(None if within_s is None else self.now + within_s)

    def advance(self, *, seconds: float = 0.0, hours: float = 0.0, days: float = 0.0) -> None:
        """Let this much virtual time pass, with everything that happens in it."""
        until = self.now + seconds + hours * 3600.0 + days * DAY_S
        self.run_until(until)
        self.kernel.clock.move_to(until)

    def run_until(self, until: float | None) -> bool:
        """Perform every step due by `until` (seconds of the clock; None: all). Returns whether
        nothing is left.
        """
        if self._closed:
            raise ScenarioError("this world is closed")
        start = self.kernel.steps
        try:
            while self.kernel.run_step(until):
                if self.kernel.steps - start > MAX_STEPS:
                    raise ScenarioError(
                        f"the world did not come to rest within {MAX_STEPS:,} steps"
                    )
        finally:
            self.driver.rest()
        return self.quiet

    # -- evidence

    def findings(self, name: str | None = None) -> list[Entry]:
        """What is wrong whatever the checks say: runaways, loops, unknown hosts."""
        return [
            entry for entry in self.journal.entries("finding") if name is None or entry.name == name
        ]

    def reveal_leftovers(self) -> list[str]:
        """Thaw every frozen instance once, in a world that only records: the late calls it then
        makes show what freezing lost.

        Returns the names of those calls. Nothing takes effect; use it last.
        """
        before = len(self.gate.late_calls)
        self.gate.recording_only = True
        try:
            for name in self.driver.leftovers():
                self.driver.reveal(name)
        finally:
            self.gate.recording_only = False
            self.driver.rest()
        return [call.name for call in self.gate.late_calls[before:]]

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.driver.close()
            self.journal.close()
