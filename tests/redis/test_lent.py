"""fakeredis has the world's time only while it does a command for it."""

import random
import threading
import time

import fakeredis
from fakeredis._helpers import current_time

import emulator.redis.engine  # noqa: F401 - it is what takes the place
from emulator.redis.lent import lent


def test_time__is_lent_and_given_back() -> None:
    with lent(5.0, lambda: random.Random(1)):
        assert current_time() == 5_000
        with lent(7.0, lambda: random.Random(1)):
            assert current_time() == 7_000
        assert current_time() == 5_000
    assert abs(current_time() / 1_000 - time.time()) < 60


def test_time__is_lent_to_one_thread() -> None:
    seen: list[int] = []
    with lent(5.0, lambda: random.Random(1)):
        thread = threading.Thread(target=lambda: seen.append(current_time()))
        thread.start()
        thread.join()
    assert seen[0] > 1_000_000_000_000


def test_user_of_fakeredis__does_not_notice() -> None:
    client = fakeredis.FakeRedis()
    client.set("k", "v", ex=100)
    assert 90 < client.ttl("k") <= 100
