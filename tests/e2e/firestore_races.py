"""Three clients claim the same thing, in an order that is forced: all at once, so that each has
read before anybody writes, or one behind the other.
"""

from collections.abc import Callable, Sequence
from typing import Any

from emulator.call import Call
from emulator.exchange import Outcome
from tests.e2e.firestore_support import PATIENCE_S, Player, Served

READS = ("batchGet", "runQuery")


def all_at_once(
    served: Served, players: Sequence[Player], command: str, content: Any
) -> list[object]:
    """What each was told, when no write happened before all had read."""
    read: set[str] = set()

    def watch(call: Call, outcome: Outcome) -> None:
        if call.access.verb in READS:
            read.add(call.invocation.instance)

    def hold(call: Call) -> bool:
        return call.access.verb == "commit" and len(read) < len(players)

    _arrange(served, hold, watch)
    asked = [player.start(command, content) for player in players]
    return [one.result(PATIENCE_S) for one in asked]


def one_by_one(
    served: Served, players: Sequence[Player], command: str, content: Any
) -> list[object]:
    """What each was told, when none was heard before the one before had ended."""
    allowed: list[str] = []
    _arrange(served, lambda call: call.invocation.instance not in allowed, None)
    asked = [player.start(command, content) for player in players]
    told = []
    for player, one in zip(players, asked, strict=True):
        served.inside(lambda: allowed.append(player.instance))  # noqa: B023  # waited for
        told.append(one.result(PATIENCE_S))
    return told


def _arrange(
    served: Served,
    hold: Callable[[Call], bool],
    watch: Callable[[Call, Outcome], None] | None,
) -> None:
    def arrange() -> None:
        served.schedule.hold = hold
        served.gate.watch = watch

    served.inside(arrange)
