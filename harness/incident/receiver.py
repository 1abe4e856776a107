"""The bot's own check of the queue's token: as strict as the vendor's receiver, and ten times as
fast.
"""

import binascii
import hmac
import json
from base64 import urlsafe_b64decode
from functools import lru_cache

from emulator.qstash.signing import ISSUER, body_hash


def is_genuine(token: str, *, keys: tuple[bytes, ...], url: str, body: bytes, unix: float) -> bool:
    """Whether one of the keys signed this body for exactly this URL, in a token that is valid at
    `unix`.
    """
    try:
        signed, _, signature = token.encode("ascii").rpartition(b".")
        given = _decoded(signature)
        if not any(hmac.compare_digest(hmac.digest(key, signed, "sha256"), given) for key in keys):
            return False
        header, _, payload = signed.partition(b".")
        claims = json.loads(_decoded(payload))
        return bool(
            _algorithm(header) == "HS256"
            and claims["iss"] == ISSUER
            and claims["sub"] == url
            and claims["nbf"] <= unix < claims["exp"]
            and hmac.compare_digest(claims["body"].rstrip("="), body_hash(body).rstrip("="))
        )
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError):
        return False


@lru_cache(maxsize=8)  # the same for every token of one sender
def _algorithm(header: bytes) -> object:
    return json.loads(_decoded(header))["alg"]


def _decoded(part: bytes) -> bytes:
    return urlsafe_b64decode(part + b"=" * (-len(part) % 4))
