"""Personas: other names under which a page can write; Messenger docs, "Personas"."""

from collections.abc import Mapping

from emulator.chance import DIGITS, Chance

# How many there can be at a time; no page gives a limit, the oldest go first.
KEEP_PERSONAS = 1_000


class Personas:
    """The personas of one page, by id."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._known: dict[str, Mapping[str, object]] = {}

    def make(self, name: str, picture: str, *, drawn_by: str) -> str:
        """A new persona; its id, 16 digits that are drawn by a causal name."""
        number = "2" + self._chance.text(f"meta/persona/{drawn_by}", 15, DIGITS)
        self._known[number] = {"id": number, "name": name, "profile_picture_url": picture}
        if len(self._known) > KEEP_PERSONAS:
            del self._known[next(iter(self._known))]
        return number

    def find(self, persona_id: str) -> Mapping[str, object] | None:
        return self._known.get(persona_id)

    def remove(self, persona_id: str) -> bool:
        """Whether there was such a persona."""
        return self._known.pop(persona_id, None) is not None

    def all(self) -> list[Mapping[str, object]]:
        return list(self._known.values())
