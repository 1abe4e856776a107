"""Signatures, against values computed independently of this code."""

import json

from emulator.meta.delivery.signing import sign_sha1, sign_sha256

SECRET = "test_app_secret"
BODY = (
    rb'{"object":"page","entry":[{"time":1790000000123,"id":"1000000000001","messaging":'
    rb'[{"sender":{"id":"26628309676818465"},"recipient":{"id":"1000000000001"},'
    rb'"timestamp":1790000000001,"message":{"mid":"m_T0",'
    rb'"text":"\u00e4\u00f6\u00e5 \/ ok"}}]}]}'
)


def test_sha256__known_vector() -> None:
    assert sign_sha256(SECRET, BODY) == (
        "sha256=daa794bff12248b9479faae48f328e71933857d4da55ebf110301d6551f11fa5"
    )


def test_sha1__known_vector() -> None:
    assert sign_sha1(SECRET, BODY) == "sha1=13791f3adaf5f56227a80fdc72c5d092b9029fc6"


def test_signature_covers_the_escaped_form_only() -> None:
    unescaped = json.dumps(json.loads(BODY), ensure_ascii=False, separators=(",", ":")).encode()

    assert sign_sha256(SECRET, unescaped).startswith("sha256=cc116b23")
