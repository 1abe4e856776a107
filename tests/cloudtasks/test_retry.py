"""How long and how often a task is tried again."""

import pytest

from emulator.cloudtasks import RetryConfig
from emulator.cloudtasks.outcomes import hinted_wait
from emulator.exchange import Failure, Reply
from tests.cloudtasks.support import Bench


def test_waits__double_then_grow_by_steps_then_stay() -> None:
    # The example of the reference, RetryConfig.
    retry = RetryConfig(min_backoff_s=10.0, max_backoff_s=300.0, max_doublings=3)
    waits = [retry.wait_before(number) for number in range(1, 9)]
    assert waits == [10.0, 20.0, 40.0, 80.0, 160.0, 240.0, 300.0, 300.0]


def test_waits__of_a_new_queue() -> None:
    retry = RetryConfig()
    waits = [retry.wait_before(number) for number in (1, 2, 3, 4, 15, 16, 17, 1_000)]
    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.8, 1_638.4, 3_276.8, 3_600.0, 3_600.0])


def test_attempts__of_a_new_queue_are_a_hundred() -> None:
    bench = Bench(Reply(500))
    bench.made()
    bench.run()
    assert len(bench.seen) == 100
    assert bench.tasks.pending() == 0


@pytest.mark.parametrize(
    ("attempts", "seconds", "seen"),
    [
        (3, "0s", 3),
        # Both limits have to be reached.
        (3, "100s", 11),
        (20, "100s", 20),
        (-1, "100s", 11),
    ],
)
def test_limits__end_a_task_together(attempts: int, seconds: str, seen: int) -> None:
    bench = Bench(Reply(500))
    retry = {"maxAttempts": attempts, "maxRetryDuration": seconds}
    bench.tune(retryConfig={**retry, "minBackoff": "10s", "maxBackoff": "10s"})
    bench.made()
    bench.run(10_000.0)
    assert len(bench.seen) == seen


def test_limits__without_any_it_ends_after_31_days() -> None:
    bench = Bench(Reply(500))
    bench.tune(retryConfig={"maxAttempts": -1, "minBackoff": "86400s", "maxBackoff": "86400s"})
    bench.made()
    bench.run()
    assert bench.times[-1] == 31 * 86_400.0


def test_config__of_a_task_counts_more_than_the_queue() -> None:
    bench = Bench(Reply(500))
    bench.made(retryConfig={"maxAttempts": 2, "minBackoff": "5s"})
    bench.run()
    assert bench.times == [0.0, 5.0]


def test_retry_after__is_waited_for() -> None:
    bench = Bench(Reply(503, (("Retry-After", "30"),)), Reply(200))
    bench.made()
    bench.run()
    assert bench.times == [0.0, 30.0]


def test_retry_after__shorter_than_the_backoff_changes_nothing() -> None:
    bench = Bench(Reply(503, (("Retry-After", "1"),)), Reply(200))
    bench.tune(retryConfig={"minBackoff": "10s"})
    bench.made()
    bench.run()
    assert bench.times == [0.0, 10.0]


@pytest.mark.parametrize(
    ("hint", "wait"),
    [
        ("Mon, 21 Sep 2026 14:13:30 GMT", 10.0),
        ("Mon, 21 Sep 2026 14:13:00 GMT", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("1.5", 0.0),
        ("999999999", 31 * 86_400.0),
    ],
)
def test_hint__is_read(hint: str, wait: float) -> None:
    assert hinted_wait(Reply(429, (("retry-after", hint),)), 1_790_000_000.0) == wait


def test_hint__of_no_answer() -> None:
    assert hinted_wait(Failure("reset"), 0.0) == 0.0
