"""Listeners: what arrives is what was sent, at the address it stands for, and every way to answer
or not to.
"""

import socket
from collections.abc import Iterator

import pytest

from emulator.exchange import Failure, Reply, Request
from emulator.net import Client, Listener, Network
from emulator.net import connection as connection_module
from tests.net.support import PATIENCE_S, Heard, exchange

ORIGIN = "https://qstash.upstash.io"


@pytest.fixture
def heard(network: Network) -> Iterator[Heard]:
    heard = Heard(network, ORIGIN)
    yield heard
    heard.listener.close()


def received(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    data = b""
    while more := connection.recv(65536):
        data += more
    return data


def test_request__arrives_at_the_address_that_the_listener_stands_for(heard: Heard) -> None:
    with heard.connect() as connection:
        connection.sendall(
            b"POST /v2/publish/https://my-bot.example.com//api?x=%2F HTTP/1.1\r\n"
            b"hOsT: 127.0.0.1:1\r\nUpstash-Delay: 10s\r\nContent-Length: 4\r\n\r\nbody"
        )
        request = heard.next().request
    assert request == Request(
        "POST",
        "https://qstash.upstash.io/v2/publish/https://my-bot.example.com//api?x=%2F",
        (("hOsT", "qstash.upstash.io"), ("Upstash-Delay", "10s"), ("Content-Length", "4")),
        b"body",
    )


def test_answer__reaches_the_client(heard: Heard, client: Client) -> None:
    heard.on_arrival = lambda arrival: arrival.answer(
        Reply(202, (("Content-Type", "text/plain"), ("content-length", "99")), b"taken")
    )
    outcome = exchange(client, ("127.0.0.1", heard.listener.port))
    assert isinstance(outcome, Reply)
    assert (outcome.status, outcome.body) == (202, b"taken")
    assert outcome.headers == (
        ("Content-Type", "text/plain"),
        ("content-length", "5"),
        ("connection", "keep-alive"),
    )


def test_chunked_request__is_put_together(heard: Heard) -> None:
    with heard.connect() as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        )
        assert heard.next().request.body == b"abcde"


def test_expect_100__is_told_to_go_on(heard: Heard) -> None:
    with heard.connect() as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        )
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"ok")
        assert heard.next().request.body == b"ok"


@pytest.mark.parametrize(
    ("target", "url"),
    [
        (b"http://127.0.0.1:1/v2/keys?a=b", f"{ORIGIN}/v2/keys?a=b"),
        (b"http://127.0.0.1:1", f"{ORIGIN}/"),
        (b"http://127.0.0.1:1?a", f"{ORIGIN}/?a"),
        (b"*", f"{ORIGIN}/"),
        (b"//double//slash", f"{ORIGIN}//double//slash"),
    ],
)
def test_request_target__in_other_forms(heard: Heard, target: bytes, url: str) -> None:
    method = b"OPTIONS" if target == b"*" else b"GET"
    with heard.connect() as connection:
        connection.sendall(method + b" " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert heard.next().request.url == url


def test_pipelined_requests__are_answered_in_their_order(heard: Heard) -> None:
    with heard.connect() as connection:
        connection.sendall(
            b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
            b"GET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        first, second = heard.next(), heard.next()
        second.answer(Reply(200, (), b"two"))
        first.answer(Reply(200, (), b"one"))
        text = received(connection)
    assert text.index(b"one") < text.index(b"two")


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_answer_without_body__sends_none(heard: Heard, method: str, status: int) -> None:
    with heard.connect() as connection:
        connection.sendall(f"{method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        heard.next().answer(Reply(status, (), b"body"))
        assert received(connection).endswith(b"connection: close\r\n\r\n")


@pytest.mark.parametrize("kind", ["refused", "reset"])
def test_failure__hangs_up(heard: Heard, client: Client, kind: str) -> None:
    heard.on_arrival = lambda arrival: arrival.answer(Failure("reset", kind))
    outcome = exchange(client, ("127.0.0.1", heard.listener.port))
    assert isinstance(outcome, Failure)
    assert outcome.kind == "reset"


def test_timeout__leaves_the_client_waiting(heard: Heard, client: Client) -> None:
    heard.on_arrival = lambda arrival: arrival.answer(Failure("timeout"))
    outcome = exchange(client, ("127.0.0.1", heard.listener.port), timeout_s=0.1)
    assert outcome == Failure("timeout", "no response within 0.1 s")


def test_client_that_hangs_up__is_gone_and_answering_it_does_nothing(heard: Heard) -> None:
    with heard.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        arrival = heard.next()
    assert heard.gone.get(timeout=PATIENCE_S) is arrival
    assert arrival.gone
    arrival.answer(Reply(200))
    assert heard.gone.empty()


def test_nonsense__is_answered_400(heard: Heard) -> None:
    with heard.connect() as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert received(connection).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert heard.arrivals.empty()


def test_too_large_a_body_or_head__is_refused(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "MAX_BODY_BYTES", 3)
    monkeypatch.setattr(connection_module, "MAX_HEAD_BYTES", 30)
    with heard.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody")
        assert received(connection).startswith(b"HTTP/1.1 413 ")
    with heard.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nx: " + b"y" * 40 + b"\r\n\r\n")
        assert received(connection).startswith(b"HTTP/1.1 431 ")
    assert heard.arrivals.empty()


def test_port_in_use__is_an_error_and_leaves_nothing_open(network: Network, heard: Heard) -> None:
    with pytest.raises(OSError, match="Address already in use"):
        Listener(network, origin=ORIGIN, on_arrival=print, port=heard.listener.port)


def test_close__hangs_up_on_everybody_and_frees_the_port(network: Network) -> None:
    heard = Heard(network, ORIGIN)
    with heard.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        arrival = heard.next()
        heard.listener.close()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert heard.gone.get(timeout=PATIENCE_S) is arrival
    with socket.create_server(("127.0.0.1", heard.listener.port)) as other:
        assert other.getsockname()[1] == heard.listener.port
