"""The key file of a made-up service account, for clients that sign their own tokens with one.

Nothing in a world checks what they sign.
"""

import json
from base64 import b64encode
from textwrap import wrap

from emulator.google_keys import STRANGE_KEY

PROJECT = "demo-thrice"
EMAIL = f"thrice@{PROJECT}.iam.gserviceaccount.com"

_EXPONENT = 65_537
# RFC 8017, A.1: the algorithm rsaEncryption, without parameters.
_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")


def key_file() -> str:
    """The JSON of a key file, as Google's console hands it out."""
    return json.dumps(
        {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "0" * 40,
            "private_key": _pem(),
            "client_email": EMAIL,
            "client_id": "100000000000000000000",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": "https://oauth2.googleapis.com/token",
            "universe_domain": "googleapis.com",
        },
        indent=2,
    )


def _pem() -> str:
    """The private key as PKCS #8 (RFC 5958), which is what clients read."""
    p, q = int(STRANGE_KEY.p, 16), int(STRANGE_KEY.q, 16)
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    numbers = (0, p * q, _EXPONENT, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
    private = _tagged(0x30, b"".join(map(_number, numbers)))
    whole = _tagged(0x30, _number(0) + _ALGORITHM + _tagged(0x04, private))
    lines = "\n".join(wrap(b64encode(whole).decode(), 64))
    return f"-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n"


def _number(number: int) -> bytes:
    """DER of a whole number that is not negative; the first bit says so."""
    return _tagged(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _tagged(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content
