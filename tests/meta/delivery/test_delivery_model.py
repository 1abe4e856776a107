"""Notifications in any order with failures, disablement and resubscription at any time, for every
product, order and grouping: what must be true of them, from what the bot saw and the journal says.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple, get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from emulator.delivery import Delivery
from emulator.exchange import Failure, Reply
from emulator.kernel import Limits
from emulator.meta.delivery.courier import Grouping, Order
from emulator.meta.delivery.disturbance import Disturbance
from emulator.meta.delivery.product import (
    GENERIC,
    INSTAGRAM,
    MESSENGER,
    OLDER_MESSENGER,
    WHATSAPP,
    Product,
)
from emulator.meta.delivery.spacing import Spacing
from emulator.meta.delivery.webhook import Webhook
from tests.meta.courier_support import (
    OK,
    Answer,
    Attempt,
    run,
    run_until,
    schedules,
    webhook,
    world,
)

SCRIPTED = replace(
    MESSENGER, redelivery_s=(3.0, 3.0, 50.0), give_up_after_s=60.0, alert_after_s=9.0
)
PRODUCTS = (
    *(MESSENGER, INSTAGRAM, WHATSAPP, GENERIC, OLDER_MESSENGER),
    *(MESSENGER.strict(), SCRIPTED),
)
SPACINGS: tuple[Spacing | tuple[float, ...], ...] = (*get_args(Spacing), (0.0, 120.0))
GOOD: tuple[Answer, ...] = ((0.0, OK), (0.3, OK), (4.9, OK), (5.1, OK), (0.0, Reply(204)))
BAD: tuple[Answer, ...] = (
    *((0.0, Reply(302)), (0.0, Reply(500)), (7.0, Reply(503)), (21.0, OK)),
    *((0.0, Failure("reset")), (0.0, Failure("refused")), None),
)
ANSWERS = (*GOOD, *BAD)
DISTURBANCES = (
    Disturbance(),
    Disturbance(late_s=40.0, spread_s=10.0),
    Disturbance(fails=2, failing="hang"),
    Disturbance(fails=1, failing="cut"),
    Disturbance(fails=3, failing="refused"),
    Disturbance(again=2),
    Disturbance(doubled=True, same_time=True),
    Disturbance(with_previous=True),
)
ADVANCES_S = (0.0, 1.0, 5.0, 20.0, 61.0, 301.0, 900.0, 3_600.0, 30_000.0, 700_000.0)
_ATTEMPT = re.compile(r"^(?P<copy>.*\.w\d+)(?P<retried>'*|'\d+)$")


@dataclass(slots=True)
class Written:
    """A notification: all of its items, and how it is disturbed."""

    webhook: Webhook
    product: Product
    disturbance: Disturbance


class Span(NamedTuple):
    """An attempt: when it began and was over, whether it failed, the items that were in it."""

    at: float
    end: float
    failed: bool
    items: list[str]


@dataclass(slots=True)
class Seen:
    """The attempts of one copy."""

    written: Written
    spans: list[Span] = field(default_factory=list)


class CourierMachine(RuleBasedStateMachine):
    """The bot's answer to an attempt is what `answer` is when that begins."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: Answer = (0.0, OK)
        self.written: dict[str, Written] = {}
        self.numbers = 0
        self.silences: list[tuple[float, int]] = []
        self.ready = False

    @initialize(
        product=st.sampled_from(PRODUCTS),
        order=st.sampled_from(get_args(Order)),
        grouping=st.sampled_from(get_args(Grouping)),
        spacing=st.sampled_from(SPACINGS),
        copies=st.integers(1, 3),
        seed=st.integers(0, 3),
        answer=st.sampled_from(ANSWERS),
    )
    def begin(
        self,
        product: Product,
        order: Order,
        grouping: Grouping,
        spacing: Spacing | tuple[float, ...],
        copies: int,
        seed: int,
        answer: Answer,
    ) -> None:
        self.order, self.grouping, self.product = order, grouping, product
        self.answer = answer
        self.kernel, self.bot, self.courier = world(
            self._answer,
            seed=seed,
            copies=copies,
            spacing=spacing,
            product=product,
            order=order,
            grouping=grouping,
            # What rides along hundreds of times is no runaway here; a cut is tested apart.
            limits=Limits(deliveries=1_000_000),
        )
        self.ready = True

    def _answer(self, _delivery: Delivery) -> Answer:
        return self.answer

    # -- what happens

    @rule(
        items=st.integers(1, 3),
        is_generic=st.sampled_from([False, False, False, True]),
        disturbance=st.sampled_from(DISTURBANCES),
        after_s=st.sampled_from([None, None, None, 0.0, 30.0]),
    )
    def write(
        self, items: int, is_generic: bool, disturbance: Disturbance, after_s: float | None
    ) -> None:
        roots = [f"u{self.numbers + number}" for number in range(items)]
        self.numbers += items
        product = GENERIC if is_generic else None
        notice = webhook(roots[0], *roots[1:], product=product)
        self.written[roots[0]] = Written(notice, product or self.product, disturbance)
        self._send(notice, disturbance, after_s)

    @rule(choice=st.integers(0, 50), copies=st.integers(1, 2))
    def repeat(self, choice: int, copies: int) -> None:
        if self.written:
            written = list(self.written.values())[choice % len(self.written)]
            self._send(written.webhook, written.disturbance, None, copies)

    def _send(
        self,
        notice: Webhook,
        disturbance: Disturbance,
        after_s: float | None,
        copies: int | None = None,
    ) -> None:
        self.courier.disturbance = disturbance
        at = None if after_s is None else self.kernel.clock.now + after_s
        self.courier.send(notice, at=at, copies=copies)
        self.courier.disturbance = Disturbance()

    @rule(
        answer=st.sampled_from(BAD),
        items=st.lists(st.integers(1, 3), min_size=1, max_size=3),
        seconds=st.sampled_from((1.0, 45.0, 1_000.0, 4_000.0, 40_000.0)),
    )
    def go_down(self, answer: Answer, items: list[int], seconds: float) -> None:
        """People write while the bot fails."""
        self.answer = answer
        for count in items:
            self.write(count, False, Disturbance(), None)
        self.advance(seconds)

    @rule(answer=st.sampled_from(ANSWERS))
    def behave(self, answer: Answer) -> None:
        self.answer = answer

    @rule(seconds=st.sampled_from(ADVANCES_S))
    def advance(self, seconds: float) -> None:
        run_until(self.kernel, self.kernel.clock.now + seconds)

    @rule(steps=st.integers(1, 12))
    def step(self, steps: int) -> None:
        for _ in range(steps):
            self.kernel.run_step()

    @rule()
    def unsubscribe(self) -> None:
        self.courier.unsubscribe()

    @rule()
    def resubscribe(self) -> None:
        self.courier.subscribe(frozenset())

    # -- what is true at any time

    @invariant()
    def nothing_has_two_schedules(self) -> None:
        if self.ready:
            scheduled = schedules(self.kernel, self.courier)
            assert len(set(scheduled)) == len(scheduled)

    @invariant()
    def all_is_taken_or_dropped_or_scheduled(self) -> None:
        if not self.ready:
            return
        scheduled = Counter(copy.webhook for copy in schedules(self.kernel, self.courier))
        lost = self._lost()
        for name, written in self.written.items():
            notice = written.webhook
            assert notice.under_way == scheduled[notice], name
            if not notice.under_way and not notice.taken and notice.copies:
                assert set(notice.untaken()) <= lost[name], name
            taken = {root for root in notice.roots if root not in notice.untaken()}
            assert taken <= self._acknowledged().keys(), name

    @invariant()
    def retries_are_on_time(self) -> None:
        if not self.ready:
            return
        rides = self._rides()
        for seen in self._copies().values():
            times = seen.written.product.redelivery_s
            since = seen.spans[0].end
            for number, span in enumerate(seen.spans[1:]):
                over = max(earlier.end for earlier in seen.spans[: number + 1])
                due = max(since + times[number], over)
                # One that rode in another request meanwhile comes when that is over.
                late = any(abs(span.at - ride) < 1e-6 for ride in rides)
                assert abs(span.at - due) < 1e-6 or (span.at > due and late), seen
            assert all(span.failed for span in seen.spans[:-1])
            assert len(seen.spans) <= 1 + len(times)

    @invariant()
    def the_line_keeps_its_order(self) -> None:
        if not self.ready or self.order == "parallel":
            return
        firsts = [attempt for attempt in self.bot.attempts if attempt.name.endswith(".w0")]
        settled = self._settled()
        for before, after in pairwise(firsts):
            name = before.name.removesuffix(".w0")
            if not self.written[name].disturbance.fails:
                assert settled.get(name, float("inf")) <= after.at + 1e-6

    @invariant()
    def disablement_follows_from_continuous_failure(self) -> None:
        if not self.ready:
            return
        taken = [span.end for span in self._spans() if not span.failed]
        for entry in self.kernel.journal.entries("finding"):
            if entry.name == "webhook-disabled":
                since = entry.detail["since"]
                assert isinstance(since, float)
                assert entry.time >= since + self.product.give_up_after_s
                assert not any(since < end < entry.time for end in taken)
                assert self.product.give_up == "disable"

    def teardown(self) -> None:
        if not self.ready:
            return
        self.answer = (0.0, OK)
        self.courier.subscribe(frozenset())
        run(self.kernel)
        self.nothing_has_two_schedules()
        self.all_is_taken_or_dropped_or_scheduled()
        assert {written.webhook.under_way for written in self.written.values()} <= {0}
        assert not self.courier.alone
        assert self.courier.line is None or not len(self.courier.line)

    # -- what was seen

    def _fails(self, attempt: Attempt, written: Written, number: int) -> tuple[float, bool]:
        """When an attempt is over, and whether it failed."""
        disturbance, patience_s = written.disturbance, written.product.timeout_s
        after_s, outcome = attempt.answer or (patience_s, Failure("timeout"))
        if after_s >= patience_s:
            return attempt.at + patience_s, True
        is_disturbed = number < disturbance.fails and isinstance(outcome, Reply)
        if is_disturbed and disturbance.failing == "hang":
            return attempt.at + patience_s, True
        taken = isinstance(outcome, Reply) and written.product.takes(outcome.status)
        return attempt.at + after_s, is_disturbed or not taken

    def _copies(self) -> dict[str, Seen]:
        """By name; those of which some attempt began."""
        found: dict[str, Seen] = {}
        attempts = {attempt.name: attempt for attempt in self.bot.attempts}
        for entry in self.kernel.journal.entries("delivery", "fault"):
            if entry.kind == "fault" and entry.detail["kind"] != "refused":
                continue
            at, name = entry.time, entry.name
            attempt = attempts[name] if entry.kind == "delivery" else None
            matched = _ATTEMPT.match(name)
            assert matched is not None
            copy = matched["copy"]
            number = _number(matched["retried"])
            seen = found.get(copy)
            if seen is None:
                seen = found[copy] = Seen(self._owner(copy, attempt))
                # A part of a batch goes on from where the batch was.
                if number:
                    whole = found[self._whole(copy, seen.written)]
                    seen.spans += whole.spans[:number]
            assert len(seen.spans) == number, name
            if attempt is None:
                seen.spans.append(Span(at, at, True, []))
            else:
                end, failed = self._fails(attempt, seen.written, number)
                seen.spans.append(Span(at, end, failed, attempt.items))
        return found

    def _owner(self, copy: str, attempt: Attempt | None) -> Written:
        root = copy.split(".")[0]
        for written in self.written.values():
            if root in written.webhook.roots:
                return written
        raise AssertionError(copy)

    def _whole(self, copy: str, written: Written) -> str:
        return f"{written.webhook.name}.w{copy.rpartition('.w')[2]}"

    def _spans(self) -> Iterator[Span]:
        for seen in self._copies().values():
            yield from seen.spans

    def _rides(self) -> set[float]:
        """When requests with others' items in them were over."""
        if self.grouping != "together":
            return set()
        return {span.end for span in self._spans()}

    def _lost(self) -> dict[str, set[str]]:
        lost: dict[str, set[str]] = {name: set() for name in self.written}
        for entry in self.kernel.journal.entries("finding"):
            if entry.name == "webhook-lost":
                lost[str(entry.detail["webhook"])].update(entry.roots)
        return lost

    def _acknowledged(self) -> dict[str, float]:
        """Items that were in a request which was taken, and when first."""
        found: dict[str, float] = {}
        for span in self._spans():
            if not span.failed:
                for item in span.items:
                    found[item] = min(found.get(item, span.end), span.end)
        return found

    def _settled(self) -> dict[str, float]:
        """When each notification kept nobody waiting any more."""
        taken = self._acknowledged()
        found = {
            name: max(taken[root] for root in written.webhook.roots)
            for name, written in self.written.items()
            if taken.keys() >= set(written.webhook.roots)
        }
        for entry in self.kernel.journal.entries("finding"):
            if entry.name == "webhook-lost":
                name = str(entry.detail["webhook"])
                found[name] = min(found.get(name, entry.time), entry.time)
        return found


def _number(marks: str) -> int:
    return int(marks[1:]) if marks[1:].isdecimal() else len(marks)


TestCourier = CourierMachine.TestCase
TestCourier.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
