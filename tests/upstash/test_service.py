"""The database as a service of a world: what it claims, what its requests touch, what they cost."""

import pytest

from emulator.exchange import Request
from emulator.upstash import ORIGIN, Upstash
from tests.upstash.support import BEARER, Bench


def request(body: str, target: str = "/", method: str = "POST") -> Request:
    return Request(method, ORIGIN + target, (BEARER,), body.encode())


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_claims__its_own_addresses(bench: Bench) -> None:
    kernel = bench.kernel
    upstash = Upstash(kernel, bench.keyspace, origins=["http://127.0.0.1:8093/"])
    claimed = {
        url
        for url in (ORIGIN, "http://127.0.0.1:8093", "https://other.upstash.io")
        if upstash.claims(Request("GET", url + "/get/k"))
    }
    assert claimed == {ORIGIN, "http://127.0.0.1:8093"}


def test_access__names_the_command_and_its_keys(bench: Bench) -> None:
    access = bench.upstash.access(request('["SET","k","v","NX"]'))
    assert access.verb == "set nx"
    assert access.writes == {"redis:k"}
    lone = bench.upstash.access(request('[["GET","k"]]', "/pipeline"))
    assert lone.verb == "get"
    assert lone.reads == {"redis:k", "redis:/*"}
    both = bench.upstash.access(request('[["GET","a"],["SET","b",1]]', "/multi-exec"))
    assert both.verb == "multi-exec"
    assert both.writes == {"redis:b"}
    assert bench.upstash.access(request("", "/get/k", "GET")).verb == "get"


@pytest.mark.parametrize(
    "refused",
    [
        request("{"),
        request("", "/get/k", "DELETE"),
        Request("GET", ORIGIN + "/get/k"),
    ],
)
def test_access__of_what_will_be_refused(bench: Bench, refused: Request) -> None:
    access = bench.upstash.access(refused)
    assert (access.verb, access.reads | access.writes) == ("invalid", frozenset())


def test_access__near_the_limit_depends_on_who_is_counted_first(bench: Bench) -> None:
    bench.upstash.meter.used = 499_500
    assert "redis:/meter" in bench.upstash.access(request('["GET","k"]')).writes


def test_nothing_is_made_for_a_bot_without_it(bench: Bench) -> None:
    assert bench.keyspace._engine is None
    bench.send("GET", "/get/k", token=False)
    assert bench.keyspace._engine is None
