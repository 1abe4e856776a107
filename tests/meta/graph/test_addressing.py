"""Addresses and errors."""

import pytest

from emulator.meta.graph.addressing import (
    DEFAULT_VERSION,
    Address,
    Refusal,
    read_address,
    unsupported,
)


@pytest.mark.parametrize(
    ("path", "version", "segments"),
    [
        ("/me/messages", DEFAULT_VERSION, ("me", "messages")),
        ("/v2.6/me/messages", "v2.6", ("me", "messages")),
        ("/v23.0//me/messages/", "v23.0", ("me", "messages")),
        ("//v26.0/me//messages//", "v26.0", ("me", "messages")),
        ("/v2/me/messages", DEFAULT_VERSION, ("v2", "me", "messages")),
        ("/v6.0/", "v6.0", ()),
        ("/", DEFAULT_VERSION, ()),
    ],
)
def test_read_address(path: str, version: str, segments: tuple[str, ...]) -> None:
    assert read_address(path) == Address(version, segments)


def test_envelope__without_subcode() -> None:
    assert Refusal(190, "no").envelope("A1") == {
        "error": {"message": "no", "type": "OAuthException", "code": 190, "fbtrace_id": "A1"}
    }


def test_unsupported__names_the_object() -> None:
    assert unsupported("GET", read_address("/v2.6/42/likes")).envelope("A1") == {
        "error": {
            "message": "Unsupported get request. Object with ID '42' does not exist, cannot be "
            "loaded due to missing permissions, or does not support this operation",
            "type": "GraphMethodException",
            "code": 100,
            "error_subcode": 33,
            "fbtrace_id": "A1",
        }
    }
