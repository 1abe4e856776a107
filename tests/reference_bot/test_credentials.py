"""The bearer token of the store: fixed, or signed by a service account."""

import asyncio
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jwt
import pytest

from reference_bot.app import create_app
from reference_bot.credentials import ServiceAccount, make_token
from reference_bot.settings import Settings, SettingsError
from tests.reference_bot.conftest import Clock
from tests.reference_bot.outside import NOW, SETTINGS, Outside

EMAIL = "bot@demo.iam.gserviceaccount.com"
WITHOUT = replace(SETTINGS, firestore_token="")


@cache
def key_pair() -> tuple[str, str]:
    """A private and a public key, made for these tests."""
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def key_file(private: str) -> str:
    """What the console hands out, as far as it matters."""
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "demo",
            "private_key_id": "key-7",
            "private_key": private,
            "client_email": EMAIL,
        }
    )


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, its signature verified."""
    options: Any = {"verify_exp": False, "verify_iat": False}
    audience = "https://firestore.googleapis.com/"
    return jwt.decode(token, key_pair()[1], ["RS256"], options, audience=audience)


def test_a_fixed_token_is_used_as_it_is() -> None:
    settings = replace(SETTINGS, google_account="{}", google_account_file="/nowhere")
    assert make_token(settings)() == "store-token"


def test_a_service_account_signs_for_itself(clock: Clock) -> None:
    token = make_token(replace(WITHOUT, google_account=key_file(key_pair()[0])))()
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "kid": "key-7", "typ": "JWT"}
    assert claims_of(token) == {
        "iss": EMAIL,
        "sub": EMAIL,
        "aud": "https://firestore.googleapis.com/",
        "iat": NOW,
        "exp": NOW + 3_600,
    }


def test_a_key_file_does_as_well(clock: Clock, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(key_file(key_pair()[0]))
    token = make_token(replace(WITHOUT, google_account_file=str(file)))()
    assert claims_of(token)["iss"] == EMAIL


def test_a_token_is_kept_until_shortly_before_it_expires(clock: Clock) -> None:
    account = ServiceAccount(key_file(key_pair()[0]))
    first = account.token()
    clock.advance(3_299)
    assert account.token() is first
    clock.advance(1)
    assert claims_of(account.token())["iat"] == NOW + 3_300


def test_a_clock_that_is_set_back_gets_a_token_of_its_own(clock: Clock) -> None:
    account = ServiceAccount(key_file(key_pair()[0]))
    clock.advance(-7_200)
    assert claims_of(account.token())["exp"] == NOW - 3_600


@pytest.mark.parametrize("key", ["", "{", "[]", "5", "{}", '{"client_email": "x"}'])
def test_what_is_no_key_file_is_refused(key: str) -> None:
    with pytest.raises(
        SettingsError, match=r"^the service account's key is not a key file in JSON$"
    ):
        ServiceAccount(key)


def test_a_private_key_that_is_none_is_refused_and_not_repeated() -> None:
    pytest.importorskip("cryptography")
    with pytest.raises(SettingsError) as caught:
        ServiceAccount(key_file("my secret"))
    assert str(caught.value) == "the service account's private key can not be used"


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = replace(WITHOUT, google_account_file=str(tmp_path / "none.json"))
    wanted = r"^GOOGLE_APPLICATION_CREDENTIALS can not be read: FileNotFoundError$"
    with pytest.raises(SettingsError, match=wanted):
        make_token(settings)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(*args: object, **options: object) -> str:
        raise NotImplementedError("Algorithm 'RS256' could not be found.")

    monkeypatch.setattr(jwt, "encode", without)
    wanted = r"^a service account needs the package cryptography: pip install cryptography$"
    with pytest.raises(SettingsError, match=wanted):
        ServiceAccount(key_file("x"))


def test_the_bot_does_not_start_with_a_key_it_can_not_use() -> None:
    app = create_app(replace(WITHOUT, google_account="{}"), http=Outside().client())

    async def start() -> None:
        async with app.router.lifespan_context(app):
            pytest.fail("it started")

    with pytest.raises(SettingsError, match=r"^the service account's key is not a key file"):
        asyncio.run(start())


def test_the_account_is_not_shown() -> None:
    assert "private" not in repr(Settings(google_account=key_file("private")))
