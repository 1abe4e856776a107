"""Who has written to the account: nicknames, their ids, and the author of every message."""

from collections import OrderedDict

from emulator.chance import Chance
from emulator.meta import identity
from emulator.meta.platform import PlatformName
from emulator.meta.sends.window import AD_WINDOW_S, WINDOW_S


class Contacts:
    """The people of one page, Instagram account or phone number.

    Grows by one entry per person and by two references per user message: a reply may come at any
    later time, and can only be judged by the author of the message that it answers.
    """

    def __init__(
        self, chance: Chance, *, page_id: str, platform: PlatformName = "messenger"
    ) -> None:
        """`page_id` is the id of that account."""
        self._chance = chance
        self._page_id = page_id
        self._platform = platform
        self._psids: dict[str, str] = {}
        self._nicknames: dict[str, str] = {}
        self._aliases: dict[str, str] = {}
        self._acted: dict[str, float] = {}
        # Those who did something of late, whoever did so last at the end.
        self._recent: OrderedDict[str, float] = OrderedDict()
        self._windows: dict[str, float] = {}
        self._authors: dict[str, str] = {}

    def psid(self, nickname: str) -> str:
        """The id of a person on this account, by which replies are matched; the same for the same
        nickname. Of WhatsApp that is the phone number in digits.
        """
        found = self._psids.get(nickname)
        if found is None:
            found = self._draw(nickname)
            self._psids[nickname] = found
            self._nicknames[found] = nickname
            if self._platform == "whatsapp":
                alias = identity.business_user_id(self._chance, self._page_id, nickname)
                self.also_known_as(alias, found)
        return found

    def alias(self, psid: str) -> str:
        """The business-scoped user id of a person on WhatsApp; elsewhere the id itself."""
        if self._platform != "whatsapp" or psid not in self._nicknames:
            return psid
        return identity.business_user_id(self._chance, self._page_id, self._nicknames[psid])

    def also_known_as(self, address: str, psid: str) -> None:
        """A bot may address this person by something else as well."""
        self._aliases[address] = psid

    def known(self, address: str) -> str | None:
        """The id that replies are matched by, of whoever a bot addresses so: by that id, by an
        alias, or on WhatsApp by the number in any spelling. None for nobody that has been seen.
        """
        if address in self._nicknames:
            return address
        if address in self._aliases:
            return self._aliases[address]
        if self._platform == "whatsapp":
            digits = "".join(filter(str.isdecimal, address))
            return digits if digits in self._nicknames else None
        return None

    def nickname(self, psid: str) -> str | None:
        """Who that is, or None when nobody of this id has written to the account."""
        return self._nicknames.get(psid) if psid in self._acted else None

    def wrote(self, root: str, psid: str, *, at: float) -> None:
        """A person has written, or tapped something, at `at` seconds of the clock: the account may
        write to them from now on.
        """
        self._acted[psid] = at
        self._recent[psid] = at
        self._recent.move_to_end(psid)
        if self._windows:
            self._windows.pop(psid, None)
        self._authors[root] = psid

    def caused(self, root: str, psid: str) -> None:
        """Something happened of this person's doing that lets nobody write to them."""
        self._authors[root] = psid

    def last_act(self, psid: str) -> float | None:
        """When they did something last, in seconds of the clock; None when they never did."""
        return self._acted.get(psid)

    def window_s(self, psid: str) -> float:
        """For how many seconds after their last act the account may write to a person."""
        return self._windows.get(psid, WINDOW_S)

    def came_from_ad(self, psid: str) -> None:
        """What they wrote last came of a click on an ad that opens a conversation: the account may
        write to them for longer, until they write again."""
        self._windows[psid] = AD_WINDOW_S

    def engaged(self, since: float) -> int:
        """How many did something after `since`, in seconds of the clock. It never goes back: who
        did nothing since is forgotten here.
        """
        recent = self._recent
        while recent and next(iter(recent.values())) <= since:
            recent.popitem(last=False)
        return len(recent)

    def authored(self, roots: tuple[str, ...], psid: str) -> tuple[str, ...]:
        """Those of the user messages that this person wrote."""
        return tuple(root for root in roots if self._authors.get(root) == psid)

    def _draw(self, nickname: str) -> str:
        if self._platform == "messenger":
            return identity.psid(self._chance, self._page_id, nickname)
        if self._platform == "instagram":
            return identity.igsid(self._chance, self._page_id, nickname)
        number = identity.wa_id(self._chance, self._page_id, nickname)
        # Seven digits are few for thousands of people.
        again = nickname
        while number in self._nicknames:
            again += "'"
            number = identity.wa_id(self._chance, self._page_id, again)
        return number
