"""Long proof of the bots for Node, for `make prove`: each correct one is certified by every check
there is, and each broken one fails the right check with its lost call named, at every seed, on idle
and on loaded cores.

THRICE_REPEATS is how many seeds there are.
"""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests._needs import needs_npm
from tests.e2e.node_bots import (
    CHECKS,
    VARIANTS,
    Kind,
    Variant,
    assert_as_expected,
    judged,
)

pytestmark = needs_npm

KINDS: tuple[Kind, ...] = ("node", "next")
SEEDS = range(1, int(os.environ.get("THRICE_REPEATS", "10")) + 1)
CASES = [(kind, variant) for kind in KINDS for variant in VARIANTS[kind]]
CORRECT = [(kind, variant) for kind, variant in CASES if variant.fails is None]


@pytest.fixture(scope="module", params=["idle", "loaded"])
def cores(request: pytest.FixtureRequest) -> Iterator[str]:
    """As they are, or with a process on each that never stops."""
    count = (os.cpu_count() or 1) if request.param == "loaded" else 0
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    yield request.param
    for process in spinning:
        process.kill()
        process.wait()


def titles(case: object) -> str | None:
    return case.title if isinstance(case, Variant) else None


@pytest.mark.parametrize(("kind", "variant"), CASES, ids=titles)
@pytest.mark.parametrize("seed", SEEDS)
def test_variant__is_judged_the_same_at_every_seed(
    cores: str, kind: Kind, variant: Variant, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUG", variant.bug)
    certificate = judged(kind, variant.host, only=CHECKS, seed=seed)
    assert_as_expected(variant, certificate)
    assert certificate.problems == ()


@pytest.mark.parametrize(("kind", "variant"), CORRECT, ids=titles)
def test_correct_bot__is_certified_by_every_check(
    cores: str, kind: Kind, variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUG", variant.bug)
    certificate = judged(kind, variant.host)
    assert certificate.certified, certificate.output
    assert any(note.startswith("deterministic: ") for note in certificate.notes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_check_then_set__fails_the_search_of_orders(
    cores: str, kind: Kind, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUG", "check-then-set")
    certificate = judged(kind, "lambda", only=["race-k2"], seed=seed)
    assert [verdict.result for verdict in certificate.verdicts] == ["failed"]
