"""Whether a request for an access token has the shape that Google's endpoint wants: pure functions.

Signatures are not verified, because the world has no service account's public key.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

# Google Identity docs, "Using OAuth 2.0 for Server to Server Applications".
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LONGEST_S = 3600
REFRESH = "refresh_token"
# Grants of the real endpoint that are not served here.
OTHER_GRANTS = frozenset(
    {"authorization_code", "urn:ietf:params:oauth:grant-type:device_code"},
)
# The endpoint as an audience, and the name that older keys carry as their `token_uri`.
AUDIENCES = frozenset(
    {"https://oauth2.googleapis.com/token", "https://www.googleapis.com/oauth2/v4/token"}
)
# How far a bot's clock may run ahead of the endpoint's.
SKEW_S = 300


@dataclass(frozen=True, slots=True)
class Denied:
    """An error of the token endpoint (RFC 6749, 5.2 "Error Response")."""

    error: str
    description: str

    @property
    def body(self) -> Mapping[str, str]:
        return {"error": self.error, "error_description": self.description}


class NotServedError(Exception):
    """The real endpoint serves this, the world does not."""


def check_grant(content_type: str, body: bytes, now: float) -> Denied | None:
    """What is wrong with a request for a token, if anything; `now` is in unix seconds.

    Raises NotServedError, which says what was asked, for grants that the world does not serve.
    """
    fields = _fields(content_type, body)
    grant = fields.get("grant_type", "")
    if grant == JWT_BEARER:
        return _check_assertion(fields.get("assertion", ""), now)
    if grant == REFRESH:
        if not fields.get("client_id"):
            return Denied("invalid_request", "Could not determine client ID from request.")
        if not fields.get("refresh_token"):
            return Denied("invalid_request", "Missing required parameter: refresh_token")
        return None
    if grant in OTHER_GRANTS:
        raise NotServedError(f"grant_type {grant}")
    # Observed: a missing grant type reads "Invalid grant_type: ".
    return Denied("unsupported_grant_type", f"Invalid grant_type: {grant}")


def _fields(content_type: str, body: bytes) -> Mapping[str, str]:
    text = body.decode("utf-8", "replace")
    if "json" not in content_type.lower():
        return dict(parse_qsl(text))
    sent = _json_object(text)
    return {key: value for key, value in (sent or {}).items() if isinstance(value, str)}


def _check_assertion(assertion: str, now: float) -> Denied | None:
    parts = assertion.split(".")
    header, claims = (_part(parts[0]), _part(parts[1])) if len(parts) == 3 else (None, None)
    if header is None or claims is None or not parts[2]:
        return Denied("invalid_grant", "Invalid JWT: it has to be header.claims.signature")
    if header.get("alg") != "RS256":
        return Denied("invalid_grant", "Invalid JWT: the algorithm has to be RS256")
    if not isinstance(claims.get("iss"), str) or not claims["iss"]:
        return Denied("invalid_grant", "Invalid JWT: iss is missing")
    if claims.get("aud") not in AUDIENCES:
        return Denied("invalid_grant", "Invalid JWT: Failed audience check.")
    if not _is_short_lived(claims.get("iat"), claims.get("exp"), now):
        # Observed, word for word.
        return Denied(
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
            "timeframe. Check your iat and exp values in the JWT claim.",
        )
    if claims.get("target_audience"):
        raise NotServedError("an ID token (target_audience)")
    if not isinstance(claims.get("scope"), str) or not claims["scope"]:
        return Denied("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    return None


def _is_short_lived(issued: object, expires: object, now: float) -> bool:
    if not isinstance(issued, int | float) or not isinstance(expires, int | float):
        return False
    return issued <= now + SKEW_S and now < expires <= issued + LONGEST_S


def _part(text: str) -> Mapping[str, object] | None:
    """A part of a JWT: unpadded base64url of a JSON object."""
    try:
        return _json_object(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())
    except ValueError:
        return None


def _json_object(text: str) -> Mapping[str, object] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
