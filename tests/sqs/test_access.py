"""What calls touch: sends commute where their order makes no difference."""

import pytest

from emulator.sqs import FIFO_URL, QUEUE_URL, Sqs
from tests.sqs.support import Bench, asking, fifo


def commute(one: dict[str, str], other: dict[str, str], url: str) -> bool:
    sqs: Sqs = Bench().sqs
    first, second = (sqs.access(asking("SendMessage", url, **fields)) for fields in (one, other))
    assert first.verb == "publish"
    touched = second.reads | second.writes
    return not (first.writes & touched or second.writes & first.reads)


def test_sends__to_a_standard_queue_commute() -> None:
    assert commute({"MessageBody": "x"}, {"MessageBody": "x"}, QUEUE_URL)


@pytest.mark.parametrize(
    ("other", "expected"),
    [(fifo("b", "h", "2"), True), (fifo("b", "g", "2"), False), (fifo("b", "h", "1"), False)],
)
def test_sends__to_a_fifo_queue_commute_when_nothing_is_shared(
    other: dict[str, str], expected: bool
) -> None:
    assert commute(fifo("a", "g", "1"), other, FIFO_URL) is expected


def test_receive__meets_a_send_and_reading_does_not() -> None:
    sqs = Bench().sqs
    send = sqs.access(asking("SendMessage", MessageBody="x"))
    assert sqs.access(asking("ReceiveMessage")).writes & send.reads
    assert not sqs.access(asking("GetQueueAttributes")).writes
    assert sqs.access(asking("DeleteMessage", FIFO_URL)).writes.isdisjoint(send.reads)
