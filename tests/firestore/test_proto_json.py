import pytest

from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.proto_json import load, message


@pytest.mark.parametrize("body", [b"", b" \n", b"{}"])
def test_load__an_empty_body_is_an_empty_message(body: bytes) -> None:
    assert load(body) == {}


def test_load__keeps_escaped_emoji() -> None:
    assert load(rb'{"a": "\ud83d\ude00"}') == {"a": "😀"}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{", r"Invalid JSON payload received\. Expecting property name enclosed in double.*"),
        (b"[]", r"Invalid JSON payload received\. Root element must be a message\."),
        (b'{"a": NaN}', r"Invalid JSON payload received\. Unexpected token: NaN"),
        (b'{"a": "\xff"}', r"Invalid JSON payload received\. 'utf-8' codec can't decode byte.*"),
        (rb'{"a": "\ud83d"}', r"Invalid JSON payload received\. 'utf-8' codec can't encode.*"),
        (b'{"a": ' + b"9" * 5000 + b"}", r"Invalid JSON payload received\. Exceeds the limit.*"),
        (
            b'{"a": ' + b"[" * 100_000,
            r"Invalid JSON payload received\. Message too deep\. Max recursion depth reached\.",
        ),
    ],
    ids=["syntax", "array", "nan", "bytes", "surrogate", "digits", "deep"],
)
def test_load__refuses(body: bytes, text: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{text}$"):
        load(body)


def test_message__reads_both_spellings_and_drops_nulls() -> None:
    raw = {"update_mask": 1, "currentDocument": 2, "update": None}
    names = ("updateMask", "currentDocument", "update")
    assert message(raw, "", names) == {"updateMask": 1, "currentDocument": 2}


def test_message__names_the_unknown_field() -> None:
    with pytest.raises(
        InvalidArgumentError,
        match=r'^Invalid JSON payload received\. Unknown name "x": Cannot find field\.$',
    ):
        message({"x": 1}, "", ("update",))
