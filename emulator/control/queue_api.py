"""The operation that describes the API of the queue, which has no place for that itself."""

from typing import TYPE_CHECKING

from emulator.control.operation import Answer, Asked, Operation
from emulator.qstash.openapi import document

if TYPE_CHECKING:
    from emulator.serving import Serving


async def _describe(serving: "Serving", asked: Asked) -> Answer:
    return Answer(document())


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="GET",
        path="/v1/queue/openapi.json",
        id="describeQueue",
        summary="The API of the queue itself (OpenAPI 3.1).",
        answer={"type": "object", "description": "An OpenAPI document."},
        handler=_describe,
    ),
)
