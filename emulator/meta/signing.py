"""The signatures on webhooks: HMAC with the app secret over exactly the bytes that are sent."""

import hmac


def sign_sha256(app_secret: str, body: bytes) -> str:
    """The value of `X-Hub-Signature-256`: `sha256=` and 64 lower-case hex digits."""
    return "sha256=" + hmac.digest(app_secret.encode(), body, "sha256").hex()


def sign_sha1(app_secret: str, body: bytes) -> str:
    """The value of `X-Hub-Signature`, which most older bots check: `sha1=` and 40 hex digits."""
    return "sha1=" + hmac.digest(app_secret.encode(), body, "sha1").hex()
