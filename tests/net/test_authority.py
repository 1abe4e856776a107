"""The authority of a run: certificates that a client which trusts it accepts, and nobody else."""

import ssl
import sys
import tempfile

import pytest

from emulator.net import authority as authority_module
from emulator.net.authority import Authority


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> ssl.SSLObject:
    """The client's end of a connection to `name`, after the handshake."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(up, down, server_side=True)
    theirs = client.wrap_bio(down, up, server_hostname=name)
    for end in (theirs, ours, theirs, ours):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return theirs


@pytest.mark.parametrize("host", ["graph.facebook.com", "10.1.2.3", "::1"])
def test_certificate__is_for_the_host(host: str) -> None:
    authority = Authority()
    client = ssl.create_default_context(cadata=authority.pem)
    client.set_alpn_protocols(["h2", "http/1.1"])
    ended = handshake(authority.context_for(host), client, host)
    assert ended.selected_alpn_protocol() == "http/1.1"


def test_certificate__is_not_for_another_host() -> None:
    authority = Authority()
    client = ssl.create_default_context(cadata=authority.pem)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(authority.context_for("graph.facebook.com"), client, "qstash.upstash.io")


def test_authority_of_another_run__is_not_believed() -> None:
    client = ssl.create_default_context(cadata=Authority().pem)
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
        handshake(Authority().context_for("graph.facebook.com"), client, "graph.facebook.com")


def test_contexts__are_made_once_and_their_number_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(authority_module, "KEEP_NAMES", 2)
    authority = Authority()
    first, second = authority.context_for("a.example"), authority.context_for("b.example")
    assert authority.context_for("a.example") is first
    authority.context_for("c.example")
    assert authority.context_for("a.example") is first
    assert authority.context_for("b.example") is not second


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere OpenSSL needs a file for a moment")
def test_keys__are_never_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    authority = Authority()
    authority.context_for("graph.facebook.com")
    assert "PRIVATE KEY" not in authority.pem
