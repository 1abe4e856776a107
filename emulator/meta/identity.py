"""Ids in the shapes that the platform gives them, drawn by name: another seed, other ids.

Those of the page and the app are part of the credentials instead.
"""

from base64 import b64encode, urlsafe_b64encode

from emulator.chance import Chance


def psid(chance: Chance, page: str, nickname: str) -> str:
    """The id of a person as one page sees it: 17 digits; another page sees another one."""
    return _digits(chance, f"meta/psid/{page}/{nickname}", 17)


def mid(chance: Chance, name: str) -> str:
    """The id of a message: `m_` and 86 base64url characters, unlike for every `name`."""
    return "m_" + _base64url(chance.bits("meta/mid/" + name, 64))


def igsid(chance: Chance, account: str, nickname: str) -> str:
    """The id of a person as one Instagram account sees it: 15 digits."""
    return _digits(chance, f"meta/igsid/{account}/{nickname}", 15)


def instagram_mid(chance: Chance, name: str, *, account: str) -> str:
    """The id of a message on Instagram: 164 characters or a few more, unlike for every `name`.

    Logged ones are base64 of `ig_dm_item:1:IGMessageID:<account>:<thread>:<item>`, of which each
    `Z` is written `ZA`. That `=` is `ZD` in the same way is assumed.
    """
    thread = "340282366841710300949128" + _digits(chance, "meta/ig-thread/" + name, 15)
    item = "315" + _digits(chance, "meta/ig-item/" + name, 32)
    text = f"ig_dm_item:1:IGMessageID:{account}:{thread}:{item}"
    coded = b64encode(text.encode()).decode("ascii")
    return coded.replace("Z", "ZA").replace("=", "ZD")


def wa_id(chance: Chance, account: str, nickname: str) -> str:
    """The phone number of a person, digits only: of a North American area that does not exist."""
    return "1555" + _digits(chance, f"meta/wa-id/{account}/{nickname}", 7)


def business_user_id(chance: Chance, account: str, nickname: str) -> str:
    """What names a person to one business on WhatsApp, beside the phone number: `US.` and 20
    digits."""
    return "US." + _digits(chance, f"meta/wa-user/{account}/{nickname}", 20)


def wamid(chance: Chance, name: str, *, number: str) -> str:
    """The id of a message on WhatsApp: `wamid.` and base64, of the number and 20 hex digits."""
    digits = number.encode()
    inner = bytes((0x1C, 0x18, len(digits))) + digits + b"\x15\x02\x00\x11\x18\x14"
    code = chance.bits("meta/wamid/" + name, 10).hex().upper().encode()
    return "wamid." + b64encode(inner + code + b"\x00").decode("ascii")


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
