"""Google Cloud Tasks as the bot's queue: how a task is created, and how a delivery proves that it
is one.
"""

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import jwt

from reference_bot.client import HttpClient
from reference_bot.credentials import ServiceAccount, read_key
from reference_bot.errors import TryAgainError
from reference_bot.firestore import Token
from reference_bot.settings import Settings

AUDIENCE = "https://cloudtasks.googleapis.com/"
ISSUER = "https://accounts.google.com"  # Google Identity docs, "Validate an ID token"
ACCEPTED = (200, 409)
SKEW_S = 10.0  # how far the bot's clock may be behind Google's
# As above: how long the keys may be kept is in the answer's headers, hours; new ones are published
# long before they sign. This is shorter.
KEYS_KEPT_S = 3600.0


class TasksError(Exception):
    """Cloud Tasks did not answer as it should, or a delivery is none of it."""


class KeysError(TryAgainError):
    """Google's keys could not be had, so nobody can tell who a delivery is from."""


class CloudTasks:
    """Creates tasks in one queue."""

    def __init__(self, settings: Settings, http: HttpClient) -> None:
        """Raises SettingsError when a service account can not be used."""
        self._settings = settings
        self._http = http
        self._token = _make_token(settings)

    async def send(
        self, url: str, body: Mapping[str, object], *, deduplication_id: str | None, delay_s: int
    ) -> None:
        """Have `body` delivered to `url`. Raises TasksError, or what the client raises.

        The name of a task makes a repetition be refused, for an hour after it ended (Cloud Tasks
        docs, "Quotas and limits"); that there is one already is no failure.
        """
        settings = self._settings
        queue = settings.cloud_tasks_queue
        task: dict[str, object] = {
            "httpRequest": {
                "url": url,
                "httpMethod": "POST",
                "headers": {"Content-Type": "application/json"},
                "body": base64.b64encode(json.dumps(body).encode()).decode(),
                "oidcToken": {"serviceAccountEmail": settings.cloud_tasks_account, "audience": url},
            }
        }
        if deduplication_id is not None:
            # Hashed, because names may hold few characters, and near ones make the queue slow
            # (Cloud Tasks reference, CreateTask).
            task["name"] = f"{queue}/tasks/{hashlib.sha256(deduplication_id.encode()).hexdigest()}"
        if delay_s:
            due = datetime.fromtimestamp(time.time() + delay_s, UTC)
            task["scheduleTime"] = due.isoformat().replace("+00:00", "Z")
        response = await self._http.request(
            "POST",
            f"{settings.cloud_tasks_url.rstrip('/')}/v2/{queue}/tasks",
            headers={
                "Authorization": f"Bearer {self._token()}",
                "Content-Type": "application/json",
            },
            content=json.dumps({"task": task}).encode(),
        )
        if response.status_code not in ACCEPTED:
            raise TasksError(f"Cloud Tasks answered {response.status_code}")


class Identity:
    """Tells deliveries with an identity token of the queue's own service account."""

    def __init__(self, settings: Settings, http: HttpClient) -> None:
        self._settings = settings
        self._http = http
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at = 0.0

    async def check(self, authorization: str, url: str) -> None:
        """Raise an exception of any kind unless this is the token of a delivery to `url`; KeysError
        says nothing of the token.

        Anybody can have Google sign a token for this address: only the account tells whose it is.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise TasksError("a delivery without a token")
        key = await self._key(str(jwt.get_unverified_header(token).get("kid")))
        claims = self.decode(token, key, url)
        if claims.get("email") != self._settings.cloud_tasks_account:
            raise TasksError("the token of another account")

    def decode(self, token: str, key: jwt.PyJWK, url: str) -> Mapping[str, object]:
        """What a token says that is good for this address. Raises jwt.InvalidTokenError."""
        claims: Mapping[str, object] = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=url,
            issuer=ISSUER,
            leeway=SKEW_S,
            options={"require": ["exp", "iat", "aud", "iss"]},
        )
        return claims

    async def _key(self, key_id: str) -> jwt.PyJWK:
        now = time.time()
        # A clock that was set back must not keep them for ever.
        if not self._fetched_at <= now < self._fetched_at + KEYS_KEPT_S:
            self._keys = await self._fetch()
            self._fetched_at = now
        if key_id not in self._keys:
            raise TasksError("the token of a key that Google does not publish")
        return self._keys[key_id]

    async def _fetch(self) -> Mapping[str, jwt.PyJWK]:
        """Google's keys, by their ids. Raises KeysError."""
        try:
            response = await self._http.request(
                "GET", self._settings.google_certs_url, headers={}, content=b""
            )
            if response.status_code != 200:
                raise TasksError(f"Google's keys were answered {response.status_code}")
            return {one["kid"]: jwt.PyJWK(one) for one in response.json()["keys"]}
        except Exception as error:  # whatever the client and the parser raise
            raise KeysError(f"Google's keys could not be had: {error!r}") from error


def _make_token(settings: Settings) -> Token:
    if settings.cloud_tasks_token:
        return lambda: settings.cloud_tasks_token
    return ServiceAccount(read_key(settings), audience=AUDIENCE).token
