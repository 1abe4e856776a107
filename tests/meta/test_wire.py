"""Bodies byte by byte, headers name by name."""

import json

import pytest

from emulator.meta import wire
from emulator.meta.wire import (
    delivery_item,
    echo_item,
    encode,
    envelope,
    handshake_request,
    read_item,
    text_item,
    webhook_request,
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

    assert body == (
        rb'{"object":"page","entry":[{"time":1790000000123,"id":"1000000000001","messaging":'
        rb'[{"sender":{"id":"26628309676818465"},"recipient":{"id":"1000000000001"},'
        rb'"timestamp":1790000000001,"message":{"mid":"m_T0",'
        rb'"text":"\u00e4\u00f6\u00e5 \/ ok"}}]}]}'
    )
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
    ("metadata", "ending"), [(None, b"}}"), ("", b',"metadata":""}}'), ("m", b',"metadata":"m"}}')]
)
def test_echo_item(metadata: str | None, ending: bytes) -> None:
    item = echo_item(
        sender="7",
        recipient="8",
        timestamp_ms=5,
        mid="m_T0",
        text="hi",
        app_id=555000111,
        metadata=metadata,
    )

    assert encode(item) == (
        b'{"sender":{"id":"7"},"recipient":{"id":"8"},"timestamp":5,'
        b'"message":{"mid":"m_T0","text":"hi","is_echo":true,"app_id":555000111' + ending
    )


def test_delivery_item__has_no_timestamp() -> None:
    item = delivery_item(sender="8", recipient="7", mids=("m_T0", "m_T1"), watermark_ms=5)

    assert encode(item) == (
        b'{"sender":{"id":"8"},"recipient":{"id":"7"},'
        b'"delivery":{"mids":["m_T0","m_T1"],"watermark":5}}'
    )


def test_read_item() -> None:
    item = read_item(sender="8", recipient="7", timestamp_ms=6, watermark_ms=5)

    assert encode(item) == (
        b'{"sender":{"id":"8"},"recipient":{"id":"7"},"timestamp":6,"read":{"watermark":5}}'
    )


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
