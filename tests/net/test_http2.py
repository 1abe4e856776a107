"""HTTP/2: each stream is a request like any other, whatever else happens on its connection."""

import socket
from collections.abc import Iterator

import pytest
from h2.connection import H2Connection

from emulator.exchange import Failure, Reply, Request
from emulator.net import Network
from emulator.net import http2 as http2_module
from tests.net.http2_client import Http2Client
from tests.net.support import PATIENCE_S, Heard

ORIGIN = "https://firestore.googleapis.com"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
CANCEL, INTERNAL_ERROR, ENHANCE_YOUR_CALM = 8, 2, 11


@pytest.fixture
def heard(network: Network) -> Iterator[Heard]:
    heard = Heard(network, ORIGIN)
    yield heard
    heard.listener.close()


@pytest.fixture
def client(heard: Heard) -> Iterator[Http2Client]:
    with heard.connect() as connection:
        yield Http2Client(connection)


# -- requests and answers


def test_stream__is_a_request_at_the_address_that_the_listener_stands_for(
    heard: Heard, client: Http2Client
) -> None:
    stream = client.ask("POST", "/v1/x?y=%2F", headers=[("x-a", "1"), ("x-a", "2")], body=b"body")
    arrival = heard.next()
    assert arrival.request == Request(
        "POST",
        "https://firestore.googleapis.com/v1/x?y=%2F",
        (("host", "firestore.googleapis.com"), ("x-a", "1"), ("x-a", "2")),
        b"body",
        http_version="2",
    )
    headers = (("Content-Type", "text/plain"), ("Connection", "close"), ("Content-Length", "99"))
    arrival.answer(Reply(202, headers, b"taken"))
    answer = client.answer(stream)
    assert answer.head == {":status": "202", "content-type": "text/plain", "content-length": "5"}
    assert (answer.body, answer.trailers) == (b"taken", {})


def test_bytes_that_come_one_by_one__are_the_same(heard: Heard) -> None:
    with heard.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sender = H2Connection()
        sender.initiate_connection()
        head = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/x")]
        sender.send_headers(1, head, end_stream=True)
        for byte in sender.data_to_send():
            connection.send(bytes([byte]))
        assert heard.next().request.url == ORIGIN + "/x"


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_answer_without_a_body__has_none(
    heard: Heard, client: Http2Client, method: str, status: int
) -> None:
    stream = client.ask(method)
    heard.next().answer(Reply(status, (), b"nobody sees it"))
    answer = client.answer(stream)
    assert (answer.head[":status"], answer.body) == (str(status), b"")


def test_client_that_waits_to_be_told_to_go_on__is_told(heard: Heard, client: Http2Client) -> None:
    stream = client.ask("POST", headers=[("expect", "100-continue")], ends=False)
    while not client.answers[stream].interim:
        client.read()
    client.say(stream, b"body", ends=True)
    assert (client.answers[stream].interim, heard.next().request.body) == (["100"], b"body")


def test_many_streams__are_answered_in_any_order(heard: Heard, client: Http2Client) -> None:
    streams = [client.ask("GET", f"/{number}") for number in range(100)]
    arrivals = [heard.next() for _ in streams]
    for arrival in reversed(arrivals):
        arrival.answer(Reply(200, (), arrival.request.target.encode()))
    bodies = [client.answer(stream).body for stream in streams]
    assert bodies == [f"/{number}".encode() for number in range(100)]


def test_large_bodies__go_as_far_as_each_side_takes_them(heard: Heard) -> None:
    large = bytes(range(256)) * 12_000
    heard.on_arrival = lambda arrival: arrival.answer(Reply(200, (), arrival.request.body))
    with heard.connect() as connection:
        client = Http2Client(connection, window=1_000)
        stream = client.ask("POST", body=large)
        assert client.answer(stream).body == large


def test_answer_that_is_not_taken__holds_no_other_one_up(heard: Heard) -> None:
    heard.on_arrival = lambda arrival: arrival.answer(Reply(200, (), b"x" * 5_000))
    with heard.connect() as connection:
        client = Http2Client(connection, window=1_000)
        client.acknowledges = False
        first = client.ask()
        while len(client.answers[first].body) < 1_000:
            client.read()
        second = client.ask()
        while len(client.answers[second].body) < 1_000:
            client.read()
        assert not client.answers[first].over
        client.h2.increment_flow_control_window(4_000, first)
        client.flush()
        assert client.answer(first).body == b"x" * 5_000


def test_trailers__follow_the_body(heard: Heard, client: Http2Client) -> None:
    stream = client.ask("POST", headers=[("content-type", "application/grpc")], body=b"")
    headers = (("content-type", "application/grpc"), ("grpc-status", "0"))
    heard.next().answer(Reply(200, headers, b"\0\0\0\0\x01x"))
    answer = client.answer(stream)
    assert answer.head == {":status": "200", "content-type": "application/grpc"}
    assert (answer.body, answer.trailers) == (b"\0\0\0\0\x01x", {"grpc-status": "0"})


def test_ping__is_answered(client: Http2Client) -> None:
    client.h2.ping(b"12345678")
    client.flush()
    seen: list[str] = []
    while "PingAckReceived" not in seen:
        seen += [type(event).__name__ for event in client.read()]


# -- failures


def test_failure__resets_its_stream_and_no_other(heard: Heard, client: Http2Client) -> None:
    lost, held = client.ask("GET", "/lost"), client.ask("GET", "/held")
    heard.next().answer(Failure("reset", "the connection was lost"))
    assert client.answer(lost).reset == INTERNAL_ERROR
    heard.next().answer(Reply(200, (), b"there"))
    assert client.answer(held).body == b"there"


def test_failure_of_a_grpc_call__ends_it_as_unavailable(heard: Heard, client: Http2Client) -> None:
    stream = client.ask("POST", headers=[("content-type", "application/grpc")], body=b"")
    heard.next().answer(Failure("reset", "the connection was lost"))
    assert client.answer(stream).head == {
        ":status": "200",
        "content-type": "application/grpc",
        "grpc-status": "14",
        "grpc-message": "the connection was lost",
    }


def test_timeout__is_no_answer_at_all(heard: Heard, client: Http2Client) -> None:
    silent, other = client.ask("GET", "/silent"), client.ask("GET", "/other")
    heard.next().answer(Failure("timeout", ""))
    heard.next().answer(Reply(200))
    assert client.answer(other).head[":status"] == "200"
    assert not client.answers[silent].over


def test_client_that_takes_a_request_back__is_gone(heard: Heard, client: Http2Client) -> None:
    stream = client.ask()
    arrival = heard.next()
    client.h2.reset_stream(stream, CANCEL)
    client.flush()
    assert heard.gone.get(timeout=PATIENCE_S) is arrival
    assert arrival.gone
    arrival.answer(Reply(200))
    other = client.ask()
    heard.next().answer(Reply(201))
    assert client.answer(other).head[":status"] == "201"


def test_client_that_hangs_up__is_gone_with_all_its_requests(heard: Heard) -> None:
    with heard.connect() as connection:
        client = Http2Client(connection)
        client.ask()
        client.ask()
        arrivals = {heard.next(), heard.next()}
    assert {heard.gone.get(timeout=PATIENCE_S) for _ in range(2)} == arrivals


def test_client_that_says_goodbye__is_still_answered(heard: Heard, client: Http2Client) -> None:
    stream = client.ask()
    arrival = heard.next()
    # Its own library would take nothing more after that.
    client.socket.sendall(b"\0\0\x08\x07\0\0\0\0\0" + bytes(8))
    arrival.answer(Reply(200, (), b"farewell"))
    assert client.answer(stream).body == b"farewell"


def test_close__hangs_up_on_everybody(network: Network) -> None:
    heard = Heard(network, ORIGIN)
    with heard.connect() as connection:
        client = Http2Client(connection)
        client.ask()
        heard.next()
        heard.listener.close()
        client.read_out()


# -- hostile and broken clients


def test_body_beyond_all_measure__is_refused(
    heard: Heard, client: Http2Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http2_module, "MAX_BODY_BYTES", 10_000)
    stream = client.ask("POST", body=b"x" * 10_001, ends=False)
    assert client.answer(stream).head[":status"] == "413"
    assert heard.arrivals.empty()


def test_bodies_that_never_end__are_hung_up_on(
    client: Http2Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http2_module, "MAX_HALF_BYTES", 10_000)
    for _ in range(3):
        client.ask("POST", body=b"x" * 4_000, ends=False)
    client.read_out()
    assert client.goaway == ENHANCE_YOUR_CALM


def test_requests_that_are_taken_back_endlessly__are_hung_up_on(
    client: Http2Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http2_module, "MAX_TAKEN_BACK", 10)
    for _ in range(11):
        stream = client.ask()
        client.h2.reset_stream(stream, CANCEL)
        client.flush()
    client.read_out()
    assert client.goaway == ENHANCE_YOUR_CALM


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param(b"\0\0\x05\0\x01\0\0\0\x01hello", id="data on a stream that is not open"),
        pytest.param(b"\0\0\x04\x01\x05\0\0\0\x01\xff\xff\xff\xff", id="head that is no HPACK"),
        pytest.param(b"\0\0\x01\x01\x05\0\0\0\x02\x82", id="stream of the server"),
        pytest.param(b"\xff\xff\xff\0\0\0\0\0\x01", id="frame beyond the agreed size"),
        pytest.param(b"\0\0\x04\x08\0\0\0\0\0\0\0\0\0", id="window that grows by nothing"),
        pytest.param(b"\0\0\x01\x06\0\0\0\0\0x", id="ping of one byte"),
        pytest.param(b"\0\0\x01\x09\x04\0\0\0\x01\x82", id="continuation of nothing"),
        pytest.param(b"\0\0\x01\x01\x05\0\0\0\x01\x82", id="head without a path"),
    ],
)
def test_frames_that_make_no_sense__are_hung_up_on(
    heard: Heard, network: Network, frames: bytes
) -> None:
    complaints: list[object] = []
    network.loop.set_exception_handler(lambda loop, context: complaints.append(context))
    with heard.connect() as connection:
        connection.sendall(PREFACE + SETTINGS + frames)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert (heard.arrivals.empty(), complaints) == (True, [])


def test_head_beyond_all_measure__is_hung_up_on(client: Http2Client) -> None:
    client.ask(headers=[(f"x-{number}", "y" * 10_000) for number in range(10)])
    client.read_out()
    assert client.goaway == ENHANCE_YOUR_CALM


def test_open_call_with_too_many_messages__is_ended(
    heard: Heard, client: Http2Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http2_module, "MAX_TALK", 2)
    path = "/google.firestore.v1.Firestore/Listen"
    headers = [("content-type", "application/grpc")]
    stream = client.ask("POST", path, headers=headers, body=b"\0\0\0\0\0" * 4, ends=False)
    answer = client.answer(stream)
    assert (answer.head["grpc-status"], answer.head["grpc-message"]) == ("8", "Too many messages.")
    assert {heard.gone.get(timeout=PATIENCE_S) for _ in range(3)} == {
        heard.next() for _ in range(3)
    }
