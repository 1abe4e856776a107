"""How fast a queue dispatches."""

from emulator.cloudtasks import QUEUE, Rules
from emulator.exchange import Reply
from tests.cloudtasks.support import Bench


def test_rate__a_burst_and_then_one_by_one() -> None:
    bench = Bench()
    bench.tune(rateLimits={"maxDispatchesPerSecond": 2})
    for _ in range(6):
        bench.made()
    bench.run()
    assert bench.times == [0.0, 0.0, 0.5, 1.0, 1.5, 2.0]


def test_rate__of_less_than_one_a_second() -> None:
    bench = Bench()
    bench.tune(rateLimits={"maxDispatchesPerSecond": 0.1})
    for _ in range(3):
        bench.made()
    bench.run()
    assert bench.times == [0.0, 10.0, 20.0]


def test_rate__bucket_fills_while_nothing_comes() -> None:
    bench = Bench()
    bench.tune(rateLimits={"maxDispatchesPerSecond": 2})
    for _ in range(2):
        bench.made()
    bench.run(60.0)
    for _ in range(3):
        bench.made()
    bench.run()
    assert bench.times[2:] == [60.0, 60.0, 60.5]


def test_concurrency__no_more_than_allowed() -> None:
    bench = Bench(takes_s=10.0)
    bench.tune(rateLimits={"maxConcurrentDispatches": 2})
    for _ in range(5):
        bench.made()
    bench.run()
    assert bench.most_at_once == 2
    assert bench.times == [0.0, 0.0, 10.0, 10.0, 20.0]


def test_slowed__by_429_and_503_for_the_whole_queue() -> None:
    bench = Bench(Reply(503), Reply(200))
    bench.tune(rateLimits={"maxDispatchesPerSecond": 1}, retryConfig={"minBackoff": "100s"})
    bench.made()
    bench.run(50.0)
    queue = bench.tasks.engine.queue(QUEUE)
    assert bench.tasks.engine.traffic.rate(queue) == 0.5
    for _ in range(3):
        bench.made()
    bench.run(99.0)
    # A success lets it recover by a step, once what it waits for already has come.
    assert bench.times == [0.0, 50.0, 52.0, 53.0]


def test_slowed__not_by_one_other_failure() -> None:
    bench = Bench(Reply(500))
    bench.made()
    bench.run(0.05)
    engine = bench.tasks.engine
    assert engine.traffic.rate(engine.queue(QUEUE)) == 500.0


def test_slowed__by_a_high_rate_of_errors_down_to_the_slowest() -> None:
    bench = Bench(Reply(500), rules=Rules(slowest=1 / 4, errors_in_a_row=3))
    bench.made()
    bench.run(0.35)
    engine = bench.tasks.engine
    assert engine.traffic.rate(engine.queue(QUEUE)) == 250.0
    bench.run(3_600.0)
    assert engine.traffic.rate(engine.queue(QUEUE)) == 125.0


def test_pause__holds_back_and_resume_lets_go() -> None:
    bench = Bench()
    bench.ask("POST", f"{QUEUE}:pause", {})
    bench.made()
    bench.run(60.0)
    assert bench.seen == []
    bench.ask("POST", f"{QUEUE}:resume", {})
    bench.run()
    assert bench.times == [60.0]


def test_pause__also_holds_back_a_retry() -> None:
    bench = Bench(Reply(500), Reply(200))
    bench.made()
    bench.run(0.05)
    bench.ask("POST", f"{QUEUE}:pause", {})
    bench.run(60.0)
    assert len(bench.seen) == 1


def test_many__cost_the_same_each() -> None:
    bench = Bench()
    bench.tune(rateLimits={"maxDispatchesPerSecond": 500})
    for _ in range(2_000):
        bench.made()
    before = bench.kernel.steps
    bench.run()
    assert len(bench.seen) == 2_000
    # One to come back for each that waited, and the end of each.
    assert bench.kernel.steps - before <= 2 * 2_000
