"""A move: one thing that could happen next in a run under exploration, and when two of them
commute.
"""

from dataclasses import dataclass

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Move:
    """One pending step.

    `name` is causal and the same in every schedule in which the step exists. `task` is whose step
    it is: a task has one after the other. `instance` is where it runs. `reads` and `writes` are the
    resources of its effect, as `service:resource`. `signature` is what is checked on replay: the
    service, the verb and the resources, with identities that differ from run to run left out.
    """

    name: str
    task: str
    instance: str = ""
    reads: frozenset[str] = NOTHING
    writes: frozenset[str] = NOTHING
    signature: str = ""


def independent(one: Move, other: Move) -> bool:
    """Whether the two may be exchanged without anybody seeing a difference.

    They are of different tasks and instances, and what the one writes the other neither reads nor
    writes. When in doubt a move says that it writes: that costs executions, never soundness.
    """
    return (
        one.task != other.task
        and (one.instance != other.instance or not one.instance)
        and one.writes.isdisjoint(other.writes)
        and one.writes.isdisjoint(other.reads)
        and one.reads.isdisjoint(other.writes)
    )
