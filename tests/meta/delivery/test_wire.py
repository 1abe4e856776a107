"""Bodies byte by byte, headers name by name."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.meta.delivery import wire
from emulator.meta.delivery.signing import Signatures, sign_sha256
from emulator.meta.delivery.wire import (
    encode,
    envelope,
    handshake_request,
    text_item,
    webhook_request,
)

URL = "https://bot.example/hook"

# A notification as it is on the wire, for the secret `test_app_secret`.
VECTOR = (
    rb'{"object":"page","entry":[{"time":1790000000123,"id":"1000000000001","messaging":'
    rb'[{"sender":{"id":"26628309676818465"},"recipient":{"id":"1000000000001"},'
    rb'"timestamp":1790000000001,"message":{"mid":"m_T0",'
    rb'"text":"\u00e4\u00f6\u00e5 \/ ok"}}]}]}'
)

ITEM = text_item(
    sender="26628309676818465",
    recipient="1000000000001",
    timestamp_ms=1790000000001,
    mid="m_T0",
    text="äöå / ok",
)


def test_envelope__byte_for_byte() -> None:
    body = envelope("page", "1000000000001", [[ITEM]], time_ms=1790000000123)

    assert body == VECTOR
    assert len(body) == 243


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("/", rb'"\/"'),
        ("\\/", rb'"\\\/"'),
        ("é", rb'"\u00e9"'),
        ("ÿ\u2028", rb'"\u00ff\u2028"'),
        ("😀", rb'"\ud83d\ude00"'),
        ('say "hi"', rb'"say \"hi\""'),
        ("a\nb\tc\x00", rb'"a\nb\tc\u0000"'),
        ("< % @ & '", rb'"< % @ & ' + b"'\""),
        ("\udc00", rb'"\udc00"'),
    ],
)
def test_encode__escapes(text: str, escaped: bytes) -> None:
    assert encode(text) == escaped


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a<b", rb'"a\u003Cb"'),
        ("5 %", rb'"5 \u0025"'),
        ("a@b/c", rb'"a\u0040b\/c"'),
        ("ä", rb'"\u00e4"'),
    ],
)
def test_encode__as_an_older_page_has_it(text: str, escaped: bytes) -> None:
    assert encode(text, legacy=True) == escaped
    assert json.loads(escaped) == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50)
@given(JSON, st.booleans())
def test_encode__is_ascii_without_a_lone_slash_and_reads_back(value: object, legacy: bool) -> None:
    told = encode(value, legacy=legacy)

    assert told.isascii()
    assert re.search(rb"(?<!\\)(?:\\\\)*/", told) is None
    assert not legacy or not set(b"<%@") & set(told)
    assert json.loads(told) == value


def test_vector__of_both_signatures() -> None:
    request = webhook_request(URL, VECTOR, app_secret="test_app_secret")

    assert request.header("X-Hub-Signature-256") == (
        "sha256=daa794bff12248b9479faae48f328e71933857d4da55ebf110301d6551f11fa5"
    )
    assert request.header("X-Hub-Signature") == "sha1=13791f3adaf5f56227a80fdc72c5d092b9029fc6"


def test_vector__does_not_fit_the_same_value_in_another_spelling() -> None:
    plain = json.dumps(json.loads(VECTOR), separators=(",", ":"), ensure_ascii=False).encode()
    slash = VECTOR.replace(rb"\/", b"/")

    assert sign_sha256("test_app_secret", plain).startswith("sha256=cc116b23")
    assert len({sign_sha256("test_app_secret", body) for body in (VECTOR, plain, slash)}) == 3


def test_encode__reads_back_as_the_same_value() -> None:
    value = {"a/b": ["\\", "/", "\\/", "😀", 1, None, True]}

    assert json.loads(encode(value)) == value


def test_envelope__one_entry_for_each_group() -> None:
    body = json.loads(envelope("page", "7", [[ITEM], [ITEM, ITEM]], time_ms=5))

    assert [(entry["time"], entry["id"], len(entry["messaging"])) for entry in body["entry"]] == [
        (5, "7", 1),
        (5, "7", 2),
    ]


@pytest.mark.parametrize(
    ("signatures", "names"),
    [
        ("both", ["X-Hub-Signature-256", "X-Hub-Signature"]),
        ("sha256_only", ["X-Hub-Signature-256"]),
        ("sha1_only", ["X-Hub-Signature"]),
        ("none", []),
    ],
)
def test_webhook_request__signatures(signatures: Signatures, names: list[str]) -> None:
    request = webhook_request(URL, b"{}", app_secret="s", signatures=signatures)

    assert [name for name, _ in request.headers if name.startswith("X-Hub")] == names


def test_webhook_request__wrong_signatures_are_those_of_another_secret() -> None:
    right = webhook_request(URL, b"{}", app_secret="s")
    wrong = webhook_request(URL, b"{}", app_secret="s", signatures="wrong")

    assert [name for name, _ in wrong.headers] == [name for name, _ in right.headers]
    for name in ("X-Hub-Signature-256", "X-Hub-Signature"):
        told = wrong.header(name)
        assert told is not None
        assert told != right.header(name)
        assert len(told) == len(right.header(name) or "")


def test_webhook_request__headers_in_order() -> None:
    request = webhook_request("https://bot.example:8443/hook?a=1", b'{"x":1}', app_secret="s")

    assert request.method == "POST"
    assert request.url == "https://bot.example:8443/hook?a=1"
    assert request.headers == (
        ("Content-Type", "application/json"),
        ("User-Agent", "facebookexternalua"),
        (
            "X-Hub-Signature-256",
            "sha256=e3e9e9ec7b99f31f6f5cb4d54d50d3902e3d99da31a1ab3c4e6138c5a5d201c8",
        ),
        ("X-Hub-Signature", "sha1=abb0d4ff7f66cc927a928844e6ca5c92fa3ef511"),
        ("Content-Length", "7"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "deflate, gzip"),
        ("Host", "bot.example:8443"),
    )


def test_handshake_request__parameters_follow_those_of_the_callback() -> None:
    request = handshake_request(
        "https://bot.example/hook?team=a%20b", challenge="1158201444", verify_token="t&k/ä"
    )

    assert request.method == "GET"
    assert request.url == (
        "https://bot.example/hook?team=a%20b"
        "&hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=t%26k%2F%C3%A4"
    )


def test_handshake_request__has_the_other_agent() -> None:
    request = handshake_request("https://bot.example/hook", challenge="1", verify_token="t")

    assert request.url.startswith("https://bot.example/hook?hub.mode=subscribe&")
    assert request.headers == (
        ("User-Agent", wire.HANDSHAKE_AGENT),
        ("Accept", "*/*"),
        ("Accept-Encoding", "deflate, gzip"),
        ("Host", "bot.example"),
    )
