"""The synchronous heart of a world: it knows what could happen next, performs what is chosen, and
writes it down.

It does no I/O. A driver tells it what the bot did (`call_arrived`, `responded`); the fakes ask it
for timers and deliveries.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from emulator.chance import Chance
from emulator.clock import VIRTUAL_EPOCH, VirtualClock
from emulator.delivery import Delivery
from emulator.exchange import Failure, Outcome, Request
from emulator.journal import NOTHING, EntryKind, Journal
from emulator.schedule import Fifo, Schedule
from emulator.step import Agenda, Step, StepKind


@dataclass(frozen=True, slots=True)
class Limits:
    """What one user message may cost before it is cut, so that a runaway bot never burns the
    harness itself.
    """

    generation: int = 4
    deliveries: int = 2_000
    calls_per_invocation: int = 1_000


class Destination(Protocol):
    """Whoever answers at an origin of the bot: the serverless host."""

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        """Handle one request; `done` is called once, when it was answered or failed."""


class Kernel:
    """Clock, agenda, journal, chance and schedule of one world."""

    def __init__(
        self,
        *,
        seed: int | str = 0,
        epoch: float = VIRTUAL_EPOCH,
        limits: Limits | None = None,
        schedule: Callable[[Chance], Schedule] = Fifo,
        journal: Journal | None = None,
        bot_clock: Callable[[], float] | None = None,
        own_dates: bool = False,
    ) -> None:
        self.chance = Chance(seed)
        self.clock = VirtualClock(epoch, bot_clock=bot_clock, own_dates=own_dates)
        self.limits = limits or Limits()
        self.agenda = Agenda()
        self.journal = Journal() if journal is None else journal
        self.journal.is_quiet = lambda root: not self.agenda.concerns(root)
        self.schedule: Schedule = schedule(self.chance)
        self.choices: list[str] = []
        self.steps = 0
        self.cut: set[str] = set()
        self.origins: dict[str, Destination] = {}
        # Who takes requests to any other origin; nobody, in a world of which everything is known.
        self.elsewhere: Destination | None = None
        self.mids: dict[str, str] = {}
        self.record_choices = True

    # -- what the fakes ask for

    def note(
        self,
        kind: EntryKind,
        name: str,
        *,
        cause: int = -1,
        roots: tuple[str, ...] = (),
        generation: int = 0,
        instance: str = "",
        detail: Mapping[str, object] = NOTHING,
    ) -> int:
        """Write a journal entry at the present time; returns its number."""
        return self.journal.note(
            kind,
            name,
            time=self.clock.now,
            cause=cause,
            roots=roots,
            generation=generation,
            instance=instance,
            detail=detail,
        )

    def at(
        self,
        due: float,
        name: str,
        action: Callable[[], None],
        *,
        roots: tuple[str, ...] = (),
        task: str = "",
        kind: StepKind = StepKind.FIRE,
    ) -> Step:
        """Have `action` done at `due` (seconds of the clock; the past means now). Cancel with
        `cancel`.
        """
        return self.agenda.add(
            Step(name, kind, max(due, self.clock.now), action, task=task, roots=roots)
        )

    def cancel(self, step: Step | None) -> None:
        if step is not None:
            self.agenda.drop(step)

    def deliver(self, delivery: Delivery) -> bool:
        """Send a request to the bot at `delivery.due`.

        Returns False, with a finding in the journal and without calling `on_outcome`, when one of
        its user messages has reached its limit of deliveries or generations: that message is cut,
        nothing more is delivered for it.
        """
        for root in delivery.roots:
            if root in self.cut:
                return False
            tally = self.journal.tally(root)
            if delivery.generation > self.limits.generation:
                self._cut(root, delivery, f"generation {self.limits.generation}")
                return False
            if tally.deliveries >= self.limits.deliveries:
                self._cut(root, delivery, f"{self.limits.deliveries:,} deliveries")
                return False
        self.agenda.add(
            Step(
                delivery.name,
                StepKind.START,
                max(delivery.due, self.clock.now),
                lambda: self._start(delivery),
                task=delivery.name,
                roots=delivery.roots,
            )
        )
        return True

    def attribute(self, roots: tuple[str, ...], *texts: str | bytes) -> tuple[str, ...]:
        """Which of several user messages a text is about: those whose mid occurs in it, or all of
        them when none does.
        """
        if len(roots) < 2:
            return roots
        blob = b"\n".join(text.encode() if isinstance(text, str) else text for text in texts)
        named = tuple(
            root for root in roots if root in self.mids and self.mids[root].encode() in blob
        )
        return named or roots

    # -- running

    def run_step(self, until: float | None = None) -> bool:
        """Perform the next step, unless it is due after `until`; returns whether one was
        performed.
        """
        step = self.schedule.pick(self.agenda)
        if step is None or (until is not None and step.due > until):
            return False
        perform = step.perform
        self.agenda.drop(step)
        if step.due > self.clock.now:
            self.clock.move_to(step.due)
        if self.record_choices:
            self.choices.append(step.name)
        self.steps += 1
        perform()
        return True

    # -- inside

    def _start(self, delivery: Delivery) -> None:
        if any(root in self.cut for root in delivery.roots):
            return
        request = delivery.build()
        if delivery.on_start is not None:
            delivery.on_start()
        route = request.raw_path
        entry = self.note(
            "delivery",
            delivery.name,
            cause=delivery.cause,
            roots=delivery.roots,
            generation=delivery.generation,
            detail={
                "kind": delivery.kind,
                "method": request.method,
                "route": route,
                "bytes": len(request.body),
            },
        )
        # An echo comes back to the webhook by the platform's doing; it is a loop only once the bot
        # acts on it.
        if delivery.kind in ("queue", "trigger") and route in delivery.routes:
            self._note_loop(delivery, route, entry)
        timer: Step | None = None
        finished = False

        def done(outcome: Outcome) -> None:
            nonlocal finished
            if finished:
                return
            finished = True
            self.cancel(timer)
            self.note(
                "response",
                delivery.name,
                cause=entry,
                roots=delivery.roots,
                generation=delivery.generation,
                detail={"status": outcome.kind if isinstance(outcome, Failure) else outcome.status},
            )
            delivery.on_outcome(outcome)

        timer = self.at(
            self.clock.now + delivery.timeout_s,
            delivery.name + "/timeout",
            lambda: done(Failure("timeout", f"no response within {delivery.timeout_s:g} s")),
            roots=delivery.roots,
            task=delivery.name,
        )
        destination = self.origins.get(request.origin, self.elsewhere)
        if destination is None:
            self.note(
                "finding",
                "unknown-destination",
                cause=entry,
                roots=delivery.roots,
                generation=delivery.generation,
                detail={"url": request.url.partition("?")[0]},
            )
            done(Failure("refused", f"nothing listens at {request.origin}"))
            return
        destination.accept(delivery, request, entry, done)

    def _note_loop(self, delivery: Delivery, route: str, entry: int) -> None:
        self.note(
            "finding",
            "loop",
            cause=entry,
            roots=delivery.roots,
            generation=delivery.generation,
            detail={
                "delivery": delivery.name,
                "cycle": [*delivery.routes[delivery.routes.index(route) :], route],
            },
        )

    def _cut(self, root: str, delivery: Delivery, limit: str) -> None:
        self.cut.add(root)
        self.note(
            "finding",
            "runaway",
            cause=delivery.cause,
            roots=(root,),
            generation=delivery.generation,
            detail={"limit": limit, "deliveries": self.journal.tally(root).deliveries},
        )
