"""One suite of cases with every client of a Redis store, as it is, over sockets."""

import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e import redis_cases
from tests.e2e.redis_store import FOLDER, PATIENCE_S, Served, needs_clients, served

PYTHON: dict[str, Callable[[Served], dict[str, list[Any]]]] = {
    "redis-py": lambda store: redis_cases.by_redis_py(store.redis_url),
    "redis-py asyncio": lambda store: redis_cases.by_redis_asyncio(store.redis_url),
    "upstash-redis": lambda store: redis_cases.by_upstash(store.url, store.token),
    "upstash-redis asyncio": lambda store: redis_cases.by_upstash_asyncio(store.url, store.token),
}


@pytest.mark.parametrize("client", PYTHON)
def test_cases__in_python(client: str) -> None:
    with served() as store:
        assert PYTHON[client](store) == redis_cases.expected()
        assert store.keyspace.oplog.count >= 40


@needs_clients
@pytest.mark.parametrize("client", ["upstash", "alone", "ioredis"])
def test_cases__in_node(client: str) -> None:
    with served() as store:
        ended = subprocess.run(
            ["node", "cases.mjs"],
            cwd=FOLDER,
            env={
                **os.environ,
                "CASES": redis_cases.steps_as_json(),
                "CLIENT": client,
                "UPSTASH_REDIS_REST_URL": store.url,
                "UPSTASH_REDIS_REST_TOKEN": store.token,
                "REDIS_URL": store.redis_url,
            },
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert json.loads(ended.stdout.splitlines()[-1]) == redis_cases.expected()
