"""What a constant factor per generation comes to: sums, levels, times."""

import math


def total_after(first: float, r: float, levels: int) -> float:
    """Deliveries after so many generations, when the first has `first` and each has `r` times as
    many as the one before.
    """
    if r == 1:
        return first * levels
    return first * (r**levels - 1) / (r - 1)


def total_for_ever(first: float, r: float) -> float:
    """The same without an end; infinite from r = 1 on."""
    return first / (1 - r) if r < 1 else math.inf


def levels_for(first: float, r: float, total: float) -> float:
    """After how many generations the sum is `total`; infinite when it never gets there."""
    if r == 1:
        return total / first
    share = 1 + total * (r - 1) / first
    return math.log(share) / math.log(r) if share > 0 else math.inf


def doubling_s(r: float, delay_s: float) -> float:
    """Seconds in which the deliveries double, with `delay_s` between generations; infinite from
    r = 1 down.
    """
    return delay_s * math.log(2) / math.log(r) if r > 1 else math.inf
