"""The proxy: whatever way a client takes, what arrives is what was sent, at the address it meant;
and what is no HTTP arrives as what it is, and is hung up on.
"""

import socket
import ssl
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from emulator.exchange import Failure, Reply, Request
from emulator.net import Arrival, Network
from emulator.net import proxy as proxy_module
from emulator.net.authority import Authority
from emulator.net.proxy import Proxy
from tests.net.http2_client import Http2Client
from tests.net.support import PATIENCE_S

GRAPH = "graph.facebook.com"
GET = b"GET /v23.0/me?x=%2F HTTP/1.1\r\nHost: graph.facebook.com\r\nConnection: close\r\n\r\n"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Through:
    """A proxy, and what came in at it."""

    def __init__(self, network: Network, authority: Authority) -> None:
        self.arrivals: SimpleQueue[Arrival] = SimpleQueue()
        self.gone: SimpleQueue[Arrival] = SimpleQueue()
        self.authority = authority
        self.proxy = Proxy(network, authority, on_arrival=self.arrivals.put, on_gone=self.gone.put)

    def next(self) -> Arrival:
        return self.arrivals.get(timeout=PATIENCE_S)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.proxy.port), PATIENCE_S)

    def tunnel(self, target: str) -> socket.socket:
        """A connection on which CONNECT was answered."""
        connection = self.connect()
        connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        assert connection.recv(len(ESTABLISHED)) == ESTABLISHED
        return connection

    def secured(
        self, connection: socket.socket, name: str = GRAPH, protocols: tuple[str, ...] = ()
    ) -> ssl.SSLSocket:
        context = ssl.create_default_context(cadata=self.authority.pem)
        if protocols:
            context.set_alpn_protocols(protocols)
        return context.wrap_socket(connection, server_hostname=name, suppress_ragged_eofs=False)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def through(network: Network, authority: Authority) -> Iterator[Through]:
    through = Through(network, authority)
    yield through
    through.proxy.close()


def received(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    data = b""
    while more := connection.recv(65536):
        data += more
    return data


def refusal(through: Through, connection: socket.socket) -> Request:
    """The arrival that says what was tried; its connection is hung up on once it is answered."""
    arrival = through.next()
    arrival.answer(Failure("refused", "not part of this world"))
    with pytest.raises((ConnectionResetError, ssl.SSLEOFError)):
        connection.recv(1)
    return arrival.request


# -- ways in


def test_tls_in_a_tunnel__arrives_at_the_real_address(through: Through) -> None:
    with through.tunnel(f"{GRAPH}:443") as connection, through.secured(connection) as secured:
        secured.sendall(GET)
        arrival = through.next()
        assert arrival.request == Request(
            "GET",
            "https://graph.facebook.com/v23.0/me?x=%2F",
            (("Host", GRAPH), ("Connection", "close")),
        )
        arrival.answer(Reply(202, (("content-type", "text/plain"),), b"taken"))
        assert received(secured).endswith(b"\r\n\r\ntaken")


def test_tls_without_a_tunnel__tells_its_host_itself(through: Through) -> None:
    with through.connect() as connection, through.secured(connection) as secured:
        secured.sendall(GET)
        assert through.next().request.url == "https://graph.facebook.com/v23.0/me?x=%2F"


@pytest.mark.parametrize(
    ("target", "secure", "origin"),
    [
        ("graph.facebook.com:8443", True, "https://graph.facebook.com:8443"),
        ("GRAPH.facebook.com:80", False, "http://graph.facebook.com"),
        ("169.254.169.254:80", False, "http://169.254.169.254"),
        ("[2001:db8::1]:81", False, "http://[2001:db8::1]:81"),
    ],
)
def test_tunnel__leads_to_its_host_and_port(
    through: Through, target: str, secure: bool, origin: str
) -> None:
    with through.tunnel(target) as connection:
        if secure:
            with through.secured(connection) as secured:
                secured.sendall(GET)
                request = through.next().request
        else:
            connection.sendall(GET)
            request = through.next().request
    assert request.url == origin + "/v23.0/me?x=%2F"


def test_tunnel_whose_client_wants_no_reply__gets_none(through: Through) -> None:
    with through.connect() as connection:
        connection.sendall(b"CONNECT a.example:80 HTTP/1.1\r\nThrice-Reply: none\r\n\r\n" + GET)
        arrival = through.next()
        arrival.answer(Reply(200, (), b"ok"))
        assert arrival.request.url == "http://a.example/v23.0/me?x=%2F"
        assert received(connection).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("target", "host", "url"),
    [
        (b"http://graph.facebook.com:80/a?b", b"x", "http://graph.facebook.com/a?b"),
        (b"https://user:secret@graph.facebook.com/a", b"x", "https://graph.facebook.com/a"),
        (b"http://graph.facebook.com:8080?b", b"x", "http://graph.facebook.com:8080/?b"),
        (b"/a//b", b"Graph.Facebook.com", "http://graph.facebook.com/a//b"),
        (b"/redirect?to=http://x/", b"graph.facebook.com", None),
    ],
)
def test_plain_request__goes_where_its_line_or_its_host_says(
    through: Through, target: bytes, host: bytes, url: str | None
) -> None:
    with through.connect() as connection:
        connection.sendall(
            b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n"
            b"Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic x\r\n\r\n"
        )
        request = through.next().request
    assert request.url == (url or f"http://graph.facebook.com{target.decode()}")
    assert request.headers == (("Host", host.decode()),)


def test_connection_is_kept__for_one_request_after_the_other(through: Through) -> None:
    with through.tunnel(f"{GRAPH}:443") as connection, through.secured(connection) as secured:
        for number in range(3):
            body = b"x" * 100_000 * number
            secured.sendall(
                f"POST /{number} HTTP/1.1\r\nHost: {GRAPH}\r\n".encode()
                + f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            arrival = through.next()
            assert (arrival.request.url, arrival.request.body) == (
                f"https://{GRAPH}/{number}",
                body,
            )
            arrival.answer(Reply(200, (), b"ok"))
            while not secured.recv(1000).endswith(b"ok"):
                pass


def test_bytes_that_come_one_by_one__are_the_same(through: Through) -> None:
    with through.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"CONNECT a.example:80 HTTP/1.1\r\nThrice-Reply: none\r\n\r\n" + GET:
            connection.send(bytes([byte]))
        assert through.next().request.url == "http://a.example/v23.0/me?x=%2F"


def test_http2_in_tls__arrives_at_the_real_address(through: Through) -> None:
    host = "firestore.googleapis.com"
    with (
        through.tunnel(f"{host}:443") as connection,
        through.secured(connection, host, protocols=("h2",)) as secured,
    ):
        assert secured.selected_alpn_protocol() == "h2"
        client = Http2Client(secured)
        stream = client.ask("POST", "/v1/x", body=b"body")
        arrival = through.next()
        assert (arrival.request.url, arrival.request.body) == (f"https://{host}/v1/x", b"body")
        arrival.answer(Reply(200, (), b"ok"))
        assert client.answer(stream).body == b"ok"


def test_http2_without_tls__arrives_at_the_host_that_it_names(through: Through) -> None:
    with through.tunnel("a.example:8080") as connection:
        client = Http2Client(connection)
        stream = client.ask("GET", "/x")
        arrival = through.next()
        assert arrival.request.url == "http://a.example:8080/x"
        arrival.answer(Reply(204))
        assert client.answer(stream).head[":status"] == "204"


# -- what is refused


def test_failure__hangs_up_with_a_reset(through: Through) -> None:
    with through.tunnel(f"{GRAPH}:443") as connection, through.secured(connection) as secured:
        secured.sendall(GET)
        through.next().answer(Failure("refused", "not part of this world"))
        # Depending on its version, OpenSSL hides the reset.
        with pytest.raises((ConnectionResetError, ssl.SSLEOFError)):
            secured.recv(1)


def test_client_that_hangs_up__is_gone(through: Through) -> None:
    with through.tunnel(f"{GRAPH}:443") as connection, through.secured(connection) as secured:
        secured.sendall(GET)
        arrival = through.next()
    assert through.gone.get(timeout=PATIENCE_S) is arrival
    assert arrival.gone


def test_client_that_offers_no_http_in_tls__is_told_so(through: Through) -> None:
    with through.tunnel("mail.example.com:443") as connection:
        context = ssl.create_default_context(cadata=through.authority.pem)
        context.set_alpn_protocols(["imap"])
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname="mail.example.com")
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        connection.sendall(outgoing.read())
        arrival = through.next()
        arrival.answer(Failure("refused", ""))
        incoming.write(received(connection))
        with pytest.raises(ssl.SSLError, match="no application protocol"):
            tls.do_handshake()
    assert arrival.request == Request("CONNECT", "tcp://mail.example.com:443/")


def test_client_that_speaks_both__speaks_http1(through: Through) -> None:
    with (
        through.tunnel(f"{GRAPH}:443") as connection,
        through.secured(connection, protocols=("h2", "http/1.1")) as secured,
    ):
        assert secured.selected_alpn_protocol() == "http/1.1"


def test_client_that_does_not_trust_us__is_named_with_its_reason(
    through: Through,
) -> None:
    with through.tunnel(f"{GRAPH}:443") as connection:
        stranger = ssl.create_default_context(cadata=Authority().pem)
        with pytest.raises(ssl.SSLCertVerificationError):
            stranger.wrap_socket(connection, server_hostname=GRAPH)
        request = through.next().request
    assert request.url == f"tls://{GRAPH}:443/TLSV1_ALERT_UNKNOWN_CA"


@pytest.mark.parametrize("said", [b"\0\0\0\x08\x04\xd2\x16\x2f", b"*1\r\n$4\r\nPING\r\n"])
@pytest.mark.parametrize("secure", [False, True])
def test_another_protocol__is_refused_by_its_host_and_port(
    through: Through, said: bytes, secure: bool
) -> None:
    connection = through.tunnel("db.example.com:5432")
    if secure:
        connection = through.secured(connection, "db.example.com")
    with connection:
        connection.sendall(said)
        assert refusal(through, connection) == Request("CONNECT", "tcp://db.example.com:5432/")


def test_client_that_waits_for_the_server_to_speak__is_refused(
    through: Through, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy_module, "SILENT_S", 0.01)
    with through.tunnel("db.example.com:3306") as connection:
        assert refusal(through, connection).url == "tcp://db.example.com:3306/"


def test_connection_that_is_opened_ahead_of_need__is_let_be(
    through: Through, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy_module, "SILENT_S", 0.0)
    with through.tunnel("a.example:8080") as refused, through.tunnel(f"{GRAPH}:443"):
        refusal(through, refused)
    assert through.arrivals.empty()


@pytest.mark.parametrize("target", ["a.example", "a.example:https", ":443"])
def test_tunnel_to_nowhere__is_answered_400(through: Through, target: str) -> None:
    with through.connect() as connection:
        connection.sendall(f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())
        assert received(connection).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_head_without_end__is_hung_up_on(through: Through) -> None:
    endless = b"CONNECT " + b"x" * 16 * 1024 * 1024
    with through.connect() as connection, pytest.raises(ConnectionError):
        connection.sendall(endless)


def test_close__hangs_up_on_everybody(network: Network, authority: Authority) -> None:
    through = Through(network, authority)
    with through.tunnel(f"{GRAPH}:443") as connection:
        through.proxy.close()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
