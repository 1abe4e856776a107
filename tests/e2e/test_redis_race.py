"""A race at the store, forced both ways, with every client as it is."""

import pytest

from tests.e2e.redis_race import INSTANCES, Idiom, Order, outcomes
from tests.e2e.redis_store import needs_clients

CLIENTS = (
    "redis-py",
    "upstash-redis",
    pytest.param("@upstash/redis", marks=needs_clients),
    pytest.param("ioredis", marks=needs_clients),
)
ENDS: tuple[tuple[Idiom, Order, list[bool]], ...] = (
    ("look and write", "together", [True] * INSTANCES),
    ("look and write", "one by one", [True, False, False]),
    ("claim", "together", [True, False, False]),
)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("idiom", "order", "end"), ENDS)
def test_race(client: str, idiom: Idiom, order: Order, end: list[bool]) -> None:
    assert outcomes(client, idiom, order, 1) == [end]
