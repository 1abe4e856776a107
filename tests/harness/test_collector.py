import gc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from harness.certify import certify
from harness.collector import THRESHOLDS, collected_rarely
from harness.profile import load_profile

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_collector__is_as_before_afterwards_whatever_happens() -> None:
    gc.set_threshold(700, 10, 10)
    with suppress(KeyError), collected_rarely():
        assert gc.get_threshold() == THRESHOLDS
        raise KeyError
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("thresholds", [(0, 10, 10), (50_000, 5, 5)])
def test_collector_that_is_off_or_rarer_already__is_left_alone(
    thresholds: tuple[int, int, int],
) -> None:
    gc.set_threshold(*thresholds)
    with collected_rarely():
        assert gc.get_threshold() == thresholds


def test_certificate__is_made_with_a_rare_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    gc.set_threshold(700, 10, 10)
    certify(
        load_profile(ROOT / "reference_bot" / "thrice.toml"),
        root=ROOT / "reference_bot",
        only=["handshake"],
        progress=lambda text: seen.append(gc.get_threshold()),
    )
    assert set(seen) == {THRESHOLDS}
    assert gc.get_threshold() == (700, 10, 10)
