"""What a day's quota refuses, when it begins anew, and what is counted."""

import pytest

from emulator.errors import ScenarioError
from emulator.exchange import Request
from emulator.firestore import Billed, Firestore, Quota
from emulator.firestore.quota import Meter
from emulator.kernel import Kernel

BASE = "https://firestore.googleapis.com/v1/projects/p/databases/(default)/documents"


def status(firestore: Firestore, method: str, path: str, body: bytes = b"") -> int:
    request = Request(method, BASE + path, (("Authorization", "Bearer owner"),), body)
    return firestore.handle(request).status


def test_each_kind_of_unit__has_its_own_limit() -> None:
    firestore = Firestore(Kernel(), quota=Quota(reads=2, writes=2, deletes=1))
    assert [status(firestore, "GET", "/a/b") for _ in range(3)] == [404, 404, 429]
    assert [status(firestore, "PATCH", "/a/b", b"{}") for _ in range(3)] == [200, 200, 429]
    assert [status(firestore, "DELETE", "/a/b") for _ in range(2)] == [200, 429]
    assert firestore.meter.used == Billed(reads=2, writes=2, deletes=1)


def test_what_is_refused__costs_and_changes_nothing() -> None:
    firestore = Firestore(Kernel(), quota=Quota(writes=0))
    assert status(firestore, "PATCH", "/a/b", b"{}") == 429
    assert firestore.oplog.billed == Billed()
    assert firestore.oplog.rows[0].result == "RESOURCE_EXHAUSTED"
    assert len(firestore.store) == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (":batchGet", b'{"documents":["projects/p/databases/(default)/documents/a/b"]}'),
        (":runQuery", b'{"structuredQuery":{"from":[{"collectionId":"a"}]}}'),
        (":listCollectionIds", b"{}"),
    ],
)
def test_every_way_to_read__is_refused(path: str, body: bytes) -> None:
    firestore = Firestore(Kernel(), quota=Quota(reads=0))
    assert status(firestore, "POST", path, body) == 429


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        (1_790_000_000.0, 1_790_060_400.0),  # 2026-09-21 14:13:20 UTC; midnight is at 7:00
        (1_799_000_000.0, 1_799_049_600.0),  # 2027-01-03 18:13:20 UTC; midnight is at 8:00
    ],
)
def test_count__begins_anew_at_midnight_on_the_pacific_coast(now: float, midnight: float) -> None:
    clock = [now]
    meter = Meter(lambda: clock[0], Quota(reads=1))
    meter.use(Billed(reads=1))
    clock[0] = midnight - 1
    assert meter.used == Billed(reads=1)
    clock[0] = midnight
    assert meter.used == Billed()


def test_quota__is_never_negative() -> None:
    with pytest.raises(ScenarioError, match=r"^a quota can't be negative: writes=-1$"):
        Quota(writes=-1)
