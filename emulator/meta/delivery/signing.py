"""The signatures on webhooks: HMAC with the app secret over exactly the bytes that are sent."""

import hmac
from typing import Literal

# Which signatures a notification carries: both, one of them, both with another secret, none. Older
# bots need the one with SHA-1; a bot has to refuse the last two.
Signatures = Literal["both", "sha256_only", "sha1_only", "wrong", "none"]


def sign_sha256(app_secret: str, body: bytes) -> str:
    """The value of `X-Hub-Signature-256`: `sha256=` and 64 lower-case hex digits."""
    return "sha256=" + hmac.digest(app_secret.encode(), body, "sha256").hex()


def sign_sha1(app_secret: str, body: bytes) -> str:
    """The value of `X-Hub-Signature`, which most older bots check: `sha1=` and 40 hex digits."""
    return "sha1=" + hmac.digest(app_secret.encode(), body, "sha1").hex()


def signature_headers(
    app_secret: str, body: bytes, signatures: Signatures = "both"
) -> tuple[tuple[str, str], ...]:
    """The headers of a notification with this body, in their order."""
    if signatures == "none":
        return ()
    if signatures == "wrong":
        app_secret = "not-" + app_secret
    headers = []
    if signatures != "sha1_only":
        headers.append(("X-Hub-Signature-256", sign_sha256(app_secret, body)))
    if signatures != "sha256_only":
        headers.append(("X-Hub-Signature", sign_sha1(app_secret, body)))
    return tuple(headers)
