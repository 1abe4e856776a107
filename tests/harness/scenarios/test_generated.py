"""The search for failing input: repeatable, and it ends with the smallest."""

import sys
from pathlib import Path
from random import Random
from types import ModuleType

import pytest
from hypothesis import strategies as st

from harness.scenarios.generated import search

NUMBERS = st.lists(st.integers(0, 50), max_size=5)


def drawn(seed: int) -> list[list[int]]:
    seen: list[list[int]] = []

    def fails(value: list[int]) -> bool:
        seen.append(value)
        return False

    search(NUMBERS, fails, examples=30, random=Random(seed))
    return seen


def test_search__draws_as_many_as_asked_for() -> None:
    assert len(drawn(1)) == 30


def test_search__depends_on_the_seed_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = drawn(1)
    assert drawn(2) != first
    # What a project has loaded does not matter, and nothing is written into it.
    (tmp_path / "shop.py").write_text("PRICES = [17, 23, 42]\n")
    module = ModuleType("shop")
    module.__file__ = str(tmp_path / "shop.py")
    monkeypatch.setitem(sys.modules, "shop", module)
    assert drawn(1) == first
    assert [path.name for path in tmp_path.iterdir()] == ["shop.py"]


def test_search__ends_with_the_smallest_that_fails() -> None:
    failed: list[list[int]] = []

    def fails(value: list[int]) -> bool:
        if sum(value) < 20:
            return False
        failed.append(value)
        return True

    search(NUMBERS, fails, examples=200, random=Random(1))
    assert min(failed, key=lambda value: (len(value), value)) == [20]


def test_search__survives_what_fails_only_once() -> None:
    calls: list[list[int]] = []

    def fails(value: list[int]) -> bool:
        calls.append(value)
        return len(calls) == 3

    search(NUMBERS, fails, examples=30, random=Random(1))
    assert len(calls) > 3


def test_search__lets_other_errors_out() -> None:
    class Over(Exception):
        pass

    def fails(value: list[int]) -> bool:
        raise Over

    with pytest.raises(Over):
        search(NUMBERS, fails, examples=30, random=Random(1))
