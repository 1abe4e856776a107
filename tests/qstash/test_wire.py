"""What a publish request means, and what its destination receives."""

import pytest

from emulator.exchange import Request
from emulator.qstash import Plan
from emulator.qstash.fields import canonical
from tests.qstash.support import CONSUMER, HOST, Bench, read

NO_SCHEME = "invalid destination url: endpoint has invalid scheme, add http:// or https://"


def delivered(bench: Bench) -> Request:
    bench.run()
    return bench.consumer.seen[-1].request


def error(bench: Bench, headers: dict[str, str]) -> str:
    reply = bench.publish(headers)
    assert reply.status == 400
    return str(read(reply)["error"])


def test_delivery__is_exactly_this() -> None:
    bench = Bench()
    message_id = bench.publish_id({"content-type": "text/plain", "upstash-forward-x-TRACE-id": "7"})

    request = delivered(bench)

    assert (request.method, request.url, request.body) == ("POST", CONSUMER, b"{}")
    assert request.headers == (
        ("User-Agent", "Upstash-QStash"),
        ("X-Trace-Id", "7"),
        ("Content-Type", "text/plain"),
        ("Upstash-Caller-Ip", "203.0.113.7"),
        ("Upstash-Message-Id", message_id),
        ("Upstash-Region", "EU-CENTRAL-1"),
        ("Upstash-Retried", "0"),
        ("Upstash-Signature", request.header("Upstash-Signature")),
    )


def test_delivery__without_a_content_type_has_none() -> None:
    bench = Bench()
    bench.publish({"Upstash-Forward-Content-Type": "text/plain"})

    assert delivered(bench).header("Content-Type") is None


def test_delivery__own_headers_can_not_be_forged() -> None:
    bench = Bench()
    bench.publish({"Upstash-Forward-Upstash-Retried": "9", "Upstash-Forward-User-Agent": "me"})

    request = delivered(bench)

    assert [value for name, value in request.headers if name == "Upstash-Retried"] == ["0"]
    assert [value for name, value in request.headers if name == "User-Agent"] == ["Upstash-QStash"]


def test_delivery__telemetry_and_token_stay_behind() -> None:
    bench = Bench()
    bench.publish({"Upstash-Telemetry-Sdk": "x", "Host": "qstash.upstash.io"})

    names = {name.lower() for name, _ in delivered(bench).headers}

    assert not names & {"upstash-telemetry-sdk", "authorization", "host"}


def test_header_forward__passes_every_header_but_the_token() -> None:
    bench = Bench()
    bench.publish(
        {"Upstash-Header-Forward": "true", "X-One": "1", "X-Two": "2", "Upstash-Forward-X-Two": "3"}
    )

    request = delivered(bench)

    assert request.header("X-One") == "1"
    assert [value for name, value in request.headers if name == "X-Two"] == ["3"]
    assert request.header("Authorization") is None


def test_header_forward__keeps_an_authorization_that_is_not_the_token() -> None:
    bench = Bench()
    token = bench.qstash.token.replace("=", "%3D")
    headers = {"Authorization": "Basic abc", "Upstash-Header-Forward": "true"}
    assert bench.publish(headers, url=f"{CONSUMER}?qstash_token={token}").ok

    assert delivered(bench).header("Authorization") == "Basic abc"


def test_forward_authorization__is_delivered() -> None:
    bench = Bench()
    bench.publish({"Upstash-Forward-Authorization": "Bearer mine"})

    assert delivered(bench).header("Authorization") == "Bearer mine"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "post"])
def test_method__is_the_one_asked_for(method: str) -> None:
    bench = Bench()
    bench.publish({"Upstash-Method": method})

    assert delivered(bench).method == method.upper()


@pytest.mark.parametrize(
    "url",
    [
        HOST + "//double//slash/",
        HOST + "/a%2Fb/%0A/%C3%BC?x=%26&y=1+2",
        HOST + "/a?b=http://c//d?e",
        HOST + "/",
        HOST,
        HOST + "/with:colon;semi,comma",
    ],
)
def test_destination__is_taken_as_sent(url: str) -> None:
    bench = Bench()

    reply = bench.publish(url=url)

    assert read(reply)["url"] == url
    assert delivered(bench).url == url


def test_destination__keeps_its_query_without_ours() -> None:
    bench = Bench()
    url = f"{CONSUMER}?a=%20&upstash-retries=0&b&upstash-forward-x=1+2&a=3"

    message_id = bench.publish_id(url=url)

    assert delivered(bench).url == f"{CONSUMER}?a=%20&b&a=3"
    assert delivered(bench).header("X") == "1 2"
    assert read(bench.ask("GET", f"/v2/messages/{message_id}"))["maxRetries"] == 0


def test_query__header_wins() -> None:
    bench = Bench()
    url = f"{CONSUMER}?upstash-retries=0&upstash-forward-x=query"

    message_id = bench.publish_id({"Upstash-Retries": "2", "Upstash-Forward-X": "header"}, url=url)

    assert read(bench.ask("GET", f"/v2/messages/{message_id}"))["maxRetries"] == 2
    assert [value for name, value in delivered(bench).headers if name == "X"] == ["header"]


@pytest.mark.parametrize(
    "url", ["", "my-group", "api/llm", "ftp://x.example", "https%3A//x.example"]
)
def test_destination__without_a_scheme_is_refused(url: str) -> None:
    reply = Bench().publish(url=url)

    assert reply.status == 400
    assert read(reply) == {"error": NO_SCHEME}


@pytest.mark.parametrize("url", ["https://", "https:///path", "http://[::1", "http://x:port/"])
def test_destination__without_a_host_is_refused(url: str) -> None:
    reply = Bench().publish(url=url)

    assert read(reply) == {"error": "invalid destination url: endpoint has no valid host"}


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("localhost:3000", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.9.9.9", "127.9.9.9"),
        ("[::1]:80", "::1"),
    ],
)
def test_destination__loopback_is_refused_where_that_is_switched_on(
    host: str, address: str
) -> None:
    url = f"http://{host}/p"

    assert Bench().publish(url=url).status == 200
    reply = Bench(allow_loopback=False).publish(url=url)
    assert reply.status == 400
    assert read(reply) == {
        "error": f"invalid destination url: endpoint resolves to a loopback address: {address}"
    }


def test_destination__elsewhere_is_never_loopback() -> None:
    assert Bench(allow_loopback=False).publish(url="https://203.0.113.9/p").status == 200


def test_retries__quota() -> None:
    assert error(Bench(), {"Upstash-Retries": "6"}) == "quota maxRetries exceeded, current limit: 5"
    assert Bench(plan=Plan(max_retries=999)).publish({"Upstash-Retries": "999"}).ok


def test_retries__default_is_three_or_what_the_plan_allows() -> None:
    for plan, retries in ((Plan(), 3), (Plan(max_retries=1), 1)):
        bench = Bench(plan=plan)
        message_id = bench.publish_id()
        assert read(bench.ask("GET", f"/v2/messages/{message_id}"))["maxRetries"] == retries


def test_delay__quota() -> None:
    text = "quota maxDelay exceeded, current limit: 604800"

    assert error(Bench(), {"Upstash-Delay": "7d1s"}) == text
    assert error(Bench(), {"Upstash-Not-Before": str(1_790_000_000 + 604_801)}) == text
    assert Bench().publish({"Upstash-Delay": "7d"}).ok


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (
            {"Upstash-Delay": "10"},
            "invalid Upstash-Delay: '10' is not a duration such as 50s or 1d10h30m",
        ),
        (
            {"Upstash-Not-Before": "soon"},
            "invalid Upstash-Not-Before: 'soon' is not a whole number",
        ),
        ({"Upstash-Retries": "-1"}, "invalid Upstash-Retries: '-1' is not a whole number"),
        ({"Upstash-Timeout": "0s"}, "invalid Upstash-Timeout: must be greater than zero"),
        (
            {"Upstash-Retry-Delay": "2 **"},
            "invalid Upstash-Retry-Delay: unexpected '*' at position 3",
        ),
        (
            {"Upstash-Content-Based-Deduplication": "yes"},
            "invalid Upstash-Content-Based-Deduplication: 'yes' is neither true nor false",
        ),
        (
            {"Upstash-Method": "TRACE"},
            "invalid Upstash-Method: 'TRACE' is none of DELETE, GET, PATCH, POST, PUT",
        ),
        (
            {"Upstash-Method": ""},
            "invalid Upstash-Method: '' is none of DELETE, GET, PATCH, POST, PUT",
        ),
    ],
)
def test_malformed_value__is_refused(headers: dict[str, str], text: str) -> None:
    bench = Bench()

    assert error(bench, headers) == text
    assert bench.qstash.published == 0


def test_unknown_header__is_no_error() -> None:
    assert Bench().publish({"Upstash-Callback-X": "1", "Upstash-Whatever": "2"}).status == 200


def test_body__quota() -> None:
    assert Bench().publish(body=b"x" * 1_048_576).ok

    reply = Bench().publish(body=b"x" * 1_048_577)

    assert reply.status == 413
    assert read(reply) == {"error": "quota maxMessageSize exceeded, current limit: 1048576"}


def test_canonical() -> None:
    assert canonical("x-rateLIMIT-reset") == "X-Ratelimit-Reset"
