"""The API's description of itself, made from the operations (OpenAPI 3.1)."""

from collections.abc import Mapping, Sequence

from emulator.control.operation import Json, Operation
from emulator.control.schema import Schema

VERSION = "1.0.0"
# What every operation may answer instead.
REFUSALS: Mapping[int, str] = {
    400: "The body is not JSON, or a parameter is wrong.",
    403: "The request comes from a web page, or is not for the loopback address.",
    413: "The body is too large.",
    415: "The body is not sent as application/json.",
    422: "A value does not fit.",
    500: "A fault of thrice.",
}
_BODY_ONLY = (413, 415, 422)


def document(operations: Sequence[Operation], schemas: Mapping[str, Schema]) -> Json:
    """The OpenAPI document."""
    paths: Json = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "thrice serve, control API",
            "version": VERSION,
            "description": (
                "For test runners in any language: write messages to a bot, wait, break things, "
                "and read what came of it. Served on the loopback address only; web pages are "
                "refused."
            ),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {"schemas": dict(schemas)},
    }


def _described(operation: Operation) -> Json:
    kind = "application/x-ndjson" if operation.lines else "application/json"
    success: Json = {
        "description": "One line for each." if operation.lines else "Done.",
        "content": {kind: {"schema": operation.answer}},
    }
    if operation.headers:
        success["headers"] = {
            name: {"description": text, "schema": {"type": "integer"}}
            for name, text in operation.headers.items()
        }
    refusals = {
        status: text
        for status, text in REFUSALS.items()
        if operation.body is not None or status not in _BODY_ONLY
    }
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    described: Json = {
        "operationId": operation.id,
        "summary": operation.summary,
        "responses": {
            str(operation.status): success,
            **{
                str(status): {"description": text, "content": error}
                for status, text in sorted({**refusals, **operation.refusals}.items())
            },
        },
    }
    if operation.description:
        described["description"] = operation.description
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": text,
            "schema": {"type": "string"},
        }
        for name, text in operation.path_texts.items()
    ] + [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": schema["description"],
            "schema": {key: value for key, value in schema.items() if key != "description"},
        }
        for name, schema in operation.query.items()
    ]
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = {
            "required": bool(operation.body["required"]),
            "content": {"application/json": {"schema": operation.body}},
        }
    return described
