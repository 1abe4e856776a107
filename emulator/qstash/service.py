"""The QStash account of one world, as the bot meets it and as a person would read it."""

import json
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

from emulator.call import Access, Call
from emulator.errors import ScenarioError
from emulator.exchange import Outcome, Reply, Request
from emulator.findings import note_unsupported
from emulator.kernel import Kernel
from emulator.qstash.access import access_of
from emulator.qstash.api import app
from emulator.qstash.bulk import BulkActions
from emulator.qstash.destination import PUBLISH_PATH
from emulator.qstash.engine import Engine
from emulator.qstash.intake import Intake
from emulator.qstash.plan import Plan
from emulator.qstash.publishing import take
from emulator.qstash.quota import Cost
from emulator.qstash.signing import KeyPair
from emulator.qstash.surface import Unauthorized, refusal
from emulator.qstash.switches import DEFAULT_SWITCHES, Switches
from emulator.qstash.topics import UrlGroups
from emulator.qstash.wire import Terms
from emulator.queue_mishaps import Disturbance
from emulator.service import CLIENT_IP, call_asgi

# The user `defaultUser` of the vendor's public development server; its credentials are constants of
# that server.
DEFAULT_TOKEN = "eyJVc2VySUQiOiJkZWZhdWx0VXNlciIsIlBhc3N3b3JkIjoiZGVmYXVsdFBhc3N3b3JkIn0="
DEFAULT_CURRENT_KEY = "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r"
DEFAULT_NEXT_KEY = "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs"

DEFAULT_REGION = "EU-CENTRAL-1"
# QStash docs, "Multi region"
REGIONS = {
    DEFAULT_REGION: ("https://qstash.upstash.io", "https://qstash-eu-central-1.upstash.io"),
    "US-EAST-1": ("https://qstash-us-east-1.upstash.io",),
}
ORIGINS = tuple(origin for origins in REGIONS.values() for origin in origins)


class QStash:
    """A fake QStash.

    `handle` answers any request of its REST API; with a call, what is published belongs to that
    call's invocation. `published` counts the messages accepted as new, `pending` those neither
    delivered nor dead nor cancelled. `read_only_token` is one that may read and nothing else.
    `plan` has the limits of the account, `switches` what no document settles. Causal names of what
    no invocation asked for begin with `causes`, which has to differ between accounts of one world.
    It is reached at its `origins`; accounts of several regions have those of `REGIONS`. Raises
    ScenarioError for a region that there is none of.
    """

    name = "qstash"

    def __init__(
        self,
        kernel: Kernel,
        *,
        token: str = DEFAULT_TOKEN,
        current_key: str = DEFAULT_CURRENT_KEY,
        next_key: str = DEFAULT_NEXT_KEY,
        origins: Sequence[str] = ORIGINS,
        region: str = DEFAULT_REGION,
        plan: Plan | None = None,
        allow_loopback: bool = True,
        read_only_token: str | None = None,
        switches: Switches = DEFAULT_SWITCHES,
        causes: str = "x",
    ) -> None:
        if not origins:
            raise ScenarioError("qstash needs at least one origin to be reached at")
        if region not in REGIONS:
            raise ScenarioError(f"qstash has no region '{region}', only {', '.join(REGIONS)}")
        self.kernel = kernel
        self.token = token
        self.bearer = b"Bearer " + token.encode()
        self.read_only_bearer = (
            None if read_only_token is None else b"Bearer " + read_only_token.encode()
        )
        self.keys = KeyPair(current_key, next_key)
        self.origins = tuple(origin.rstrip("/").lower() for origin in origins)
        self._foreign = frozenset[str]()
        if switches.regions_apart:
            self._foreign = frozenset(ORIGINS) - frozenset(REGIONS[region])
        self.plan = plan or Plan()
        self.allow_loopback = allow_loopback
        self.switches = switches
        clock = kernel.clock
        self._terms = Terms(self.plan, lambda: clock.bot_unix, allow_loopback, switches)
        self.engine = Engine(
            kernel, keys=self.keys, plan=self.plan, region=region, switches=switches
        )
        self.groups = UrlGroups(self.plan)
        self.bulk = BulkActions(self.engine)
        self.intake = Intake(
            kernel, self.engine, self.groups, plan=self.plan, terms=self.terms, name=causes
        )
        # Told of each request by method and path, once it is answered.
        self.watch: Callable[[str, str], None] | None = None
        self._accesses = 0

    # -- Service -----------------------------------------------------------------------------------

    def claims(self, request: Request) -> bool:
        return request.origin in self.origins

    def access(self, request: Request) -> Access:
        """What a request touches. A publish without deduplication commutes with everything."""
        self._accesses += 1
        return access_of(request, self._accesses)

    def answer(self, call: Call) -> Outcome:
        return self.handle(call.request, call)

    # -- for the harness ---------------------------------------------------------------------------

    def handle(self, request: Request, call: Call | None = None) -> Reply:
        """Answer one request of the REST API, at the present time of the world."""
        reply = self._call(request, call, metered=True)
        if self.watch is not None:
            self.watch(request.method, request.raw_path)
        return reply

    @property
    def published(self) -> int:
        return self.engine.published

    def pending(self) -> int:
        """Messages neither delivered nor dead nor cancelled; those the kernel cut count."""
        return self.engine.pending

    @property
    def cost(self) -> Cost:
        """What the run has used of the plan, under both rules of billing."""
        return Cost(attempts=self.engine.attempts, messages=self.engine.created)

    def events(self, **filters: str | int) -> list[dict[str, object]]:
        """All log entries that the public API lists for these query parameters, on every page.

        Latest first unless `order` says otherwise; raises ScenarioError with the API's text when it
        refuses.
        """
        return self._list("events", "events", filters)

    def dead_letters(self, **filters: str | int) -> list[dict[str, object]]:
        """All dead letters that the public API lists for these query parameters, on every page.

        Earliest first unless `order` says otherwise; raises ScenarioError with the API's text when
        it refuses.
        """
        return self._list("dlq", "messages", filters)

    def _list(
        self, collection: str, key: str, filters: Mapping[str, str | int]
    ) -> list[dict[str, object]]:
        found: list[dict[str, object]] = []
        query = dict(filters)
        while True:
            url = f"{self.origins[0]}/v2/{collection}?{urlencode(query)}"
            request = Request("GET", url, (("Authorization", self.bearer.decode()),))
            reply = self._call(request, None, metered=False)
            page = json.loads(reply.body)
            if not reply.ok:
                raise ScenarioError(f"qstash refused to list {collection}: {page['error']}")
            found.extend(page[key])
            if "cursor" not in page:
                return found
            query["cursor"] = page["cursor"]

    def _call(self, request: Request, call: Call | None, *, metered: bool) -> Reply:
        if request.origin in self._foreign:
            return refusal(self, call, Unauthorized())
        path = request.raw_path
        # What comes most often takes the short way to the same answer.
        if path.startswith(PUBLISH_PATH) and request.method == "POST" and path.isascii():
            return take(
                self,
                path,
                request.raw_query,
                request.headers,
                request.body,
                call=call,
                ip=CLIENT_IP,
            )
        return call_asgi(
            app,
            request,
            **{"thrice.fake": self, "thrice.call": call, "thrice.metered": metered},
        )

    def source_of(self, message_id: str) -> str:
        """The id of the message that a callback or failure callback reports on.

        Empty for a message of another kind, and for one that ended longer ago than the log goes
        back.
        """
        message = self.engine.recall(message_id)
        return message.source if message is not None else ""

    def rotate_keys(self) -> None:
        """Make the next key the current one and draw a new next key, as an operator would."""
        self.keys.rotate(self.kernel.chance)

    # -- what goes wrong on demand -----------------------------------------------------------------

    def redeliver(self, message_id: str, *, after_s: float = 0.0) -> str:
        """Deliver a delivered message once more, as at-least-once delivery may; returns the name of
        that delivery.

        It has the same id, body and `Upstash-Retried`, and a fresh signature. Whatever it is
        answered, nothing follows: no retry, no callback, no line in the log. Raises ScenarioError
        if the message was not delivered or is no longer known.
        """
        return self.engine.mishaps.redeliver(message_id, after_s=after_s)

    def disturb(
        self,
        *,
        copies: int = 1,
        copy_after_s: float = 0.0,
        late_s: float = 0.0,
        spread_s: float = 0.0,
    ) -> None:
        """Have deliveries come in copies, late, or in another order from now on; without arguments
        everything is as usual again.

        Each attempt is made `copies` times, `copy_after_s` seconds from one to the next; only the
        answer to the first counts. It comes `late_s` seconds late, and by up to `spread_s` more,
        drawn from the seed: then messages overtake each other, but for those of one queue. Raises
        ScenarioError for what makes no sense.
        """
        self.engine.mishaps.disturbance = Disturbance(copies, copy_after_s, late_s, spread_s)

    def lose_answer(self, message_id: str) -> None:
        """Lose the answer to one attempt of a message: the one under way, or else the next.

        The destination has done its work and the queue takes it for a broken connection. Raises
        ScenarioError if the message is not under way.
        """
        self.engine.mishaps.lose_answer(message_id)

    # -- for the surface ---------------------------------------------------------------------------

    def terms(self) -> Terms:
        """What requests are judged by."""
        return self._terms

    def note_not_offered(self, subject: str, call: Call | None) -> None:
        """Put on record that a bot asked for what the real service does and this one does not."""
        note_unsupported(self.kernel, call, self.name, subject)
