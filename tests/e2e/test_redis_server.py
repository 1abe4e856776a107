"""The same commands at redis-server itself, where one is installed: the answers agree to the byte.

Known to differ, and left out: OBJECT, which fakeredis has not; SINTERCARD of a key that is not
there, which it takes for a wrong type; and the words of errors that a script fails with, which name
the script and the line there.
"""

import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from emulator.exchange import Request
from emulator.kernel import Kernel
from emulator.net.ports import LOOPBACK, free_port
from emulator.redis import Keyspace
from emulator.redis.resp import command_bytes, reply_end
from emulator.redis.server import RedisServer
from emulator.redis.service import DATABASE, LINE, ORIGIN, PROTOCOL, Redis
from tests.e2e import redis_cases
from tests.e2e.redis_store import served

COMMANDS = Path(__file__).with_name("redis_commands.txt").read_text().splitlines()
PATIENCE_S = 20.0

pytestmark = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="redis-server is not installed"
)


class Server:
    """A connection to a redis-server."""

    def __init__(self, port: int) -> None:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.socket = socket.create_connection((LOOPBACK, port), timeout=PATIENCE_S)
            except OSError:
                if time.monotonic() > until:
                    raise
            else:
                return

    def ask(self, words: list[bytes]) -> bytes:
        self.socket.sendall(command_bytes(*words))
        data = b""
        while (end := reply_end(data)) is None:
            data += self.socket.recv(65_536)
        return data[:end]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    number = free_port()
    with tempfile.TemporaryDirectory(prefix="thrice-redis-") as folder:
        options = ["--port", str(number), "--bind", LOOPBACK, "--save", "", "--dir", folder]
        with subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL) as process:
            yield number
            process.terminate()


def test_cases__with_a_server_behind_the_world() -> None:
    with closing(RedisServer()) as server, served(server=server) as store:
        assert redis_cases.by_redis_py(store.redis_url) == redis_cases.expected()


@pytest.mark.parametrize("protocol", [2, 3])
def test_answers__are_those_of_a_server(port: int, protocol: int) -> None:
    server = Server(port)
    server.ask([b"FLUSHALL"])
    server.ask([b"HELLO", str(protocol).encode()])
    kernel = Kernel(epoch=time.time())
    ours = Redis(kernel, Keyspace(kernel))
    headers = ((LINE, "a"), (PROTOCOL, str(protocol)), (DATABASE, "0"))
    different = []
    for text in COMMANDS:
        words = [word.encode() for word in shlex.split(text)]
        theirs = server.ask(words)
        own = ours.handle(Request("X", ORIGIN + "/", headers, command_bytes(*words))).body
        if own != theirs:
            different.append((text, theirs, own))
    server.socket.close()
    assert different == []
