"""Commands of connections as calls of a world: what they touch, how they are done and wait."""

from collections.abc import Callable

import pytest

from emulator.call import Access, Call
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Outcome, Reply, Request
from emulator.gate import Gate
from emulator.kernel import Kernel
from emulator.redis import Keyspace
from emulator.redis.resp import command_bytes
from emulator.redis.service import DATABASE, LINE, ORIGIN, PROTOCOL, Redis, request_of


class Bench:
    """A world with a Redis and one invocation, whose calls are done as the agenda has them."""

    def __init__(self) -> None:
        self.kernel = Kernel()
        self.redis = Redis(self.kernel, Keyspace(self.kernel))
        self.gate = Gate(self.kernel, (self.redis,))
        request = Request("POST", "https://bot.example/")
        delivery = Delivery(
            name="u0.w0",
            kind="user",
            due=0.0,
            build=lambda: request,
            on_outcome=lambda outcome: None,
            timeout_s=10.0,
            roots=("u0",),
        )
        self.invocation = Invocation(delivery, request, "i0", -1, 0.0)

    def send(self, *texts: str, line: str = "a", protocol: int = 2) -> bytes:
        body = b"".join(command_bytes(*text.encode().split(b" ")) for text in texts)
        headers = ((LINE, line), (PROTOCOL, str(protocol)), (DATABASE, "0"))
        return self.redis.handle(Request("X", ORIGIN + "/", headers, body)).body

    def call(self, text: str, told: Callable[[Outcome], None]) -> Call:
        return self.gate.arrive(
            self.invocation,
            request_of(*text.encode().split(b" "), line=text),
            timeout_s=None,
            deliver_outcome=told,
        )

    def run(self, until: float | None = None) -> None:
        while self.kernel.run_step(until):
            pass


@pytest.fixture
def bench() -> Bench:
    return Bench()


def access(bench: Bench, *texts: str) -> Access:
    body = b"".join(command_bytes(*text.encode().split(b" ")) for text in texts)
    return bench.redis.access(Request("X", ORIGIN + "/", ((LINE, "a"),), body))


def test_claims__its_own_scheme(bench: Bench) -> None:
    assert bench.redis.claims(request_of(b"GET", b"k"))
    assert not bench.redis.claims(Request("GET", "http://127.0.0.1:6379/"))


def test_command__is_answered_in_the_protocol_of_its_connection(bench: Bench) -> None:
    assert bench.send("SET k v NX") == b"+OK\r\n"
    assert bench.send("SET k v NX") == b"$-1\r\n"
    assert bench.send("SET k v NX", protocol=3) == b"_\r\n"
    assert bench.send("SADD s m", "SMEMBERS s", protocol=3) == b":1\r\n~1\r\n$1\r\nm\r\n"
    assert bench.send("INCR k") == b"-ERR value is not an integer or out of range\r\n"


def test_transaction__is_done_in_one_piece(bench: Bench) -> None:
    done = bench.send("MULTI", "SET k 1", "INCR k", "EXEC")
    assert done == b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:2\r\n"


def test_transaction__touches_its_keys_when_it_is_done(bench: Bench) -> None:
    whole = access(bench, "MULTI", "SET a 1", "GET b", "EXEC")
    assert whole.verb == "exec"
    assert whole.writes == {"redis:a"}
    assert "redis:b" in whole.reads
    bench.send("MULTI", "SET a 1")
    assert access(bench, "SET b 1") == Access("set")
    assert access(bench, "EXEC").writes == {"redis:a"}


def test_watch__belongs_to_its_connection(bench: Bench) -> None:
    assert access(bench, "WATCH k").reads == {"redis:k", "redis:/*"}
    bench.send("WATCH k")
    bench.send("SET k theirs", line="b")
    assert bench.send("MULTI", "SET k ours", "EXEC") == b"+OK\r\n+QUEUED\r\n*-1\r\n"
    assert bench.send("GET k") == b"$6\r\ntheirs\r\n"


def test_waiting_command__goes_on_when_something_comes(bench: Bench) -> None:
    told: list[Outcome] = []
    bench.call("BLPOP list 0", told.append)
    bench.run()
    assert told == []
    bench.call("RPUSH list x", lambda outcome: None)
    bench.run()
    assert told == [Reply(200, (), b"*2\r\n$4\r\nlist\r\n$1\r\nx\r\n")]


def test_waiting_command__ends_by_itself(bench: Bench) -> None:
    told: list[Outcome] = []
    bench.call("BLPOP list 5", told.append)
    bench.call("RPUSH other x", lambda outcome: None)
    bench.run(4.9)
    assert told == []
    bench.run()
    assert told == [Reply(200, (), b"*-1\r\n")]
    assert bench.kernel.clock.now == pytest.approx(5.0, abs=0.1)


def test_of_two_that_wait__one_gets_it(bench: Bench) -> None:
    told: list[tuple[int, Outcome]] = []
    bench.call("BLPOP list 0", lambda outcome: told.append((1, outcome)))
    bench.call("BLPOP list 00", lambda outcome: told.append((2, outcome)))
    bench.run()
    bench.call("RPUSH list x", lambda outcome: None)
    bench.run()
    assert len(told) == 1


@pytest.mark.parametrize("text", ["SUBSCRIBE c", "MONITOR"])
def test_what_is_pushed__is_put_on_record(bench: Bench, text: str) -> None:
    assert bench.send(text).startswith(b"-ERR " + text.split()[0].encode() + b": messages that")
    (found,) = bench.kernel.journal.entries("finding")
    assert (found.name, found.detail["service"]) == ("unsupported", "redis")


def test_operation__is_noted_with_its_call(bench: Bench) -> None:
    bench.call("SET k v", lambda outcome: None)
    bench.run()
    (row,) = bench.redis.keyspace.oplog.rows
    assert (row.caller, row.instance, row.surface, row.wrote) == (
        "u0.w0#0",
        "i0",
        "resp",
        ("redis:k",),
    )
    (call,) = bench.kernel.journal.entries("call")
    assert (call.detail["service"], call.detail["verb"], call.detail["method"]) == (
        "redis",
        "set",
        "SET",
    )
