"""The bot in plain Node with its records in Redis, live; `prove_redis_bots.py` has all of it."""

from tests.e2e.redis_bots import judged
from tests.e2e.redis_store import needs_clients


@needs_clients
def test_bot__is_certified() -> None:
    certificate = judged("redis", "ten-rapid", "dedup-records")
    assert certificate.certified, certificate.output
    assert any(note.startswith("deterministic: ") for note in certificate.notes)
