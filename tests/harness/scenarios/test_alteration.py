"""Where a body differs from a genuine one."""

import json

import pytest

from harness.scenarios.alteration import alteration

GENUINE = {"entry": [{"id": "1", "messaging": [{"message": {"mid": "m", "text": "hello"}}]}]}
MESSAGE = "entry[0].messaging[0].message"


def altered(edit: str) -> str:
    changed = json.loads(json.dumps(GENUINE))
    exec(edit, {"body": changed, "message": changed["entry"][0]["messaging"][0]["message"]})
    return alteration(GENUINE, json.dumps(changed).encode())


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ("message['text'] = {'x': 0}", MESSAGE + '.text = {"x":0}'),
        ("message['text'] = {}", MESSAGE + ".text = {}"),
        ("del message['mid']", MESSAGE + ".mid is missing"),
        ("message['thrice x'] = None", MESSAGE + '["thrice x"] = null, which is new'),
        ("body['entry'] = []", "entry = []"),
        ("body['entry'][0]['id'] = True", "entry[0].id = true"),
        ("body['entry'][0]['id'] = 'x' * 99", 'entry[0].id = "' + "x" * 79 + "..."),
    ],
)
def test_one_part__is_named_with_its_value(edit: str, words: str) -> None:
    assert altered(edit) == words


def test_true__is_not_1() -> None:
    assert alteration({"a": 1}, b'{"a":true}') == "a = true"


@pytest.mark.parametrize("data", [b"{", b"\xff", b"[" * 100_000, b"[]", b'{"x":0,"y":1}'])
def test_what_is_no_alteration_of_one_part__has_no_words(data: bytes) -> None:
    assert alteration(GENUINE, data) == ""


def test_the_genuine_one__has_no_words() -> None:
    assert alteration(GENUINE, json.dumps(GENUINE).encode()) == ""
