"""Reads from a replica that has not heard of the last writes."""

import pytest

from emulator.errors import ScenarioError
from tests.upstash.support import Bench


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.ask("SET", "k", "old")
    return bench


def token_of(bench: Bench) -> str:
    return bench.send("POST", "/", ["PING"]).header("upstash-sync-token") or ""


def test_reads_are_never_stale_unless_asked_for(bench: Bench) -> None:
    bench.ask("SET", "k", "new")
    assert bench.ask("GET", "k") == "new"


def test_read_without_a_token__may_be_stale(bench: Bench) -> None:
    bench.upstash.lag_behind(1)
    bench.ask("SET", "k", "new")
    assert bench.ask("GET", "k") == "old"
    bench.ask("SET", "other", 1)
    assert bench.ask("GET", "k") == "new"
    assert bench.ask("GET", "other") is None
    bench.upstash.lag_behind(0)
    assert bench.ask("GET", "other") == "1"


def test_token__brings_ones_own_writes(bench: Bench) -> None:
    bench.upstash.lag_behind(1)
    before = token_of(bench)
    bench.ask("SET", "k", "new")
    assert bench.ask("GET", "k", sync=token_of(bench)) == "new"
    assert bench.ask("GET", "k", sync=before) == "old"
    assert bench.ask("GET", "k", sync="of another server") == "old"


def test_whoever_writes__reads_what_is(bench: Bench) -> None:
    bench.upstash.lag_behind(1)
    bench.ask("SET", "k", "new")
    body = [["GET", "k"], ["SET", "other", 1]]
    assert b'"new"' in bench.send("POST", "/pipeline", body).body
    assert bench.ask("SET", "k", "more", "NX") is None


def test_scenario__says_which_reads_are_stale(bench: Bench) -> None:
    bench.upstash.lag_behind(1)
    bench.ask("SET", "k", "new")
    bench.upstash.stale = lambda call: call is not None
    assert bench.ask("GET", "k") == "new"


def test_stale_read__is_logged_as_such(bench: Bench) -> None:
    bench.upstash.lag_behind(1)
    bench.ask("SET", "k", "new")
    bench.ask("GET", "k")
    assert [(row.verb, row.stale) for row in bench.keyspace.oplog.rows][-2:] == [
        ("set", False),
        ("get", True),
    ]


def test_nothing_is_stale_before_it_was_said_by_how_much(bench: Bench) -> None:
    with pytest.raises(ScenarioError, match=r"^no reads are stale here: say by how many writes"):
        bench.keyspace.read_stale([b"GET", b"k"], None)  # type: ignore[arg-type]
