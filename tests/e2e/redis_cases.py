"""The same commands for every client of a Redis store, and what each has to tell of them.

A case is a list of steps, a step an operation with its arguments; what is told is plain JSON.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import redis as redis_py
import redis.asyncio as redis_asyncio
import upstash_redis
import upstash_redis.asyncio
from upstash_redis.errors import UpstashError

Step = Sequence[Any]

# A step and what every client tells of it.
CASES: Mapping[str, list[tuple[Step, Any]]] = {
    "strings": [
        (("set", "s:a", "wörld \N{SLIGHTLY SMILING FACE}"), True),
        (("get", "s:a"), "wörld \N{SLIGHTLY SMILING FACE}"),
        (("get", "s:none"), None),
        (("set", "s:n", "1"), True),
        (("incrby", "s:n", 41), 42),
        (("get", "s:n"), "42"),
        (("mget", "s:n", "s:none", "s:a"), ["42", None, "wörld \N{SLIGHTLY SMILING FACE}"]),
        (("del", "s:a", "s:n", "s:none"), 2),
        (("exists", "s:a"), 0),
    ],
    "claims": [
        (("set", "c:a", "1", "nx", 100), True),
        (("set", "c:a", "2", "nx", 100), False),
        (("get", "c:a"), "1"),
        (("ttl", "c:a"), 100),
        (("setnx", "c:b", "1"), True),
        (("setnx", "c:b", "2"), False),
        (("incrby", "c:count", 1), 1),
        (("incrby", "c:count", 1), 2),
        (("sadd", "c:seen", "m1"), 1),
        (("sadd", "c:seen", "m1"), 0),
        (("ttl", "c:b"), -1),
        (("ttl", "c:none"), -2),
    ],
    "collections": [
        (("sadd", "k:set", "b", "a", "c"), 3),
        (("smembers", "k:set"), ["a", "b", "c"]),
        (("hset", "k:hash", "f", "1"), 1),
        (("hset", "k:hash", "g", "zwei"), 1),
        (("hget", "k:hash", "g"), "zwei"),
        (("hget", "k:hash", "none"), None),
        (("hgetall", "k:hash"), {"f": "1", "g": "zwei"}),
        (("rpush", "k:list", "x", "y", "z"), 3),
        (("lrange", "k:list", 0, -1), ["x", "y", "z"]),
        (("lpop", "k:list"), "x"),
        (("zadd", "k:zset", 1.5, "m"), 1),
        (("zscore", "k:zset", "m"), 1.5),
        (("zrange", "k:zset", 0, -1), ["m"]),
    ],
    "errors": [
        (("set", "e:text", "abc"), True),
        (("incrby", "e:text", 1), {"error": "value is not an integer or out of range"}),
        (
            ("sadd", "e:text", "m"),
            {"error": "WRONGTYPE Operation against a key holding the wrong kind of value"},
        ),
    ],
    "scripts": [
        (("eval", "return redis.call('SET', KEYS[1], ARGV[1], 'NX') and 1 or 0", "l:a", "v"), 1),
        (("eval", "return redis.call('SET', KEYS[1], ARGV[1], 'NX') and 1 or 0", "l:a", "v"), 0),
        (("eval", "return {KEYS[1], ARGV[1], 7, {'x'}}", "k", "v"), ["k", "v", 7, ["x"]]),
        # Known by its hash only once it was sent whole: clients send it again then.
        (("script", "return ARGV[1] .. '!'", "k", "v"), "v!"),
        (("script", "return ARGV[1] .. '!'", "k", "w"), "w!"),
    ],
    "together": [
        (("pipeline", ["set", "p:a", "1"], ["incrby", "p:a", 1], ["get", "p:a"]), [True, 2, "2"]),
        (("multi", ["set", "p:b", "1"], ["incrby", "p:b", 1], ["get", "p:b"]), [True, 2, "2"]),
    ],
}


def told(value: Any) -> Any:
    """What a client gives, as plain JSON."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, set):
        return sorted(told(item) for item in value)
    if isinstance(value, tuple | list):
        return [told(item) for item in value]
    if isinstance(value, dict):
        return {told(key): told(item) for key, item in value.items()}
    return value


def error(raised: Exception) -> dict[str, str]:
    return {"error": str(raised).partition(", command was")[0].removeprefix("ERR ")}


class Redis:
    """Plays steps with redis-py, synchronous or not; `do` waits for what it is given."""

    def __init__(self, client: Any, do: Callable[[Any], Any]) -> None:
        self.client = client
        self.do = do

    def play(self, step: Step) -> Any:
        operation, *arguments = step
        try:
            return getattr(self, operation, self.by_name(operation))(*arguments)
        except (redis_py.RedisError, UpstashError) as raised:
            return error(raised)

    def by_name(self, operation: str) -> Callable[..., Any]:
        name = {"del": "delete", "setnx": "setnx"}.get(operation, operation)
        return lambda *arguments: told(self.do(getattr(self.client, name)(*arguments)))

    def set(self, key: str, value: str, nx: str = "", expires_s: int | None = None) -> Any:
        return bool(self.do(self.client.set(key, value, nx=bool(nx), ex=expires_s)))

    def setnx(self, key: str, value: str) -> Any:
        return bool(self.do(self.client.setnx(key, value)))

    def mget(self, *keys: str) -> Any:
        return told(self.do(self.client.mget(list(keys))))

    def smembers(self, key: str) -> Any:
        return sorted(told(self.do(self.client.smembers(key))))

    def zadd(self, key: str, score: float, member: str) -> Any:
        return self.do(self.client.zadd(key, {member: score}))

    def eval(self, script: str, key: str, argument: str) -> Any:
        return told(self.do(self.client.eval(script, 1, key, argument)))

    def script(self, script: str, key: str, argument: str) -> Any:
        registered = self.client.register_script(script)
        return told(self.do(registered(keys=[key], args=[argument])))

    def pipeline(self, *steps: Step) -> Any:
        return self.together(self.client.pipeline(transaction=False), steps)

    def multi(self, *steps: Step) -> Any:
        return self.together(self.client.pipeline(transaction=True), steps)

    def together(self, pipeline: Any, steps: Sequence[Step]) -> Any:
        for operation, *arguments in steps:
            getattr(pipeline, operation)(*arguments)
        return self.results(self.do(pipeline.execute()))

    def results(self, values: Sequence[Any]) -> Any:
        return [True if value in (True, "OK") else told(value) for value in values]


class Upstash(Redis):
    """The same with upstash-redis."""

    def mget(self, *keys: str) -> Any:
        return told(self.do(self.client.mget(*keys)))

    def eval(self, script: str, key: str, argument: str) -> Any:
        return told(self.do(self.client.eval(script, keys=[key], args=[argument])))

    def script(self, script: str, key: str, argument: str) -> Any:
        # This client has no scripts of its own; a bot that calls them by their hash does this.
        sha = self.do(self.client.script_load(script))
        return told(self.do(self.client.evalsha(sha, keys=[key], args=[argument])))

    def hset(self, key: str, name: str, value: str) -> Any:
        return self.do(self.client.hset(key, name, value))

    def pipeline(self, *steps: Step) -> Any:
        return self.together_there(self.client.pipeline(), steps)

    def multi(self, *steps: Step) -> Any:
        return self.together_there(self.client.multi(), steps)

    def together_there(self, pipeline: Any, steps: Sequence[Step]) -> Any:
        for operation, *arguments in steps:
            getattr(pipeline, operation)(*arguments)
        return self.results(self.do(pipeline.exec()))


def played(player: Redis) -> dict[str, list[Any]]:
    """What a client tells of every case."""
    return {name: [player.play(step) for step, _ in steps] for name, steps in CASES.items()}


def by_redis_py(url: str) -> dict[str, list[Any]]:
    with redis_py.Redis.from_url(url, decode_responses=True) as client:
        return played(Redis(client, lambda result: result))


def by_redis_asyncio(url: str) -> dict[str, list[Any]]:
    loop = asyncio.new_event_loop()
    client = redis_asyncio.Redis.from_url(url, decode_responses=True)
    try:
        return played(Redis(client, loop.run_until_complete))
    finally:
        loop.run_until_complete(client.aclose())
        loop.close()


def by_upstash(url: str, token: str) -> dict[str, list[Any]]:
    with upstash_redis.Redis(url, token) as client:
        return played(Upstash(client, lambda result: result))


def by_upstash_asyncio(url: str, token: str) -> dict[str, list[Any]]:
    loop = asyncio.new_event_loop()
    client = upstash_redis.asyncio.Redis(url, token)
    try:
        return played(Upstash(client, loop.run_until_complete))
    finally:
        loop.run_until_complete(client.close())
        loop.close()


def steps_as_json() -> str:
    """The steps of all cases, for clients in other languages."""
    return json.dumps({name: [step for step, _ in steps] for name, steps in CASES.items()})


def expected() -> dict[str, list[Any]]:
    return {name: [result for _, result in steps] for name, steps in CASES.items()}
