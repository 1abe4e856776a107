"""A queue that is kept in a file survives being killed at any moment."""

from pathlib import Path

from tests.e2e.kept_support import kill_and_count


def test_killed_queue__loses_nothing_and_sends_nothing_twice(tmp_path: Path) -> None:
    account = kill_and_count(tmp_path / "queue.db", kills=2, seed=4711)

    account.check()
    assert len(account.acknowledged) > 10
