"""At most ten replies in any minute."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from reference_bot.limits import REPLIES, WINDOW_S, next_slot, remember

MOMENTS = st.lists(st.floats(0, 400), max_size=60)


def plan(moments: list[float]) -> list[float]:
    """The reply times of messages that come at these moments."""
    kept: list[float] = []
    slots: list[float] = []
    for now in moments:
        slot = next_slot(kept, now)
        kept = remember(kept, slot)
        slots.append(slot)
    return slots


@settings(deadline=None)
@given(MOMENTS)
def test_any_sliding_minute_holds_at_most_ten_replies(moments: list[float]) -> None:
    slots = sorted(plan(sorted(moments)))
    assert all(b - a >= WINDOW_S for a, b in zip(slots, slots[REPLIES:], strict=False))


@settings(deadline=None)
@given(MOMENTS)
def test_clocks_that_disagree_do_not_break_the_limit(moments: list[float]) -> None:
    slots = sorted(plan(moments))
    assert all(b - a >= WINDOW_S for a, b in zip(slots, slots[REPLIES:], strict=False))


@settings(deadline=None)
@given(MOMENTS)
def test_replies_keep_the_order_of_their_messages_but_for_rounding(moments: list[float]) -> None:
    slots = plan(sorted(moments))
    assert all(a - b < 1 for a, b in pairwise(slots))


@settings(deadline=None)
@given(MOMENTS)
def test_waits_are_whole_seconds(moments: list[float]) -> None:
    moments.sort()
    waits = [slot - now for slot, now in zip(plan(moments), moments, strict=True)]
    assert all(wait >= 0 and abs(wait - round(wait)) < 1e-6 for wait in waits)


def test_ten_rapid_messages_are_not_delayed() -> None:
    moments = [5 + at / 10 for at in range(10)]
    assert plan(moments) == moments


def test_the_eleventh_waits_a_window_and_a_margin() -> None:
    assert plan([0.0] * 11)[-1] == 62.0


def test_thirty_messages_at_once_take_three_windows() -> None:
    assert plan([0.0] * 30) == [0.0] * 10 + [62.0] * 10 + [124.0] * 10


def test_what_is_remembered_does_not_grow() -> None:
    kept: list[float] = []
    for at in range(100):
        kept = remember(kept, float(at))
    assert kept == [float(at) for at in range(90, 100)]
