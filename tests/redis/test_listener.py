"""Connections: their commands wait for one another, and failures look as they do on a network."""

import queue
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from emulator.exchange import Failure, Reply
from emulator.net import Arrival, Listener, Network
from emulator.redis.listener import RedisListener, listener_for
from emulator.redis.resp import Commands, command_bytes
from emulator.redis.service import ORIGIN, PROTOCOL

PATIENCE_S = 20.0


class Client:
    """A plain socket to a listener."""

    def __init__(self, listener: RedisListener) -> None:
        self.socket = socket.create_connection(("127.0.0.1", listener.port), timeout=PATIENCE_S)

    def send(self, *texts: str) -> None:
        self.socket.sendall(b"".join(command_bytes(*text.encode().split(b" ")) for text in texts))

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                break
            data += more
        return data


@contextmanager
def opened() -> Iterator[tuple[Client, "queue.SimpleQueue[Arrival]", "queue.SimpleQueue[Arrival]"]]:
    network = Network()
    came: queue.SimpleQueue[Arrival] = queue.SimpleQueue()
    gone: queue.SimpleQueue[Arrival] = queue.SimpleQueue()
    listener = RedisListener(network, origin=ORIGIN, on_arrival=came.put, on_gone=gone.put)
    client = Client(listener)
    try:
        yield client, came, gone
    finally:
        client.socket.close()
        listener.close()
        network.close()


def sent(arrival: Arrival) -> list[bytes]:
    return [words[0] for words, _ in Commands().feed(arrival.request.body)]


def test_listener__is_of_the_protocol_of_its_origin() -> None:
    network = Network()
    made = [
        listener_for(network, origin=origin, on_arrival=lambda arrival: None)
        for origin in (ORIGIN, "https://x.example")
    ]
    try:
        assert [type(one) for one in made] == [RedisListener, Listener]
        assert made[0].address.startswith("redis://127.0.0.1:")
    finally:
        for one in made:
            one.close()
        network.close()


def test_greeting__is_answered_on_the_spot_and_in_its_place() -> None:
    with opened() as (client, came, _):
        client.send("HELLO 3", "GET k", "PING")
        assert client.read(4)[:1] == b"%"
        arrival = came.get(timeout=PATIENCE_S)
        assert arrival.request.header(PROTOCOL) == "3"
        arrival.answer(Reply(200, (), b"$1\r\nv\r\n"))
        data = client.socket.recv(4_096)
        while not data.endswith(b"+PONG\r\n"):
            data += client.socket.recv(4_096)
        assert data.endswith(b"$1\r\nv\r\n+PONG\r\n")


def test_commands_of_a_connection__wait_for_one_another() -> None:
    with opened() as (client, came, _):
        client.send("GET a", "GET b")
        first = came.get(timeout=PATIENCE_S)
        with pytest.raises(queue.Empty):
            came.get(timeout=0.05)
        first.answer(Reply(200, (), b"+1\r\n"))
        came.get(timeout=PATIENCE_S).answer(Reply(200, (), b"+2\r\n"))
        assert client.read(8) == b"+1\r\n+2\r\n"


def test_transaction_that_is_sent_at_once__arrives_in_one_piece() -> None:
    with opened() as (client, came, _):
        client.send("MULTI", "SET a 1", "PING", "EXEC", "GET a")
        arrival = came.get(timeout=PATIENCE_S)
        assert sent(arrival) == [b"MULTI", b"SET", b"PING", b"EXEC"]
        arrival.answer(Reply(200, (), b"+done\r\n"))
        assert sent(came.get(timeout=PATIENCE_S)) == [b"GET"]


def test_transaction_that_is_sent_bit_by_bit__is_queued() -> None:
    with opened() as (client, came, _):
        for text in ("MULTI", "PING", "EXEC", "GET a"):
            client.send(text)
            arrival = came.get(timeout=PATIENCE_S)
            assert sent(arrival) == [text.split()[0].encode()]
            arrival.answer(Reply(200, (), b"+OK\r\n"))
            assert client.read(5) == b"+OK\r\n"


def test_failure__is_a_reset() -> None:
    with opened() as (client, came, _):
        client.send("GET a")
        came.get(timeout=PATIENCE_S).answer(Failure("reset", "lost"))
        with pytest.raises(ConnectionResetError):
            client.socket.recv(1)


def test_client_that_hangs_up__is_gone() -> None:
    with opened() as (client, came, gone):
        client.send("GET a")
        arrival = came.get(timeout=PATIENCE_S)
        client.socket.close()
        assert gone.get(timeout=PATIENCE_S) is arrival
        assert arrival.gone


def test_what_is_no_command__is_told_so_and_hung_up_on() -> None:
    with opened() as (client, _, _):
        client.socket.sendall(b"*1\r\n+x\r\n")
        said = b"-ERR Protocol error: expected '$', got '+'\r\n"
        assert client.read(len(said) + 1) == said


def test_quit__ends_the_connection() -> None:
    with opened() as (client, _, _):
        client.send("QUIT")
        assert client.read(6) == b"+OK\r\n"
