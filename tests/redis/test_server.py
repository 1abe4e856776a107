"""A redis-server in the place of the database in this process, where one is installed."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from emulator.errors import ScenarioError
from emulator.exchange import Request
from emulator.kernel import Kernel
from emulator.redis import Keyspace
from emulator.redis.resp import command_bytes
from emulator.redis.server import PROGRAM, RedisServer
from emulator.redis.service import DATABASE, LINE, ORIGIN, PROTOCOL, Redis

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20.0

is_there = pytest.mark.skipif(shutil.which(PROGRAM) is None, reason=f"{PROGRAM} is not installed")


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with closing(RedisServer()) as made:
        yield made


@pytest.fixture
def redis(server: RedisServer) -> Redis:
    kernel = Kernel()
    return Redis(kernel, Keyspace(kernel, server=server))


def send(redis: Redis, *texts: str, line: str = "a", protocol: int = 2) -> bytes:
    body = b"".join(command_bytes(*text.encode().split(b" ")) for text in texts)
    headers = ((LINE, line), (PROTOCOL, str(protocol)), (DATABASE, "0"))
    return redis.handle(Request("X", ORIGIN + "/", headers, body)).body


@is_there
def test_answers__are_handed_on_as_they_came(redis: Redis) -> None:
    assert send(redis, "SET k v NX") == b"+OK\r\n"
    assert send(redis, "SET k v NX") == b"$-1\r\n"
    assert send(redis, "SET k v NX", line="b", protocol=3) == b"_\r\n"
    assert send(redis, "OBJECT ENCODING k") == b"$6\r\nembstr\r\n"
    assert send(redis, "INCR k") == b"-ERR value is not an integer or out of range\r\n"


@is_there
def test_world__begins_with_nothing(server: RedisServer, redis: Redis) -> None:
    send(redis, "SET k v")
    kernel = Kernel()
    assert send(Redis(kernel, Keyspace(kernel, server=server)), "GET k") == b"$-1\r\n"


@is_there
def test_operations__are_noted_as_far_as_they_tell(redis: Redis) -> None:
    for text in ("SET k v NX", "SET k v NX", "GET k", "INCR k"):
        send(redis, text)
    rows = [(row.verb, row.wrote, row.result) for row in redis.keyspace.oplog.rows]
    assert rows == [
        ("set nx", ("redis:k",), "OK"),
        ("set nx", (), "OK"),
        ("get", (), "OK"),
        ("incr", (), "ERR"),
    ]


@is_there
def test_records__are_told_by_what_was_written(redis: Redis) -> None:
    keys = redis.keyspace
    keys.put("seen:old", "1")
    mark = keys.mark()
    send(redis, "SET seen:a 1", "SET other 1", "SET seen:gone 1", "DEL seen:gone")
    send(redis, "SADD members y x")
    assert keys.created_since(mark, "seen:") == ["seen:a"]
    assert keys.created_since(mark, "members") == ["x", "y"]


@is_there
def test_transaction__writes_when_it_is_done(redis: Redis) -> None:
    done = send(redis, "MULTI", "SET a 1", "INCR a", "EXEC")
    assert done == b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:2\r\n"
    assert [row.wrote for row in redis.keyspace.oplog.rows] == [(), (), (), ("redis:a",)]
    send(redis, "WATCH a")
    send(redis, "SET a theirs", line="b")
    assert send(redis, "MULTI", "SET a ours", "EXEC").endswith(b"*-1\r\n")


@is_there
def test_command_that_waits__keeps_nobody_waiting(redis: Redis) -> None:
    assert send(redis, "BLPOP list 0") == b"*-1\r\n"
    send(redis, "RPUSH list x")
    assert send(redis, "BLPOP list 0") == b"*2\r\n$4\r\nlist\r\n$1\r\nx\r\n"


@is_there
def test_reads_that_are_behind__are_not_to_be_had(redis: Redis) -> None:
    with pytest.raises(ScenarioError, match=r"^reads that are behind need the database of thrice"):
        redis.keyspace.lag_behind(1)


@is_there
def test_server__ends_with_whoever_started_it() -> None:
    script = (
        "import os, signal\n"
        "from emulator.redis.server import RedisServer\n"
        "server = RedisServer()\n"
        "server.begin()\n"
        "print(server._folder, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    folder = ended.stdout.strip()
    until = time.monotonic() + PATIENCE_S
    while Path(folder, "socket").exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert folder
    # redis-server takes its socket with it.
    assert not Path(folder, "socket").exists()
    shutil.rmtree(folder, ignore_errors=True)


@is_there
def test_close__leaves_nothing() -> None:
    server = RedisServer()
    server.begin()
    folder = server._folder
    server.close()
    assert not Path(folder).exists()


def test_server_that_is_not_installed__is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ScenarioError, match=r"^redis-server is not installed; take server out of"):
        RedisServer().begin()
