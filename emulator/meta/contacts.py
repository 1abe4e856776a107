"""Who has written to the page: nicknames, their ids, and the author of every message."""

from emulator.chance import Chance
from emulator.meta import identity


class Contacts:
    """The people of one page.

    Grows by one entry per person and by two references per user message: a reply may come at any
    later time, and can only be judged by the author of the message that it answers.
    """

    def __init__(self, chance: Chance, *, page_id: str) -> None:
        self._chance = chance
        self._page_id = page_id
        self._psids: dict[str, str] = {}
        self._nicknames: dict[str, str] = {}
        self._acted: dict[str, float] = {}
        self._authors: dict[str, str] = {}

    def psid(self, nickname: str) -> str:
        """The id of a person on this page; the same for the same nickname."""
        found = self._psids.get(nickname)
        if found is None:
            found = identity.psid(self._chance, self._page_id, nickname)
            self._psids[nickname] = found
            self._nicknames[found] = nickname
        return found

    def nickname(self, psid: str) -> str | None:
        """Who that is, or None when nobody of this id has written to the page."""
        return self._nicknames.get(psid) if psid in self._acted else None

    def wrote(self, root: str, psid: str, *, at: float) -> None:
        """A person has written, or tapped something, at `at` seconds of the clock: the page may
        write to them from now on.
        """
        self._acted[psid] = at
        self._authors[root] = psid

    def last_act(self, psid: str) -> float | None:
        """When they did something last, in seconds of the clock; None when they never did."""
        return self._acted.get(psid)

    def authored(self, roots: tuple[str, ...], psid: str) -> tuple[str, ...]:
        """Those of the user messages that this person wrote."""
        return tuple(root for root in roots if self._authors.get(root) == psid)
