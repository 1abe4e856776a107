"""The plan's limit, its genuine error, and what is counted."""

import pytest

from emulator.kernel import Kernel
from emulator.redis import Keyspace
from emulator.upstash import PLANS, Upstash
from tests.upstash.support import Bench, json_of

OVER = (
    "ERR max requests limit exceeded. Limit: 500000, Usage: 500000. See "
    "https://upstash.com/docs/redis/troubleshooting/max_requests_limit for details"
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_every_command_counts(bench: Bench) -> None:
    bench.send("POST", "/", ["SET", "k", 1])
    bench.send("POST", "/pipeline", [["GET", "k"], ["GET", "k"]])
    bench.send("POST", "/multi-exec", [["GET", "k"], ["GET", "k"], ["GET", "k"]])
    bench.send("POST", "/", ["EVAL", "redis.call('GET', 'k') redis.call('GET', 'k')", 0])
    assert bench.upstash.meter.used == 7


def test_limit__refuses_what_is_beyond_it(bench: Bench) -> None:
    bench.upstash.meter.used = 499_998
    body = [["SET", "k", 1], ["GET", "k"], ["GET", "k"]]
    reply = bench.send("POST", "/pipeline", body)
    assert (reply.status, json_of(reply)) == (
        200,
        [{"result": "OK"}, {"result": "1"}, {"error": OVER}],
    )
    lone = bench.send("GET", "/get/k")
    assert (lone.status, json_of(lone)) == (400, {"error": OVER})
    assert bench.upstash.meter.used == 500_000


def test_limit__refuses_a_transaction_as_a_whole(bench: Bench) -> None:
    bench.upstash.meter.used = 499_999
    reply = bench.send("POST", "/multi-exec", [["SET", "k", 1], ["GET", "k"]])
    assert (reply.status, json_of(reply)) == (400, {"error": OVER})
    assert bench.ask("GET", "k") is None


def test_limit__has_a_status_of_its_own() -> None:
    kernel = Kernel()
    bench = Bench(kernel)
    bench.upstash = Upstash(kernel, Keyspace(kernel), over_limit_status=429)
    bench.upstash.meter.used = 500_000
    assert bench.send("GET", "/get/k").status == 429


def test_limit__is_of_a_month(bench: Bench) -> None:
    bench.upstash.meter.used = 500_000
    # The world begins in September.
    bench.kernel.clock.move_to(8 * 86_400.0)
    assert bench.ask("GET", "k") == OVER
    bench.kernel.clock.move_to(10 * 86_400.0)
    assert bench.ask("GET", "k") is None
    assert bench.upstash.meter.used == 1


def test_paid_plan__has_none() -> None:
    kernel = Kernel()
    bench = Bench(kernel)
    bench.upstash = Upstash(kernel, Keyspace(kernel), plan=PLANS["payg"])
    bench.upstash.meter.used = 900_000
    assert bench.ask("SET", "k", 1) == "OK"


def test_refused_by_the_token__costs_nothing(bench: Bench) -> None:
    bench.send("GET", "/get/k", token=False)
    assert bench.upstash.meter.used == 0
