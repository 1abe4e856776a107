"""Each case starts two processes, so there are few: one for each way a search ends."""

from functools import partial

import pytest

from harness.explore.bounded import Preemptions
from harness.explore.complete import EveryOrder, SleepSets
from harness.explore.faults import note_calls
from harness.explore.jobs import run_search
from harness.explore.search import Search
from tests.explore._models import READ_BACK, Model

MODEL = partial(Model, READ_BACK)


@pytest.mark.parametrize(
    ("search", "limit"),
    [
        (Search(policy=EveryOrder()), None),
        (Search(policy=SleepSets(), facts=note_calls), 133),
        (Search(policy=Preemptions(2), until_bad=True), None),
    ],
    ids=["finished", "limit", "until bad"],
)
def test_two_processes__find_what_one_does(search: Search, limit: int | None) -> None:
    alone = run_search(MODEL, search, limit=limit)
    assert run_search(MODEL, search, limit=limit, jobs=2, piece=50) == alone


def test_stop__ends_the_search_unfinished() -> None:
    found = run_search(MODEL, Search(policy=EveryOrder()), jobs=2, piece=1, stop=lambda: True)
    assert (found.executions, found.finished) == (0, False)
