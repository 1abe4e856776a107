"""Redis itself: fakeredis in this process, one command at a time. The only file that imports it.

What is used of it is private to fakeredis, so its version is pinned, and the tests beside this
file's say what is relied on.
"""

import copy
import random
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from fakeredis import FakeRedis
from fakeredis._commands import SUPPORTED_COMMANDS, Key
from fakeredis._core import FakeServer
from fakeredis._core._database import Database
from fakeredis._helpers import SimpleError, SimpleString
from fakeredis._socket._fakesocket import FakeSocket
from fakeredis.model import get_command_info, is_write_command

from emulator.redis.command import Described, Words, name_of, shown
from emulator.redis.lent import lent, take_the_place_of
from emulator.redis.values import NO_LIST, OK, Members, Pairs, Refusal, Silent, Status, Value

# The one that Debian and most hosts have.
VERSION = (7, 0)
SHOWN_ARGUMENTS_LENGTH = 128  # Redis source, `server.c`: what an unknown command is quoted with
# Their nothing is that of a list (Redis docs, by command).
_OF_LISTS = frozenset(
    b"exec blpop brpop bzpopmax bzpopmin blmpop lmpop bzmpop zmpop xread xreadgroup".split()
)
# Which fakeredis does not have, and what does the same here.
_ALIASES = {b"touch": b"EXISTS"}
# Newer servers name the command as a command.
_EXPIRE_TIME = re.compile(r"^(ERR invalid expire time in )(\w+)$")
_SETS = frozenset((b"smembers", b"sinter", b"sunion", b"sdiff"))

take_the_place_of("fakeredis")


class Keys(Database):
    """The keys of one database, which notes when each came into being and which are changed."""

    def __init__(self, lock: Any) -> None:
        super().__init__(lock)
        self.moment = 0
        # In the order in which they came; those of keys that have expired go when anyone looks.
        self.born: dict[bytes, int] = {}
        self.changed: dict[bytes, None] = {}

    def members(self, key: bytes) -> list[bytes] | None:
        """What a set, a list or a hash holds, a hash its fields; None for a string."""
        value = self[key].value
        return (
            None if isinstance(value, bytes) else [one for one in value if isinstance(one, bytes)]
        )

    def notify_watch(self, key: bytes) -> None:
        self.changed[key] = None
        super().notify_watch(key)

    def __getitem__(self, key: bytes) -> Any:
        try:
            return super().__getitem__(key)
        except KeyError:
            self.born.pop(key, None)
            raise

    def __setitem__(self, key: bytes, value: Any) -> None:
        self.born.setdefault(key, self.moment)
        super().__setitem__(key, value)

    def __delitem__(self, key: bytes) -> None:
        self.born.pop(key, None)
        super().__delitem__(key)

    def clear(self) -> None:
        super().clear()
        self.born.clear()


class Engine:
    """One server with its databases, in this process."""

    def __init__(self) -> None:
        self._server = FakeServer(version=VERSION)
        lock = self._server.lock
        self._server.dbs = defaultdict(lambda: Keys(lock))

    def line(self) -> "Line":
        """A new connection."""
        return Line(self._server)

    def keys(self, number: int = 0) -> Keys:
        found = self._server.dbs[number]
        assert isinstance(found, Keys)
        return found

    def knows_script(self, sha: bytes) -> bool:
        return sha.lower() in self._server.script_cache

    def copied(self) -> "Engine":
        """Another server with the same content."""
        twin = Engine()
        for number, keys in self._server.dbs.items():
            there = twin.keys(number)
            for key, item in keys._dict.items():
                there[key] = copy.deepcopy(item)
        twin._server.script_cache.update(self._server.script_cache)
        return twin


class Line(FakeSocket):
    """One connection: what it has selected, watched and queued."""

    def __init__(self, server: FakeServer) -> None:
        super().__init__(server, 0, None, FakeRedis)
        self._outbox: list[Any] = []

    @property
    def protocol(self) -> int:
        """2 or 3, as the client has chosen."""
        return int(self._client_info.protocol_version)

    def execute(self, words: Words, *, unix: float, stream: Callable[[], random.Random]) -> Value:
        """Do one command at a moment (unix seconds), drawing from `stream`. Raises Silent when it
        has no answer.
        """
        name = name_of(words)
        self._outbox.clear()
        with lent(unix, stream):
            if name == b"info":
                return _info(words, self._server, unix)
            self._process_command([_ALIASES.get(name, words[0]), *words[1:]])
        if not self._outbox:
            raise Silent(shown(name))
        answer = _as_a_server(_value(self._outbox[-1], name), name, words)
        # Also what a script says of a command that it calls begins so.
        if (
            isinstance(answer, Refusal)
            and answer.text.startswith("ERR unknown command")
            and described(words) is None
        ):
            return unknown_command(words)
        return answer

    # No name here may be that of a command, which are methods of the class below.
    @property
    def keys_in_use(self) -> Keys:
        """Those of the database in use."""
        assert isinstance(self._db, Keys)
        return self._db

    def agree(self, protocol: int, database: int) -> None:
        """Speak that version of the protocol, and use that database."""
        self._client_info["resp"] = protocol
        self._db_num = database
        self._db = self._server.dbs[database]

    # -- in the place of fakeredis's own

    def put_response(self, msg: Any) -> None:
        self._outbox.append(msg)

    def _decode_result(self, result: Any) -> Any:
        """As it is: texts of errors keep their prefixes then."""
        return result

    def _blocking(self, timeout: Any, func: Any, shape: Any = None) -> Any:
        """Nobody waits here: whoever asked is told that nothing has come."""
        found = func(True)
        return found if shape is None else shape(found)


def described(words: Words) -> Described | None:
    """What is known of a command; None for one that there is not."""
    name = name_of(words)
    return _described(_ALIASES.get(name, name).lower())


@lru_cache(maxsize=1_024)
def _described(name: bytes) -> Described | None:
    signature = SUPPORTED_COMMANDS.get(shown(name))
    if signature is None:
        return None
    return Described(
        is_write_command(name) or get_command_info(name) is None,
        tuple(isinstance(each, Key) for each in signature.fixed),
        tuple(isinstance(each, Key) for each in signature.repeat),
    )


def unknown_command(words: Words) -> Refusal:
    """As Redis words it (Redis source, `server.c`)."""
    quoted = ""
    for word in words[1:]:
        if len(quoted) >= SHOWN_ARGUMENTS_LENGTH:
            break
        quoted += f"'{shown(word)[: SHOWN_ARGUMENTS_LENGTH - len(quoted)]}' "
    name = shown(words[0])[:SHOWN_ARGUMENTS_LENGTH].replace("\r", " ").replace("\n", " ")
    return Refusal(f"ERR unknown command '{name}', with args beginning with: {quoted}")


def _as_a_server(answer: Value, name: bytes, words: Words) -> Value:
    """What fakeredis answers otherwise than redis-server 7.0.15, which was asked the same."""
    if name in (b"lpop", b"rpop") and len(words) > 2 and answer is None:
        return NO_LIST
    if name in (b"xread", b"xreadgroup") and answer in ([], Pairs({})):
        return NO_LIST
    if name == b"spop" and len(words) > 2 and isinstance(answer, list):
        return Members(answer)
    return answer


def _value(answer: Any, name: bytes) -> Value:
    match answer:
        case SimpleString():
            return OK if answer.value == b"OK" else Status(shown(answer.value))
        case SimpleError():
            return Refusal(_EXPIRE_TIME.sub(r"\1'\2' command", answer.value))
        case None if name in _OF_LISTS:
            return NO_LIST
        case None | bytes() | float():
            return answer
        case bool():
            return int(answer)
        case int():
            return answer
        case str():
            return answer.encode()
        case dict():
            return _pairs(answer, name)
        case list() | tuple():
            if name in _SETS:
                # Their own order is that of Python's hashes, which differs from run to run.
                return Members(sorted(answer))
            return [_value(item, b"") for item in answer]
    raise TypeError(f"fakeredis answered {shown(name)} with a {type(answer).__name__}")


def _pairs(answer: Mapping[Any, Any], name: bytes) -> Pairs:
    def as_bytes(key: Any) -> bytes:
        return key if isinstance(key, bytes) else str(key).encode()

    pairs = {as_bytes(key): _value(item, b"") for key, item in answer.items()}
    if name == b"hello":
        pairs |= {b"server": b"redis", b"version": ".".join(map(str, VERSION)).encode() + b".0"}
    return Pairs(pairs)


def _info(words: Words, server: FakeServer, unix: float) -> bytes:
    """What clients look at before they begin: that nothing is being loaded, and who is the master
    (Redis docs, "INFO").
    """
    version = ".".join(map(str, VERSION)) + ".0"
    sections = {
        "server": f"redis_version:{version}\r\nredis_mode:standalone\r\ntcp_port:6379\r\n"
        f"server_time_usec:{round(unix * 1e6)}\r\n",
        "clients": f"connected_clients:{len(server.sockets)}\r\n",
        "persistence": "loading:0\r\nasync_loading:0\r\n",
        "replication": "role:master\r\nconnected_slaves:0\r\n",
        "keyspace": "".join(
            f"db{number}:keys={len(keys)},expires=0,avg_ttl=0\r\n"
            for number, keys in sorted(server.dbs.items())
            if len(keys)
        ),
    }
    wanted = {shown(word).lower() for word in words[1:]} & set(sections) or set(sections)
    return "\r\n".join(
        f"# {name.title()}\r\n{text}" for name, text in sections.items() if name in wanted
    ).encode()
