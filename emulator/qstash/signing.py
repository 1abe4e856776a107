"""The signature of a delivery, a compact HS256 token, and the pair of keys it is made with."""

import hashlib
import hmac
import math
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as _quoted

from emulator.chance import Chance
from emulator.qstash.ids import SHORT_ID_LENGTH, draw_id

TOKEN_LIFE_S = 300  # QStash docs, "Verify signatures": expires five minutes after it was issued
ISSUER = "Upstash"


def _unpadded(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


_HEADER = _unpadded(b'{"alg":"HS256","typ":"JWT"}') + b"."


def body_hash(body: bytes) -> str:
    """The `body` claim: base64url of the SHA-256 of the raw body, with its padding."""
    return urlsafe_b64encode(hashlib.sha256(body).digest()).decode()


def sign(key: str, *, url: str, body: bytes, unix: float, token_id: str) -> str:
    """A token for one delivery of `body` to exactly `url`, issued at `unix` rounded down.

    `nbf` is 0, as the service sends it since 2024-09 so that receivers with slow clocks do not
    reject it.
    """
    issued = math.floor(unix)
    # By hand, because nothing else takes as long of a delivery.
    claims = (
        f'{{"iss":"{ISSUER}","sub":{_quoted(url)},"exp":{issued + TOKEN_LIFE_S},"nbf":0,'
        f'"iat":{issued},"jti":{_quoted(token_id)},"body":"{body_hash(body)}"}}'
    )
    signed = _HEADER + _unpadded(claims.encode())
    return (signed + b"." + _unpadded(hmac.digest(key.encode(), signed, "sha256"))).decode()


@dataclass(slots=True)
class KeyPair:
    """The keys of one account. Deliveries are signed with `current`; receivers try both."""

    current: str
    next: str
    rotations: int = 0

    def rotate(self, chance: Chance) -> None:
        """Make the next key the current one and draw a new next key."""
        self.rotations += 1
        self.current = self.next
        self.next = draw_id(chance, "sig_", f"rotation{self.rotations}", SHORT_ID_LENGTH)
