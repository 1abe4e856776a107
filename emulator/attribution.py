"""Whose doing a call is, when a bot that handles many requests at once makes it.

The certificate needs no such guess: there, each call comes from an instance of its own, or one at a
time.
"""

import re
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol
from urllib.parse import unquote

from emulator.delivery import Delivery, Invocation
from emulator.exchange import Request
from emulator.kernel import Kernel
from emulator.meta import Account, UserMessage

# The ids of messages on Messenger, Instagram and WhatsApp.
_MID = re.compile(r"m_[A-Za-z0-9_-]{86}|aWdf[A-Za-z0-9]{150,}|wamid\.[A-Za-z0-9+/]{40,}={0,2}")
# The latest messages, of everybody and of each person, that a call made behind a response may still
# be for.
KEEP_MESSAGES = 10_000
KEEP_OF_PERSON = 200
KEEP_SENDS = 1_000
# Shorter texts are in replies by accident.
TELLING_CHARACTERS = 4


class Working(Protocol):
    """A bot, or several, by what it is asked and has not answered."""

    @property
    def open(self) -> Collection[Invocation]:
        """The requests that it works on."""


class Attribution:
    """Finds the invocation that a call belongs to.

    What counts, in this order: a message id in the call; a reply's recipient, and the one text of
    that person which it repeats; being the only request that the bot works on. Where replies tell
    the messages of one person not apart, each goes to the one with the fewest, of those that the
    bot works on, or has worked on as far without a reply.
    """

    def __init__(self, kernel: Kernel, meta: Account, bots: Sequence[Working]) -> None:
        self._kernel = kernel
        self._meta = meta
        self._bots = bots
        self._messages: dict[str, UserMessage] = {}
        self._by_mid: dict[str, UserMessage] = {}
        self._by_person: dict[str, deque[UserMessage]] = {}
        # Sends that were made out to a message and may not be applied yet.
        self._sends: deque[tuple[str, Invocation]] = deque(maxlen=KEEP_SENDS)
        self._strangers = 0

    def wrote(self, message: UserMessage) -> None:
        """A person has written."""
        self._messages[message.root] = message
        self._by_mid[message.mid] = message
        mine = self._by_person.setdefault(message.psid, deque(maxlen=KEEP_OF_PERSON))
        mine.append(message)
        if len(self._messages) > KEEP_MESSAGES:
            oldest = self._messages.pop(next(iter(self._messages)))
            del self._by_mid[oldest.mid]
            theirs = self._by_person[oldest.psid]
            if theirs[-1] is oldest:
                del self._by_person[oldest.psid]

    def message(self, root: str) -> UserMessage | None:
        """One of the latest messages."""
        return self._messages.get(root)

    @property
    def latest(self) -> Iterable[UserMessage]:
        """The latest messages, oldest first."""
        return self._messages.values()

    def invocation_for(self, request: Request) -> Invocation:
        """The invocation that makes this call; one of its own for a call that tells nothing."""
        opened = [invocation for bot in self._bots for invocation in bot.open]
        while self._sends and not self._sends[0][1].parked:
            self._sends.popleft()
        named = self._named(request)
        if named:
            return self._narrowed(request, named, self._of(opened, named))
        to, text = self._recipient(request)
        chosen = None if to is None else self._answered(to, text, opened)
        if chosen is not None:
            found = self._of(opened, (chosen,), deepest=True)
            found = self._narrowed(request, (chosen,), found)
            if text:
                self._sends.append((chosen, found))
            return found
        if len(opened) == 1:
            return opened[0]
        return self._stranger(request, ())

    # -- inside

    def _named(self, request: Request) -> tuple[str, ...]:
        """The messages whose ids the request holds."""
        blob = unquote(request.url) + "\n" + request.body.decode("utf-8", "replace")
        found = dict.fromkeys(_MID.findall(blob))
        return tuple(self._by_mid[mid].root for mid in found if mid in self._by_mid)

    def _of(
        self, opened: Sequence[Invocation], roots: Sequence[str], *, deepest: bool = False
    ) -> Invocation | None:
        """Of those that work for one of these messages the one that is nearest to it, or furthest
        from it; of several the one that has done the least.

        The nearest, because a webhook that publishes is taken for a consumer that does otherwise,
        and that would be a step of a loop.
        """
        sign = -1 if deepest else 1
        working = [one for one in opened if not set(roots).isdisjoint(one.roots)]
        return min(working, key=lambda one: (sign * one.generation, one.calls), default=None)

    def _recipient(self, request: Request) -> tuple[str | None, str]:
        """Whom a send or sender action is to, and its text."""
        return self._meta.graph.recipient(request) if self._meta.claims(request) else (None, "")

    def _answered(self, to: str, text: str, opened: Sequence[Invocation]) -> str | None:
        """Which message of a person this is sent for, None when nothing tells."""
        mine = [one for one in self._by_person.get(to, ()) if one.root in self._messages]
        told = self._told(mine, text)
        if told is not None:
            return told
        depths: dict[str, int] = {}
        for invocation in opened:
            for root in invocation.roots:
                depths[root] = max(depths.get(root, 0), invocation.generation)
        working = [one.root for one in mine if one.root in depths]
        journal = self._kernel.journal
        if working:
            # One that was worked on as far, and is over without a reply: the one that it got was
            # taken for another message's.
            depth = max(depths[root] for root in working)
            passed_over = [
                one.root
                for one in mine
                if journal.tally(one.root).generation >= depth
                and self._meta.asks(one)
                and not self._replies(one.root)
            ]
            candidates = dict.fromkeys((*working, *passed_over))
            return min(candidates, key=lambda root: (self._replies(root), -depths.get(root, -1)))
        unanswered = [
            one.root for one in mine if self._meta.asks(one) and not self._replies(one.root)
        ]
        if not unanswered and len(opened) == 1:
            return None
        return min(unanswered or [one.root for one in mine], key=self._replies, default=None)

    def _told(self, mine: Sequence[UserMessage], text: str) -> str | None:
        """The one message whose text a reply repeats, and no longer one of another message."""
        repeated = [
            one
            for one in mine
            if len(one.text) >= TELLING_CHARACTERS
            and one.text in text
            and re.search(rf"(?<!\w){re.escape(one.text)}(?!\w)", text)
        ]
        longest = max((len(one.text) for one in repeated), default=0)
        told = [one.root for one in repeated if len(one.text) == longest]
        return told[0] if len(told) == 1 else None

    def _replies(self, root: str) -> int:
        """Replies to a message, those included that the platform has not taken yet."""
        under_way = sum(chosen == root and bool(one.parked) for chosen, one in self._sends)
        return self._kernel.journal.tally(root).replies + under_way

    def _narrowed(
        self, request: Request, roots: tuple[str, ...], found: Invocation | None
    ) -> Invocation:
        """The invocation that was found, unless it works for further messages, too."""
        if found is not None and set(found.roots) <= set(roots):
            return found
        return self._stranger(request, roots, cause=-1 if found is None else found.entry)

    def _stranger(self, request: Request, roots: tuple[str, ...], *, cause: int = -1) -> Invocation:
        """An invocation for this one call."""
        name = f"x{self._strangers}"
        self._strangers += 1
        clock, journal = self._kernel.clock, self._kernel.journal
        delivery = Delivery(
            name=name,
            kind="probe",
            due=clock.now,
            build=lambda: request,
            on_outcome=lambda outcome: None,
            timeout_s=0.0,
            roots=roots,
            generation=max((journal.tally(root).generation for root in roots), default=0),
        )
        return Invocation(delivery, request, "remote", cause, clock.now)
