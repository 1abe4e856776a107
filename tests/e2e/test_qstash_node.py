"""Every call of the vendor's SDK for Node, as it is, over sockets."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from qstash import Receiver
from qstash.errors import SignatureError

from emulator.net import Arrival, Listener, Network
from emulator.qstash import Plan
from tests.e2e.node_queue import FOLDER, PATIENCE_S, USER, needs_sdks, served
from tests.qstash.support import API, Bench

pytestmark = needs_sdks
FULL = Plan(max_messages_per_day=0, max_requests_per_second=0)


@contextmanager
def full_account() -> Iterator[str]:
    """Where a queue listens whose plan has no room for anything."""
    bench, network = Bench(plan=FULL), Network()

    def arrived(arrival: Arrival) -> None:
        arrival.answer(bench.qstash.handle(arrival.request))

    listener = Listener(network, origin=API, on_arrival=arrived)
    try:
        yield listener.address
    finally:
        listener.close()
        network.close()


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    with served() as (_, environment), full_account() as limited:
        ended = subprocess.run(
            ["node", "queue.mjs"],
            cwd=FOLDER,
            env={**os.environ, **environment, "LIMITED_URL": limited},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    assert isinstance(told, dict)
    return told


def refusal(told: Any) -> tuple[str, int, str]:
    """What an error of the SDK says: its class, the status, and the text of the answer."""
    return told["class"], told["status"], json.loads(told["message"])["error"]


def test_messages(results: dict[str, Any]) -> None:
    told = results["messages"]

    message = told["message"]
    assert (message["header"]["X-Mark"], message["body"]) == (["m"], '{"a":1}')
    assert (message["labels"], message["maxRetries"]) == (["l", "k"], 0)
    assert message["notBefore"] - message["createdAt"] == 3_600_000
    assert told["again"] == [True, True]
    assert told["alike"] is True
    assert refusal(told["gone"]) == ("QstashError", 404, "message msg_unknown not found")
    assert told["delivered"] == [{"method": "PUT", "body": '{"b":2}', "mark": "m", "valid": True}]


def test_cancelling(results: dict[str, Any]) -> None:
    told = results["messages"]

    counts = [told[how]["cancelled"] for how in ("one", "many", "filtered", "all")]
    assert counts == [1, 1, 3, 4]
    assert told["more"] == 1


def test_callbacks(results: dict[str, Any]) -> None:
    first, *told = results["callbacks"]
    assert first == ["/broken", True, "source"]
    # Both are on their way at once, and either may be the first to arrive.
    assert sorted(told) == [["/failed", True, 500], ["/told", True, 500]]


def test_batches(results: dict[str, Any]) -> None:
    told = results["batches"]

    assert (told["shape"], told["json"]) == ([1, 2, 1], 1)
    assert told["bodies"] == ["a", "b", "b", "c", '{"d":4}']


def test_queues(results: dict[str, Any]) -> None:
    told = results["queues"]

    paused = told["paused"]
    assert (paused["name"], paused["parallelism"], paused["lag"]) == ("node", 2, 2)
    assert (paused["paused"], told["again"]) == (True, [0, True])
    assert "node" in told["names"]
    # With a parallelism of two either may be the first to arrive.
    assert sorted(told["bodies"]) == ["first", '{"second":2}']
    assert refusal(told["gone"]) == ("QstashError", 404, "queue node not found")


def test_schedules(results: dict[str, Any]) -> None:
    told = results["schedules"]

    shown = told["shown"]
    assert told["scheduleId"] == shown["scheduleId"] == "node"
    assert shown["cron"] == "CRON_TZ=Europe/Berlin 0 9 * * 1"
    assert (shown["delay"], shown["timeout"], shown["retries"]) == (30, 20, 2)
    assert (shown["queueName"], shown["label"], shown["body"]) == ("node-s", "l", "tick")
    assert (told["listed"], told["paused"], told["resumed"]) == (1, True, False)
    assert refusal(told["bad"])[:2] == ("QstashError", 400)
    assert refusal(told["gone"]) == ("QstashError", 404, "schedule node not found")


def test_url_groups(results: dict[str, Any]) -> None:
    told = results["groups"]

    assert told["endpoints"] == [["first", "/one"], [None, "/two"]]
    assert told["names"] == ["node"]
    assert told["urls"] == ["/one", "/two"]
    # Both are on their way at once, and either may be the first to arrive.
    assert sorted(told["paths"]) == ["/one", "/two"]
    assert told["left"] == 1
    assert refusal(told["gone"]) == ("QstashError", 404, "URL group node not found")


def test_dead_letters(results: dict[str, Any]) -> None:
    told = results["dead"]

    assert told["pages"] == [3, 1, None]
    assert told["order"] is True
    assert told["byLabel"] == ["b"]
    assert refusal(told["gone"])[:2] == ("QstashError", 404)
    assert [told[how]["deleted"] for how in ("one", "many", "all")] == [1, 1, 2]
    assert told["retried"] == [1, ["c"]]


def test_logs(results: dict[str, Any]) -> None:
    told = results["logs"]

    assert told["states"] == ["DELIVERED", "ACTIVE", "CREATED"]
    assert (told["events"], told["next"], "end" in told) == (1, 2, False)


def test_flow_control(results: dict[str, Any]) -> None:
    told = results["flow"]

    pinned = told["pinned"]
    assert told["paused"] == [True, 1]
    assert (pinned["parallelismMax"], pinned["rateMax"], pinned["ratePeriod"]) == (1, 9, 30)
    assert (pinned["isPinnedParallelism"], pinned["isPinnedRate"]) == (True, True)
    assert told["reset"] == [False, 0]
    assert told["global"]["parallelismMax"] == 0


def test_errors__are_those_that_the_sdk_has_a_class_for(results: dict[str, Any]) -> None:
    told = results["errors"]

    assert refusal(told["scheme"]) == (
        "QstashError",
        400,
        "invalid destination url: endpoint has invalid scheme, add http:// or https://",
    )
    assert refusal(told["token"]) == (
        "QstashError",
        401,
        "unable to authenticate: invalid token",
    )
    limits = {
        how: [told[how][name] for name in ("class", "status", "limit", "remaining", "reset")]
        for how in ("day", "burst")
    }
    assert limits == {
        "day": ["QstashDailyRatelimitError", 429, "0", "0", "1790035200"],
        "burst": ["QstashRatelimitError", 429, "0", "0", "1790000001"],
    }


def test_receivers__accept_deliveries_until_the_second_rotation(results: dict[str, Any]) -> None:
    told = results["rotation"]
    receiver = Receiver(USER.current_key, USER.next_key)

    def accepts(seen: Any) -> bool:
        try:
            receiver.verify(signature=seen["signature"], body=seen["body"], url=seen["url"])
        except SignatureError:
            return False
        return True

    assert (told["known"], told["rotated"]) == (True, True)
    assert [seen["body"] for seen in told["seen"]] == [f"{number} rotations" for number in range(3)]
    assert [seen["valid"] for seen in told["seen"]] == [True, True, "SignatureError"]
    assert [accepts(seen) for seen in told["seen"]] == [True, True, False]
