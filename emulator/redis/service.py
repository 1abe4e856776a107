"""Redis's own protocol as a service of the world: commands of connections, before one database.

A command is a request whose URL begins with `redis://` and whose body is what the client sent; the
body of the reply is what it gets. Connections are told apart by a header that no client sees.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.call import Access, Call
from emulator.exchange import Blocked, Outcome, Reply, Request
from emulator.findings import note_unsupported
from emulator.kernel import Kernel
from emulator.redis.command import Words, blocks, joined, name_of, shown, verb_of
from emulator.redis.keyspace import Asker, Keyspace
from emulator.redis.resp import Commands, command_bytes, encode
from emulator.redis.values import NO_LIST, Refusal, Silent, Value
from emulator.step import Step

if TYPE_CHECKING:
    from emulator.redis.engine import Line
    from emulator.redis.server_engine import ServerLine

SCHEME = "redis://"
ORIGIN = "redis://thrice-redis:6379"
LINE, PROTOCOL, DATABASE = "thrice-line", "thrice-protocol", "thrice-database"

# What answers more than once, or with what others do.
_STREAMS = frozenset(b"monitor psubscribe ssubscribe subscribe".split())
# In a transaction these are done, and nothing else is.
_AT_ONCE = frozenset(b"discard exec multi reset unwatch watch".split())


@dataclass(slots=True)
class _Client:
    """One connection of this world; `queued` is None outside of a transaction."""

    line: "Line | ServerLine"
    queued: list[Words] | None = None


@dataclass(slots=True, eq=False)
class _Wait:
    """A command that waits for something to come."""

    blocked: Blocked
    keys: frozenset[str]
    timer: Step | None = None
    is_over: bool = False


@dataclass(slots=True)
class _Waits:
    """All that wait, by the name of their call, longest first."""

    by_call: dict[str, _Wait] = field(default_factory=dict)

    def wake(self, changed: Iterable[str]) -> None:
        """The first of those that wait for one of these keys may try again."""
        names = set(changed)
        for wait in list(self.by_call.values()):
            if names & wait.keys:
                wait.blocked.wake()


class Redis:
    """One server. Connections are remembered as long as the world lasts."""

    name = "redis"

    def __init__(self, kernel: Kernel, keyspace: Keyspace) -> None:
        self.kernel = kernel
        self.keyspace = keyspace
        self._clients: dict[str, _Client] = {}
        self._waits = _Waits()

    # -- the service -------------------------------------------------------------------------------

    def claims(self, request: Request) -> bool:
        return request.url.startswith(SCHEME)

    def access(self, request: Request) -> Access:
        """What the commands of a request touch; those of a transaction when it is done."""
        commands = _commands(request)
        queued = self._client(request).queued
        parts = []
        for words in commands:
            name = name_of(words)
            if name == b"multi":
                queued = []
            elif name == b"exec":
                parts += [self.keyspace.access(each) for each in queued or ()]
                queued = None
            elif queued is not None and name not in _AT_ONCE:
                queued = [*queued, words]
            elif name not in _AT_ONCE or name == b"watch":
                parts.append(self.keyspace.access(words))
        verb = verb_of(commands[-1]) if commands else "invalid"
        return joined(verb, parts) if parts else Access(verb)

    def answer(self, call: Call) -> Outcome | Blocked:
        """Do the commands of a call, unless the one that it is has to wait for something."""
        commands = _commands(call.request)
        client = self._client(call.request)
        if len(commands) == 1 and client.queued is None and blocks(commands[0]):
            return self._wait(call, client, commands[0])
        return self._do(call.request, commands, call)

    def handle(self, request: Request, call: Call | None = None) -> Reply:
        """Do the commands of a request; without a call it is the harness's own, which never
        waits.
        """
        return self._do(request, _commands(request), call)

    # -- inside ------------------------------------------------------------------------------------

    def _client(self, request: Request) -> _Client:
        name = request.header(LINE) or ""
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = _Client(self.keyspace.line())
        return client

    def _do(self, request: Request, commands: list[list[bytes]], call: Call | None) -> Reply:
        client = self._client(request)
        asker = Asker.of(call, "resp", f"harness/resp/{self.keyspace.oplog.count}")
        values: list[Value] = []
        for number, words in enumerate(commands):
            part = Asker(f"{asker.cause}/{number}", asker.surface, asker.instance, asker.caller)
            value = self._one(client, words, part, request, call)
            values += [] if value is _NOTHING else [value]
        return _reply(values, request)

    def _one(
        self, client: _Client, words: Words, asker: Asker, request: Request, call: Call | None
    ) -> Value:
        name = name_of(words)
        if name in _STREAMS:
            return self._refuse_stream(words, call)
        self._agree(client, request, asker)
        queued = client.queued
        try:
            value = self.keyspace.execute(client.line, words, asker, replayed=queued or ())
        except Silent:
            return _NOTHING
        if name == b"multi" and not isinstance(value, Refusal):
            client.queued = []
        elif name in (b"exec", b"discard", b"reset"):
            client.queued = None
        elif queued is not None and name not in _AT_ONCE:
            queued.append(words)
        self._waits.wake(self.keyspace.oplog.rows[-1].wrote)
        return value

    def _agree(self, client: _Client, request: Request, asker: Asker) -> None:
        """What the connection has agreed on before, maybe in an earlier world."""
        protocol, database = _number(request, PROTOCOL, 2), _number(request, DATABASE, 0)
        if client.queued is None:
            self.keyspace.agree(client.line, protocol=protocol, database=database)

    def _wait(self, call: Call, client: _Client, words: Words) -> Outcome | Blocked:
        wait = self._waits.by_call.pop(call.name, None)
        reply = self._do(call.request, [list(words)], call)
        if wait is not None and wait.is_over:
            return reply
        if reply.body not in _NOTHING_YET:
            self.kernel.cancel(wait.timer if wait is not None else None)
            return reply
        if wait is None:
            wait = _Wait(Blocked(), frozenset(self.keyspace.named(words)))
            self._set_timer(wait, call, _patience_s(words))
        wait.blocked = Blocked()
        self._waits.by_call[call.name] = wait
        return wait.blocked

    def _set_timer(self, wait: _Wait, call: Call, patience_s: float) -> None:
        if not patience_s:
            return

        def end() -> None:
            wait.is_over = True
            wait.blocked.wake()

        wait.timer = self.kernel.at(
            self.kernel.clock.now + patience_s,
            call.name + "/wait",
            end,
            roots=call.roots,
            task=call.invocation.name,
        )

    def _refuse_stream(self, words: Words, call: Call | None) -> Refusal:
        name = shown(name_of(words)).upper()
        what = f"{name}: messages that are pushed to a client are not served"
        note_unsupported(self.kernel, call, self.name, what)
        return Refusal(f"ERR {what}")


_NOTHING_YET = frozenset(
    encode(value, protocol) for value in (None, NO_LIST) for protocol in (2, 3)
)
_NOTHING = Refusal("")


def request_of(*words: bytes, line: str = "own", protocol: int = 2) -> Request:
    """A command as a request, as the network makes it of what a client sends."""
    headers = ((LINE, line), (PROTOCOL, str(protocol)), (DATABASE, "0"))
    return Request(shown(words[0]).upper(), ORIGIN + "/", headers, command_bytes(*words))


def _commands(request: Request) -> list[list[bytes]]:
    return [words for words, _ in Commands().feed(request.body)]


def _reply(values: list[Value], request: Request) -> Reply:
    protocol = _number(request, PROTOCOL, 2)
    # For journals only: a client sees no status.
    failed = any(isinstance(value, Refusal) for value in values)
    return Reply(400 if failed else 200, (), b"".join(encode(value, protocol) for value in values))


def _number(request: Request, header: str, otherwise: int) -> int:
    return int(request.header(header) or otherwise)


def _patience_s(words: Words) -> float:
    """How long a command is ready to wait, in seconds; 0 is for ever."""
    lower = [word.lower() for word in words]
    try:
        if b"block" in lower:
            return float(words[lower.index(b"block") + 1]) / 1_000
        if lower[0] in (b"blmpop", b"bzmpop"):
            return float(words[1])
        return float(words[-1])
    except (IndexError, ValueError):
        return 0.0
