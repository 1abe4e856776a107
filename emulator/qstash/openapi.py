"""The description of the API in OpenAPI 3.1, made from the calls it has."""

import re
from collections.abc import Mapping
from typing import Any

from emulator.qstash.described import OPERATIONS, Operation
from emulator.qstash.shapes import SCHEMAS, TEXT, Schema, ref

Json = dict[str, Any]

VERSION = "2"
_PARTS: Mapping[str, str] = {
    "destination": "An address, not escaped, or the name of a URL group.",
    "queue": "The queue's name.",
    "group": "The group's name.",
    "message_id": "The message's id.",
    "action_id": "The action's id.",
    "schedule_id": "The schedule's id.",
    "dlq_id": "The dead letter's id.",
    "key": "The key of flow control.",
}
# Names as the service has them; in a path a key is never anything but visible characters.
_NAME: Schema = {**TEXT, "pattern": "^[A-Za-z0-9_.-]{1,256}$"}
_PART_SCHEMAS: Mapping[str, Schema] = {
    "queue": _NAME,
    "group": _NAME,
    "key": {**TEXT, "pattern": "^[!-.0-~]+$"},
}
# What any call may be answered.
_REFUSALS: Mapping[int, str] = {
    401: "The token is absent or wrong.",
    403: "The token may only read.",
    429: "The plan has been used up: of the day, or of this second.",
}


def document() -> Json:
    """The OpenAPI document."""
    paths: Json = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "QStash, as thrice serves it",
            "version": VERSION,
            "description": (
                "What the emulated queue takes and answers, but for the calls of Workflow."
            ),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "https://qstash.upstash.io"}],
        "security": [{"header": []}, {"query": []}],
        "paths": paths,
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {
                "header": {"type": "http", "scheme": "bearer"},
                "query": {"type": "apiKey", "in": "query", "name": "qstash_token"},
            },
        },
    }


def _described(operation: Operation) -> Json:
    refusals = {**_REFUSALS, **operation.refusals}
    described: Json = {
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": {
            **{str(status): _answer(schema) for status, schema in operation.answers.items()},
            **{
                str(status): {"description": text, "content": _json(ref("Error"))}
                for status, text in sorted(refusals.items())
            },
        },
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": not operation.body_optional,
            "content": _json(ref(operation.body)),
        }
    elif operation.raw_body:
        anything = {"schema": {"type": "string", "format": "binary"}}
        described["requestBody"] = {"content": {"application/octet-stream": anything}}
    return described


def _parameters(operation: Operation) -> list[Json]:
    in_path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PARTS[name],
            "schema": _PART_SCHEMAS.get(name, {**TEXT, "minLength": 1}),
        }
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    in_query = [
        {"name": name, "in": "query", "schema": schema} for name, schema in operation.query.items()
    ]
    in_header = [
        {"name": name, "in": "header", "description": text, "schema": TEXT}
        for name, text in operation.header.items()
    ]
    return [*in_path, *in_query, *in_header]


def _answer(schema: Schema | None) -> Json:
    if schema is None:
        return {"description": "Done."}
    return {"description": "Done.", "content": _json(schema)}


def _json(schema: Schema) -> Json:
    return {"application/json": {"schema": schema}}
