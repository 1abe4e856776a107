"""What a delivery of Cloud Tasks proves who it is from by, and what somebody else would send in its
place.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulator import World
from emulator.chance import DIGITS
from emulator.exchange import Request
from emulator.google_keys import STRANGE_KEY, MadeUpKey
from emulator.google_signing import TOKEN_LIFE_S, jwk, sign, unpadded
from harness.scenarios.probe import without

if TYPE_CHECKING:
    from harness.scenarios.queue_signature import Captured

_SCHEME = "Bearer "
_NAME = "X-CloudTasks-TaskName"
_NAME_LENGTH = 20
# Anybody can have Google sign a token for any address; only the account tells whose it is.
_SOMEBODY = "somebody@another-project.iam.gserviceaccount.com"
_ELSEWHERE = "https://another-app.example.com/hook"


def claims_of(request: Request) -> dict[str, Any]:
    """What the identity token of a delivery says; empty when it carries none."""
    given = request.header("Authorization") or ""
    parts = given.removeprefix(_SCHEME).split(".")
    if not given.startswith(_SCHEME) or len(parts) != 3:
        return {}
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    content: dict[str, Any] = json.loads(urlsafe_b64decode(padded))
    return content


def with_token(request: Request, token: str) -> Request:
    """The request with this identity token."""
    headers = (*without(request.headers, "Authorization"), ("Authorization", _SCHEME + token))
    return Request(request.method, request.url, headers, request.body)


def anew(world: World, request: Request, body: bytes, root: str) -> Request:
    """A delivery like this one, of another task with another body, for the message `root`."""
    name = world.kernel.chance.text(f"tasks/{root}", _NAME_LENGTH, DIGITS)
    named = (*without(request.headers, _NAME), (_NAME, name))
    changed = Request(request.method, request.url, named, body)
    claims = claims_of(request)
    if not claims:
        return changed
    issued = int(world.kernel.clock.bot_unix)
    claims |= {"iat": issued, "exp": issued + TOKEN_LIFE_S}
    return with_token(changed, sign(world.cloudtasks.keys.current, claims))


def _signed(captured: "Captured", key: MadeUpKey | None = None, **changed: object) -> Request:
    """With a fresh token that says something else, or by another key."""
    world = captured.world
    unix = int(world.kernel.clock.bot_unix)
    claims: Mapping[str, object] = {
        **claims_of(captured.request),
        "iat": unix,
        "exp": unix + TOKEN_LIFE_S,
        **changed,
    }
    return with_token(captured.request, sign(key or world.cloudtasks.keys.current, claims))


def without_token(captured: "Captured") -> Request:
    request = captured.request
    return Request(
        request.method, request.url, without(request.headers, "Authorization"), request.body
    )


def made_up_key(captured: "Captured") -> Request:
    """Another key under the name of the right one."""
    current = captured.world.cloudtasks.keys.current
    key = MadeUpKey(current.id, STRANGE_KEY.p, STRANGE_KEY.q, STRANGE_KEY.certificate)
    return _signed(captured, key)


def without_algorithm(captured: "Captured") -> Request:
    """RFC 7519, 6: an unsecured token. One that is read with the algorithm of its own header
    passes.
    """
    return with_token(captured.request, _assembled(captured, {"alg": "none", "typ": "JWT"}, b""))


def public_key_as_secret(captured: "Captured") -> Request:
    """RFC 8725, 2.1: signed with what everybody knows, as if it were a shared secret."""
    key = captured.world.cloudtasks.keys.current
    secret = json.dumps(jwk(key)).encode()
    header = {"alg": "HS256", "kid": key.id, "typ": "JWT"}
    bare = _assembled(captured, header, b"").rstrip(".")
    mac = hmac.digest(secret, bare.encode(), hashlib.sha256)
    return with_token(captured.request, f"{bare}.{unpadded(mac)}")


def expired(captured: "Captured") -> Request:
    unix = int(captured.world.kernel.clock.bot_unix) - 2 * TOKEN_LIFE_S
    return _signed(captured, iat=unix, exp=unix + TOKEN_LIFE_S)


def foreign_audience(captured: "Captured") -> Request:
    return _signed(captured, aud=_ELSEWHERE)


def foreign_account(captured: "Captured") -> Request:
    return _signed(captured, email=_SOMEBODY, sub="1" * 21, azp="1" * 21)


def foreign_issuer(captured: "Captured") -> Request:
    return _signed(captured, iss="https://accounts.example.com")


def own(captured: "Captured") -> Request:
    return _signed(captured)


def rotated(captured: "Captured") -> Request:
    """As Google signs once its keys were rotated; the next key was published before."""
    captured.world.cloudtasks.rotate_keys()
    return _signed(captured)


def _assembled(captured: "Captured", header: Mapping[str, object], signature: bytes) -> str:
    fresh_claims = claims_of(_signed(captured))
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (header, fresh_claims)]
    return ".".join(unpadded(part) for part in (*parts, signature))
