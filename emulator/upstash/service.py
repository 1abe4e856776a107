"""Upstash's REST surface as a service of the world, before a Redis database."""

import base64
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from emulator.call import Access, Call
from emulator.exchange import Reply, Request
from emulator.findings import note_unsupported
from emulator.kernel import Kernel
from emulator.redis import Asker, Keyspace, Refusal, Silent, Status, Value
from emulator.redis.command import Words, blocks, joined, name_of, shown
from emulator.upstash import plan as limits
from emulator.upstash.answered import SYNC_TOKEN, Answers
from emulator.upstash.asked import METHODS, Asked, Malformed, is_authorized, read
from emulator.upstash.plan import PLANS, Meter, Plan

if TYPE_CHECKING:
    from emulator.redis.engine import Line
    from emulator.redis.server_engine import ServerLine

# Databases have hosts of their own, in this shape; what an address reaches is this one.
ORIGIN = "https://thrice-demo-30321.upstash.io"
TOKEN = "thrice-upstash-token"

WRONG_TOKEN = "WRONGPASS invalid or missing auth token"
# The general rule for what is refused; for this, no other is documented, nor seen.
OVER_LIMIT_STATUS = 400

# What needs a connection of one's own (Upstash docs, "REST API", "Cost and Limits" and
# "Redis compatibility"); those that wait for something to come are told by `blocks`.
_NOT_OVER_REST = frozenset(
    b"auth discard exec hello monitor multi psubscribe punsubscribe quit reset select subscribe "
    b"ssubscribe sunsubscribe unsubscribe unwatch wait watch".split()
)
# As users report it.
_NOT_AVAILABLE = (
    "ERR Command is not available: '{name}'. See "
    "https://upstash.com/docs/redis/overall/rediscompatibility for details"
)
# Their second word is no key.
_WITH_SCRIPT = frozenset((b"eval", b"evalsha", b"eval_ro", b"evalsha_ro", b"script load"))
_METER = "redis:/meter"
# So near to its limit, the order in which commands are counted matters.
_NEAR = 1_000


class Upstash:
    """One database, reached by HTTP.

    `origins` are further addresses at which it answers. `meter` counts the commands and holds them
    against the plan; `over_limit_status` is how it answers then. Where `stale` says so of a call, a
    request that only reads, and has no sync token that forbids it, is answered from before the last
    writes: as many as `lag_behind` was told of.
    """

    name = "upstash"

    def __init__(
        self,
        kernel: Kernel,
        keyspace: Keyspace,
        *,
        token: str = TOKEN,
        origins: Sequence[str] = (),
        plan: Plan = PLANS["free"],
        over_limit_status: int = OVER_LIMIT_STATUS,
    ) -> None:
        self.kernel = kernel
        self.keyspace = keyspace
        self.token = token
        self.meter = Meter(lambda: kernel.clock.unix, plan)
        self.over_limit_status = over_limit_status
        self.stale: Callable[[Call | None], bool] = lambda call: True
        self._lags = False
        self._line: Line | ServerLine | None = None
        self._own_requests = 0
        self._origins = frozenset(
            (ORIGIN, ORIGIN + ":443", *(one.lower().rstrip("/") for one in origins))
        )

    def lag_behind(self, writes: int) -> None:
        """From now on, reads without a sync token see nothing of the last `writes` writes; 0 ends
        that.
        """
        self.keyspace.lag_behind(writes)
        self._lags = writes > 0

    # -- the service -------------------------------------------------------------------------------

    def claims(self, request: Request) -> bool:
        return request.origin in self._origins

    def access(self, request: Request) -> Access:
        """What a request touches; one that will be refused touches nothing."""
        if request.method not in METHODS or not is_authorized(request, self.token):
            return Access("invalid")
        try:
            asked = read(request)
        except Malformed:
            return Access("invalid")
        if asked.form == "stream":
            return Access(shown(name_of(asked.commands[0])))
        parts = [self.keyspace.access(words) for words in asked.commands]
        found = joined(asked.form, parts)
        left = self.meter.left
        if left is not None and left < _NEAR:
            return Access(found.verb, found.reads, found.writes | {_METER})
        return found

    def answer(self, call: Call) -> Reply:
        return self.handle(call.request, call)

    def handle(self, request: Request, call: Call | None = None) -> Reply:
        """Answer a request; without a call it is the harness's own."""
        answers = Answers(request)
        if request.method not in METHODS:
            return answers.refusal("ERR method not allowed", 405)
        if not is_authorized(request, self.token):
            return answers.refusal(WRONG_TOKEN, 401)
        if len(request.body) > self.meter.plan.request_bytes:
            return answers.refusal(limits.REQUEST_TOO_LARGE)
        try:
            asked = read(request)
        except Malformed as error:
            return answers.refusal(str(error))
        if asked.form == "stream":
            return self._refuse_stream(asked.commands[0], call)
        if answers.raw and (answers.coded or asked.form == "multi-exec"):
            return answers.refusal("ERR resp2 is not possible here")
        reply = self._reply(asked, answers, request, self._asker(call), call)
        token = base64.b64encode(b"thrice-%d" % self.keyspace.position).decode()
        return Reply(reply.status, (*reply.headers, (SYNC_TOKEN, token)), reply.body)

    # -- inside ------------------------------------------------------------------------------------

    def _asker(self, call: Call | None) -> Asker:
        self._own_requests += call is None
        return Asker.of(call, "rest", f"harness/rest/{self._own_requests}")

    def _reply(
        self, asked: Asked, answers: Answers, request: Request, asker: Asker, call: Call | None
    ) -> Reply:
        if asked.form == "multi-exec":
            return self._transaction(asked.commands, answers, asker)
        stale = self._is_stale(asked, request, call)
        line = self._connection()
        values: list[Value] = []
        for number, words in enumerate(asked.commands):
            # Each draws by a name of its own.
            part = Asker(f"{asker.cause}/{number}", asker.surface, asker.instance, asker.caller)
            values.append(self._one(words, part, None if stale else line))
        if asked.form == "pipeline":
            return answers.several(values)
        if isinstance(values[0], Refusal) and _is_over_limit(values[0]):
            return answers.refusal(values[0].text, self.over_limit_status)
        return answers.one(values[0])

    def _connection(self) -> "Line | ServerLine":
        """The one that everything goes through: no command leaves anything behind on it."""
        if self._line is None:
            self._line = self.keyspace.line()
        return self._line

    def _one(self, words: Words, asker: Asker, line: "Line | ServerLine | None") -> Value:
        """Do a command that is not part of a transaction; without a line, as it was some writes
        ago.
        """
        wrong = self._wrong(words) or self.meter.count()
        if wrong:
            return Refusal(wrong)
        if line is None:
            return self.keyspace.read_stale(words, asker)
        try:
            return self.keyspace.execute(line, words, asker)
        except Silent:
            return Status("OK")

    def _transaction(self, commands: Sequence[Words], answers: Answers, asker: Asker) -> Reply:
        over = self.meter.covers(len(commands))
        if over:
            return answers.refusal(over, self.over_limit_status)
        for words in commands:
            wrong = self._wrong(words)
            if wrong:
                return answers.refusal(wrong)
            self.meter.count()
        done = self.keyspace.execute_together(self._connection(), commands, asker)
        return answers.refusal(done.text) if isinstance(done, Refusal) else answers.several(done)

    @staticmethod
    def _wrong(words: Words) -> str:
        """Why a command is not done here; empty when it is."""
        name = name_of(words)
        if name in _NOT_OVER_REST or name == b"client reply" or blocks(words):
            return _NOT_AVAILABLE.format(name=shown(name).upper())
        # Commands have their first key at their second word, as far as they have any.
        if len(words) > 1 and len(words[1]) > limits.MAX_KEY_BYTES and name not in _WITH_SCRIPT:
            return limits.KEY_TOO_LARGE
        return ""

    def _is_stale(self, asked: Asked, request: Request, call: Call | None) -> bool:
        """Whether a replica that is behind answers: it may, when nothing is written, and the client
        has not seen more than the replica has.
        """
        if not self._lags or not self.stale(call):
            return False
        if any(self.keyspace.access(words).writes for words in asked.commands):
            return False
        return _seen(request) <= self.keyspace.replicated

    def _refuse_stream(self, words: Words, call: Call | None) -> Reply:
        """An answer that never ends can not be given; what is missing is put on record."""
        what = f"/{shown(name_of(words))}: answers that go on (server-sent events) are not served"
        note_unsupported(self.kernel, call, self.name, what)
        return Reply(501, (("Content-Type", "text/plain; charset=utf-8"),), f"{what}\n".encode())


def _is_over_limit(value: Refusal) -> bool:
    return value.text.startswith("ERR max requests limit exceeded")


def _seen(request: Request) -> int:
    """The write that a request's sync token stands for; 0 without one, or with another's."""
    try:
        text = base64.b64decode(request.header(SYNC_TOKEN) or "", validate=True).decode("ascii")
        return int(text.removeprefix("thrice-"))
    except ValueError:
        return 0
