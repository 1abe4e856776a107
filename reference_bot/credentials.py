"""Who the bot is to its store: a fixed token, or a service account that signs its own tokens."""

import json
import time
from pathlib import Path

import jwt

from reference_bot.firestore import Token
from reference_bot.settings import Settings, SettingsError

AUDIENCE = "https://firestore.googleapis.com/"  # Google, AIP-4111 "Self-signed JWT": the service
LIFETIME_S = 3600  # as above: an hour at most
RENEW_BEFORE_S = 300.0


class ServiceAccount:
    """The tokens of a Google service account; no call is needed for them.

    Raises SettingsError for a key that is none, and when no library can sign with it. What the key
    says is never repeated, since it is the secret.
    """

    def __init__(self, key: str, *, audience: str = AUDIENCE) -> None:
        """`key` is the JSON of a key file, as the console hands it out; `audience` the service."""
        self._audience = audience
        try:
            content = json.loads(key)
            self._email = str(content["client_email"])
            self._key_id = str(content["private_key_id"])
            self._private_key = str(content["private_key"])
        except (ValueError, TypeError, KeyError):
            raise SettingsError("the service account's key is not a key file in JSON") from None
        self._token = ""
        self._renew_at = 0.0
        self.token()

    def token(self) -> str:
        """A bearer token that is good for another few minutes at least."""
        now = time.time()
        # A clock that was set back must not keep a token that others call expired.
        if not self._renew_at - LIFETIME_S <= now < self._renew_at:
            self._token = self._sign(int(now))
            self._renew_at = int(now) + LIFETIME_S - RENEW_BEFORE_S
        return self._token

    def _sign(self, now: int) -> str:
        claims = {
            "iss": self._email,
            "sub": self._email,
            "aud": self._audience,
            "iat": now,
            "exp": now + LIFETIME_S,
        }
        try:
            return jwt.encode(
                claims, self._private_key, algorithm="RS256", headers={"kid": self._key_id}
            )
        except NotImplementedError:
            raise SettingsError(
                "a service account needs the package cryptography: pip install cryptography"
            ) from None
        except (ValueError, TypeError, jwt.InvalidKeyError):
            raise SettingsError("the service account's private key can not be used") from None


def make_token(settings: Settings) -> Token:
    """What gives the store's bearer token. Raises SettingsError."""
    if settings.firestore_token:
        return lambda: settings.firestore_token
    return ServiceAccount(read_key(settings)).token


def read_key(settings: Settings) -> str:
    """The key of the service account. Raises SettingsError."""
    if settings.google_account:
        return settings.google_account
    try:
        return Path(settings.google_account_file).read_text()
    except (OSError, ValueError) as error:
        reason = type(error).__name__
        raise SettingsError(f"GOOGLE_APPLICATION_CREDENTIALS can not be read: {reason}") from None
