"""The account as the kernel sees it: names, causes, what commutes with what."""

import time

import pytest

from emulator.call import Access
from emulator.errors import ScenarioError
from emulator.exchange import Request
from emulator.kernel import Kernel
from emulator.qstash import REGIONS, QStash
from tests.qstash.support import API, CONSUMER, HOST, Bench, Consumer, read

ID = {"Upstash-Deduplication-Id": "m_1"}


def access(bench: Bench, method: str, path: str, headers: dict[str, str] | None = None) -> Access:
    return bench.qstash.access(Request(method, API + path, tuple((headers or {}).items()), b"{}"))


@pytest.mark.parametrize(
    ("url", "claimed"),
    [
        ("https://qstash.upstash.io/v2/events", True),
        ("https://QSTASH-us-east-1.upstash.io/v2/events", True),
        ("https://qstash-eu-central-1.upstash.io", True),
        ("http://qstash.upstash.io/v2/events", False),
        ("https://upstash.io/v2/events", False),
    ],
)
def test_claims(url: str, claimed: bool) -> None:
    assert Bench().qstash.claims(Request("GET", url)) is claimed


def test_claims__origins_of_ones_own() -> None:
    qstash = QStash(Kernel(), origins=["http://127.0.0.1:8080/"])

    assert qstash.claims(Request("GET", "http://127.0.0.1:8080/v2/keys"))
    with pytest.raises(ScenarioError, match=r"^qstash needs at least one origin to be reached at$"):
        QStash(Kernel(), origins=[])


def test_publish__of_an_invocation_is_its_child() -> None:
    bench = Bench()
    call = bench.call()

    message_id = read(bench.publish({**ID, "Upstash-Delay": "5s"}, call=call))["messageId"]

    (entry,) = bench.kernel.journal.entries("publish")
    assert (entry.name, entry.cause, entry.roots, entry.generation) == (
        "u0.w0.q0",
        call.entry,
        ("u0",),
        1,
    )
    assert entry.detail == {
        "message_id": message_id,
        "url": CONSUMER,
        "dedup": "m_1",
        "delay_s": 5,
        "route": "/api/consume",
    }


def test_duplicate__is_noted_and_takes_no_name() -> None:
    bench = Bench()
    call = bench.call()
    message_id = read(bench.publish(ID, call=call))["messageId"]

    bench.publish(ID, call=call)
    bench.publish(call=call)

    assert [entry.name for entry in bench.kernel.journal.entries("publish")] == [
        "u0.w0.q0",
        "u0.w0.q1",
    ]
    (duplicate,) = bench.kernel.journal.entries("duplicate")
    assert (duplicate.name, duplicate.cause, duplicate.roots, duplicate.generation) == (
        "u0.w0#0",
        call.entry,
        ("u0",),
        1,
    )
    assert duplicate.detail == {"message_id": message_id, "url": CONSUMER, "dedup": "m_1"}
    assert bench.kernel.journal.tally("u0").duplicates == 1


def test_refused_publish__takes_no_name() -> None:
    bench = Bench()
    call = bench.call()

    bench.publish({"Upstash-Retries": "9"}, call=call)
    bench.publish(call=call)

    assert [entry.name for entry in bench.kernel.journal.entries("publish")] == ["u0.w0.q0"]


def test_roots__are_those_that_the_body_or_the_id_names() -> None:
    bench = Bench()
    bench.kernel.mids.update({"u0": "m_zero", "u1": "m_one", "u2": "m_two"})
    call = bench.call(roots=("u0", "u1", "u2"))

    bench.publish(body=b'{"mid":"m_one"}', call=call)
    bench.publish({"Upstash-Deduplication-Id": "m_two"}, call=call)
    bench.publish(body=b"{}", call=call)

    assert [entry.roots for entry in bench.kernel.journal.entries("publish")] == [
        ("u1",),
        ("u2",),
        ("u0", "u1", "u2"),
    ]


def test_publish__without_a_bot_has_a_name_of_its_own() -> None:
    bench = Bench()
    bench.publish(ID)
    bench.publish(ID)
    bench.publish()

    assert [(entry.kind, entry.name, entry.roots) for entry in bench.kernel.journal.entries()] == [
        ("publish", "x.q0", ()),
        ("duplicate", "x.d0", ()),
        ("publish", "x.q1", ()),
    ]


def test_answer__is_handle_with_the_call() -> None:
    bench = Bench()
    call = bench.call()
    headers = (("Authorization", f"Bearer {bench.qstash.token}"),)
    call.request = Request("POST", f"{API}/v2/publish/{CONSUMER}", headers)

    bench.qstash.answer(call)

    assert [entry.name for entry in bench.kernel.journal.entries("publish")] == ["u0.w0.q0"]


def test_access__publishes_meet_in_their_deduplication_key() -> None:
    bench = Bench()
    path = f"/v2/publish/{CONSUMER}"

    by_header = access(bench, "POST", path, ID)
    by_query = access(bench, "POST", path + "?upstash-deduplication-id=m_1")
    other = access(bench, "POST", path, {"Upstash-Deduplication-Id": "m_2"})

    assert by_header == by_query == Access("publish", writes=frozenset({"qstash:dedup:m_1"}))
    assert by_header.writes.isdisjoint(other.writes)


def test_access__publishes_meet_in_their_content() -> None:
    bench = Bench()
    headers = {"Upstash-Content-Based-Deduplication": "true"}

    first = access(bench, "POST", f"/v2/publish/{CONSUMER}", headers)

    assert first == access(bench, "POST", f"/v2/publish/{CONSUMER}", headers)
    assert first != access(bench, "POST", f"/v2/publish/{CONSUMER}?x", headers)


@pytest.mark.parametrize("headers", [{}, {"Upstash-Deduplication-Id": "a:b"}])
def test_access__publish_without_a_key_meets_nothing(headers: dict[str, str]) -> None:
    bench = Bench()
    path = f"/v2/publish/{CONSUMER}"

    first, second = (access(bench, "POST", path, headers) for _ in range(2))

    assert first.writes
    assert first.writes.isdisjoint(second.writes)


def test_access__reads_and_cancels_meet_in_the_message() -> None:
    bench = Bench()

    read_it = access(bench, "GET", "/v2/messages/msg_1")
    cancel = access(bench, "DELETE", "/v2/messages/msg_1")

    assert (read_it.writes, cancel.reads) == (frozenset(), frozenset())
    assert read_it.reads == cancel.writes


def test_access__keys_are_one_resource() -> None:
    bench = Bench()

    assert access(bench, "GET", "/v2/keys").reads == access(bench, "POST", "/v2/keys/rotate").writes


def test_access__dead_letters_are_one_resource() -> None:
    bench = Bench()

    listed = access(bench, "GET", "/v2/dlq?count=1")
    writes = [
        access(bench, "GET", "/v2/dlq/1-0").reads,
        access(bench, "DELETE", "/v2/dlq/1-0").writes,
        access(bench, "DELETE", "/v2/dlq/").writes,
        access(bench, "POST", "/v2/dlq/retry/1-0").writes,
    ]

    assert writes == [listed.reads] * 4


@pytest.mark.parametrize("path", ["/v2/dlq/retry/1-0", "/v2/dlq/retry?dlqIds=1-0"])
def test_access__a_dead_letter_sent_again_meets_publishes_in_its_key(path: str) -> None:
    bench = Bench()

    assert access(bench, "POST", path, ID).writes == {"qstash:dlq", "qstash:dedup:m_1"}


def test_events__refused_by_the_api() -> None:
    with pytest.raises(
        ScenarioError, match=r"^qstash refused to list events: invalid cursor: 'x'$"
    ):
        Bench().qstash.events(cursor="x")


def test_cost__does_not_rise_with_the_number_of_messages() -> None:
    bench = Bench()
    bench.kernel.record_choices = False

    def publish_500() -> float:
        start = time.process_time()
        for number in range(500):
            bench.publish({"Upstash-Deduplication-Id": f"m_{bench.kernel.clock.now}_{number}"})
        bench.run(until=bench.kernel.clock.now + 60.0)
        return time.process_time() - start

    costs = [publish_500() for _ in range(16)]

    assert min(costs[8:]) < 2 * min(costs[:8])


def test_construction__costs_microseconds() -> None:
    kernel = Kernel()

    def construct_100() -> float:
        start = time.process_time()
        for _ in range(100):
            QStash(kernel)
        return time.process_time() - start

    assert min(construct_100() for _ in range(10)) / 100 < 100e-6


def test_region__has_to_be_one() -> None:
    with pytest.raises(
        ScenarioError, match=r"^qstash has no region 'MARS', only EU-CENTRAL-1, US-EAST-1$"
    ):
        QStash(Kernel(), region="MARS")


def test_accounts_of_two_regions__share_nothing() -> None:
    kernel = Kernel()
    consumer = kernel.origins[HOST] = Consumer(kernel)
    europe, america = (
        QStash(
            kernel,
            token=f"{region} token",
            current_key=f"sig_{region}",
            region=region,
            origins=REGIONS[region],
            causes=f"x{number}",
        )
        for number, region in enumerate(REGIONS)
    )

    def publish(to: QStash, host: str, token: str) -> int:
        url = f"https://{host}.upstash.io/v2/publish/{CONSUMER}"
        request = Request("POST", url, (("Authorization", f"Bearer {token}"),))
        assert to.claims(request)
        assert not (america if to is europe else europe).claims(request)
        return to.handle(request).status

    assert publish(europe, "qstash", "EU-CENTRAL-1 token") == 200
    assert publish(america, "qstash-us-east-1", "US-EAST-1 token") == 200
    assert publish(america, "qstash-us-east-1", "EU-CENTRAL-1 token") == 401
    while kernel.run_step():
        pass
    assert [seen.request.header("Upstash-Region") for seen in consumer.seen] == list(REGIONS)
    assert (len(europe.events()), len(america.events())) == (3, 3)
