"""What no source settles: the default, and what each switch makes of it."""

import json
import math
from typing import Literal

import pytest

from emulator.exchange import Failure, Reply, Request
from emulator.kernel import Kernel
from emulator.net.framing import request_bytes
from emulator.qstash import Plan, QStash, Switches
from emulator.qstash.expression import parse_expression
from emulator.service import scope_of
from tests.qstash.support import BROKEN, CONSUMER, HOST, OK, Bench, read


def moved(status: int, to: str) -> Reply:
    return Reply(status, (("Location", to),))


def test_redirect__is_a_failure() -> None:
    bench = Bench(moved(302, "/other"))
    bench.publish({"Upstash-Retries": "0"})
    bench.run()

    assert len(bench.consumer.seen) == 1
    assert bench.qstash.dead_letters()[0]["responseStatus"] == 302


@pytest.mark.parametrize(("status", "method", "body"), [(307, "PUT", b"x"), (302, "GET", b"")])
def test_redirect__is_followed(status: int, method: str, body: bytes) -> None:
    bench = Bench(moved(status, "/other?a=1"), OK, switches=Switches(follow_redirects=True))
    message_id = bench.publish_id({"Upstash-Method": "PUT"}, b"x")
    bench.run()

    request = bench.consumer.seen[1].request
    assert (request.method, request.url, request.body) == (method, HOST + "/other?a=1", body)
    assert bench.states(message_id) == ["CREATED", "ACTIVE", "DELIVERED"]


def test_redirect__in_a_circle_is_a_failure() -> None:
    bench = Bench(moved(307, CONSUMER), switches=Switches(follow_redirects=True))
    message_id = bench.publish_id({"Upstash-Retries": "0"})
    bench.run()

    assert len(bench.consumer.seen) == 6
    assert bench.states(message_id)[-1] == "FAILED"


def test_redirect__shares_the_time_of_the_attempt() -> None:
    bench = Bench(moved(307, "/other"), None, switches=Switches(follow_redirects=True))
    bench.publish({"Upstash-Retries": "0", "Upstash-Timeout": "10s"})
    bench.run()

    assert bench.kernel.clock.now == 10.0
    assert bench.qstash.dead_letters()[0]["responseStatus"] == 0


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.1:8080", "[fd00::1]"])
def test_private_destination(host: str) -> None:
    taken = Bench().publish(url=f"http://{host}/x")
    refused = Bench(switches=Switches(allow_private=False)).publish(url=f"http://{host}/x")

    assert taken.status == 200
    assert refused.status == 400
    start = "invalid destination url: endpoint resolves to a private address: "
    assert read(refused)["error"].startswith(start)


def test_retry_jitter__is_drawn_from_the_seed() -> None:
    def second(seed: int) -> int:
        bench = Bench(BROKEN, OK, seed=seed, switches=Switches(retry_jitter=0.5))
        bench.publish()
        bench.run()
        return bench.consumer.seen[1].at_ms

    moments = [second(seed) for seed in (1, 1, 2)]

    assert moments[0] == moments[1] != moments[2]
    assert all(12_182 <= moment <= 18_274 for moment in moments)


def test_retry__whole_seconds() -> None:
    bench = Bench(BROKEN, OK, switches=Switches(retry_whole_seconds=True))
    bench.publish()
    bench.run()

    assert bench.consumer.seen[1].at_ms == 13_000


@pytest.mark.parametrize(("query_wins", "retries", "forwarded"), [(False, 1, "h"), (True, 2, "q")])
def test_header_or_query(query_wins: bool, retries: int, forwarded: str) -> None:
    bench = Bench(switches=Switches(query_wins=query_wins))
    headers = {"Upstash-Retries": "1", "Upstash-Forward-A": "h"}
    url = CONSUMER + "?upstash-retries=2&upstash-forward-a=q"

    message = bench.get(f"/v2/messages/{bench.publish_id(headers, url=url)}")

    assert (message["maxRetries"], message["header"]["A"]) == (retries, [forwarded])


@pytest.mark.parametrize(("content_hash", "deduplicated"), [("all", False), ("body", True)])
def test_content_hash(content_hash: str, deduplicated: bool) -> None:
    switches = Switches(content_hash="body" if content_hash == "body" else "all")
    bench = Bench(switches=switches)
    headers = {"Upstash-Content-Based-Deduplication": "true"}
    bench.publish(headers)

    answer = read(bench.publish(headers, url=HOST + "/other"))

    assert answer.get("deduplicated", False) is deduplicated


def test_accept_encoding() -> None:
    bench = Bench(switches=Switches(accept_encoding="gzip"))
    bench.publish()
    bench.run()

    assert bench.consumer.seen[0].request.header("Accept-Encoding") == "gzip"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7 % 4", 3.0), ("2 ^ 3 ^ 2", 512.0), ("2 * 3 ^ 2", 18.0), ("5 % 0", math.nan)],
)
def test_extended_expressions(text: str, expected: float) -> None:
    found = parse_expression(text, extended=True).evaluate(0)

    assert found == expected or (math.isnan(found) and math.isnan(expected))


def test_extended_expressions__are_refused_by_default() -> None:
    headers = {"Upstash-Retry-Delay": "2 ^ retried"}
    reply = Bench().publish(headers)

    assert read(reply) == {"error": "invalid Upstash-Retry-Delay: unexpected '^' at position 2"}
    assert Bench(switches=Switches(extended_expressions=True)).publish(headers).status == 200


@pytest.mark.parametrize(
    ("switches", "states"),
    [(Switches(), ["CREATED"]), (Switches(active_when_accepted=True), ["CREATED", "ACTIVE"])],
)
def test_delayed_message__may_be_logged_as_active(switches: Switches, states: list[str]) -> None:
    bench = Bench(switches=switches)
    message_id = bench.publish_id({"Upstash-Delay": "10s"})

    assert bench.states(message_id) == states
    assert bench.ask("DELETE", f"/v2/messages/{message_id}").status == 202


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_http_version__is_what_the_bot_sees(version: Literal["1.1", "2"]) -> None:
    bench = Bench(switches=Switches(http_version=version))
    bench.publish()
    bench.run()

    request = bench.consumer.seen[0].request
    assert scope_of(request, client_port=1)["http_version"] == version
    # Without TLS nobody can agree on another.
    assert request_bytes(request).startswith(b"POST /api/consume HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("apart", "region", "host", "status"),
    [
        (False, "EU-CENTRAL-1", "qstash-us-east-1", 200),
        (True, "EU-CENTRAL-1", "qstash-us-east-1", 401),
        (True, "EU-CENTRAL-1", "qstash-eu-central-1", 200),
        (True, "EU-CENTRAL-1", "qstash", 200),
        (True, "US-EAST-1", "qstash-us-east-1", 200),
        (True, "US-EAST-1", "qstash", 401),
    ],
)
def test_regions(apart: bool, region: str, host: str, status: int) -> None:
    queue = QStash(Kernel(), region=region, switches=Switches(regions_apart=apart))
    headers = (("Authorization", f"Bearer {queue.token}"),)

    reply = queue.handle(
        Request("POST", f"https://{host}.upstash.io/v2/publish/{CONSUMER}", headers)
    )

    assert reply.status == status
    if status == 401:
        assert read(reply) == {"error": "unable to authenticate: invalid token"}
        assert queue.published == 0


def test_statuses() -> None:
    switches = Switches(
        duplicate_status=200,
        cancel_status=200,
        max_retries_status=412,
        oversized_status=400,
        unknown_group_status=404,
        read_only_status=401,
    )
    bench = Bench(switches=switches, plan=Plan(max_body_bytes=2), read_only_token="reader")
    headers = {"Upstash-Deduplication-Id": "m_1", "Upstash-Delay": "1h"}
    message_id = bench.publish_id(headers)

    assert [
        bench.publish(headers).status,
        bench.ask("DELETE", f"/v2/messages/{message_id}").status,
        bench.publish({"Upstash-Retries": "99"}).status,
        bench.publish(body=b"long").status,
        bench.publish(url="nobody").status,
        bench.publish({"Authorization": "Bearer reader"}).status,
    ] == [200, 200, 412, 400, 404, 401]


@pytest.mark.parametrize("status", [0, 503])
def test_callback__of_a_failed_connection(status: int) -> None:
    bench = Bench(Failure("refused"), OK, switches=Switches(failed_callback_status=status))
    bench.publish({"Upstash-Callback": HOST + "/told", "Upstash-Retries": "0"})
    bench.run()

    assert json.loads(bench.consumer.seen[1].request.body)["status"] == status


@pytest.mark.parametrize("status", [200, 202])
def test_batch_of_duplicates(status: int) -> None:
    bench = Bench(switches=Switches(batch_of_duplicates_status=status))
    item = {"destination": CONSUMER, "headers": {"Upstash-Deduplication-Id": "m_1"}}

    assert bench.send("POST", "/v2/batch", [item]).status == 200
    assert bench.send("POST", "/v2/batch", [item, item]).status == status
    assert bench.send("POST", "/v2/batch", [item, {"destination": CONSUMER}]).status == 200
