"""The keys of a redis-server, as the database in this process has them: `RedisServer` is asked, and
answers are handed on as they came.
"""

import random
from collections.abc import Callable

from emulator.errors import ScenarioError
from emulator.redis.command import Words, blocks, keys_of, name_of, shown
from emulator.redis.engine import described
from emulator.redis.server import RedisServer
from emulator.redis.values import NO_LIST, Raw, Refusal, Value

_NIL = frozenset((b"$-1\r\n", b"*-1\r\n", b"_\r\n"))
_QUEUED = b"+QUEUED\r\n"
_SCRIPTS = frozenset((b"eval", b"evalsha", b"fcall"))


class ServerKeys:
    """The keys that were written here, and when each was first; whether they are still there is
    asked for.

    A command has changed what it names, if it writes and does not answer that there is nothing:
    the server does not tell more.
    """

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self.moment = 0
        # Seconds since 1970; the server has a clock of its own.
        self.time = 0.0
        self.born: dict[bytes, int] = {}
        self.changed: dict[bytes, None] = {}

    def __contains__(self, key: object) -> bool:
        assert isinstance(key, bytes)
        there = self._server.ask("", [b"EXISTS", key])[0] == b":1\r\n"
        if not there:
            self.born.pop(key, None)
        return there

    def members(self, key: bytes) -> list[bytes] | None:
        """What a set holds; None for anything else."""
        answer = self._server.ask("", [b"SMEMBERS", key])[0]
        if not answer.startswith(b"*"):
            return None
        return answer.split(b"\r\n")[2:-1:2]

    def note(self, keys: list[bytes]) -> None:
        """A command has changed these."""
        for key in keys:
            self.changed[key] = None
            self.born.setdefault(key, self.moment)


class ServerEngine:
    """A redis-server with nothing in it at first."""

    def __init__(self, server: RedisServer) -> None:
        server.begin()
        self._server = server
        self._keys = ServerKeys(server)
        self._lines = 0

    def line(self) -> "ServerLine":
        """A new connection."""
        self._lines += 1
        return ServerLine(self._server, self._keys, f"line{self._lines}")

    def keys(self) -> ServerKeys:
        return self._keys

    def knows_script(self, sha: bytes) -> bool:
        return b":1\r\n" in self._server.ask("", [b"SCRIPT", b"EXISTS", sha])[0]

    def copied(self) -> "ServerEngine":
        """There is no copy of a server. Raises ScenarioError."""
        raise ScenarioError("reads that are behind need the database of thrice, not redis-server")


class ServerLine:
    """One connection to it."""

    def __init__(self, server: RedisServer, keys: ServerKeys, name: str) -> None:
        self._server = server
        self.keys_in_use = keys
        self._name = name
        self._agreed = (2, 0)
        # What was written by commands that wait for the end of their transaction.
        self._queued: list[bytes] | None = None

    def agree(self, protocol: int, database: int) -> None:
        """Speak that version of the protocol, and use that database."""
        if (protocol, database) != self._agreed:
            self._agreed = (protocol, database)
            self._ask([b"HELLO", str(protocol).encode()])
            self._ask([b"SELECT", str(database).encode()])

    def execute(self, words: Words, *, unix: float, stream: Callable[[], random.Random]) -> Value:
        """Do one command. The server has a clock and a chance of its own."""
        name = name_of(words)
        if self._queued is None and blocks(words):
            # In a transaction nothing waits.
            *_, answer = self._ask([b"MULTI"], words, [b"EXEC"])
            answer = answer.removeprefix(b"*1\r\n")
        else:
            (answer,) = self._ask(words)
        self._note(name, words, answer)
        if answer.startswith(b"-"):
            return Refusal(shown(answer[1:-2]))
        return NO_LIST if answer == b"*-1\r\n" else Raw(answer)

    def _ask(self, *commands: Words) -> list[bytes]:
        return list(self._server.ask(self._name, *commands))

    def _note(self, name: bytes, words: Words, answer: bytes) -> None:
        if name == b"multi":
            self._queued = []
        elif name in (b"exec", b"discard", b"reset"):
            done, self._queued = self._queued or [], None
            if name == b"exec" and answer.startswith(b"*") and answer not in _NIL:
                self.keys_in_use.note(done)
        elif not answer.startswith(b"-") and answer not in _NIL:
            found = described(words)
            writes = name in _SCRIPTS or (found is not None and found.writes)
            keys = (keys_of(words, found) or []) if writes else []
            if answer == _QUEUED and self._queued is not None:
                self._queued += keys
            else:
                self.keys_in_use.note(keys)
