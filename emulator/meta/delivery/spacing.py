"""When the copies of one notification are sent, in relation to each other."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal, get_args

from emulator.chance import Chance
from emulator.errors import ScenarioError

Spacing = Literal["at-once", "staggered", "shuffled"]

# Seconds between one copy and the next; seconds by which a shuffled copy is late. Duplicates have
# been seen at the same instant and seconds apart.
STAGGER_S = (0.05, 1.0)
SHUFFLE_S = (0.0, 1.5)


def check_spacing(spacing: Spacing | Sequence[float]) -> Spacing | tuple[float, ...]:
    """The spacing as it is kept. Raises ScenarioError for one that has no meaning."""
    if isinstance(spacing, str):
        if spacing not in get_args(Spacing):
            known = ", ".join(get_args(Spacing))
            raise ScenarioError(f"spacing must be one of {known}, not {spacing}")
        return spacing
    times = tuple(spacing)
    rising = all(sooner <= later for sooner, later in pairwise((0.0, *times)))
    if not times or not rising or not times[-1] < float("inf"):
        raise ScenarioError("spacing in seconds has to rise from 0, with a number for each copy")
    return times


def due_times(
    spacing: Spacing | Sequence[float], chance: Chance, names: Sequence[str], *, start: float
) -> Iterator[float]:
    """When each copy is sent, in seconds of the clock, given the names of the copies.

    Seconds that are listed go on with their last interval for copies beyond them.
    """
    due = start
    for number, name in enumerate(names):
        if spacing == "shuffled":
            due = start + chance.uniform("meta/shuffle/" + name, *SHUFFLE_S)
        elif spacing == "staggered" and number:
            due += chance.uniform("meta/stagger/" + name, *STAGGER_S)
        elif not isinstance(spacing, str):
            last = len(spacing) - 1
            due = start + spacing[min(number, last)]
            if number > last:
                due += (number - last) * (spacing[last] - spacing[max(last - 1, 0)])
        yield due
