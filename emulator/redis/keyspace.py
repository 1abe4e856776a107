"""One Redis database with a world's time and chance: commands are done one at a time, and noted.

The server behind it is made on first use, so that a bot without Redis pays nothing for it.
"""

import hashlib
import importlib
import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from emulator.call import Access, Call
from emulator.errors import ScenarioError
from emulator.kernel import Kernel
from emulator.redis.command import (
    Words,
    access_of,
    key_name,
    keys_of,
    name_of,
    shown,
    verb_of,
)
from emulator.redis.oplog import OpLog
from emulator.redis.values import Refusal, Value

if TYPE_CHECKING:
    from types import ModuleType

    from emulator.redis.engine import Engine, Keys, Line
    from emulator.redis.server import RedisServer
    from emulator.redis.server_engine import ServerEngine, ServerKeys, ServerLine

_SCRIPT_CACHE = "redis:/script/"


def load() -> "ModuleType":
    """Have Redis ready to be used; takes a third of a second the first time.

    Raises ScenarioError when what it needs is not installed.
    """
    try:
        return importlib.import_module("emulator.redis.engine")
    except ModuleNotFoundError as error:
        if error.name not in ("fakeredis", "lupa", "redis"):
            raise
        raise ScenarioError(
            f"a Redis store needs {error.name}: pip install 'thrice[redis]'"
        ) from error


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a command: its cause, by which what is drawn is drawn, and whose it is."""

    cause: str
    surface: str
    instance: str = ""
    caller: str = ""

    @classmethod
    def of(cls, call: Call | None, surface: str, own: str) -> "Asker":
        """The one of a call; `own` is the cause of what the harness asks itself."""
        if call is None:
            return cls(own, surface)
        return cls(call.name, surface, call.invocation.instance, call.name)


@dataclass(frozen=True, slots=True)
class _Written:
    """What changed something, as a replica has to repeat it: a command, or a transaction."""

    commands: tuple[tuple[bytes, ...], ...]
    unix: float
    cause: str


class Keyspace:
    """The database and what was asked of it. Times are seconds since 1970 on the world's clock.

    With a `server` the database is that one, with nothing in it at first; its keys expire by the
    wall's clock, and it is good for Redis's own protocol only.
    """

    def __init__(self, kernel: Kernel, *, server: "RedisServer | None" = None) -> None:
        self.oplog = OpLog()
        # How many writes there were, in all.
        self.position = 0
        self._kernel = kernel
        self._server = server
        self._engine: Engine | ServerEngine | None = None
        self._own: Line | ServerLine | None = None
        self._own_commands = 0
        self._replica: Engine | ServerEngine | None = None
        self._reader: Line | ServerLine | None = None
        self._behind: deque[_Written] = deque()
        self._lag = 0

    # -- for the surfaces --------------------------------------------------------------------------

    @property
    def engine(self) -> "Engine | ServerEngine":
        """The server, made now if it is not there. Raises ScenarioError."""
        if self._engine is None:
            self._engine = self._made()
        return self._engine

    def _made(self) -> "Engine | ServerEngine":
        found = load().Engine
        if self._server is None:
            made: Engine = found()
            return made
        # Only here, as sockets take an extra of their own.
        from emulator.redis.server_engine import ServerEngine

        return ServerEngine(self._server)

    def line(self) -> "Line | ServerLine":
        """A new connection. Raises ScenarioError."""
        return self.engine.line()

    def access(self, words: Words) -> Access:
        """What a command would read and write."""
        if not words:
            return access_of(words, None)
        found = access_of(words, load().described(words))
        name = name_of(words)
        # Whether a script is known matters to those who call it by its hash.
        if name == b"evalsha" and len(words) > 1:
            return replace(found, reads=found.reads | {_SCRIPT_CACHE + shown(words[1].lower())})
        if name in (b"eval", b"script load") and len(words) > 1:
            sha = _sha1(words[1 if name == b"eval" else -1])
            if not self.engine.knows_script(sha):
                return replace(found, writes=found.writes | {_SCRIPT_CACHE + shown(sha)})
        return found

    def execute(
        self,
        line: "Line | ServerLine",
        words: Words,
        asker: Asker,
        *,
        replayed: Sequence[Words] = (),
    ) -> Value:
        """Do one command, and note it. Raises what `Line.execute` raises.

        A replica repeats it, or `replayed` in its place: the commands of the transaction that it
        ends.
        """
        clock = self._kernel.clock
        keys = self._begin(line)
        answer = line.execute(words, unix=clock.unix, stream=self._stream(asker.cause))
        changed = [key_name(key) for key in keys.changed]
        if changed:
            self.position += 1
            repeated = tuple(map(tuple, replayed or (words,)))
            self._follow(_Written(repeated, clock.unix, asker.cause))
        self._note(words, asker, answer, changed)
        return answer

    def agree(self, line: "Line | ServerLine", *, protocol: int, database: int) -> None:
        """Have a connection speak that version of the protocol, and use that database."""
        line.agree(protocol, database)

    def execute_together(
        self, line: "Line | ServerLine", commands: Sequence[Words], asker: Asker
    ) -> list[Value] | Refusal:
        """Do several commands as a transaction: all, or none when one of them makes no sense.

        Commands that fail when they are done do not keep others from being done.
        """
        unix = self._kernel.clock.unix
        stream = self._stream(asker.cause)
        keys = self._begin(line)
        line.execute([b"MULTI"], unix=unix, stream=stream)
        queued = [line.execute(words, unix=unix, stream=stream) for words in commands]
        answer = line.execute([b"EXEC"], unix=unix, stream=stream)
        wrong = next((each for each in queued if isinstance(each, Refusal)), None)
        if not isinstance(answer, list):
            found = answer if isinstance(answer, Refusal) else Refusal("EXECABORT")
            for words in commands:
                self._note(words, asker, wrong or found, ())
            return found
        changed = list(keys.changed)
        if changed:
            self.position += 1
            # Whatever of it only read does no harm there.
            self._follow(_Written(tuple(map(tuple, commands)), unix, asker.cause))
        for words, each in zip(commands, answer, strict=True):
            named = self.named(words)
            wrote = [key_name(key) for key in changed if key_name(key) in named]
            self._note(words, asker, each, wrote)
        return answer

    def read_stale(self, words: Words, asker: Asker) -> Value:
        """Answer a command that reads as it was before the last writes; see `lag_behind`."""
        if self._reader is None:
            raise ScenarioError("no reads are stale here: say by how many writes, with lag_behind")
        clock = self._kernel.clock
        answer = self._reader.execute(words, unix=clock.unix, stream=self._stream(asker.cause))
        self._note(words, asker, answer, (), stale=True)
        return answer

    # -- stale reads -------------------------------------------------------------------------------

    @property
    def replicated(self) -> int:
        """How many writes a stale read sees."""
        return self.position - len(self._behind)

    def lag_behind(self, writes: int) -> None:
        """From now on keep a replica that has not heard of the last `writes` writes; 0 ends it."""
        self._behind.clear()
        self._lag = writes
        if not writes:
            self._replica = self._reader = None
            return
        self._replica = self.engine.copied()
        self._reader = self._replica.line()

    def _follow(self, written: _Written) -> None:
        if self._replica is None or self._reader is None:
            return
        self._behind.append(written)
        while len(self._behind) > self._lag:
            due = self._behind.popleft()
            for words in due.commands:
                self._reader.execute(words, unix=due.unix, stream=self._stream(due.cause))

    # -- for harness and tests ---------------------------------------------------------------------

    def ask(self, *words: str | bytes | int | float) -> Value:
        """Do a command for the harness itself. Raises ScenarioError when it is refused."""
        if self._own is None:
            self._own = self.line()
        self._own_commands += 1
        encoded = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        answer = self.execute(self._own, encoded, Asker(f"harness/{self._own_commands}", "harness"))
        if isinstance(answer, Refusal):
            raise ScenarioError(f"redis refused {shown(encoded[0])}: {answer.text}")
        return answer

    def put(self, key: str, content: object) -> None:
        """Store a value at a key, in the place of what is there: text and numbers as a string, a
        list as a list, an object as a hash. Raises ScenarioError for anything else.
        """
        self.ask("DEL", key)
        match content:
            case str() | int() | float():
                self.ask("SET", key, _text(content))
            case list() if content:
                self.ask("RPUSH", key, *map(_text, content))
            case Mapping() if content:
                parts = [_text(part) for pair in content.items() for part in pair]
                self.ask("HSET", key, *parts)
            case _:
                raise ScenarioError(f"{key} can not be stored: Redis keeps nothing that is empty")

    def mark(self) -> int:
        """The present, for `created_since`."""
        return self.position

    def created_since(self, mark: int, prefix: str) -> list[str]:
        """The keys that begin with `prefix`, came into being after the mark, and are still there,
        oldest first; of a set, a list or a hash of just that name, what it holds.

        Costs as much as there are such keys, whatever else is stored.
        """
        if self._engine is None:
            return []
        keys = self._begin(None)
        found = []
        for key in reversed(list(keys.born)):
            if keys.born.get(key, 0) <= mark:
                break
            if key in keys and key.startswith(prefix.encode()):
                found.append(key)
        names = [name for key in reversed(found) for name in self._records(key, prefix)]
        return list(dict.fromkeys(names))

    # -- inside ------------------------------------------------------------------------------------

    def _records(self, key: bytes, prefix: str) -> Iterable[str]:
        members = self.engine.keys().members(key) if key == prefix.encode() else None
        if members is not None:
            return sorted(map(shown, members))
        return (shown(key),)

    def _begin(self, line: "Line | ServerLine | None") -> "Keys | ServerKeys":
        """Before a command: what it changes is noted by itself, and what is born by it comes after
        everything until now.
        """
        keys = self.engine.keys() if line is None else line.keys_in_use
        keys.changed.clear()
        keys.moment = self.position + 1
        keys.time = self._kernel.clock.unix
        return keys

    def _stream(self, cause: str) -> Callable[[], random.Random]:
        return lambda: self._kernel.chance.stream(f"redis/{cause}")

    def named(self, words: Words) -> list[str]:
        """The keys that a command names, as journals have them."""
        keys = keys_of(words, load().described(words))
        return [] if keys is None else [key_name(key) for key in keys]

    def _note(
        self,
        words: Words,
        asker: Asker,
        answer: Value,
        wrote: Sequence[str],
        *,
        stale: bool = False,
    ) -> None:
        result = answer.text.split(" ", 1)[0] if isinstance(answer, Refusal) else "OK"
        self.oplog.note(
            verb_of(words),
            time=self._kernel.clock.now,
            surface=asker.surface,
            keys=self.named(words),
            wrote=wrote,
            result=result,
            instance=asker.instance,
            caller=asker.caller,
            stale=stale,
        )


def _text(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def _sha1(script: bytes) -> bytes:
    # As Redis names scripts; nothing is kept safe by it.
    return hashlib.sha1(script, usedforsecurity=False).hexdigest().encode()
