"""The keys that stand for Google's, and the identity tokens that are signed with them (RS256); who
asks for a token, and who checks one, is not known here.
"""

import hashlib
import json
import math
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from emulator.exchange import Headers
from emulator.google_keys import KEYS, MadeUpKey

ISSUER = "https://accounts.google.com"  # Google Identity docs, "Validate an ID token"
TOKEN_LIFE_S = 3600  # Cloud IAM docs, "Token types": an ID token is valid for an hour

# Google Identity docs, "Validate an ID token": the keys as certificates, and as JSON Web Keys.
PEM_PATH = "/oauth2/v1/certs"
JWK_PATH = "/oauth2/v3/certs"
# As above: the Cache-Control header tells for how long they may be kept. Keys are published longer
# than that before they sign.
PUBLISHED_HEADERS: Headers = (
    ("content-type", "application/json; charset=UTF-8"),
    ("cache-control", "public, max-age=21600, must-revalidate, no-transform"),
)

_EXPONENT = 65_537
# RFC 8017, 9.2: what stands before a SHA-256 digest in a signature.
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


class GoogleKeys:
    """The keys of one world: one signs, and the next one is published already, so that nobody is
    surprised by a rotation.
    """

    __slots__ = ("rotations",)

    def __init__(self) -> None:
        self.rotations = 0

    @property
    def current(self) -> MadeUpKey:
        return KEYS[self.rotations % len(KEYS)]

    @property
    def published(self) -> tuple[MadeUpKey, ...]:
        """Those that receivers may trust."""
        return self.current, KEYS[(self.rotations + 1) % len(KEYS)]

    def rotate(self) -> None:
        """Sign with the next key from now on."""
        self.rotations += 1


def id_token(
    key: MadeUpKey,
    *,
    audience: str,
    email: str,
    unix: float,
    issuer: str = ISSUER,
) -> str:
    """A token for the service account `email`, issued at `unix` rounded down."""
    issued = math.floor(unix)
    account = account_id(email)
    return sign(
        key,
        {
            "aud": audience,
            "azp": account,
            "email": email,
            "email_verified": True,
            "exp": issued + TOKEN_LIFE_S,
            "iat": issued,
            "iss": issuer,
            "sub": account,
        },
    )


def sign(key: MadeUpKey, claims: Mapping[str, object]) -> str:
    """The compact form of a token with these claims."""
    # Tokens of one second are the same, and making one costs more than a whole delivery.
    return _sign(key, _json(claims))


def account_id(email: str) -> str:
    """The number of a service account, as Google shows it: 21 digits."""
    digits = int.from_bytes(hashlib.sha256(email.encode()).digest()[:8], "big")
    return f"1{digits % 10**20:020d}"


def jwk(key: MadeUpKey) -> dict[str, str]:
    """The public half as a JSON Web Key (RFC 7517)."""
    modulus = _numbers(key)[0]
    return {
        "kty": "RSA",
        "alg": "RS256",
        "use": "sig",
        "kid": key.id,
        "n": unpadded(modulus.to_bytes(256, "big")),
        "e": unpadded(_EXPONENT.to_bytes(3, "big")),
    }


def published(keys: GoogleKeys, path: str) -> bytes | None:
    """The keys that receivers may trust, in the form that is found at this path; None for another
    path.
    """
    if path == JWK_PATH:
        return json.dumps({"keys": [jwk(key) for key in keys.published]}).encode()
    if path == PEM_PATH:
        return json.dumps({key.id: key.certificate for key in keys.published}).encode()
    return None


def unpadded(data: bytes) -> str:
    """Base64url as tokens have it (RFC 7515, 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@lru_cache(maxsize=256)
def _sign(key: MadeUpKey, claims: str) -> str:
    header = _json({"alg": "RS256", "kid": key.id, "typ": "JWT"})
    signed = f"{unpadded(header.encode())}.{unpadded(claims.encode())}"
    return f"{signed}.{unpadded(_signature(key, signed.encode()))}"


def _signature(key: MadeUpKey, data: bytes) -> bytes:
    """RFC 8017, 8.2.1. By the arithmetic of Python where there is no package for it: the same
    bytes, and seven milliseconds instead of a quarter of one.
    """
    try:
        return _by_package(key, data)
    except ModuleNotFoundError:
        return by_arithmetic(key, data)


def by_arithmetic(key: MadeUpKey, data: bytes) -> bytes:
    """The signature of `data`, with nothing but whole numbers."""
    n, p, q, d = _numbers(key)
    digest = _DIGEST_INFO + hashlib.sha256(data).digest()
    padded = b"\0\1" + b"\xff" * (256 - 3 - len(digest)) + b"\0" + digest
    message = int.from_bytes(padded, "big")
    of_p, of_q = pow(message, d % (p - 1), p), pow(message, d % (q - 1), q)
    whole = of_q + q * (pow(q, -1, p) * (of_p - of_q) % p)
    return (whole % n).to_bytes(256, "big")


def _by_package(key: MadeUpKey, data: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    n, p, q, d = _numbers(key)
    private = _loaded.get(key)
    if private is None:
        public = rsa.RSAPublicNumbers(_EXPONENT, n)
        numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
        # The numbers are constants: checking them at each start would take longer than signing.
        private = _loaded[key] = numbers.private_key(unsafe_skip_rsa_key_validation=True)
    signature: bytes = private.sign(data, padding.PKCS1v15(), hashes.SHA256())
    return signature


# One for each of the few keys there are.
_loaded: dict[MadeUpKey, Any] = {}


@cache
def _numbers(key: MadeUpKey) -> tuple[int, int, int, int]:
    p, q = int(key.p, 16), int(key.q, 16)
    return p * q, p, q, pow(_EXPONENT, -1, (p - 1) * (q - 1))


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
