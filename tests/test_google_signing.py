"""The keys that stand for Google's: anybody's library takes what they sign."""

import json

import jwt
import pytest
from cryptography import x509
from jwt.types import Options

from emulator.google_account import EMAIL, key_file
from emulator.google_keys import KEYS, STRANGE_KEY, MadeUpKey
from emulator.google_signing import (
    JWK_PATH,
    PEM_PATH,
    GoogleKeys,
    _by_package,
    by_arithmetic,
    id_token,
    jwk,
    published,
)

AUDIENCE = "https://bot.example.com/work"


def token(key: MadeUpKey) -> str:
    return id_token(key, audience=AUDIENCE, email="a@b.example", unix=1_790_000_000.9)


@pytest.mark.parametrize("key", [*KEYS, STRANGE_KEY])
def test_key__fits_its_certificate(key: MadeUpKey) -> None:
    certificate = x509.load_pem_x509_certificate(key.certificate.encode())
    options: Options = {"verify_exp": False, "verify_iat": False}
    for public in (certificate.public_key(), jwt.PyJWK(jwk(key))):
        claims = jwt.decode(
            token(key),
            public,  # type: ignore[arg-type]
            algorithms=["RS256"],
            audience=AUDIENCE,
            options=options,
        )
        assert claims["iat"] == 1_790_000_000


def test_keys__are_different_ones() -> None:
    assert len({key.id for key in (*KEYS, STRANGE_KEY)}) == 4
    assert len({key.p for key in (*KEYS, STRANGE_KEY)}) == 4


def test_signature__is_the_same_without_a_package() -> None:
    assert by_arithmetic(KEYS[0], b"data") == _by_package(KEYS[0], b"data")


def test_signature__depends_on_the_key_and_not_on_its_name() -> None:
    renamed = MadeUpKey(KEYS[0].id, STRANGE_KEY.p, STRANGE_KEY.q, STRANGE_KEY.certificate)
    assert token(renamed).split(".")[:2] == token(KEYS[0]).split(".")[:2]
    assert token(renamed) != token(KEYS[0])


def test_rotation__signs_with_what_was_published_before() -> None:
    keys = GoogleKeys()
    for _ in range(5):
        _, soon = keys.published
        keys.rotate()
        assert keys.current == soon


def test_published__in_both_forms() -> None:
    keys = GoogleKeys()
    by_id = json.loads(published(keys, PEM_PATH) or b"")
    assert by_id == {key.id: key.certificate for key in keys.published}
    as_jwk = json.loads(published(keys, JWK_PATH) or b"")
    assert [one["kid"] for one in as_jwk["keys"]] == list(by_id)
    assert published(keys, "/oauth2/v2/certs") is None


def test_account__is_a_key_file_that_google_reads() -> None:
    from google.oauth2 import service_account

    credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
        json.loads(key_file())
    )
    assert credentials.service_account_email == EMAIL
    assert credentials.sign_bytes(b"data")
