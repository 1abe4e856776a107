"""What a queue keeps of a message, as JSON and back: values of a few known kinds, and no code."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from emulator.errors import EmulatorBug, ScenarioError
from emulator.exchange import Reply
from emulator.qstash.cron import Cron, parse_cron
from emulator.qstash.expression import Expression, parse_expression
from emulator.qstash.fields import Fields
from emulator.qstash.flow import FlowControl
from emulator.qstash.message import Callback, Publish
from emulator.qstash.redact import Redact
from emulator.qstash.workflow_run import Part

_KINDS: Mapping[str, Any] = {
    kind.__name__: kind for kind in (Publish, Callback, FlowControl, Redact, Fields, Reply, Part)
}
_PARTS = {
    name: tuple((one.name, one.default) for one in fields(kind)) for name, kind in _KINDS.items()
}
_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode(value: object) -> str:
    """A value as text; raises EmulatorBug for one of another kind than `decode` knows."""
    return _dump(_shown(value))


def decode(text: str) -> Any:
    """The value; raises ScenarioError for what `encode` never writes."""
    try:
        return _read(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScenarioError(f"the file of the queue holds what can not be read: {error}") from error


def _shown(value: Any) -> Any:
    """JSON for it. Objects say in `""` what they are; arrays are tuples."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple):
        return [_shown(one) for one in value]
    if isinstance(value, bytes):
        return {"": "bytes", "v": b64encode(value).decode()}
    if isinstance(value, list):
        return {"": "list", "v": [_shown(one) for one in value]}
    if isinstance(value, frozenset):
        return {"": "set", "v": sorted(value)}
    if isinstance(value, dict):
        return {"": "dict", "v": {name: _shown(one) for name, one in value.items()}}
    if isinstance(value, Expression):
        return {"": "Expression", "v": value.text}
    if isinstance(value, Cron):
        return {"": "Cron", "v": value.text}
    name = type(value).__name__
    if name not in _KINDS:
        raise EmulatorBug(f"a queue can not keep a {name}")
    shown = {"": name}
    for part, default in _PARTS[name]:
        held = getattr(value, part)
        if default is MISSING or held != default:
            shown[part] = _shown(held)
    return shown


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_read(one) for one in value)
    if not isinstance(value, dict):
        return value
    kind = value.pop("")
    match kind:
        case "bytes":
            return b64decode(value["v"])
        case "list":
            return [_read(one) for one in value["v"]]
        case "set":
            return frozenset(value["v"])
        case "dict":
            return {name: _read(one) for name, one in value["v"].items()}
        case "Expression":
            return parse_expression(value["v"], extended=True)
        case "Cron":
            return parse_cron(value["v"])
    return _KINDS[kind](**{part: _read(one) for part, one in value.items()})
