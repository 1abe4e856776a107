import pytest

from emulator.errors import ScenarioError
from emulator.exchange import Failure, Reply, Request, Slow
from emulator.stubs import Answer, Stub

REQUEST = Request("POST", "https://api.example.com/v1/chat?key=secret")


@pytest.mark.parametrize(
    ("host", "url", "expected"),
    [
        ("api.example.com", "https://api.example.com/x", True),
        ("api.example.com", "http://API.example.com:8080/x", True),
        ("API.example.com", "https://api.example.com/x", True),
        ("api.example.com", "https://api.example.com.evil.net/x", False),
        ("api.example.com", "https://example.com/x", False),
        ("api.example.com:443", "https://api.example.com/x", True),
        ("api.example.com:80", "http://api.example.com/x", True),
        ("api.example.com:8443", "https://api.example.com/x", False),
        ("api.example.com:8443", "https://api.example.com:8443/x", True),
        ("*.example.com", "https://a.b.example.com/x", True),
        ("*.example.com", "https://example.com/x", False),
        ("*.example.com", "https://badexample.com/x", False),
    ],
)
def test_host(host: str, url: str, expected: bool) -> None:
    assert Stub(host=host).is_at(Request("GET", url)) is expected


@pytest.mark.parametrize(
    ("path", "asked", "expected"),
    [
        ("/*", "/", True),
        ("/*", "/any/thing", True),
        ("/v1/chat", "/v1/chat", True),
        ("/v1/chat", "/v1/chat?stream=1", True),
        ("/v1/chat", "/v1/chat/", False),
        ("/v1/chat", "/v1/Chat", False),
        ("/v1/*", "/v1/a/b", True),
        ("/v1/*", "/v1/", True),
        ("/v1/*", "/v1", False),
        ("/*/send", "/bot1/send", True),
        ("/*/send", "/send", False),
        ("/a*b*c", "/a1b2c", True),
        ("/a*b*c", "/a1c2b", False),
        ("/a*b*c", "/abc", True),
        ("/ab*bc", "/abc", False),
        ("/x%20y", "/x%20y", True),
        ("/[ab]?", "/a1", False),
    ],
)
def test_path(path: str, asked: str, expected: bool) -> None:
    request = Request("GET", "https://api.example.com" + asked)
    assert Stub(host="api.example.com", path=path).answers_to(request) is expected


def test_path__many_stars_on_a_long_path_are_cheap() -> None:
    request = Request("GET", "https://api.example.com/" + "a" * 50_000)
    assert not Stub(host="api.example.com", path="/" + "*a" * 30 + "*b").answers_to(request)


@pytest.mark.parametrize(("method", "expected"), [(None, True), ("POST", True), ("GET", False)])
def test_method(method: str | None, expected: bool) -> None:
    assert Stub(host="api.example.com", method=method).answers_to(REQUEST) is expected


def test_answer__is_a_reply() -> None:
    answer = Answer(status=429, headers=(("retry-after", "1"),), body=b"slow down")
    assert answer.outcome(REQUEST) == Reply(429, (("retry-after", "1"),), b"slow down")


def test_answer__to_head_has_no_body() -> None:
    request = Request("HEAD", "https://api.example.com/")
    assert Answer(body=b"content").outcome(request) == Reply(200)


def test_answer__with_latency_is_slow() -> None:
    assert Answer(latency_s=0.8).outcome(REQUEST) == Slow(Reply(200), 0.8)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (
            Answer(fault="refused"),
            Failure("refused", "api.example.com: connection refused"),
        ),
        (
            Answer(fault="reset", latency_s=2.0),
            Slow(Failure("reset", "api.example.com: connection reset by peer"), 2.0),
        ),
        (Answer(fault="timeout"), Slow(None)),
    ],
)
def test_answer__with_a_fault(answer: Answer, outcome: Failure | Slow) -> None:
    assert answer.outcome(REQUEST) == outcome


def test_stub__without_an_answer_is_refused() -> None:
    message = r"^the stub for api\.example\.com has no answer; give it at least one$"
    with pytest.raises(ScenarioError, match=message):
        Stub(host="api.example.com", answers=())
