"""A real gRPC client against our own HTTP/2: what it makes of every way to answer a call."""

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import grpc
import pytest

from emulator.exchange import Failure, Outcome, Reply
from emulator.grpc import (
    POLL,
    STREAM,
    Code,
    answer_grpc,
    grpc_error,
    grpc_reply,
    message_of,
    method_of,
)
from emulator.net import Arrival, Listener, Network
from emulator.net.authority import Authority
from emulator.net.proxy import Proxy

LIMIT_S = 10.0
LISTEN = "/google.firestore.v1.Firestore/Listen"


class Heard:
    """A listener, what came in at it, and a channel to it; `answers` says what a call gets."""

    def __init__(self, network: Network) -> None:
        self.arrivals: SimpleQueue[Arrival] = SimpleQueue()
        self.gone: SimpleQueue[Arrival] = SimpleQueue()
        self.answers: Callable[[Arrival], Outcome | None] = lambda arrival: None
        self.listener = Listener(
            network,
            origin="https://cloudtasks.googleapis.com",
            on_arrival=self._arrived,
            on_gone=self.gone.put,
        )
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.listener.port}")

    def _arrived(self, arrival: Arrival) -> None:
        self.arrivals.put(arrival)
        outcome = self.answers(arrival)
        if outcome is not None:
            arrival.answer(outcome)

    def next(self) -> Arrival:
        return self.arrivals.get(timeout=LIMIT_S)

    def call(self, message: bytes = b"hello", path: str = "/a.B/Do", **options: object) -> object:
        method = self.channel.unary_unary(path)
        return method(message, **{"timeout": LIMIT_S, **options})

    def refusal(self, **options: object) -> tuple[str, str]:
        """The code and the words with which a call fails."""
        with pytest.raises(grpc.RpcError) as caught:
            self.call(**options)  # type: ignore[arg-type]
        return caught.value.code().name, caught.value.details()


@pytest.fixture
def heard(network: Network) -> Iterator[Heard]:
    heard = Heard(network)
    yield heard
    heard.channel.close()
    heard.listener.close()


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as network:
        yield network


def test_unary_call__is_one_request_with_its_metadata(heard: Heard) -> None:
    heard.answers = lambda arrival: grpc_reply([b"said " + message_of(arrival.request.body)])
    assert heard.call(metadata=[("x-goog-request-params", "name=a%2Fb")]) == b"said hello"
    request = heard.next().request
    assert request.url == "https://cloudtasks.googleapis.com/a.B/Do"
    assert method_of(request) == ("a.B", "Do")
    assert request.header("x-goog-request-params") == "name=a%2Fb"
    assert request.header("host") == "cloudtasks.googleapis.com"


def test_stream_of_answers__is_one_reply(heard: Heard) -> None:
    heard.answers = lambda arrival: grpc_reply([b"one", b"", b"three"])
    answers = heard.channel.unary_stream("/a.B/Do")(b"", timeout=LIMIT_S)
    assert list(answers) == [b"one", b"", b"three"]


def test_messages_of_megabytes__go_both_ways(heard: Heard) -> None:
    heard.answers = lambda arrival: grpc_reply([message_of(arrival.request.body)])
    large = bytes(range(256)) * 12_000
    assert heard.call(large) == large


def test_many_calls_at_once__are_answered_in_any_order(heard: Heard) -> None:
    method = heard.channel.unary_unary("/a.B/Do")
    futures = [method.future(str(number).encode(), timeout=LIMIT_S) for number in range(50)]
    for arrival in reversed([heard.next() for _ in futures]):
        arrival.answer(grpc_reply([message_of(arrival.request.body)]))
    assert [future.result() for future in futures] == [str(n).encode() for n in range(50)]


def test_error__has_its_code_and_its_words(heard: Heard) -> None:
    heard.answers = lambda arrival: grpc_error(Code.ABORTED, "zu viel § 100 %\n\U0001f600")
    assert heard.refusal() == ("ABORTED", "zu viel § 100 %\n\U0001f600")


@pytest.mark.parametrize(
    ("outcome", "code", "words"),
    [
        (Failure("reset", "the connection was lost"), "UNAVAILABLE", "the connection was lost"),
        (Failure("refused"), "UNAVAILABLE", "connection refused"),
        (
            Reply(429, (), b'{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}'),
            "RESOURCE_EXHAUSTED",
            "m",
        ),
        (
            Reply(409, (), b'[{"error":{"code":409,"message":"m","status":"ABORTED"}}]'),
            "ABORTED",
            "m",
        ),
        (Reply(503, (), b"busy"), "UNAVAILABLE", "HTTP status 503"),
        (Reply(404), "UNIMPLEMENTED", "HTTP status 404"),
        (Reply(500, (), b'{"error":"x"}'), "UNKNOWN", "HTTP status 500"),
    ],
)
def test_outcome_that_is_not_grpc__is_one_to_the_client(
    heard: Heard, outcome: Outcome, code: str, words: str
) -> None:
    heard.answers = lambda arrival: outcome
    assert heard.refusal() == (code, words)


def test_deadline__ends_the_call_and_is_told(heard: Heard) -> None:
    assert heard.refusal(timeout=0.05)[0] == "DEADLINE_EXCEEDED"
    arrival = heard.next()
    assert arrival.request.header("grpc-timeout") is not None
    assert heard.gone.get(timeout=LIMIT_S) is arrival


def test_compressed_message__is_refused(heard: Heard) -> None:
    heard.answers = lambda arrival: answer_grpc(
        arrival.request, {"/a.B/Do": lambda message: [message]}
    )
    assert heard.refusal(message=b"s" * 5_000, compression=grpc.Compression.Gzip) == (
        "UNIMPLEMENTED",
        "Compressed messages are not served here; send them plain.",
    )


def test_method_that_is_not_there__is_unimplemented_and_told(heard: Heard) -> None:
    unknown: list[str] = []
    heard.answers = lambda arrival: answer_grpc(arrival.request, {}, on_unknown=unknown.append)
    assert heard.refusal(path="/a.B/Else") == ("UNIMPLEMENTED", "Method not found: /a.B/Else")
    assert unknown == ["/a.B/Else"]


def test_calls_through_the_proxy__are_unmodified(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority()
    proxy = Proxy(
        network, authority, on_arrival=lambda arrival: arrival.answer(grpc_reply([b"found"]))
    )
    trusted = grpc.ssl_channel_credentials(authority.pem.encode())
    options = [("grpc.http_proxy", proxy.address)]
    with grpc.secure_channel("cloudtasks.googleapis.com:443", trusted, options) as channel:
        assert channel.unary_unary("/a.B/Do")(b"", timeout=LIMIT_S) == b"found"
    proxy.close()


# -- calls that stay open


class Open:
    """A call to which messages are said one by one."""

    def __init__(self, heard: Heard) -> None:
        self._said: SimpleQueue[bytes | None] = SimpleQueue()
        self.call = heard.channel.stream_stream(LISTEN)(iter(self._said.get, None), timeout=LIMIT_S)

    def say(self, message: bytes | None) -> None:
        """None is that nothing more will be said."""
        self._said.put(message)


def test_open_call__is_a_request_for_each_message_and_one_that_waits_for_news(
    heard: Heard,
) -> None:
    call = Open(heard)
    call.say(b"one")
    first = heard.next()
    assert message_of(first.request.body) == b"one"
    first.answer(grpc_reply([b"answer"], ends=False))
    assert next(call.call) == b"answer"
    poll = heard.next()
    assert (poll.request.header(POLL), poll.request.body) == ("1", b"")
    call.say(b"two")
    second = heard.next()
    assert second.request.header(STREAM) == first.request.header(STREAM)
    poll.answer(grpc_reply([b"news", b"more"], ends=False))
    assert [next(call.call), next(call.call)] == [b"news", b"more"]
    assert heard.next().request.header(POLL) == "1"
    call.say(None)


def test_open_call__ends_when_the_client_has_said_everything(heard: Heard) -> None:
    call = Open(heard)
    call.say(b"one")
    heard.next().answer(grpc_reply([b"answer"], ends=False))
    poll = heard.next()
    call.say(None)
    assert list(call.call) == [b"answer"]
    assert heard.gone.get(timeout=LIMIT_S) is poll


def test_open_call__ends_with_an_error(heard: Heard) -> None:
    call = Open(heard)
    call.say(b"one")
    heard.next().answer(grpc_error(Code.NOT_FOUND, "no such target"))
    with pytest.raises(grpc.RpcError, match="no such target"):
        next(call.call)
    call.say(None)


def test_open_call_that_is_cancelled__leaves_nobody_waiting(heard: Heard) -> None:
    call = Open(heard)
    call.say(b"one")
    heard.next().answer(grpc_reply([], ends=False))
    poll = heard.next()
    threading.Thread(target=call.call.cancel, daemon=True).start()
    assert heard.gone.get(timeout=LIMIT_S) is poll
    call.say(None)
