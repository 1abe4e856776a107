"""What is explored: one user message in some copies, how they share instances, and what goes wrong
meanwhile.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from string import ascii_lowercase

from emulator.gate import LatePolicy
from harness.errors import HarnessError
from harness.explore.faults import NO_FAULTS, Fault, Plan

_FAULT = re.compile(r"(?P<kind>[a-z-]+) on call (?P<ordinal>\d+) of (?P<task>\S+)")


@dataclass(frozen=True, slots=True)
class Scene:
    """`partition` has a letter for each copy; copies with the same letter are served by the same
    instance, one after the other. `late` is what becomes of calls that a response left behind.
    """

    partition: str
    plan: Plan = NO_FAULTS
    late: LatePolicy = "withheld"

    @property
    def copies(self) -> int:
        return len(self.partition)

    @property
    def name(self) -> str:
        """For people and for traces; `scene_of` reads it."""
        parts = [f"copies on {self.partition}"]
        if self.late != "withheld":
            parts.append(f"late calls {self.late}")
        parts += [f"{fault.kind} on call {fault.ordinal} of {fault.task}" for fault in _in(self)]
        return ", ".join(parts)


def _in(scene: Scene) -> list[Fault]:
    return sorted(scene.plan)


def scene_of(name: str) -> Scene:
    """The scene with this name. Raises HarnessError when there is none."""
    head, *rest = name.split(", ")
    partition = head.removeprefix("copies on ")
    late: LatePolicy = "withheld"
    faults = []
    for part in rest:
        if part in ("late calls answered", "late calls reset"):
            late = "answered" if part.endswith("answered") else "reset"
            continue
        found = _FAULT.fullmatch(part)
        if found is None:
            raise HarnessError(f'no scene is called "{name}": what is "{part}"?')
        faults.append(Fault(found["task"], int(found["ordinal"]), found["kind"]))
    if partition not in partitions(len(partition)):
        raise HarnessError(f'no scene is called "{name}": "{partition}" is no partition')
    return Scene(partition, frozenset(faults), late)


def partitions(copies: int) -> tuple[str, ...]:
    """Every way to share instances among so many copies, the fewest instances first by name:
    for three `aaa`, `aab`, `aba`, `abb`, `abc`. There are as many as Bell's number says.
    """
    return tuple(_grow("", copies)) if copies else ()


def apart(copies: int) -> str:
    """The partition in which each copy has an instance of its own."""
    return ascii_lowercase[:copies]


def _grow(partition: str, copies: int) -> Iterator[str]:
    if len(partition) == copies:
        yield partition
        return
    # The next copy goes where another one is, or to the first instance that is not used yet.
    for letter in ascii_lowercase[: len(set(partition)) + 1]:
        yield from _grow(partition + letter, copies)
