"""What the whole suite shares: nothing but the garbage collector's rest."""

import gc

import pytest

from harness.collector import THRESHOLDS


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Thousands of collected tests and hundreds of loaded modules stay until the end: the collector
    need not look through them again and again, nor through what each test makes as often as it
    would by itself.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
