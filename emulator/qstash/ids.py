"""Identifiers in the shapes that QStash gives them, drawn by name."""

from emulator.chance import BASE58, Chance

MESSAGE_ID_LENGTH = 59  # observed: `msg_` and 59 characters
RUN_ID_LENGTH = 21  # Workflow SDK: `wfr_` and 21 characters
SHORT_ID_LENGTH = 28  # QStash docs: `jwt_`, `sig_` and `scd_` ids have 28 characters

_DIGITS = bytes(ord(BASE58[byte % len(BASE58)]) for byte in range(256))


def draw_id(chance: Chance, prefix: str, name: str, length: int) -> str:
    """`prefix` and up to 64 characters that depend on the seed, the prefix and the name only."""
    return prefix + chance.bits(f"{prefix}/{name}", length).translate(_DIGITS).decode()
