"""Dead letters: deleted, and sent again."""

import json

import pytest

from emulator.exchange import Reply
from tests.qstash.support import BROKEN, CONSUMER, HOST, OK, Bench, read


def dead(*, script: tuple[Reply, ...] = (BROKEN,)) -> Bench:
    """A bench with three dead letters, `1790000000000-0` to `-2`; the last is to another path."""
    bench = Bench(*script)
    for number in range(3):
        bench.publish(
            {"Upstash-Retries": "0", "Upstash-Label": f"l{number}"},
            b"%d" % number,
            HOST + "/other" if number == 2 else CONSUMER,
        )
    bench.run()
    return bench


def left(bench: Bench) -> list[str]:
    return [str(letter["dlqId"]).rpartition("-")[2] for letter in bench.qstash.dead_letters()]


def dlq_id(number: int) -> str:
    return f"1790000000000-{number}"


def body(*numbers: int) -> bytes:
    return json.dumps({"dlqIds": [dlq_id(number) for number in numbers]}).encode()


def test_delete__one() -> None:
    bench = dead()

    replies = [bench.ask("DELETE", f"/v2/dlq/{dlq_id(1)}") for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 404]
    assert read(replies[1]) == {"error": f"dlq message {dlq_id(1)} not found"}
    assert left(bench) == ["0", "2"]
    assert bench.ask("GET", f"/v2/dlq/{dlq_id(1)}").status == 404


@pytest.mark.parametrize(
    ("query", "sent", "answer", "remaining"),
    [
        ("", body(0, 2), {"deleted": 2}, ["1"]),
        ("", body(0, 7), {"deleted": 1}, ["1", "2"]),
        ("", body(0, 0), {"deleted": 1}, ["1", "2"]),
        ("", body(), {"deleted": 0}, ["0", "1", "2"]),
        ("", b'{"dlqIds":null}', {"deleted": 0}, ["0", "1", "2"]),
        (f"?dlqIds={dlq_id(0)}&dlqIds={dlq_id(1)}", b"", {"deleted": 2}, ["2"]),
        (f"?dlqIds={dlq_id(0)},{dlq_id(1)}", b"", {"deleted": 2}, ["2"]),
        (f"?dlqIds={dlq_id(0)}&label=l1&count=1", body(1), {"deleted": 2}, ["2"]),
        ("?dlqIds=", b"", {"deleted": 0}, ["0", "1", "2"]),
        ("?dlqIds=1-0", b"", {"deleted": 0}, ["0", "1", "2"]),
        ("?label=l1", b"", {"deleted": 1}, ["0", "2"]),
        ("?url=https%3A%2F%2Fbot.example%2Fother", b"", {"deleted": 1}, ["0", "1"]),
        ("?responseStatus=500", b"{}", {"deleted": 3}, []),
        ("?responseStatus=404", b"", {"deleted": 0}, ["0", "1", "2"]),
        ("?count=2", b"", {"deleted": 2, "cursor": dlq_id(1)}, ["2"]),
        ("?count=3", b"", {"deleted": 3}, []),
        ("?count=1&order=latestFirst", b"", {"deleted": 1, "cursor": dlq_id(2)}, ["0", "1"]),
        (f"?cursor={dlq_id(0)}", b"", {"deleted": 2}, ["0"]),
        ("", b"", {"deleted": 3}, []),
        ("/", b"", {"deleted": 3}, []),
    ],
)
def test_delete__many(
    query: str, sent: bytes, answer: dict[str, object], remaining: list[str]
) -> None:
    bench = dead()

    reply = bench.ask("DELETE", f"/v2/dlq{query}", body=sent)

    assert (reply.status, read(reply)) == (200, answer)
    assert left(bench) == remaining


@pytest.mark.parametrize(
    ("query", "sent", "text"),
    [
        ("?host=bot.example", b"", "unknown query parameter: host"),
        ("", b"{", "invalid body: must be a JSON object"),
        ("", b"[]", "invalid body: must be a JSON object"),
        ("", b'{"dlqIds":"1-0"}', "invalid dlqIds: must be a list of strings"),
        ("", b'{"dlqIds":[1]}', "invalid dlqIds: must be a list of strings"),
        ("", b'{"dlqids":["1-0"]}', "unknown field in the body: dlqids"),
    ],
)
@pytest.mark.parametrize("request_line", ["DELETE /v2/dlq", "POST /v2/dlq/retry"])
def test_malformed_selection__touches_nothing(
    request_line: str, query: str, sent: bytes, text: str
) -> None:
    bench = dead()
    method, _, path = request_line.partition(" ")

    reply = bench.ask(method, path + query, body=sent)

    assert (reply.status, read(reply)) == (400, {"error": text})
    assert left(bench) == ["0", "1", "2"]
    assert bench.qstash.pending() == 0


def test_retry__is_a_new_message_with_the_same_content() -> None:
    bench = Bench(BROKEN, BROKEN, OK)
    headers = {
        "Content-Type": "text/plain",
        "Upstash-Forward-X": "1",
        "Upstash-Method": "PUT",
        "Upstash-Retries": "1",
        "Upstash-Retry-Delay": "1000",
        "Upstash-Delay": "1h",
        "Upstash-Label": "mine",
        "Upstash-Deduplication-Id": "m_1",
        "Upstash-Callback": "https://nobody.example/",
    }
    old = bench.publish_id(headers, b"content")
    bench.run(until=3_700.0)
    (letter,) = bench.qstash.dead_letters(messageId=old)

    reply = bench.ask("POST", f"/v2/dlq/retry/{letter['dlqId']}")
    new = read(reply)["messageId"]
    shown = read(bench.ask("GET", f"/v2/messages/{new}"))
    bench.run(until=3_800.0)

    assert (reply.status, set(read(reply))) == (201, {"messageId", "url"})
    assert new != old
    first, *_, last = bench.consumer.seen
    assert (last.at_ms, last.request.method, last.request.body) == (3_700_000, "PUT", b"content")
    assert last.request.header("Upstash-Message-Id") == new
    assert last.request.header("Upstash-Retried") == "0"
    for name in ("X", "Content-Type"):
        assert last.request.header(name) == first.request.header(name)
    assert (shown["maxRetries"], shown["labels"]) == (1, ["mine"])
    assert shown["callback"] == "https://nobody.example/"
    assert shown["notBefore"] == shown["createdAt"] == 1_790_003_700_000
    assert bench.qstash.dead_letters(messageId=old) == []
    assert bench.ask("POST", f"/v2/dlq/retry/{letter['dlqId']}").status == 404


def test_retry__headers_override() -> None:
    bench = Bench(BROKEN)
    bench.publish(
        {
            "Upstash-Retries": "0",
            "Upstash-Forward-A": "1",
            "Upstash-Forward-B": "1",
            "Upstash-Callback": "https://nobody.example/",
            "Upstash-Callback-Forward-C": "1",
            "Upstash-Callback-Retries": "0",
        }
    )
    bench.run()

    reply = bench.ask(
        "POST",
        f"/v2/dlq/retry?dlqIds={dlq_id(0)}&upstash-method=PATCH",
        {
            "Upstash-Retries": "1",
            "Upstash-Retry-Delay": "2000",
            "Upstash-Delay": "5s",
            "Upstash-Forward-B": "2",
            "Upstash-Label": "again",
            "Upstash-Callback-Method": "PUT",
            "Upstash-Failure-Callback": "https://nobody.example/end",
        },
    )
    (answer,) = read(reply)["responses"]
    shown = read(bench.ask("GET", f"/v2/messages/{answer['messageId']}"))
    bench.run()

    assert shown["header"] == {"A": ["1"], "B": ["2"]}
    assert (shown["method"], shown["maxRetries"], shown["label"]) == ("PATCH", 1, "again")
    assert (shown["callback"], shown["callbackHeader"]) == (
        "https://nobody.example/",
        {"C": ["1"]},
    )
    assert shown["failureCallback"] == "https://nobody.example/end"
    assert [seen.at_ms for seen in bench.consumer.seen] == [0, 5_000, 7_000]
    callbacks = bench.qstash.events(host="nobody.example", path="/", state="CREATED")
    assert [event["method"] for event in reversed(callbacks)] == ["POST", "PUT", "PUT"]


def test_retry__may_die_again() -> None:
    bench = dead()

    bench.ask("POST", f"/v2/dlq/retry/{dlq_id(0)}")
    bench.run()

    assert left(bench) == ["1", "2", "3"]
    assert bench.qstash.pending() == 0


@pytest.mark.parametrize(
    ("query", "sent", "bodies", "cursor"),
    [
        (f"?dlqIds={dlq_id(2)}&dlqIds={dlq_id(0)}", b"", [b"2", b"0"], ""),
        ("", body(1), [b"1"], ""),
        ("", body(), [], ""),
        ("?label=l1", b"", [b"1"], ""),
        ("?label=nobody", b"", [], ""),
        ("?count=2", b"", [b"0", b"1"], dlq_id(1)),
        (f"?cursor={dlq_id(1)}", b"", [b"2"], ""),
        ("", b"", [b"0", b"1", b"2"], ""),
        ("/", b"", [b"0", b"1", b"2"], ""),
    ],
)
def test_retry__many(query: str, sent: bytes, bodies: list[bytes], cursor: str) -> None:
    bench = dead(script=(BROKEN, BROKEN, BROKEN, OK))

    reply = bench.ask("POST", f"/v2/dlq/retry{query}", body=sent)
    bench.run()

    again = bench.consumer.seen[3:]
    assert [seen.request.body for seen in again] == bodies
    assert reply.status == 201
    assert read(reply) == {
        "responses": [{"messageId": seen.request.header("Upstash-Message-Id")} for seen in again],
        "cursor": cursor,
    }
    assert len(left(bench)) == 3 - len(bodies)


def test_retry__missing_id_sends_nothing() -> None:
    bench = dead()

    reply = bench.ask("POST", "/v2/dlq/retry", body=body(0, 9))

    assert (reply.status, read(reply)) == (404, {"error": f"dlq message {dlq_id(9)} not found"})
    assert left(bench) == ["0", "1", "2"]


@pytest.mark.parametrize("path", [f"/v2/dlq/retry/{dlq_id(0)}", "/v2/dlq/retry"])
def test_retry__refused_configuration_sends_nothing(path: str) -> None:
    bench = dead()

    reply = bench.ask("POST", path, {"Upstash-Retries": "6"})

    assert (reply.status, read(reply)) == (
        400,
        {"error": "quota maxRetries exceeded, current limit: 5"},
    )
    assert left(bench) == ["0", "1", "2"]


def test_retry__of_what_was_deduplicated_by_content() -> None:
    content = {"Upstash-Content-Based-Deduplication": "true", "Upstash-Retries": "0"}
    bench = Bench(BROKEN, OK)
    first = bench.publish_id(content, b"once")
    bench.run(until=1.0)

    reply = bench.ask("POST", f"/v2/dlq/retry/{dlq_id(0)}")
    bench.run(until=2.0)

    assert reply.status == 201
    assert read(reply)["messageId"] != first
    assert [seen.request.body for seen in bench.consumer.seen] == [b"once", b"once"]
    assert left(bench) == []


@pytest.mark.parametrize(("again_at", "sent"), [(599.0, False), (600.0, True)])
def test_retry__deduplicates_by_content_where_it_says_so(again_at: float, sent: bool) -> None:
    content = {"Upstash-Content-Based-Deduplication": "true"}
    more = {"Upstash-Retries": "0", "Upstash-Forward-X": "1", "Content-Type": "text/plain"}
    bench = Bench(BROKEN, OK)
    first = bench.publish_id({**content, **more}, b"once")
    bench.run(until=again_at)

    reply = bench.ask("POST", f"/v2/dlq/retry/{dlq_id(0)}", content)

    assert reply.status == 201
    assert (read(reply)["messageId"] != first) is sent
    assert len(left(bench)) == (0 if sent else 1)


def test_retry__duplicate_leaves_the_letter() -> None:
    bench = dead()
    first = bench.publish_id({"Upstash-Deduplication-Id": "m_1"})

    reply = bench.ask("POST", f"/v2/dlq/retry/{dlq_id(0)}", {"Upstash-Deduplication-Id": "m_1"})

    assert (reply.status, read(reply)) == (
        201,
        {"messageId": first, "deduplicated": True, "url": CONSUMER},
    )
    assert left(bench) == ["0", "1", "2"]


def test_retry__by_a_person_is_no_publish() -> None:
    bench = Bench(BROKEN, OK)
    bench.publish({"Upstash-Retries": "0"}, call=bench.call())
    bench.run()

    bench.ask("POST", f"/v2/dlq/retry/{dlq_id(0)}")
    bench.run()

    (publish,) = bench.kernel.journal.entries("publish")
    first, again = (seen.delivery for seen in bench.consumer.seen)
    assert again.name == "u0.w0.q0.r0"
    assert (again.cause, again.roots, again.generation) == (publish.seq, ("u0",), 1)
    assert again.routes == first.routes
    assert (bench.qstash.published, bench.kernel.journal.tally("u0").publishes) == (1, 1)


def test_retry__by_the_bot_is_a_publish_for_the_same_user_message() -> None:
    bench = Bench(BROKEN, OK)
    bench.publish({"Upstash-Retries": "0"}, call=bench.call())
    bench.run()
    call = bench.call(name="u1.w0", roots=("u1",))

    bench.ask("POST", f"/v2/dlq/retry/{dlq_id(0)}", call=call)
    bench.run()

    _, publish = bench.kernel.journal.entries("publish")
    assert (publish.name, publish.cause, publish.roots) == ("u1.w0.q0", call.entry, ("u0",))
    assert (publish.generation, bench.qstash.published) == (2, 2)
    assert bench.consumer.seen[1].name == "u1.w0.q0"


def test_retry__by_the_bot_for_ever_is_cut() -> None:
    bench = Bench(BROKEN)
    bench.publish({"Upstash-Retries": "0"}, call=bench.call())
    for number in range(1, 20):
        bench.run()
        bench.ask("POST", "/v2/dlq/retry", call=bench.call(name=f"u0.w{number}"))

    assert len(bench.consumer.seen) == 4
    assert [entry.name for entry in bench.kernel.journal.entries("finding")] == ["runaway"]
