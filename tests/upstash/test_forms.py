"""Every form of a request, and of its answer."""

import json
from typing import Any

import pytest

from emulator.upstash import TOKEN
from tests.upstash.support import Bench, json_of

NOT_AVAILABLE = (
    "ERR Command is not available: '{}'. See "
    "https://upstash.com/docs/redis/overall/rediscompatibility for details"
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_command_in_the_body(bench: Bench, method: str) -> None:
    reply = bench.send(method, "/", ["SET", "k", "v", "EX", 100])
    assert (reply.status, json_of(reply)) == (200, {"result": "OK"})
    assert bench.keyspace.ask("TTL", "k") == 100


@pytest.mark.parametrize(
    ("method", "target", "body", "done"),
    [
        ("GET", "/set/k/v", b"", b"v"),
        ("POST", "/set/k/v", b"", b"v"),
        ("POST", "/set/k", b"\x00v", b"\x00v"),
        ("PUT", "/set/k?EX=100&NX", b"v", b"v"),
        ("GET", "/set/k/a%2Fb%20c?EX=100", b"", b"a/b c"),
    ],
)
def test_command_in_the_path(
    bench: Bench, method: str, target: str, body: bytes, done: bytes
) -> None:
    assert json_of(bench.send(method, target, body)) == {"result": "OK"}
    assert bench.keyspace.ask("GET", "k") == done
    assert bench.keyspace.ask("TTL", "k") == (100 if "EX" in target else -1)


def test_head__is_done_as_well(bench: Bench) -> None:
    assert bench.send("HEAD", "/set/k/v").status == 200
    assert bench.ask("GET", "k") == "v"


@pytest.mark.parametrize(
    ("words", "result"),
    [
        (["GET", "none"], None),
        (["INCR", "n"], 1),
        (["HGETALL", "h"], ["f", "1"]),
        (["ZSCORE", "z", "m"], "1.5"),
        (["SMEMBERS", "s"], ["a", "b"]),
        (["PING"], "PONG"),
        (["EVAL", "return {1, {'x'}}", 0], [1, ["x"]]),
        (["SET", "flag", True], "OK"),
        (["SET", "number", 1.0], "OK"),
    ],
)
def test_results(bench: Bench, words: list[Any], result: object) -> None:
    bench.ask("HSET", "h", "f", "1")
    bench.ask("ZADD", "z", "1.5", "m")
    bench.ask("SADD", "s", "b", "a")
    assert json_of(bench.send("POST", "/", words)) == {"result": result}


def test_values_of_json__are_written_as_they_look(bench: Bench) -> None:
    bench.send("POST", "/", ["RPUSH", "l", True, False, 1.0, 0.25, 7, "ü"])
    assert bench.ask("LRANGE", "l", 0, -1) == ["true", "false", "1", "0.25", "7", "ü"]


def test_pipeline__goes_on_behind_an_error(bench: Bench) -> None:
    body = [["SET", "k", "v"], ["INCR", "k"], ["GET", "k"]]
    reply = bench.send("POST", "/pipeline", body)
    assert reply.status == 200
    assert json_of(reply) == [
        {"result": "OK"},
        {"error": "ERR value is not an integer or out of range"},
        {"result": "v"},
    ]


def test_transaction__tells_of_each(bench: Bench) -> None:
    body = [["SET", "k", 1], ["INCR", "k"], ["SADD", "k", "m"]]
    wrong = "WRONGTYPE Operation against a key holding the wrong kind of value"
    reply = bench.send("POST", "/multi-exec", body)
    assert (reply.status, json_of(reply)) == (
        200,
        [{"result": "OK"}, {"result": 2}, {"error": wrong}],
    )


def test_transaction__is_discarded_as_a_whole(bench: Bench) -> None:
    reply = bench.send("POST", "/multi-exec", [["SET", "k", 1], ["INCR"]])
    assert (reply.status, json_of(reply)) == (
        400,
        {"error": "EXECABORT Transaction discarded because of previous errors."},
    )
    assert bench.ask("GET", "k") is None


def test_base64__codes_every_string_but_ok(bench: Bench) -> None:
    body = [["SET", "k", "v"], ["GET", "k"], ["MGET", "k", "none"], ["INCR", "n"], ["PING"], ["X"]]
    reply = bench.send("POST", "/pipeline", body, ("Upstash-Encoding", "base64"))
    assert json_of(reply) == [
        {"result": "OK"},
        {"result": "dg=="},
        {"result": ["dg==", None]},
        {"result": 1},
        {"result": "UE9ORw=="},
        {"error": "ERR unknown command 'X', with args beginning with: "},
    ]


def test_resp2__is_the_answer_as_redis_writes_it(bench: Bench) -> None:
    raw = ("Upstash-Response-Format", "resp2")
    assert bench.send("POST", "/", ["SET", "k", "v"], raw).body == b"+OK\r\n"
    body = [["GET", "k"], ["INCR", "k"], ["LRANGE", "l", 0, -1]]
    assert bench.send("POST", "/pipeline", body, raw).body == (
        b"$1\r\nv\r\n-ERR value is not an integer or out of range\r\n*0\r\n"
    )
    both = bench.send("POST", "/", ["GET", "k"], raw, ("Upstash-Encoding", "base64"))
    assert both.status == bench.send("POST", "/multi-exec", [["GET", "k"]], raw).status == 400


@pytest.mark.parametrize("target", ["/get/k", "/get/k?_token=wrong"])
def test_token__is_wanted(bench: Bench, target: str) -> None:
    reply = bench.send("GET", target, token=False)
    assert (reply.status, json_of(reply)) == (
        401,
        {"error": "WRONGPASS invalid or missing auth token"},
    )
    assert bench.keyspace.oplog.count == 0


def test_token__may_stand_in_the_query(bench: Bench) -> None:
    reply = bench.send("GET", f"/set/k/v?_token={TOKEN}&EX=5", token=False)
    assert json_of(reply) == {"result": "OK"}
    assert bench.keyspace.ask("TTL", "k") == 5


def test_other_methods__are_refused(bench: Bench) -> None:
    assert {bench.send(method, "/get/k").status for method in ("DELETE", "PATCH")} == {405}


@pytest.mark.parametrize(
    ("target", "body", "said"),
    [
        ("/", b"{", "ERR failed to parse the request's body as JSON"),
        ("/", {"a": 1}, "ERR a command has to be an array"),
        ("/", [], "ERR empty command"),
        ("/", ["SET", "k", {"a": 1}], "ERR a command takes strings and numbers"),
        ("/pipeline", [], "ERR the body has to be an array of commands, each an array"),
        ("/pipeline", ["GET", "k"], "ERR a command has to be an array"),
        ("/", ["NOPE", "x"], "ERR unknown command 'NOPE', with args beginning with: 'x' "),
        ("/", ["GET"], "ERR wrong number of arguments for 'get' command"),
    ],
)
def test_what_makes_no_sense__is_refused(
    bench: Bench, target: str, body: object, said: str
) -> None:
    reply = bench.send("POST", target, body)
    assert (reply.status, json_of(reply)) == (400, {"error": said})


@pytest.mark.parametrize(
    "words",
    [
        ["BLPOP", "l", 0],
        ["XREAD", "BLOCK", 0, "STREAMS", "s", "$"],
        ["WATCH", "k"],
        ["MULTI"],
        ["SELECT", 1],
        ["SUBSCRIBE", "c"],
        ["CLIENT REPLY", "OFF"],
    ],
)
def test_what_needs_a_connection__is_not_available(bench: Bench, words: list[Any]) -> None:
    command = str(words[0]).split() + words[1:]
    reply = bench.send("POST", "/", command)
    assert (reply.status, json_of(reply)["error"]) == (400, NOT_AVAILABLE.format(words[0]))
    refused = bench.send("POST", "/multi-exec", [["SET", "k", 1], command])
    assert json_of(refused)["error"] == NOT_AVAILABLE.format(words[0])
    assert bench.ask("GET", "k") is None


@pytest.mark.parametrize("target", ["/subscribe/c", "/monitor", "/PSUBSCRIBE/c"])
def test_answers_that_go_on__are_put_on_record(bench: Bench, target: str) -> None:
    assert bench.send("GET", target).status == 501
    (found,) = bench.kernel.journal.entries("finding")
    assert (found.name, found.detail["service"]) == ("unsupported", "upstash")
    assert "server-sent events" in str(found.detail["what"])


def test_too_large__is_refused(bench: Bench) -> None:
    assert bench.ask("SET", "k" * 32_769, "v") == "ERR max key size exceeded"
    body = json.dumps(["SET", "k", "v" * 10_485_760]).encode()
    reply = bench.send("POST", "/", body)
    assert (reply.status, json_of(reply)) == (400, {"error": "ERR max request size exceeded"})
    assert bench.ask("EVAL", "return 1 " + "-" * 40_000, 0) == 1
