"""Ids in the shapes that the platform gives them, drawn by name: another seed, other ids.

Those of the page and the app are part of the credentials instead.
"""

from base64 import urlsafe_b64encode

from emulator.chance import Chance


def psid(chance: Chance, page: str, nickname: str) -> str:
    """The id of a person as one page sees it: 17 digits; another page sees another one."""
    return _digits(chance, f"meta/psid/{page}/{nickname}", 17)


def mid(chance: Chance, name: str) -> str:
    """The id of a message: `m_` and 86 base64url characters, unlike for every `name`."""
    return "m_" + _base64url(chance.bits("meta/mid/" + name, 64))


def challenge(chance: Chance, name: str) -> str:
    """The number of a handshake, 9 or 10 digits; in 31 bits, because bots parse it as an int."""
    span = 2**31 - 10**8
    return str(10**8 + int.from_bytes(chance.bits("meta/challenge/" + name, 8), "big") % span)


def trace_id(chance: Chance, name: str) -> str:
    """What names one Graph API exchange in errors and headers: `A` and 22 base64url characters."""
    return "A" + _base64url(chance.bits("meta/trace/" + name, 16))


def _digits(chance: Chance, name: str, length: int) -> str:
    low = 10 ** (length - 1)
    return str(low + int.from_bytes(chance.bits(name, 16), "big") % (9 * low))


def _base64url(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode("ascii")
