"""The delivery client: every way a bot may answer, keep a connection, break it, or not answer."""

import socket
from queue import SimpleQueue

import pytest

from emulator.exchange import Failure, Outcome, Reply, Request
from emulator.net import Client, Fault, Network
from emulator.net import client as client_module
from emulator.net.client import Place, TooLarge
from tests.net.support import PATIENCE_S, exchange, raw_server, read_head, says

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def body_of(outcome: Outcome) -> bytes:
    assert isinstance(outcome, Reply), outcome
    return outcome.body


def test_request__goes_over_the_wire_as_it_is(client: Client) -> None:
    heard: SimpleQueue[bytes] = SimpleQueue()

    def talk(connection: socket.socket) -> None:
        heard.put(read_head(connection))
        connection.sendall(OK)

    request = Request(
        "POST",
        "https://my-bot.example.com/api//x?y=%2F",
        (
            ("Content-Type", "application/json"),
            ("X-Hub-Signature-256", "sha256=ab"),
            ("content-length", "7"),
            ("Host", "my-bot.example.com"),
        ),
        b"{}",
    )
    with raw_server(talk) as place:
        exchange(client, place, request)
    assert heard.get(timeout=PATIENCE_S) == (
        b"POST /api//x?y=%2F HTTP/1.1\r\n"
        b"Content-Type: application/json\r\n"
        b"X-Hub-Signature-256: sha256=ab\r\n"
        b"Host: my-bot.example.com\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    )


@pytest.mark.parametrize(
    ("chunks", "body"),
    [
        ([OK], b"ok"),
        ([OK[at : at + 1] for at in range(len(OK))], b"ok"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", OK], b"ok"),
        ([b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK], b"ok"),
        (
            [
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n",
                b"1\r\nk\r\n0\r\n\r\n",
            ],
            b"ok",
        ),
        ([b"HTTP/1.1 200 OK\r\n\r\n", b"until ", b"the end"], b"until the end"),
        ([b"HTTP/1.0 200 OK\r\n\r\nold"], b"old"),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], b""),
    ],
    ids=["whole", "bytewise", "100", "103", "chunked", "until-eof", "http-1.0", "204"],
)
def test_reply__however_it_is_framed(client: Client, chunks: list[bytes], body: bytes) -> None:
    with raw_server(says(*chunks)) as place:
        assert body_of(exchange(client, place)) == body


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ([], r"^the connection ended without a response \(closed\)$"),
        ([b"HTTP/1.1 200 OK\r\nContent-Le"], r"^the connection ended without a response"),
        ([OK[:-1]], r"^the connection ended in the middle of a response \(closed\)$"),
        ([b"SSH-2.0-server\r\n\r\n"], r"^not an HTTP response: "),
    ],
    ids=["nothing", "half-a-head", "short", "garbage"],
)
def test_no_whole_reply__is_a_reset(client: Client, chunks: list[bytes], message: str) -> None:
    with raw_server(says(*chunks)) as place:
        outcome = exchange(client, place)
    assert isinstance(outcome, Failure)
    assert outcome.kind == "reset"
    with pytest.raises(RuntimeError, match=message):
        raise RuntimeError(outcome.message)


def test_nobody_there__is_refused(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = server.getsockname()[:2]
    outcome = exchange(client, place)
    assert isinstance(outcome, Failure)
    assert outcome.kind == "refused"


def test_no_answer__times_out_and_hangs_up(client: Client) -> None:
    ended: SimpleQueue[bytes] = SimpleQueue()

    def talk(connection: socket.socket) -> None:
        read_head(connection)
        try:
            ended.put(connection.recv(1))
        except ConnectionResetError:
            ended.put(b"")

    with raw_server(talk) as place:
        outcome = exchange(client, place, timeout_s=0.05)
        assert outcome == Failure("timeout", "no response within 0.05 s")
        assert ended.get(timeout=PATIENCE_S) == b""


def test_too_large_a_reply__is_told_apart_and_not_kept(client: Client) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n"

    def talk(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(head)
        try:
            for _ in range(100):
                connection.sendall(b"x" * 100_000)
        except OSError:
            return

    with raw_server(talk) as place:
        outcome = exchange(client, place)
    assert outcome == TooLarge("reset", "the response is larger than 1,000,000 bytes")


def test_connection__is_kept_for_the_next_request(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "REUSE_WITHIN_S", PATIENCE_S)

    def talk(connection: socket.socket) -> None:
        for _ in range(3):
            read_head(connection)
            connection.sendall(OK)

    with raw_server(talk) as place:
        assert [body_of(exchange(client, place)) for _ in range(3)] == [b"ok"] * 3


def test_connection__that_the_server_closes_is_not_used_again(client: Client) -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbye"
    with raw_server(says(closing), says(OK)) as place:
        assert body_of(exchange(client, place)) == b"bye"
        assert body_of(exchange(client, place)) == b"ok"


def test_connection__that_was_idle_for_long_is_not_used_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "REUSE_WITHIN_S", 0.0)

    def talk(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(OK)
        read_head(connection)

    with raw_server(talk, says(OK)) as place:
        assert body_of(exchange(client, place)) == b"ok"
        assert body_of(exchange(client, place)) == b"ok"


def test_fresh_request__comes_over_a_connection_of_its_own(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "REUSE_WITHIN_S", PATIENCE_S)
    open_still: list[socket.socket] = []

    def talk(connection: socket.socket) -> None:
        open_still.append(connection.dup())
        read_head(connection)
        connection.sendall(OK)

    with raw_server(talk, says(OK)) as place:
        assert body_of(exchange(client, place)) == b"ok"
        assert body_of(exchange(client, place, fresh=True)) == b"ok"
    with open_still[0] as first:
        first.setblocking(False)
        with pytest.raises(BlockingIOError):
            first.recv(1)


def test_unasked_bytes__end_the_connection(client: Client) -> None:
    with raw_server(says(OK + OK), says(OK)) as place:
        assert body_of(exchange(client, place)) == b"ok"
        assert body_of(exchange(client, place)) == b"ok"


def test_fault_refused__never_connects(client: Client) -> None:
    with raw_server() as place:
        outcome = exchange(client, place, fault=Fault("refused"))
    assert outcome == Failure("refused", "a fault")


def test_fault_cut_request__sends_only_the_beginning(client: Client) -> None:
    heard: SimpleQueue[bytes] = SimpleQueue()
    with raw_server(lambda connection: heard.put(read_head(connection))) as place:
        outcome = exchange(client, place, fault=Fault("cut-request", at_byte=9))
        assert heard.get(timeout=PATIENCE_S) == b"GET / HTT"
    assert isinstance(outcome, Failure)
    assert outcome.kind == "reset"


def test_fault_cut_response__loses_an_answer_that_was_given(client: Client) -> None:
    with raw_server(says(OK)) as place:
        outcome = exchange(client, place, fault=Fault("cut-response", at_byte=10))
    assert isinstance(outcome, Failure)
    assert outcome.kind == "reset"


def test_fault_slow__sends_the_whole_request_in_small_steps(client: Client) -> None:
    sizes: SimpleQueue[int] = SimpleQueue()

    def talk(connection: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            sizes.put(len(more))
            data += more
        connection.sendall(OK)

    with raw_server(talk) as place:
        fault = Fault("slow", step_bytes=8, pause_s=0.005)
        assert body_of(exchange(client, place, fault=fault)) == b"ok"
    assert sizes.qsize() > 1


def test_close__fails_what_is_unfinished(network: Network) -> None:
    client = Client(network)
    outcomes: SimpleQueue[Outcome] = SimpleQueue()
    asked: SimpleQueue[bytes] = SimpleQueue()

    def talk(connection: socket.socket) -> None:
        asked.put(read_head(connection))
        read_head(connection)

    with raw_server(talk) as place:
        client.send(place, Request("GET", "http://bot/"), outcomes.put)
        asked.get(timeout=PATIENCE_S)
        client.close()
        outcome = outcomes.get(timeout=PATIENCE_S)
    assert isinstance(outcome, Failure)
    assert outcome.kind == "reset"


def test_close__hangs_up_on_who_was_about_to_be_reached(network: Network) -> None:
    client = Client(network)
    outcomes: SimpleQueue[Outcome] = SimpleQueue()

    def talk(connection: socket.socket) -> None:
        read_head(connection)
        read_head(connection)

    async def send_and_close(place: Place) -> None:
        client.send(place, Request("GET", "http://bot/"), outcomes.put)
        # As `close` does it, but with the connection certainly on its way.
        await client._close()

    with raw_server(talk) as place:
        network.run(send_and_close(place))
        outcome = outcomes.get(timeout=PATIENCE_S)
    assert isinstance(outcome, Failure)
    assert outcome.kind == "reset"
