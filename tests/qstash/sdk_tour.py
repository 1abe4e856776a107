"""What the vendor's Python SDK can ask for, call by call, whichever way it comes: by its blocking
or its asynchronous client, in this process or through a socket.

`do` gives the result of a call of either client; `rest` returns when what was published has been
delivered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from qstash.errors import QStashError
from qstash.log import LogState
from qstash.schedule import ScheduleState

from tests.qstash.support import CONSUMER, HOST, Bench

ONE, TWO = HOST + "/one", HOST + "/two"


@dataclass(slots=True)
class Tour:
    """A client of either kind, and the world behind it."""

    client: Any
    do: Callable[[Any], Any]
    rest: Callable[[], None]
    bench: Bench


def messages(tour: Tour) -> None:
    api, do = tour.client.message, tour.do
    published = do(
        api.publish(url=CONSUMER, body="a", delay="1h", label="l", redact={"body": True})
    )
    as_json = do(api.publish_json(url=CONSUMER, body={"a": 1}, delay=3600))
    more = [do(api.publish(url=CONSUMER, delay="1h")).message_id for _ in range(4)]

    found = do(api.get(published.message_id))
    assert (found.url, found.label, found.queue) == (CONSUMER, "l", None)
    assert found.body.startswith("REDACTED:")
    do(api.cancel(as_json.message_id))
    assert do(api.cancel_many(more[:2])) == 2
    assert do(api.cancel_many(more[:2])) == 0
    assert do(api.cancel_all()) == 3
    with pytest.raises(QStashError, match=r"status: 404, body: .*not found"):
        do(api.cancel(as_json.message_id))


def url_groups(tour: Tour) -> None:
    api, do = tour.client.url_group, tour.do
    do(api.delete("tour-group"))
    do(api.upsert_endpoints("tour-group", [{"url": ONE, "name": "first"}, {"url": TWO}]))

    group = do(api.get("tour-group"))
    assert [(one.url, one.name) for one in group.endpoints] == [(ONE, "first"), (TWO, None)]
    assert do(api.list()) == [group]
    published = do(tour.client.message.publish(url_group="tour-group", body="a"))
    assert [one.url for one in published] == [ONE, TWO]
    queued = do(tour.client.message.enqueue(queue="tour", url_group="tour-group", body="b"))
    assert [one.deduplicated for one in queued] == [False, False]
    first = do(tour.client.message.get(published[0].message_id))
    assert (first.url_group, first.endpoint) == ("tour-group", "first")
    do(api.remove_endpoints("tour-group", [{"name": "first"}, {"url": TWO}]))
    with pytest.raises(QStashError, match=r"status: 404"):
        do(api.get("tour-group"))
    tour.rest()
    assert [seen.request.body for seen in tour.bench.consumer.seen] == [b"a", b"a", b"b", b"b"]


def queues(tour: Tour) -> None:
    api, do = tour.client.queue, tour.do
    do(api.upsert("tour-queue", parallelism=2, paused=True))
    message = tour.client.message
    first = do(message.enqueue(queue="tour-queue", url=CONSUMER, body="a"))
    do(message.enqueue_json(queue="tour-queue", url=CONSUMER, body=1, deduplication_id="d"))
    again = do(message.enqueue_json(queue="tour-queue", url=CONSUMER, body=1, deduplication_id="d"))

    assert again.deduplicated
    queue = do(api.get("tour-queue"))
    assert (queue.name, queue.parallelism, queue.lag, queue.paused) == ("tour-queue", 2, 2, True)
    assert do(api.list()) == [queue]
    assert do(message.get(first.message_id)).queue == "tour-queue"
    do(api.resume("tour-queue"))
    tour.rest()
    assert do(api.get("tour-queue")).lag == 0
    do(api.pause("tour-queue"))
    assert do(api.get("tour-queue")).paused
    do(api.delete("tour-queue"))
    assert do(api.list()) == []
    assert [seen.request.body for seen in tour.bench.consumer.seen] == [b"a", b"1"]


def batches(tour: Tour) -> None:
    do, message = tour.do, tour.client.message
    do(tour.client.url_group.upsert_endpoints("tour-group", [{"url": ONE}, {"url": TWO}]))
    single, group, queued = do(
        message.batch(
            [
                {"url": CONSUMER, "body": "a", "headers": {"X": "1"}, "retries": 1},
                {"url_group": "tour-group"},
                {"url": CONSUMER, "queue": "tour-queue", "body": "q", "method": "PUT"},
            ]
        )
    )
    (as_json,) = do(message.batch_json([{"url": CONSUMER, "body": {"b": 2}, "timeout": 5}]))
    tour.rest()

    assert [one.url for one in group] == [ONE, TWO]
    seen = {
        one.request.header("Upstash-Message-Id"): one.request for one in tour.bench.consumer.seen
    }
    assert len(seen) == 5
    assert (seen[single.message_id].body, seen[single.message_id].header("X")) == (b"a", "1")
    assert (seen[queued.message_id].method, seen[queued.message_id].body) == ("PUT", b"q")
    assert seen[as_json.message_id].body == b'{"b": 2}'


def schedules(tour: Tour) -> None:
    api, do = tour.client.schedule, tour.do
    schedule_id = do(
        api.create(
            destination=CONSUMER,
            cron="CRON_TZ=Europe/Berlin 0 0 1 1 *",
            body="body",
            schedule_id="tour-schedule",
            headers={"X": "1"},
            retries=2,
            delay="30s",
            timeout=20,
            queue="tour-queue",
            label="l",
            callback=HOST + "/told",
            flow_control={"key": "tour", "rate": 2, "period": "1m"},
        )
    )
    drawn = do(api.create_json(destination=CONSUMER, cron="0 0 1 1 *", body={"a": 1}))

    assert schedule_id == "tour-schedule"
    found = do(api.get(schedule_id))
    assert (found.destination, found.cron) == (CONSUMER, "CRON_TZ=Europe/Berlin 0 0 1 1 *")
    assert (found.body, found.headers, found.retries) == ("body", {"X": ["1"]}, 2)
    assert (found.delay, found.timeout, found.queue, found.label) == (30, 20, "tour-queue", "l")
    assert (found.flow_control.key, found.flow_control.rate, found.flow_control.period) == (
        "tour",
        2,
        60,
    )
    assert (found.callback, found.paused, found.error) == (HOST + "/told", False, None)
    assert found.next_schedule_time == 1_798_758_000_000
    assert [one.schedule_id for one in do(api.list())] == [schedule_id, drawn]
    do(api.pause(schedule_id))
    assert do(api.get(schedule_id)).paused
    do(api.resume(schedule_id))
    assert not do(api.get(schedule_id)).paused
    do(api.delete(schedule_id))
    do(api.delete(drawn))
    assert do(api.list()) == []
    assert ScheduleState("SUCCESS")


def keys(tour: Tour) -> None:
    api, do = tour.client.signing_key, tour.do
    before = do(api.get())
    after = do(api.rotate())

    assert after.current == before.next
    assert do(api.get()) == after


def flow_control(tour: Tour) -> None:
    api, do = tour.client.flow_control, tour.do
    flow = {"key": "tour", "parallelism": 3, "rate": 4, "period": 60}
    do(tour.client.message.publish(url=CONSUMER, flow_control=flow))

    found = do(api.get("tour"))
    assert (found.parallelism_max, found.rate_max, found.rate_period) == (3, 4, 60)
    do(api.pause("tour"))
    assert do(api.get("tour")).is_paused
    do(api.resume("tour"))
    do(api.pin("tour", {"parallelism": 1, "rate": 9, "period": 30}))
    pinned = do(api.get("tour"))
    assert (pinned.parallelism_max, pinned.rate_max, pinned.rate_period) == (1, 9, 30)
    assert (pinned.is_pinned_parallelism, pinned.is_pinned_rate) == (True, True)
    do(api.unpin("tour", {"parallelism": True, "rate": True}))
    assert not do(api.get("tour")).is_pinned_rate
    do(api.reset_rate("tour"))
    assert do(api.get("tour")).rate_count == 0
    assert do(api.get_global_parallelism()).parallelism_max == 0
    tour.rest()


def log(tour: Tour) -> None:
    do = tour.do
    published = do(
        tour.client.message.publish(url=CONSUMER, body="a", label="l", retry_delay="1000")
    )
    tour.rest()

    page = do(tour.client.log.list(filter={"message_id": published.message_id}, count=2))
    assert [one.state for one in page.logs] == [LogState.DELIVERED, LogState.ACTIVE]
    rest = do(tour.client.log.list(filter={"message_id": published.message_id}, cursor=page.cursor))
    assert [one.state for one in rest.logs] == [LogState.CREATED]
    assert rest.cursor is None
    labelled = do(tour.client.log.list(filter={"label": "l", "state": LogState.DELIVERED}))
    assert [one.retry_delay_expression for one in labelled.logs] == ["1000"]


def dead_letters(tour: Tour) -> None:
    api, do = tour.client.dlq, tour.do
    for number in range(3):
        do(tour.client.message.publish(url=HOST + "/broken", body=str(number), retries=0))
    tour.rest()

    letters = do(api.list()).messages
    assert [one.body for one in letters] == ["0", "1", "2"]
    assert do(api.get(letters[0].dlq_id)) == letters[0]
    do(api.delete(letters[0].dlq_id))
    assert do(api.delete_many([one.dlq_id for one in letters])) == 2
    assert do(api.list()).messages == []


STOPS: tuple[Callable[[Tour], None], ...] = (
    messages,
    url_groups,
    queues,
    batches,
    schedules,
    keys,
    flow_control,
    log,
    dead_letters,
)
