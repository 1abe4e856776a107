"""The QStash account of one world, as the bot meets it and as a person would read it."""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from emulator.call import Access, Call
from emulator.errors import ScenarioError
from emulator.exchange import Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.qstash.api import app
from emulator.qstash.destination import PUBLISH_PATH, destination
from emulator.qstash.engine import Accepted, Engine
from emulator.qstash.fields import read_fields
from emulator.qstash.message import DeadLetter, Origin, Publish
from emulator.qstash.plan import Plan
from emulator.qstash.refusal import Refused
from emulator.qstash.signing import KeyPair
from emulator.qstash.wire import Terms, dedup_key, explicit_dedup_key
from emulator.service import call_asgi

# The user `defaultUser` of the vendor's public development server; its credentials are constants of
# that server.
DEFAULT_TOKEN = "eyJVc2VySUQiOiJkZWZhdWx0VXNlciIsIlBhc3N3b3JkIjoiZGVmYXVsdFBhc3N3b3JkIn0="
DEFAULT_CURRENT_KEY = "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r"
DEFAULT_NEXT_KEY = "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs"

# QStash docs, "Multi region"
ORIGINS = (
    "https://qstash.upstash.io",
    "https://qstash-eu-central-1.upstash.io",
    "https://qstash-us-east-1.upstash.io",
)
DEFAULT_REGION = "EU-CENTRAL-1"


class QStash:
    """A fake QStash.

    `handle` answers any request of its REST API; with a call, what is published belongs to that
    call's invocation. `published` counts the messages accepted as new, `pending` those neither
    delivered nor dead nor cancelled.
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
    ) -> None:
        if not origins:
            raise ScenarioError("qstash needs at least one origin to be reached at")
        self.kernel = kernel
        self.token = token
        self.bearer = b"Bearer " + token.encode()
        self.keys = KeyPair(current_key, next_key)
        self.origins = tuple(origin.rstrip("/").lower() for origin in origins)
        self.plan = plan or Plan()
        self.allow_loopback = allow_loopback
        self.engine = Engine(kernel, keys=self.keys, plan=self.plan, region=region)
        self._own_publishes = 0
        self._own_duplicates = 0
        self._accesses = 0

    # -- Service -----------------------------------------------------------------------------------

    def claims(self, request: Request) -> bool:
        return request.origin in self.origins

    def access(self, request: Request) -> Access:
        """What a request touches. A publish without deduplication commutes with everything."""
        path = request.raw_path
        if path.startswith(PUBLISH_PATH):
            self._accesses += 1
            key = _dedup_key(request)
            resource = f"dedup:{key}" if key else f"new:{self._accesses}"
            return Access("publish", writes=frozenset({f"qstash:{resource}"}))
        resource = f"qstash:{path.rstrip('/')}"
        if path.startswith(("/v2/keys", "/v2/dlq")):
            resource = "qstash:" + path.split("/")[2]
        if request.method in ("GET", "HEAD"):
            return Access("read", reads=frozenset({resource}))
        writes = {resource}
        if path.startswith("/v2/dlq/retry") and (key := _retry_dedup_key(request)):
            writes.add(f"qstash:dedup:{key}")
        return Access(request.method.lower(), writes=frozenset(writes))

    def answer(self, call: Call) -> Outcome:
        return self.handle(call.request, call)

    # -- for the harness ---------------------------------------------------------------------------

    def handle(self, request: Request, call: Call | None = None) -> Reply:
        """Answer one request of the REST API, at the present time of the world."""
        return call_asgi(app, request, **{"thrice.fake": self, "thrice.call": call})

    @property
    def published(self) -> int:
        return self.engine.published

    def pending(self) -> int:
        """Messages neither delivered nor dead nor cancelled; those the kernel cut count."""
        return self.engine.pending

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
            reply = self.handle(Request("GET", url, (("Authorization", self.bearer.decode()),)))
            page = json.loads(reply.body)
            if not reply.ok:
                raise ScenarioError(f"qstash refused to list {collection}: {page['error']}")
            found.extend(page[key])
            if "cursor" not in page:
                return found
            query["cursor"] = page["cursor"]

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
        return self.engine.redeliver(message_id, after_s=after_s)

    def lose_answer(self, message_id: str) -> None:
        """Lose the answer to one attempt of a message: the one under way, or else the next.

        The destination has done its work and the queue takes it for a broken connection. Raises
        ScenarioError if the message is not under way.
        """
        self.engine.lose_answer(message_id)

    # -- for the surface ---------------------------------------------------------------------------

    def accept(self, publish: Publish, call: Call | None, *, caller_ip: str) -> Accepted:
        """Hand a valid publish to the engine, with the place it has in the causes."""
        if call is None:
            origin = Origin(
                take_name=lambda: f"x.q{self._own_publishes}",
                call_name=f"x.d{self._own_duplicates}",
                caller_ip=caller_ip,
            )
            accepted = self.engine.accept(publish, origin)
            if accepted.deduplicated:
                self._own_duplicates += 1
            else:
                self._own_publishes += 1
            return accepted
        invocation = call.invocation
        origin = Origin(
            take_name=lambda: invocation.child("q"),
            call_name=call.name,
            caller_ip=caller_ip,
            roots=self.kernel.attribute(invocation.roots, publish.body, publish.dedup_key),
            generation=invocation.generation + 1,
            routes=call.routes,
            cause=call.entry,
        )
        return self.engine.accept(publish, origin)

    def send_again(self, letter: DeadLetter, publish: Publish, call: Call | None) -> Accepted:
        """Make a new message of a dead letter, which is dropped unless the new one is a duplicate.

        When the bot asks for it, it is one more publish of the bot; when a person does, it goes on
        where the letter ended and counts as no publish.
        """
        dead = letter.message
        if call is None:
            name = f"{dead.name}.r0"
            origin = Origin(
                take_name=lambda: name,
                call_name=name,
                caller_ip=dead.caller_ip,
                roots=dead.roots,
                generation=dead.generation,
                routes=dead.routes,
                cause=dead.entry,
                counted=False,
                source=dead.source,
            )
        else:
            invocation = call.invocation
            origin = Origin(
                take_name=lambda: invocation.child("q"),
                call_name=call.name,
                caller_ip=dead.caller_ip,
                roots=dead.roots or invocation.roots,
                # Whichever is deeper, so that a bot that revives its dead letters for ever is cut.
                generation=max(invocation.generation, dead.generation) + 1,
                routes=call.routes,
                cause=call.entry,
            )
        accepted = self.engine.accept(publish, origin)
        if not accepted.deduplicated:
            self.engine.drop(letter)
        return accepted

    def terms(self) -> Terms:
        """What a request of this moment is judged by."""
        return Terms(self.plan, self.kernel.clock.unix, self.allow_loopback)

    def note_not_offered(self, subject: str, call: Call | None) -> None:
        """Put on record that a bot asked for what the real service does and this one does not."""
        detail = {"service": self.name, "what": subject}
        if call is None:
            self.kernel.note("finding", "unsupported", detail=detail)
        else:
            self.kernel.note(
                "finding",
                "unsupported",
                cause=call.entry,
                roots=call.roots,
                generation=call.invocation.generation,
                detail=detail,
            )


def _dedup_key(request: Request) -> str:
    fields = read_fields(request.raw_query, request.headers)
    try:
        return dedup_key(fields, destination(request.raw_path, fields.query), request.body)
    except Refused:
        return ""


def _retry_dedup_key(request: Request) -> str:
    try:
        return explicit_dedup_key(read_fields(request.raw_query, request.headers))
    except Refused:
        return ""
