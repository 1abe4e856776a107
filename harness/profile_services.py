"""`[[services]]` of a profile: stubs for whatever else the bot needs, each for one address.

A `body` of one line that ends in `.json` or `.txt` is a file beside the profile, which has to be
there; any other `body` is the text itself. Files are read here, so the bytes are the profile's.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from harness.profile_file import SERVICES, ProfileFile
from harness.profile_keys import ANSWER, SERVICE, Key, Wrong, nearest, quoted, type_name

Fault = Literal["refused", "timeout", "reset"]

_FILE = re.compile(r"[^\r\n]+\.(json|txt)")
_JSON_TYPE = "application/json"
_TEXT_TYPE = "text/plain; charset=utf-8"
_BODILESS = (204, 304)  # RFC 9110, 15.3.5 and 15.4.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAnswer:
    """One answer of a stub, `latency_s` seconds after the call; with a `fault` no response comes.

    `headers` have a content type whenever there is a body.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    latency_s: float = 0.0
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A stub for one address: `host` exact or `*.example.com`, `method` None for any, `path` with
    `*` for any characters. Its answers come in turn; the last one repeats.
    """

    host: str
    method: str | None = None
    path: str = "/*"
    answers: tuple[ServiceAnswer, ...] = (ServiceAnswer(),)


def read_services(file: ProfileFile, public_url: str) -> tuple[Service, ...]:
    """The checked [[services]] of a profile, in their order.

    Raises ProfileError, which names the table by its number, the key and a line that is right.
    """
    tables = file.tables.get(SERVICES, [])
    name = file.name_of(SERVICES)
    if not _are_tables(tables):
        raise file.error_at(name, _no_tables(tables), name)
    # Beside a bot at a port of a machine others may be declared, at ports of their own.
    own = urlsplit(public_url).netloc
    services = []
    for number, table in enumerate(tables, start=1):
        place = f"{name} {number}"
        service = _service(file, place, table)
        if service.host == own:
            what = f"{quoted(service.host)} is the bot itself, see public_url"
            raise file.error_at(f"{place} host", what, SERVICE["host"].example)
        services.append(service)
    return tuple(services)


def _service(file: ProfileFile, place: str, table: Mapping[str, Any]) -> Service:
    several = "answers" in table
    known = {**SERVICE, **({} if several else ANSWER)}
    if several:
        for key in ANSWER:
            if key in table:
                what = "with answers beside it, it belongs into each of them"
                raise file.error_at(f"{place} {key}", what, _example_of_answers(key))
    plain = {key: value for key, value in table.items() if key != "answers"}
    values = _values(file, place, plain, known, (*SERVICE, *ANSWER, "answers"))
    if "host" not in values:
        raise file.error_at(f"{place} host", "is missing", SERVICE["host"].example)
    address = {key: values.pop(key) for key in SERVICE if key in values}
    if not several:
        return Service(**address, answers=(_answer(file, place, values),))
    answers = table["answers"]
    if not _are_tables(answers) or not answers:
        what = _no_tables(answers)
        raise file.error_at(f"{place} answers", what, _example_of_answers("status"))
    read = []
    for number, one in enumerate(answers, start=1):
        at = f"{place} answers {number}"
        read.append(_answer(file, at, _values(file, at, one, ANSWER, tuple(ANSWER))))
    return Service(**address, answers=tuple(read))


def _answer(file: ProfileFile, place: str, values: dict[str, Any]) -> ServiceAnswer:
    fault = values.get("fault")
    beside = ("status", "body", "json", "headers", *(["latency_s"] if fault == "timeout" else []))
    _refuse(file, place, values, "fault", beside if fault else (), "no response comes")
    _refuse(file, place, values, "json", ("body",), "only one of them can be sent")
    if values.get("status") in _BODILESS:
        why = f"{values['status']} has no body"
        _refuse(file, place, values, "status", ("body", "json"), why)
    content_type, body = "", b""
    if "json" in values:
        content_type, body = _JSON_TYPE, values.pop("json")
    elif "body" in values:
        content_type, body = _body(file, place, values.pop("body"))
    headers: tuple[tuple[str, str], ...] = values.pop("headers", ())
    if content_type and all(name.lower() != "content-type" for name, _ in headers):
        headers = (("content-type", content_type), *headers)
    return ServiceAnswer(headers=headers, body=body, **values)


def _body(file: ProfileFile, place: str, text: str) -> tuple[str, bytes]:
    """Content type and bytes; see the docstring of this module."""
    match = _FILE.fullmatch(text)
    if match is None:
        return _TEXT_TYPE, text.encode()
    try:
        content = (file.path.parent / text).read_bytes()
        if match[1] == "json":
            json.loads(content)
    except OSError as error:
        what = f"the file {quoted(text)} can not be read: {error.strerror}"
    except ValueError as error:
        what = f"the file {quoted(text)} is not JSON: {error}"
    else:
        return _JSON_TYPE if match[1] == "json" else _TEXT_TYPE, content
    raise file.error_at(f"{place} body", what, ANSWER["body"].example)


def _values(
    file: ProfileFile,
    place: str,
    table: Mapping[str, Any],
    keys: Mapping[str, Key],
    names: tuple[str, ...],
) -> dict[str, Any]:
    """The checked values of a table; `names` are all that a message lists."""
    values: dict[str, Any] = {}
    for name, value in table.items():
        label = f"{place} {name if name.isidentifier() else quoted(name)}"
        if name not in keys:
            near = nearest(name, names)
            hint = f", did you mean {near}?" if near else ""
            what = f"unknown key{hint}\n  known: {', '.join(names)}"
            raise file.error_at(label, what, _example(near or names[0]))
        try:
            values[name] = keys[name].read(value)
        except Wrong as wrong:
            raise file.error_at(label, str(wrong), keys[name].example) from None
    return values


def _refuse(
    file: ProfileFile,
    place: str,
    values: Mapping[str, Any],
    key: str,
    others: tuple[str, ...],
    why: str,
) -> None:
    for other in others:
        if key in values and other in values:
            what = f"can not stand beside {key}: {why}"
            raise file.error_at(f"{place} {other}", what, ANSWER[key].example)


def _example(key: str) -> str:
    if key == "answers":
        return _example_of_answers("status")
    return {**SERVICE, **ANSWER}[key].example


def _example_of_answers(key: str) -> str:
    line = ANSWER[key].example
    return f"answers = [{{ {line} }}, {{ status = 500 }}]"


def _no_tables(value: object) -> str:
    found = type_name(value)
    if isinstance(value, list):
        found = "one with other values in it" if value else "an empty one"
    return f"has to be an array of tables, not {found}"


def _are_tables(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)
