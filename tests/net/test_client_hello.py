"""What a TLS client says first, as Python's own client says it."""

import ssl

import pytest

from emulator.net.client_hello import ClientHello, read_hello


def hello_of(name: str | None, protocols: list[str]) -> bytes:
    """The first bytes of a client that wants `name`."""
    context = ssl.create_default_context()
    context.check_hostname = name is not None
    context.verify_mode = ssl.CERT_REQUIRED if name is not None else ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(protocols)
    sent = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return sent.read()


@pytest.mark.parametrize(
    ("name", "protocols"),
    [
        ("graph.facebook.com", ["h2", "http/1.1"]),
        ("graph.facebook.com", []),
        (None, ["h2"]),
        (None, []),
    ],
)
def test_hello__tells_the_name_and_the_protocols(name: str | None, protocols: list[str]) -> None:
    assert read_hello(hello_of(name, protocols)) == ClientHello(name or "", tuple(protocols))


def test_hello__is_awaited_to_its_last_byte() -> None:
    hello = hello_of("graph.facebook.com", ["h2"])
    assert {read_hello(hello[:length]) for length in range(len(hello))} == {None}


def test_hello__in_several_records_is_put_together() -> None:
    whole = hello_of("graph.facebook.com", ["h2"])
    message = whole[5:]
    records = [message[:2], message[2:40], message[40:]]
    split = b"".join(whole[:3] + len(part).to_bytes(2) + part for part in records)
    assert read_hello(split) == read_hello(whole)
    assert read_hello(split[:20]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",
        b"\x16\x03\x01\x00\x06\x01\x00\x00\x02\x03\x03",
        b"\x16\x03\x01\x00\x04\x01\x00\x00\x01\x17\x03\x03\x00\x01x",
    ],
    ids=["not TLS", "another message", "a message cut short", "another record in between"],
)
def test_what_is_no_hello__is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^(not a|a length beyond)"):
        read_hello(data)
