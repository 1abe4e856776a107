"""The bot in plain Node with its records in Redis: the whole checklist, and how its races fail."""

import shutil

import pytest

from emulator.redis.server import PROGRAM
from tests.e2e.redis_bots import KINDS, Kind, judged
from tests.e2e.redis_store import needs_clients

pytestmark = needs_clients


@pytest.mark.parametrize("kind", KINDS)
def test_bot__is_certified_by_every_check(kind: Kind) -> None:
    certificate = judged(kind, instances=None)
    assert certificate.certified, certificate.output


@pytest.mark.skipif(shutil.which(PROGRAM) is None, reason=f"{PROGRAM} is not installed")
def test_bot__is_certified_with_a_redis_server() -> None:
    certificate = judged("redis", instances=None, server="redis-server")
    assert certificate.certified, certificate.output
    assert any("redis-server expire by the machine's clock" in note for note in certificate.notes)


@pytest.mark.parametrize("kind", KINDS)
def test_race_of_a_bot_that_looks_and_then_writes__names_both(
    monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    monkeypatch.setenv("BUG", "look-then-write")
    certificate = judged(kind, "race-k2", instances=None)
    (verdict,) = certificate.verdicts
    assert verdict.failed
    rows = [row.strip().split(None, 1)[1] for row in verdict.evidence if "->" in row]
    reads = [row for row in rows if row.startswith("reads m_") and row.endswith("-> not there")]
    writes = [row for row in rows if row.startswith("writes m_") and row.endswith("-> written")]
    assert len(reads) == len(writes) == 2, rows
