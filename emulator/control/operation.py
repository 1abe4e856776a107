"""One operation of the API: what it takes, what it answers, and who does it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulator.control.schema import Schema

if TYPE_CHECKING:
    from emulator.serving import Serving

Json = dict[str, Any]

NOTHING: Mapping[str, Schema] = {}


class Refused(Exception):
    """A request that is not served; the text names the thing and the way out."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read: values fit their schemas, and defaults are filled in."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back. A list of objects in `lines` is sent as JSON lines."""

    content: Json | None = None
    status: int = 200
    lines: list[Json] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[["Serving", Asked], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path.

    `query` holds a schema for each parameter, whose `description` is shown; `path_texts` says what
    each part of the path in braces is. `answer` is the schema of the answer with `status`, or of
    each of its `lines`. `refusals` are the statuses that this operation has beside those which all
    have, with when.
    """

    method: str
    path: str
    id: str
    summary: str
    answer: Schema
    handler: Handler
    description: str = ""
    query: Mapping[str, Schema] = field(default_factory=dict)
    path_texts: Mapping[str, str] = field(default_factory=dict)
    body: Schema | None = None
    status: int = 200
    lines: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    refusals: Mapping[int, str] = field(default_factory=dict)


def object_of(
    properties: Mapping[str, Schema], *, required: tuple[str, ...] | None = None, text: str = ""
) -> Schema:
    """The schema of an object with these properties and no others; all required, unless said."""
    schema: Json = {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties if required is None else required),
        "additionalProperties": False,
    }
    return schema | ({"description": text} if text else {})


def array_of(items: Schema, text: str = "", **more: Any) -> Schema:
    """The schema of an array."""
    return {"type": "array", "items": items, **({"description": text} if text else {}), **more}


def text(description: str, **more: Any) -> Schema:
    """The schema of a string."""
    return {"type": "string", "description": description, **more}


def number(description: str, **more: Any) -> Schema:
    """The schema of a number."""
    return {"type": "number", "description": description, **more}


def whole(description: str, **more: Any) -> Schema:
    """The schema of a whole number."""
    return {"type": "integer", "description": description, **more}


def flag(description: str, **more: Any) -> Schema:
    """The schema of a yes or no."""
    return {"type": "boolean", "description": description, **more}


def ref(name: str) -> Schema:
    """One of the shared schemas of `emulator.control.shapes`."""
    return {"$ref": f"#/components/schemas/{name}"}
