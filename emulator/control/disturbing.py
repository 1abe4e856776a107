"""Operations on how the queue delivers: in copies, late, or in another order."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from emulator.control.operation import Answer, Asked, Operation, number, object_of, whole
from emulator.queue_mishaps import MOST_COPIES, Disturbance

if TYPE_CHECKING:
    from emulator.serving import Serving

PATH = "/v1/queue/disturbance"
MOST_SECONDS = 86_400.0


async def _disturb(serving: "Serving", asked: Asked) -> Answer:
    for queue in serving.served.queues:
        queue.disturb(**asked.body)
    return _shown(serving)


async def _show(serving: "Serving", asked: Asked) -> Answer:
    return _shown(serving)


def _shown(serving: "Serving") -> Answer:
    # All accounts have the same.
    return Answer(asdict(serving.served.queues[0].engine.mishaps.disturbance))


_USUAL = Disturbance()
_SHAPE = {
    "copies": whole(
        "Each attempt is made so often; only the answer to the first counts.",
        minimum=1,
        maximum=MOST_COPIES,
        default=_USUAL.copies,
    ),
    "copy_after_s": number(
        "From one copy to the next; at 0 all come at once.",
        minimum=0,
        maximum=MOST_SECONDS,
        default=_USUAL.copy_after_s,
    ),
    "late_s": number(
        "Each attempt comes so much later than it is due.",
        minimum=0,
        maximum=MOST_SECONDS,
        default=_USUAL.late_s,
    ),
    "spread_s": number(
        "And by up to so much more, so that messages overtake each other.",
        minimum=0,
        maximum=MOST_SECONDS,
        default=_USUAL.spread_s,
    ),
}

OPERATIONS = (
    Operation(
        method="POST",
        path=PATH,
        id="disturbQueue",
        summary="The queue delivers in copies, late, or in another order from now on.",
        description=(
            "In seconds of the world's clock. What is left out is as usual, so that an empty "
            "object ends it; so does a reset. The messages of one queue keep their order."
        ),
        body=object_of(_SHAPE, required=()),
        answer=object_of(_SHAPE),
        handler=_disturb,
    ),
    Operation(
        method="GET",
        path=PATH,
        id="getDisturbance",
        summary="How the queue delivers.",
        answer=object_of(_SHAPE),
        handler=_show,
    ),
)
