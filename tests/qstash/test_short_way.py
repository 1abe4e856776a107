"""Publishing is answered without the router, and exactly as through it."""

import dataclasses

import pytest
from starlette.responses import JSONResponse

from emulator.exchange import Reply, Request
from emulator.qstash import Plan, Switches
from emulator.qstash.api import app
from emulator.qstash.surface import encode_json, json_reply
from emulator.service import call_asgi
from tests.qstash.support import API, CONSUMER, HOST, Bench

TOKEN = Bench().qstash.token
GOOD = {"Authorization": f"Bearer {TOKEN}"}
FLOW = {"Upstash-Flow-Control-Key": "k", "Upstash-Flow-Control-Value": "rate=1"}
RUN = {"Upstash-Workflow-Init": "true", "Upstash-Workflow-RunId": "wfr_1"}

# In this order, in one account: later ones meet what earlier ones left.
REQUESTS: list[tuple[str, str, dict[str, str], bytes]] = [
    ("good", CONSUMER, GOOD, b"{}"),
    ("the same once more", CONSUMER, GOOD, b"{}"),
    ("of another body", CONSUMER, GOOD, b"\xff\x00"),
    ("no token", CONSUMER, {}, b""),
    ("wrong token", CONSUMER, {"Authorization": "Bearer x"}, b""),
    ("token in the query", f"{CONSUMER}?a=1&qstash_token={TOKEN}", {}, b""),
    ("wrong token in the query", f"{CONSUMER}?qstash_token=x", {}, b""),
    ("read-only token", CONSUMER, {"Authorization": "Bearer reader"}, b""),
    ("configuration in the query", f"{CONSUMER}?upstash-delay=1h&b=%20", GOOD, b""),
    ("every header", CONSUMER, {**GOOD, **FLOW, "Upstash-Delay": "1h", "X-Y": "z"}, b"x"),
    ("bad delay", CONSUMER, {**GOOD, "Upstash-Delay": "soon"}, b""),
    ("far delay", CONSUMER, {**GOOD, "Upstash-Delay": "8d"}, b""),
    ("bad method", CONSUMER, {**GOOD, "Upstash-Method": "LOOK"}, b""),
    ("many retries", CONSUMER, {**GOOD, "Upstash-Retries": "99"}, b""),
    ("not before", CONSUMER, {**GOOD, "Upstash-Not-Before": "1790000100"}, b""),
    ("everything forwarded", CONSUMER, {**GOOD, "Upstash-Header-Forward": "true"}, b""),
    ("first of an id", CONSUMER, {**GOOD, "Upstash-Deduplication-Id": "m"}, b""),
    ("duplicate", CONSUMER, {**GOOD, "upstash-deduplication-id": "m"}, b"other"),
    ("bad id", CONSUMER, {**GOOD, "Upstash-Deduplication-Id": "a:b"}, b""),
    ("by content", CONSUMER, {**GOOD, "Upstash-Content-Based-Deduplication": "true"}, b"c"),
    ("duplicate by content", CONSUMER, {**GOOD, "Upstash-Content-Based-Deduplication": "1"}, b""),
    ("quotes in the URL", f'{HOST}/"a"\\b', GOOD, b""),
    ("beyond ASCII", f"{HOST}/ä", GOOD, b""),
    ("beyond Latin-1", f"{HOST}/€", GOOD, b""),
    ("no scheme", "nobody", GOOD, b""),
    ("nothing", "", GOOD, b""),
    ("no host", "https://", GOOD, b""),
    ("control character", f"{HOST}/a\tb", GOOD, b""),
    ("a group", "g", {**GOOD, "Upstash-Label": "l"}, b"to all"),
    ("schedule", CONSUMER, {**GOOD, "Upstash-Cron": "* * * * *", "Upstash-Schedule-Id": "s"}, b""),
    ("bad schedule", CONSUMER, {**GOOD, "Upstash-Cron": "never"}, b""),
    ("run", CONSUMER, {**GOOD, **RUN}, b""),
    ("known run", CONSUMER, {**GOOD, **RUN}, b""),
    ("step of no run", CONSUMER, {**GOOD, "Upstash-Workflow-RunId": "wfr_2"}, b""),
    ("oversized", CONSUMER, GOOD, b"x" * 101),
    ("the last of the day", CONSUMER, GOOD, b""),
    ("over the day", CONSUMER, GOOD, b""),
]


def account() -> Bench:
    plan = Plan(max_body_bytes=100, max_messages_per_day=18)
    bench = Bench(plan=plan, read_only_token="reader", switches=Switches(duplicate_status=200))
    endpoints = [{"url": HOST + "/one"}, {"url": HOST + "/two", "name": "second"}]
    bench.send("POST", "/v2/topics/g/endpoints", {"endpoints": endpoints})
    return bench


def through_the_router(bench: Bench, request: Request) -> Reply:
    extra = {"thrice.fake": bench.qstash, "thrice.call": None, "thrice.metered": True}
    return call_asgi(app, request, **extra)


def test_both_ways__answer_alike_and_leave_the_same_behind() -> None:
    short, long = account(), account()
    statuses = set()
    for what, target, headers, body in REQUESTS:
        request = Request("POST", f"{API}/v2/publish/{target}", tuple(headers.items()), body)

        replies = short.qstash.handle(request), through_the_router(long, request)

        assert replies[0] == replies[1], what
        statuses.add(replies[0].status)
    assert statuses == {200, 400, 401, 403, 413, 429}
    for bench in (short, long):
        bench.run(until=1.0)
    assert list(short.kernel.journal.entries()) == list(long.kernel.journal.entries())
    assert short.qstash.events() == long.qstash.events()
    sent = [[dataclasses.asdict(one.request) for one in b.consumer.seen] for b in (short, long)]
    assert sent[0] == sent[1]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods__are_refused(method: str) -> None:
    reply = Bench().ask(method, f"/v2/publish/{CONSUMER}")

    assert (reply.status, reply.body) == (405, b"Method Not Allowed")


@pytest.mark.parametrize("value", [{"error": "ä \"'\\ \n"}, [], {"messageId": "m", "url": "u"}])
def test_json__is_what_starlette_sends(value: object) -> None:
    theirs = JSONResponse(value, status_code=429, headers={"RateLimit-Limit": "1"})
    headers = tuple((name.decode(), text.decode()) for name, text in theirs.raw_headers)

    ours = json_reply(encode_json(value), status=429, headers=(("ratelimit-limit", "1"),))

    assert ours == Reply(theirs.status_code, headers, bytes(theirs.body))


def test_what_is_asked_for__is_kept_once_for_all_who_ask_it() -> None:
    bench = Bench()
    ids = [
        bench.publish_id({"Upstash-Delay": "1h", "Upstash-Deduplication-Id": f"m_{number}"})
        for number in range(3)
    ]
    other = bench.publish_id({"Upstash-Delay": "2h"})

    first, *more = (bench.qstash.engine.find(one) for one in ids)
    assert first is not None
    assert all(one is not None and one.publish is first.publish for one in more)
    different = bench.qstash.engine.find(other)
    assert different is not None
    assert different.publish.delay_s == 7_200


def test_what_is_asked_for__is_forgotten_when_there_is_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("emulator.qstash.wire.KEEP_KNOWN", 3)
    bench = Bench()
    for number in range(10):
        bench.publish(url=f"{CONSUMER}/{number}")
        assert len(bench.qstash.terms().known) <= 3
    bench.publish(url=f"{CONSUMER}/{'x' * 5_000}")
    assert not any("x" * 5_000 in str(said) for said in bench.qstash.terms().known)
