"""The bot's token check, against tokens of the vendor's kind and of a library for them."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

import jwt
import pytest
from freezegun import freeze_time
from qstash import Receiver

from emulator.clock import VIRTUAL_EPOCH
from emulator.qstash.service import DEFAULT_CURRENT_KEY, DEFAULT_NEXT_KEY
from emulator.qstash.signing import TOKEN_LIFE_S, body_hash, sign
from harness.incident.receiver import is_genuine

URL, BODY = "https://bot.example.com/api/internal/delayed-response", b'{"senderId":"1"}'
KEYS = (DEFAULT_CURRENT_KEY.encode(), DEFAULT_NEXT_KEY.encode())


def accepted(token: str, *, body: bytes = BODY, url: str = URL, after_s: float = 0.0) -> bool:
    return is_genuine(token, keys=KEYS, url=url, body=body, unix=VIRTUAL_EPOCH + after_s)


def made(key: str = DEFAULT_CURRENT_KEY) -> str:
    return sign(key, url=URL, body=BODY, unix=VIRTUAL_EPOCH, token_id="jwt_1")


def encoded(**changes: Any) -> str:
    """A token of a JWT library."""
    issued = int(VIRTUAL_EPOCH)
    claims = {
        "iss": "Upstash",
        "sub": URL,
        "exp": issued + TOKEN_LIFE_S,
        "nbf": 0,
        "iat": issued,
        "jti": "jwt_1",
        "body": body_hash(BODY),
    }
    return jwt.encode({**claims, **changes}, DEFAULT_CURRENT_KEY, algorithm="HS256")


def read(token: str) -> Any:
    """What a JWT library reads in a token whose time is long over, or yet to come."""
    return jwt.decode(
        token,
        DEFAULT_CURRENT_KEY,
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_iat": False},
    )


def test_token__made_by_hand_is_that_of_the_library() -> None:
    assert read(made()) == read(encoded())


def test_token__is_good_for_the_vendor_s_receiver_and_for_this_one() -> None:
    with freeze_time("2026-09-21 14:13:21"):
        Receiver(DEFAULT_CURRENT_KEY, DEFAULT_NEXT_KEY).verify(
            signature=made(), body=BODY.decode(), url=URL
        )
    assert accepted(made())
    assert accepted(encoded())


def test_token__of_the_next_key_is_good() -> None:
    assert accepted(made(DEFAULT_NEXT_KEY))


@pytest.mark.parametrize(
    "token",
    [
        made("sig_of_somebody_else"),
        made()[:-4] + "AAAA",
        "A" + made()[1:],
        made().rpartition(".")[0],
        "",
        "...",
        "\u00e9.\u00e9.\u00e9",
        encoded(iss="Somebody"),
        encoded(sub=URL + "/else"),
        encoded(exp=int(VIRTUAL_EPOCH)),
        encoded(nbf=int(VIRTUAL_EPOCH) + 60),
        encoded(body="x"),
        encoded(body=7),
        jwt.encode({"sub": URL}, DEFAULT_CURRENT_KEY, algorithm="HS256"),
        jwt.encode({"sub": URL}, DEFAULT_CURRENT_KEY * 3, algorithm="HS512"),
        jwt.encode({"sub": URL}, "", algorithm="none"),
    ],
)
def test_token__that_is_not_good(token: str) -> None:
    assert not accepted(token)


def test_token__whose_header_names_another_algorithm() -> None:
    header = urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=")
    signed = header + b"." + made().split(".")[1].encode()
    digest = hmac.digest(KEYS[0], signed, hashlib.sha256)
    token = signed + b"." + urlsafe_b64encode(digest).rstrip(b"=")
    assert not accepted(token.decode())


def test_token__of_other_bytes_another_route_or_another_time() -> None:
    assert not accepted(made(), body=BODY + b" ")
    assert not accepted(made(), url=URL + "/")
    assert accepted(made(), after_s=TOKEN_LIFE_S - 1)
    assert not accepted(made(), after_s=TOKEN_LIFE_S)
