"""Creating tasks, and what is shown of them."""

import base64

import pytest

from emulator.cloudtasks import QUEUE, Rules
from emulator.exchange import Reply
from tests.cloudtasks.support import ACCOUNT, URL, Bench, at, http

TASK = f"{QUEUE}/tasks"


def test_create__answers_the_basic_view() -> None:
    bench = Bench()
    shown = bench.made("one", httpRequest=http(b"secret", headers={"Content-Type": "text/plain"}))
    assert shown == {
        "name": f"{TASK}/one",
        "httpRequest": {
            "url": URL,
            "httpMethod": "POST",
            "headers": {"Content-Type": "text/plain"},
        },
        "scheduleTime": "2026-09-21T14:13:20Z",
        "createTime": "2026-09-21T14:13:20Z",
        "dispatchDeadline": "600s",
        "view": "BASIC",
    }


def test_create__full_view_shows_the_body() -> None:
    bench = Bench()
    asked = {"task": {"httpRequest": http(b"secret")}, "responseView": "FULL"}
    _, shown = bench.ask("POST", TASK, asked)
    assert base64.b64decode(shown["httpRequest"]["body"]) == b"secret"
    assert shown["view"] == "FULL"


def test_create__without_a_name_gets_one() -> None:
    bench = Bench()
    first, second = bench.made()["name"], bench.made()["name"]
    assert first != second
    assert first.startswith(f"{TASK}/")
    assert first.rpartition("/")[2].isdecimal()


def test_create__unknown_queue() -> None:
    refused = Bench().refused(queue=QUEUE + "2")
    assert refused == (
        404,
        "NOT_FOUND",
        "Queue does not exist. If you just created the queue, wait at least a minute for the queue "
        "to initialize.",
    )


def test_name__that_exists() -> None:
    bench = Bench()
    bench.made("one", scheduleTime=at(bench, 60))
    assert bench.refused("one") == (409, "ALREADY_EXISTS", "Requested entity already exists")


def test_name__of_a_task_that_was_executed_is_kept_for_an_hour() -> None:
    bench = Bench()
    bench.made("one")
    bench.run(3_599.0)
    status, code, text = bench.refused("one")
    assert (status, code) == (409, "ALREADY_EXISTS")
    assert text.startswith(
        "The task cannot be created because a task with this name existed too recently."
    )
    bench.run(3_601.0)
    bench.made("one")
    bench.run()
    assert len(bench.seen) == 2


def test_name__is_kept_as_long_as_the_rules_say() -> None:
    bench = Bench(rules=Rules(name_kept_s=86_400.0))
    bench.made("one")
    bench.run(86_399.0)
    assert bench.refused("one")[1] == "ALREADY_EXISTS"
    bench.run(86_401.0)
    bench.made("one")


def test_name__of_a_task_that_was_deleted_is_kept_too() -> None:
    bench = Bench()
    bench.made("one", scheduleTime=at(bench, 60))
    assert bench.ask("DELETE", f"{TASK}/one") == (200, {})
    assert bench.refused("one")[1] == "ALREADY_EXISTS"
    bench.run()
    assert bench.seen == []


def test_name__of_another_queue() -> None:
    other = QUEUE + "2"
    bench = Bench()
    _, shown = bench.ask(
        "POST", TASK, {"task": {"name": f"{other}/tasks/x", "httpRequest": http()}}
    )
    assert (
        shown["error"]["message"]
        == "The queue name from request parent and task name do not match."
    )


@pytest.mark.parametrize("name", ["has space", "a/b", "x" * 501, "dot."])
def test_name__with_what_none_may_hold(name: str) -> None:
    assert Bench().refused(name)[:2] == (400, "INVALID_ARGUMENT")


def test_names__are_forgotten_in_time() -> None:
    bench = Bench()
    for number in range(100):
        bench.run(number * 100.0)
        bench.made(f"n{number}")
    bench.run()
    assert len(bench.tasks.engine._gone) <= 37


def test_schedule__in_the_past_is_now() -> None:
    bench = Bench()
    bench.run(100.0)
    bench.made(scheduleTime=at(bench, 0))
    bench.run()
    assert bench.times == [100.0]


def test_schedule__at_its_time() -> None:
    bench = Bench()
    bench.made(scheduleTime=at(bench, 90.25))
    bench.run()
    assert bench.times == [90.25]
    assert bench.header("X-CloudTasks-TaskETA") == "1790000090.250000"


def test_schedule__at_most_thirty_days_ahead() -> None:
    bench = Bench()
    bench.made(scheduleTime=at(bench, 30 * 86_400.0))
    assert bench.refused(scheduleTime=at(bench, 30 * 86_400.0 + 1)) == (
        400,
        "INVALID_ARGUMENT",
        "The task's schedule_time must be no more than 720h in the future.",
    )


def test_size__at_most_a_megabyte() -> None:
    bench = Bench()
    bench.made(httpRequest=http(b"x" * 1_000_000))
    assert bench.refused(httpRequest=http(b"x" * 1_048_576))[:2] == (400, "INVALID_ARGUMENT")


def test_body__only_where_the_method_has_one() -> None:
    bench = Bench()
    bench.made(httpRequest=http(b"x", httpMethod="PATCH"))
    assert bench.refused(httpRequest=http(b"x", httpMethod="GET")) == (
        400,
        "INVALID_ARGUMENT",
        "HTTP request body is only allowed for HTTP POST, PUT and PATCH requests.",
    )


@pytest.mark.parametrize("deadline", ["14s", "1801s", "-1s"])
def test_deadline__out_of_range(deadline: str) -> None:
    assert Bench().refused(dispatchDeadline=deadline) == (
        400,
        "INVALID_ARGUMENT",
        "Task.dispatchDeadline must be between [15s, 30m] for tasks with HTTP targets.",
    )


def test_url__has_to_be_one() -> None:
    assert Bench().refused(httpRequest={"url": "ftp://x"})[2] == (
        "HttpRequest.url must start with 'http://' or 'https://'."
    )


@pytest.mark.parametrize("url", ["https://", "http://[::1", "https://x:port/", "http:///x"])
def test_url__without_a_host(url: str) -> None:
    assert Bench().refused(httpRequest={"url": url})[2] == "HttpRequest.url is not a valid URL."


def test_url__is_escaped_where_it_has_to_be() -> None:
    bench = Bench()
    bench.made(httpRequest={"url": URL + "/a b/\u00e4?c=%20"})
    bench.run()
    assert bench.seen[0][1].url == URL + "/a%20b/%C3%A4?c=%20"


def test_tokens__not_both() -> None:
    token = {"serviceAccountEmail": ACCOUNT}
    refused = Bench().refused(httpRequest=http(oidcToken=token, oauthToken=token))
    assert refused[:2] == (400, "INVALID_ARGUMENT")


def test_get__counts_attempts() -> None:
    bench = Bench(Reply(500), Reply(404), None)
    bench.made("one")
    bench.run(1.0)
    _, shown = bench.ask("GET", f"{TASK}/one")
    assert (shown["dispatchCount"], shown["responseCount"]) == (3, 2)
    assert shown["firstAttempt"] == {"dispatchTime": "2026-09-21T14:13:20Z"}
    assert shown["lastAttempt"]["dispatchTime"] == "2026-09-21T14:13:20.300Z"
    assert "responseTime" not in shown["lastAttempt"]


def test_get__status_of_the_last_attempt() -> None:
    bench = Bench(Reply(503))
    bench.made("one")
    bench.run(0.05)
    _, shown = bench.ask("GET", f"{TASK}/one")
    assert shown["lastAttempt"]["responseStatus"] == {
        "code": 14,
        "message": "UNAVAILABLE(14): HTTP status code 503",
    }


def test_get__of_one_that_is_done() -> None:
    bench = Bench()
    bench.made("one")
    bench.run()
    status, shown = bench.ask("GET", f"{TASK}/one")
    assert status == 404
    assert shown["error"]["message"] == (
        "The task no longer exists, though a task with this name existed recently. The task "
        "either successfully completed or was deleted."
    )


def test_get__of_one_that_never_was() -> None:
    status, shown = Bench().ask("GET", f"{TASK}/none")
    assert (status, shown["error"]["message"]) == (404, "Requested entity was not found.")


def test_list__in_pages_that_hold_still() -> None:
    bench = Bench()
    for name in ("c", "a", "b"):
        bench.made(name, scheduleTime=at(bench, 60))
    _, first = bench.ask("GET", f"{TASK}?pageSize=2")
    bench.ask("DELETE", f"{TASK}/a")
    _, second = bench.ask("GET", f"{TASK}?pageSize=2&pageToken={first['nextPageToken']}")
    names = [task["name"].rpartition("/")[2] for task in first["tasks"] + second["tasks"]]
    assert names == ["a", "b", "c"]
    assert "nextPageToken" not in second


def test_list__of_nothing_is_empty() -> None:
    assert Bench().ask("GET", TASK) == (200, {})


def test_delete__while_an_attempt_is_under_way() -> None:
    bench = Bench(Reply(500), takes_s=10.0)
    bench.made("one")
    bench.run(5.0)
    assert bench.ask("DELETE", f"{TASK}/one") == (200, {})
    bench.run()
    assert len(bench.seen) == 1
    assert bench.tasks.pending() == 0


def test_delete__of_one_that_waits_for_its_queue() -> None:
    bench = Bench()
    bench.ask("POST", f"{QUEUE}:pause", {})
    bench.made("one")
    bench.ask("DELETE", f"{TASK}/one")
    bench.ask("POST", f"{QUEUE}:resume", {})
    bench.run()
    assert bench.seen == []


def test_run__now_whatever_the_queue_says() -> None:
    bench = Bench()
    bench.made("one", scheduleTime=at(bench, 3_600))
    bench.ask("POST", f"{QUEUE}:pause", {})
    status, shown = bench.ask("POST", f"{TASK}/one:run", {})
    assert status == 200
    assert "dispatchCount" not in shown
    bench.run()
    assert bench.times == [0.0]
    assert bench.ask("POST", f"{TASK}/one:run", {})[0] == 404


def test_run__of_one_that_runs_already() -> None:
    bench = Bench(Reply(500), Reply(200), takes_s=10.0)
    bench.made("one")
    bench.run(5.0)
    bench.ask("POST", f"{TASK}/one:run", {})
    bench.run()
    # The failure of the first is not the last word.
    assert bench.times == [0.0, 5.0]
    assert bench.tasks.pending() == 0
