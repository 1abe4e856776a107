"""What unmodified clients make of the store's trouble: its limit, lost answers, reads that are
behind.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import redis as redis_py
import upstash_redis
from upstash_redis.errors import UpstashError

from emulator.exchange import Failure, Outcome, Request
from emulator.upstash import TOKEN
from tests.e2e.redis_store import FOLDER, PATIENCE_S, Served, needs_clients, served

OVER = (
    "ERR max requests limit exceeded. Limit: 500000, Usage: 500000. See "
    "https://upstash.com/docs/redis/troubleshooting/max_requests_limit for details"
)


@dataclass(slots=True)
class Lossy:
    """Does what it is asked, and loses the first answer to a command."""

    command: bytes
    lost: int = 0

    def __call__(self, request: Request, outcome: Outcome) -> Outcome:
        if self.lost or self.command not in request.body.lower():
            return outcome
        self.lost += 1
        return Failure("reset", "lost")


@contextmanager
def store(lossy: Lossy | None = None) -> Iterator[Served]:
    with served(lossy) as found:
        yield found


def in_node(url: str, *steps: list[Any]) -> Any:
    ended = subprocess.run(
        ["node", "trouble.mjs"],
        cwd=FOLDER,
        env={**os.environ, "TOKEN": TOKEN, "STEPS": json.dumps({"url": url, "steps": steps})},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def test_limit__is_an_error_of_the_client_in_python() -> None:
    with store() as here, upstash_redis.Redis(here.url, here.token) as client:
        here.upstash.meter.used = 499_999
        assert client.set("k", "v")
        with pytest.raises(UpstashError) as refused:
            client.get("k")
        assert str(refused.value) == OVER


def test_limit__of_a_transaction_is_no_error_of_the_client_in_python() -> None:
    # Who catches UpstashError does not catch this.
    with store() as here, upstash_redis.Redis(here.url, here.token) as client:
        here.upstash.meter.used = 499_999
        transaction = client.multi()
        transaction.set("k", "v")
        transaction.get("k")
        with pytest.raises(AttributeError, match=r"'str' object has no attribute 'get'"):
            transaction.exec()


@needs_clients
def test_limit__is_an_error_of_the_client_in_node() -> None:
    with store() as here:
        here.upstash.meter.used = 499_999
        written, refused = in_node(here.url, ["set", "k", "v"], ["get", "k"])
    assert written == "OK"
    assert refused["name"] == "UpstashError"
    assert OVER in refused["message"]


@needs_clients
def test_claim_whose_answer_is_lost__is_repeated_and_takes_itself_for_another_in_node() -> None:
    lossy = Lossy(b'"nx"')
    with store(lossy) as here:
        assert in_node(here.url, ["set", "claim", "mine", {"nx": True}]) == [None]
        assert here.keyspace.ask("GET", "claim") == b"mine"
        claims = [row.wrote for row in here.keyspace.oplog.rows if row.verb == "set nx"]
    assert claims == [("redis:claim",), ()]


def test_claim_whose_answer_is_lost__is_an_error_with_redis_py() -> None:
    lossy = Lossy(b"nx")
    with store(lossy) as here:
        client = redis_py.Redis.from_url(here.redis_url, retry=None)
        with client, pytest.raises(redis_py.ConnectionError):
            client.set("claim", "mine", nx=True)
        assert here.keyspace.ask("GET", "claim") == b"mine"


@needs_clients
def test_new_client__may_read_what_was_before_in_node() -> None:
    with store() as here:
        here.upstash.lag_behind(1)
        told = in_node(here.url, ["set", "k", "new"], ["get", "k"], ["anew", "get", "k"])
    assert told == ["OK", "new", None]


def test_new_client__may_read_what_was_before_in_python() -> None:
    with store() as here:
        here.upstash.lag_behind(1)
        with upstash_redis.Redis(here.url, here.token) as client:
            client.set("k", "new")
            assert client.get("k") == "new"
        with upstash_redis.Redis(here.url, here.token) as another:
            assert another.get("k") is None
