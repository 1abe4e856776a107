"""The races at the store, forced twenty times with every client."""

import pytest

from tests.e2e.redis_race import Idiom, Order, outcomes
from tests.e2e.test_redis_race import CLIENTS, ENDS

TIMES = 20


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("idiom", "order", "end"), ENDS)
def test_race__always_ends_as_it_is_forced_to(
    client: str, idiom: Idiom, order: Order, end: list[bool]
) -> None:
    assert outcomes(client, idiom, order, TIMES) == [end] * TIMES
