"""The mapping against its promises: whatever the function does, each message is handed over until
it is done or dead, groups keep their order, and the world comes to rest.
"""

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.exchange import Outcome, Reply
from emulator.sqs import FIFO_URL
from tests.sqs.support import Bench, dead_url, fifo, returned

# How often the function fails at each message of a group, before it is done with it.
GROUPS = st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=4), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(groups=GROUPS, takes_s=st.sampled_from([0.0, 5.0, 29.0]), whole=st.booleans())
def test_every_message__ends(groups: list[list[int]], takes_s: float, whole: bool) -> None:
    left = {
        f"{group}.{number}": fails
        for group, messages in enumerate(groups)
        for number, fails in enumerate(messages)
    }
    tries: dict[str, int] = dict.fromkeys(left, 0)

    def function(records: list[dict[str, Any]]) -> Outcome:
        failed = []
        for record in records:
            tries[record["body"]] += 1
            assert record["attributes"]["ApproximateReceiveCount"] == str(tries[record["body"]])
            if tries[record["body"]] <= left[record["body"]]:
                failed.append(record)
        if whole and failed:
            for record in records:
                # What is failed as a whole fails for all that are with it.
                left[record["body"]] = max(left[record["body"]], tries[record["body"]])
            return Reply(500)
        items = [{"itemIdentifier": record["messageId"]} for record in failed]
        return returned({"batchItemFailures": items})

    bench = Bench(function, takes_s=takes_s)
    bench.mapped("thrice.fifo")
    for body in left:
        bench.ask("SendMessage", FIFO_URL, **fifo(body, body[0]))
    bench.run()
    dead = {body for body, fails in left.items() if fails >= 5}
    assert set(bench.got(dead_url(".fifo"), most=10)) | dead == dead
    assert len(list(bench.kernel.journal.entries("dead"))) == len(dead)
    assert tries == {body: min(fails + 1, 5) for body, fails in left.items()}
    assert bench.sqs.pending() == 0
    assert len(bench.kernel.agenda) == 0
    firsts = [record["body"] for _, records in bench.seen for record in records]
    for group in {body[0] for body in left}:
        own = list(dict.fromkeys(body for body in firsts if body[0] == group))
        assert all(earlier < later for earlier, later in pairwise(own))
