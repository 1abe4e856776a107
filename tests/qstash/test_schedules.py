"""Schedules: what each tick publishes, and what the API says of them."""

import json

import pytest

from emulator.qstash import Plan
from tests.qstash.support import BROKEN, CONSUMER, HOST, Bench, read

# The worlds begin 20 seconds after a full minute.
FIRST_MS = 40_000
EVERY_MINUTE = {"Upstash-Cron": "* * * * *"}


def schedule(
    bench: Bench, headers: dict[str, str] | None = None, body: bytes = b"", target: str = CONSUMER
) -> str:
    reply = bench.ask("POST", f"/v2/schedules/{target}", {**EVERY_MINUTE, **(headers or {})}, body)
    assert reply.status == 200, reply
    assert set(read(reply)) == {"scheduleId"}
    return str(read(reply)["scheduleId"])


def test_ticks__publish_a_fresh_message_each() -> None:
    bench = Bench()
    headers = {"Upstash-Forward-A": "1", "Content-Type": "text/plain", "Upstash-Method": "PUT"}
    schedule_id = schedule(bench, headers, b"body")

    bench.run(until=130.0)

    assert [seen.at_ms for seen in bench.consumer.seen] == [FIRST_MS, FIRST_MS + 60_000]
    first, second = (seen.request for seen in bench.consumer.seen)
    assert (first.method, first.url, first.body) == ("PUT", CONSUMER, b"body")
    assert (first.header("A"), first.header("Content-Type")) == ("1", "text/plain")
    assert first.header("Upstash-Schedule-Id") == schedule_id
    assert first.header("Upstash-Message-Id") != second.header("Upstash-Message-Id")
    assert len(bench.qstash.events(scheduleId=schedule_id, state="DELIVERED")) == 2
    assert bench.qstash.published == 0


def test_schedule__shows_what_it_has_and_nothing_else() -> None:
    bench = Bench()
    bare = schedule(bench)
    full = schedule(
        bench,
        {
            "Upstash-Cron": " CRON_TZ=UTC 0 0 * * * ",
            "Upstash-Schedule-Id": "mine",
            "Upstash-Queue-Name": "q",
            "Upstash-Delay": "30s",
            "Upstash-Timeout": "20s",
            "Upstash-Retries": "1",
            "Upstash-Retry-Delay": "1000",
            "Upstash-Label": "a,b",
            "Upstash-Callback": HOST + "/told",
            "Upstash-Callback-Forward-C": "1",
            "Upstash-Failure-Callback": HOST + "/end",
            "Upstash-Flow-Control-Key": "k",
            "Upstash-Flow-Control-Value": "rate=2, period=1m",
            "Upstash-Forward-A": "1",
        },
        b"\xff",
    )

    assert bench.get(f"/v2/schedules/{bare}") == {
        "scheduleId": bare,
        "destination": CONSUMER,
        "cron": "* * * * *",
        "createdAt": 1_790_000_000_000,
        "method": "POST",
        "retries": 3,
        "isPaused": False,
        "header": {},
        "callerIP": "203.0.113.7",
        "callerIp": "203.0.113.7",
        "nextScheduleTime": 1_790_000_040_000,
    }
    assert bare.startswith("scd_")
    assert len(bare) == 32
    assert full == "mine"
    assert bench.get("/v2/schedules")[1] == {
        "scheduleId": "mine",
        "destination": CONSUMER,
        "cron": "CRON_TZ=UTC 0 0 * * *",
        "createdAt": 1_790_000_000_000,
        "method": "POST",
        "retries": 1,
        "retryDelayExpression": "1000",
        "isPaused": False,
        "header": {"A": ["1"]},
        "bodyBase64": "/w==",
        "callerIP": "203.0.113.7",
        "callerIp": "203.0.113.7",
        "queueName": "q",
        "delay": 30,
        "timeout": 20,
        "label": "a",
        "labels": ["a", "b"],
        "callback": HOST + "/told",
        "callbackHeader": {"C": ["1"]},
        "failureCallback": HOST + "/end",
        "flowControlKey": "k",
        "rate": 2,
        "period": 60,
        "nextScheduleTime": 1_790_035_200_000,
    }


def test_last_run__tells_what_became_of_each_message() -> None:
    bench = Bench()
    bench.busy(5.0)
    schedule_id = schedule(bench)
    bench.run(until=41.0)
    running = bench.get(f"/v2/schedules/{schedule_id}")
    bench.run(until=50.0)
    over = bench.get(f"/v2/schedules/{schedule_id}")

    (message_id,) = running["lastScheduleStates"]
    assert running["lastScheduleStates"] == {message_id: "IN_PROGRESS"}
    assert over["lastScheduleStates"] == {message_id: "SUCCESS"}
    assert (over["lastScheduleTime"], over["nextScheduleTime"]) == (
        1_790_000_040_000,
        1_790_000_100_000,
    )


def test_last_run__failed() -> None:
    bench = Bench(BROKEN)
    schedule_id = schedule(bench, {"Upstash-Retries": "0"})
    bench.run(until=50.0)

    shown = bench.get(f"/v2/schedules/{schedule_id}")

    assert list(shown["lastScheduleStates"].values()) == ["FAIL"]
    assert len(bench.qstash.dead_letters(scheduleId=schedule_id)) == 1


def test_delay__shifts_the_message_and_not_the_tick() -> None:
    bench = Bench()
    schedule(bench, {"Upstash-Delay": "90s"})

    bench.run(until=200.0)

    assert [seen.at_ms for seen in bench.consumer.seen] == [130_000, 190_000]


def test_queue__takes_the_messages_in_turn() -> None:
    bench = Bench()
    busy = bench.busy(90.0)
    schedule(bench, {"Upstash-Queue-Name": "q"})

    bench.run(until=250.0)

    assert [seen.at_ms for seen in busy.seen] == [40_000, 130_000, 220_000]


def test_group__is_looked_up_at_each_tick() -> None:
    bench = Bench()
    endpoint = {"endpoints": [{"url": HOST + "/one"}]}
    bench.send("POST", "/v2/topics/group/endpoints", endpoint)
    schedule_id = schedule(bench, target="group")
    bench.run(until=50.0)
    more = {"endpoints": [{"url": HOST + "/two"}]}
    bench.send("POST", "/v2/topics/group/endpoints", more)
    bench.run(until=110.0)
    bench.ask("DELETE", "/v2/topics/group")
    bench.run(until=170.0)

    paths = [seen.request.raw_path for seen in bench.consumer.seen]
    assert paths == ["/one", "/one", "/two"]
    shown = bench.get(f"/v2/schedules/{schedule_id}")
    assert shown["destination"] == "group"
    assert shown["error"].startswith("invalid destination url: endpoint has invalid scheme")


def test_pause__drops_the_ticks() -> None:
    bench = Bench()
    schedule_id = schedule(bench)
    for method in ("PATCH", "POST"):
        assert bench.ask(method, f"/v2/schedules/{schedule_id}/pause").status == 200
    assert bench.get(f"/v2/schedules/{schedule_id}")["isPaused"] is True
    bench.run(until=200.0)
    assert bench.consumer.seen == []

    for method in ("PATCH", "POST"):
        assert bench.ask(method, f"/v2/schedules/{schedule_id}/resume").status == 200
    bench.run(until=230.0)

    assert [seen.at_ms for seen in bench.consumer.seen] == [220_000]


def test_same_id__replaces_the_whole() -> None:
    bench = Bench()
    mine = {"Upstash-Schedule-Id": "mine"}
    schedule(bench, {**mine, "Upstash-Retries": "1", "Upstash-Label": "l"}, b"body")

    schedule(bench, {**mine, "Upstash-Cron": "*/2 * * * *"})

    (shown,) = bench.get("/v2/schedules")
    assert (shown["cron"], shown["retries"]) == ("*/2 * * * *", 3)
    assert {"body", "label"}.isdisjoint(shown)
    bench.run(until=230.0)
    assert [seen.at_ms for seen in bench.consumer.seen] == [40_000, 160_000]


def test_delete__ends_it_and_not_its_messages() -> None:
    bench = Bench()
    schedule_id = schedule(bench, {"Upstash-Delay": "60s"})
    bench.run(until=50.0)

    assert bench.ask("DELETE", f"/v2/schedules/{schedule_id}").status == 200
    bench.run()

    assert [seen.at_ms for seen in bench.consumer.seen] == [100_000]
    gone = [
        bench.ask(method, f"/v2/schedules/{schedule_id}{path}")
        for method, path in (("GET", ""), ("DELETE", ""), ("PATCH", "/pause"), ("POST", "/resume"))
    ]
    assert {(reply.status, read(reply)["error"]) for reply in gone} == {
        (404, f"schedule {schedule_id} not found")
    }


def test_publish__with_a_cron_header_makes_a_schedule() -> None:
    bench = Bench()

    made = read(bench.publish(EVERY_MINUTE))
    queued = read(bench.ask("POST", f"/v2/enqueue/q/{CONSUMER}", EVERY_MINUTE))

    assert set(made) == {"scheduleId"}
    shown = {one["scheduleId"]: one for one in bench.get("/v2/schedules")}
    assert shown[queued["scheduleId"]]["queueName"] == "q"
    assert bench.qstash.published == 0


def test_redaction__of_what_is_shown() -> None:
    bench = Bench()
    schedule_id = schedule(bench, {"Upstash-Redact-Fields": "body"}, b"secret")

    shown = bench.get(f"/v2/schedules/{schedule_id}")["body"]
    bench.run(until=50.0)

    assert shown.startswith("REDACTED:")
    assert bench.bodies() == ["secret"]


def test_deduplication_id__is_not_of_a_tick() -> None:
    bench = Bench()
    schedule(bench, {"Upstash-Deduplication-Id": "m_1", "Upstash-Not-Before": "1790009999"})

    bench.run(until=130.0)

    assert len(bench.consumer.seen) == 2


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ({"Upstash-Cron": ""}, 400, "invalid Upstash-Cron: is needed"),
        ({"Upstash-Cron": "* *"}, 400, "invalid Upstash-Cron: '* *' has 2 fields, expected 5"),
        ({"Upstash-Schedule-Id": "a b"}, 400, "invalid schedule id: 'a b'"),
        ({"Upstash-Queue-Name": "a/b"}, 400, "invalid queue name: 'a/b'"),
        ({}, 412, "quota maxSchedules exceeded, current limit: 1"),
    ],
)
def test_refused(headers: dict[str, str], status: int, error: str) -> None:
    bench = Bench(plan=Plan(max_schedules=1))
    schedule(bench, {"Upstash-Schedule-Id": "mine"})

    reply = bench.ask("POST", f"/v2/schedules/{CONSUMER}", {**EVERY_MINUTE, **headers})

    assert (reply.status, read(reply)) == (status, {"error": error})


def test_schedule_of_an_invocation__works_for_its_user_message() -> None:
    bench = Bench()
    call = bench.call()

    bench.ask("POST", f"/v2/schedules/{CONSUMER}", EVERY_MINUTE, call=call)
    bench.run(until=50.0)

    (seen,) = bench.consumer.seen
    assert (seen.name, seen.delivery.roots, seen.delivery.generation) == (
        "u0.w0.s0.t0.q0",
        ("u0",),
        1,
    )


def test_schedule_of_an_invocation__ends_when_its_user_message_is_cut() -> None:
    bench = Bench()
    bench.ask("POST", f"/v2/schedules/{CONSUMER}", EVERY_MINUTE, call=bench.call())

    bench.run()

    assert len(bench.consumer.seen) == bench.kernel.limits.deliveries
    assert [entry.name for entry in bench.kernel.journal.entries("finding")] == ["runaway"]


def test_body__of_json_comes_as_it_was() -> None:
    bench = Bench()
    schedule_id = schedule(bench, {"Content-Type": "application/json"}, b'{"a":1}')

    assert json.loads(bench.get(f"/v2/schedules/{schedule_id}")["body"]) == {"a": 1}


def test_callback__names_the_schedule() -> None:
    bench = Bench()
    schedule_id = schedule(bench, {"Upstash-Callback": HOST + "/told"})
    bench.run(until=50.0)

    told = json.loads(bench.consumer.seen[1].request.body)

    assert told["scheduleId"] == schedule_id
    assert bench.consumer.seen[1].request.header("Upstash-Schedule-Id") is None
