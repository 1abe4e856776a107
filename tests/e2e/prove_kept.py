"""A queue that is kept in a file, killed many times, for `make prove`."""

from pathlib import Path

import pytest

from tests.e2e.kept_support import kill_and_count


@pytest.mark.parametrize("seed", range(5))
def test_killed_queue__loses_nothing_and_sends_nothing_twice(seed: int, tmp_path: Path) -> None:
    account = kill_and_count(tmp_path / "queue.db", kills=20, seed=seed)

    account.check()
    print(
        f"seed {seed}: 20 kills, {len(account.acknowledged):,} messages acknowledged, "
        f"{len(account.settled):,} noted as delivered before a kill, "
        f"{sum(account.in_flight.values())} on their way at one"
    )
