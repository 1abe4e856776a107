"""Making, changing and removing queues."""

import pytest

from emulator.cloudtasks import QUEUE
from tests.cloudtasks.support import LOCATION, Bench, at

OTHER = f"{LOCATION}/queues/other"


def test_create__with_what_a_new_queue_has() -> None:
    status, shown = Bench().ask("POST", f"{LOCATION}/queues", {"name": OTHER})
    assert (status, shown) == (
        200,
        {
            "name": OTHER,
            "rateLimits": {
                "maxDispatchesPerSecond": 500.0,
                "maxBurstSize": 500,
                "maxConcurrentDispatches": 1_000,
            },
            "retryConfig": {
                "maxAttempts": 100,
                "minBackoff": "0.100s",
                "maxBackoff": "3600s",
                "maxDoublings": 16,
            },
            "state": "RUNNING",
        },
    )


def test_create__that_exists() -> None:
    status, shown = Bench().ask("POST", f"{LOCATION}/queues", {"name": QUEUE})
    assert (status, shown["error"]["message"]) == (409, "Queue already exists")


def test_get__unknown() -> None:
    assert Bench().ask("GET", OTHER)[0] == 404


def test_list__of_one_location() -> None:
    bench = Bench()
    bench.ask("POST", f"{LOCATION}/queues", {"name": OTHER})
    _, shown = bench.ask("GET", f"{LOCATION}/queues")
    assert [queue["name"] for queue in shown["queues"]] == [OTHER, QUEUE]
    assert bench.ask("GET", "projects/demo-thrice/locations/europe-west1/queues") == (200, {})


def test_update__keeps_what_is_not_in_the_mask() -> None:
    bench = Bench()
    bench.tune(rateLimits={"maxDispatchesPerSecond": 5})
    changed = {"retryConfig": {"maxAttempts": 3}, "rateLimits": {"maxConcurrentDispatches": 1}}
    _, shown = bench.ask("PATCH", f"{QUEUE}?updateMask=retryConfig", changed)
    assert shown["retryConfig"]["maxAttempts"] == 3
    assert shown["rateLimits"]["maxDispatchesPerSecond"] == 5.0
    assert shown["rateLimits"]["maxConcurrentDispatches"] == 1_000


def test_update__of_a_part_keeps_the_rest() -> None:
    bench = Bench()
    bench.tune(rateLimits={"maxDispatchesPerSecond": 5})
    mask = "rateLimits.maxConcurrentDispatches"
    changed = {"rateLimits": {"maxConcurrentDispatches": 1}}
    _, shown = bench.ask("PATCH", f"{QUEUE}?updateMask={mask}", changed)
    assert shown["rateLimits"]["maxDispatchesPerSecond"] == 5.0
    assert shown["rateLimits"]["maxConcurrentDispatches"] == 1


def test_update__without_a_mask_replaces_all() -> None:
    bench = Bench()
    bench.tune(rateLimits={"maxDispatchesPerSecond": 5})
    shown = bench.tune(retryConfig={"maxAttempts": 3})
    assert shown["rateLimits"]["maxDispatchesPerSecond"] == 500.0


def test_update__makes_one_that_is_not_there() -> None:
    bench = Bench()
    assert bench.ask("PATCH", OTHER, {})[0] == 200
    assert bench.ask("GET", OTHER)[0] == 200


@pytest.mark.parametrize(
    "queue",
    [
        {"rateLimits": {"maxDispatchesPerSecond": 501}},
        {"rateLimits": {"maxConcurrentDispatches": 5_001}},
        {"retryConfig": {"maxAttempts": -2}},
        {"retryConfig": {"minBackoff": "10s", "maxBackoff": "5s"}},
        {"retryConfig": {"minBackoff": "10"}},
        {"colour": "red"},
    ],
)
def test_update__refused(queue: dict[str, object]) -> None:
    status, shown = Bench().ask("PATCH", QUEUE, queue)
    assert (status, shown["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_update__of_what_can_not_be() -> None:
    status, shown = Bench().ask("PATCH", f"{QUEUE}?updateMask=state", {})
    assert (status, shown["error"]["message"]) == (
        400,
        "The field path 'state' can not be updated.",
    )


def test_delete__takes_its_tasks_along() -> None:
    bench = Bench()
    bench.made(scheduleTime=at(bench, 60))
    assert bench.ask("DELETE", QUEUE) == (200, {})
    bench.run()
    assert bench.seen == []
    assert bench.refused()[1] == "NOT_FOUND"


def test_delete__keeps_the_name_for_three_days() -> None:
    bench = Bench()
    bench.ask("DELETE", QUEUE)
    bench.run(3 * 86_400.0 - 1)
    status, shown = bench.ask("POST", f"{LOCATION}/queues", {"name": QUEUE})
    assert (status, shown["error"]["status"]) == (400, "FAILED_PRECONDITION")
    bench.run(3 * 86_400.0 + 1)
    assert bench.ask("POST", f"{LOCATION}/queues", {"name": QUEUE})[0] == 200


def test_purge__takes_what_waits() -> None:
    bench = Bench()
    bench.made(scheduleTime=at(bench, 60))
    _, shown = bench.ask("POST", f"{QUEUE}:purge", {})
    assert shown["purgeTime"] == "2026-09-21T14:13:20Z"
    bench.run()
    assert bench.seen == []
    bench.made()
    bench.run()
    assert len(bench.seen) == 1


def test_state__is_shown() -> None:
    bench = Bench()
    assert bench.ask("POST", f"{QUEUE}:pause", {})[1]["state"] == "PAUSED"
    assert bench.ask("GET", QUEUE)[1]["state"] == "PAUSED"
    assert bench.ask("POST", f"{QUEUE}:resume", {})[1]["state"] == "RUNNING"
