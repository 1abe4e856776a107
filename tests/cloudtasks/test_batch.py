"""Creating and deleting tasks by the batch: operations that are over at once."""

from emulator.cloudtasks import QUEUE
from tests.cloudtasks.support import Bench, at, http

TASKS = f"{QUEUE}/tasks"


def wanted(*names: str) -> dict[str, object]:
    return {
        "requests": [{"task": {"name": f"{TASKS}/{name}", "httpRequest": http()}} for name in names]
    }


def test_create__all_of_them() -> None:
    bench = Bench()
    status, operation = bench.ask("POST", f"{TASKS}:batchCreate", wanted("a", "b"))
    assert status == 200
    assert operation["done"] is True
    assert operation["metadata"]["state"] == "SUCCEEDED"
    made = [task["name"] for task in operation["response"]["tasks"]]
    assert made == [f"{TASKS}/a", f"{TASKS}/b"]
    bench.run()
    assert len(bench.seen) == 2


def test_create__each_by_itself() -> None:
    bench = Bench()
    bench.made("a", scheduleTime=at(bench, 60))
    _, operation = bench.ask("POST", f"{TASKS}:batchCreate", wanted("a", "b"))
    assert operation["metadata"]["state"] == "PARTIALLY_SUCCEEDED"
    assert operation["metadata"]["failedRequests"] == {
        "0": {"code": 6, "message": "Requested entity already exists"}
    }
    assert len(operation["response"]["tasks"]) == 1


def test_create__none_of_them() -> None:
    bench = Bench()
    bench.made("a", scheduleTime=at(bench, 60))
    _, operation = bench.ask("POST", f"{TASKS}:batchCreate", wanted("a"))
    assert operation["metadata"]["state"] == "FAILED"
    assert operation["error"]["code"] == 10
    assert "response" not in operation


def test_create__at_most_a_hundred() -> None:
    many = wanted(*(f"n{number}" for number in range(101)))
    status, shown = Bench().ask("POST", f"{TASKS}:batchCreate", many)
    assert (status, shown["error"]["message"]) == (
        400,
        "The number of requests must be from 1 to 100.",
    )


def test_delete__each_by_itself() -> None:
    bench = Bench()
    bench.made("a", scheduleTime=at(bench, 60))
    names = {"names": [f"{TASKS}/a", f"{TASKS}/none"]}
    _, operation = bench.ask("POST", f"{TASKS}:batchDelete", names)
    assert operation["metadata"]["state"] == "PARTIALLY_SUCCEEDED"
    assert list(operation["metadata"]["failedRequests"]) == ["1"]
    assert bench.tasks.pending() == 0
