"""The same search against real bots in a world, by the calls they make: as many classes, bad ones
and blocked executions as the models have. Two copies in the suite, three in `make prove` as well.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.explore.bounded import Preemptions
from harness.explore.complete import EveryOrder, SleepSets
from harness.explore.lockstep import Lockstep
from harness.explore.scene import Scene, apart
from harness.explore.search import Found, Policy, Search
from harness.explore.worlds import DOUBLE_PUBLISH, Race, Seen
from harness.profile import load_profile
from harness.stage import Stage, simulated
from tests._seeds import seeds

HERE = Path(__file__).parent
PROFILE = """
[bot]
app = "design_bot:app"
[bot.env]
DESIGN = "{design}"
FIRESTORE_URL = "{{firestore.url}}"
FIRESTORE_PROJECT = "{{firestore.project}}"
FIRESTORE_TOKEN = "{{firestore.token}}"
PUBLIC_URL = "{{bot.public_url}}"
QSTASH_URL = "{{qstash.url}}"
QSTASH_TOKEN = "{{qstash.token}}"
[expect]
replies = 0
"""


class Row(NamedTuple):
    """Schedules in naive order and how many of them are bad; classes, bad classes and blocked
    executions; schedules and bad ones with at most one preemption.
    """

    naive: tuple[int, int]
    classes: tuple[int, int, int]
    bound_1: tuple[int, int]
    lockstep: bool


TWO = {
    "atomic claim": Row((4, 0), (2, 0, 2), (4, 0), False),
    "check, set, publish": Row((16, 12), (4, 2, 4), (6, 2), True),
    "check, publish, set": Row((20, 18), (4, 2, 2), (6, 4), True),
    "read-back lock": Row((34, 16), (6, 2, 10), (8, 2), False),
}
THREE = {
    "atomic claim": Row((18, 0), (6, 0, 6), (18, 0), False),
    "check, set, publish": Row((702, 684), (21, 18, 51), (30, 12), True),
    "check, publish, set": Row((1428, 1422), (21, 18, 18), (30, 24), True),
    "read-back lock": Row((3564, 2808), (63, 36, 219), (42, 12), False),
    "in-memory": Row((6, 6), (1, 1, 3), (6, 6), True),
}
PROVING = len(seeds(2)) > 1


@contextmanager
def staged_design(design: str, folder: Path) -> Iterator[Stage]:
    file = folder / "thrice.toml"
    file.write_text(PROFILE.format(design=design))
    with simulated(load_profile(file), root=HERE, seed=1) as stage:
        yield stage


def counts(stage: Stage, copies: int, policy: Policy) -> Found:
    race = Race(stage, Scene(apart(copies)), exchange=False)
    found, rest = Search(policy=policy).run(race)
    assert rest == []
    assert set(found.broken) <= {DOUBLE_PUBLISH}
    return found


@pytest.mark.parametrize("design", TWO)
def test_two_copies__have_the_classes_of_the_model(design: str, tmp_path: Path) -> None:
    row = TWO[design]
    with staged_design(design, tmp_path) as stage:
        classes = counts(stage, 2, SleepSets())
        naive = counts(stage, 2, EveryOrder())
        bounded = counts(stage, 2, Preemptions(1))
        lockstep = Race(stage, Scene("ab"), exchange=False).execute(Lockstep())
    assert (classes.complete, classes.bad, classes.blocked) == row.classes
    assert (naive.complete, naive.bad) == row.naive
    assert (bounded.complete, bounded.bad) == row.bound_1
    assert bool(lockstep.violations) is row.lockstep


@pytest.mark.parametrize("design", THREE)
def test_three_copies__have_the_classes_of_the_model(design: str, tmp_path: Path) -> None:
    row = THREE[design]
    with staged_design(design, tmp_path) as stage:
        classes = counts(stage, 3, SleepSets())
        if PROVING:
            naive = counts(stage, 3, EveryOrder())
            assert (naive.complete, naive.bad) == row.naive
        bounded = counts(stage, 3, Preemptions(1))
        lockstep = Race(stage, Scene("abc"), exchange=False).execute(Lockstep())
    assert (classes.complete, classes.bad, classes.blocked) == row.classes
    assert (bounded.complete, bounded.bad) == row.bound_1
    assert bool(lockstep.violations) is row.lockstep


def test_transaction__has_aborts_and_retries_among_its_classes_and_no_failure(
    tmp_path: Path,
) -> None:
    with staged_design("transaction", tmp_path) as stage:
        found = counts(stage, 2, SleepSets())
        seen = Race(stage, Scene("ab"), exchange=False).execute(Lockstep()).evidence
    assert found.bad == 0
    assert found.complete > 2
    assert isinstance(seen, Seen)
    assert seen.publishes == 1


def test_parallel_calls_of_one_handler__are_answered_in_both_orders(tmp_path: Path) -> None:
    with staged_design("parallel calls", tmp_path) as stage:
        alone = Search(policy=EveryOrder(), facts=lambda execution: [execution.names])
        orders, _ = alone.run(Race(stage, Scene("a")))
        found = counts(stage, 2, SleepSets())
    assert orders.facts == {
        ("u0.w0#0", "u0.w0#1", "u0.w0#2", "u0.w0#3"),
        ("u0.w0#1", "u0.w0#0", "u0.w0#2", "u0.w0#3"),
        ("u0.w0#0", "u0.w0#1", "u0.w0#3", "u0.w0#2"),
        ("u0.w0#1", "u0.w0#0", "u0.w0#3", "u0.w0#2"),
    }
    assert found.bad > 0
