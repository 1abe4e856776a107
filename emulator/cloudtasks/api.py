"""The REST surface: which method a request means, and its answer over HTTP."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from emulator.cloudtasks.given import read_object
from emulator.exchange import Headers, Reply, Request

_PLACE = "projects/[^/:]+/locations/[^/]+"
_QUEUE = f"{_PLACE}/queues/[^/:]+"
_TASK = f"{_QUEUE}/tasks/[^/:]+"
# Cloud Tasks REST reference, v2: HTTP method, path, which field it is, the field that is the body
# ("*" is the whole message), and the method's name.
_ROUTES = (
    ("POST", f"/v2/({_QUEUE})/tasks", "parent", "*", "CreateTask"),
    ("POST", f"/v2/({_QUEUE})/tasks:batchCreate", "parent", "*", "BatchCreateTasks"),
    ("POST", f"/v2/({_QUEUE})/tasks:batchDelete", "parent", "*", "BatchDeleteTasks"),
    ("GET", f"/v2/({_QUEUE})/tasks", "parent", "", "ListTasks"),
    ("GET", f"/v2/({_TASK})", "name", "", "GetTask"),
    ("DELETE", f"/v2/({_TASK})", "name", "", "DeleteTask"),
    ("POST", f"/v2/({_TASK}):run", "name", "*", "RunTask"),
    ("POST", f"/v2/({_PLACE})/queues", "parent", "queue", "CreateQueue"),
    ("GET", f"/v2/({_PLACE})/queues", "parent", "", "ListQueues"),
    ("GET", f"/v2/({_QUEUE})", "name", "", "GetQueue"),
    ("PATCH", f"/v2/({_QUEUE})", "queue.name", "queue", "UpdateQueue"),
    ("DELETE", f"/v2/({_QUEUE})", "name", "", "DeleteQueue"),
    ("POST", f"/v2/({_QUEUE}):pause", "name", "*", "PauseQueue"),
    ("POST", f"/v2/({_QUEUE}):resume", "name", "*", "ResumeQueue"),
    ("POST", f"/v2/({_QUEUE}):purge", "name", "*", "PurgeQueue"),
)
_COMPILED = [
    (verb, re.compile(path), field, body, name) for verb, path, field, body, name in _ROUTES
]
# What every Google API takes in its query, and what has no meaning here.
_OF_EVERY_API = frozenset({"$alt", "alt", "key", "prettyPrint", "$prettyPrint", "fields"})
_HEADERS: Headers = (("content-type", "application/json; charset=UTF-8"),)
_WITHOUT_SPACES = (",", ":")


def find_method(verb: str, raw_path: str) -> tuple[str, str, str, str] | None:
    """The method that is meant, what the path says, in which field, and where the body belongs."""
    path = unquote(raw_path)
    for expected, pattern, field, body, name in _COMPILED:
        if verb == expected and (found := pattern.fullmatch(path)) is not None:
            return name, found[1], field, body
    return None


def read_fields(request: Request) -> tuple[str, dict[str, Any]] | None:
    """The name of the method and its fields as JSON; None for an address that means none. Raises
    RefusedError for a body that is no JSON.
    """
    found = find_method(request.method, request.raw_path)
    if found is None:
        return None
    name, said, field, body = found
    content = read_object(request.body) if body else {}
    fields: dict[str, Any] = {"queue": content} if body == "queue" else content
    query = parse_qsl(request.raw_query, keep_blank_values=True)
    fields |= {key: value for key, value in query if key not in _OF_EVERY_API}
    if field == "queue.name":
        fields["queue"] = {**fields["queue"], "name": said}
    else:
        # The path counts, whatever the body says.
        fields[field] = said
    return name, fields


def shown(content: Mapping[str, object]) -> Reply:
    """An answer."""
    return Reply(200, _HEADERS, json.dumps(content, separators=_WITHOUT_SPACES).encode())


def refused(http_status: int, status: str, message: str) -> Reply:
    """Google Cloud APIs, "Errors": the JSON of an error."""
    error = {"error": {"code": http_status, "message": message, "status": status}}
    return Reply(http_status, _HEADERS, json.dumps(error, separators=_WITHOUT_SPACES).encode())


def not_found(request: Request) -> Reply:
    """As the front of Google's APIs answers an address that means nothing: a page, no JSON."""
    body = f"<title>Error 404 (Not Found)!!1</title> {request.raw_path} was not found.".encode()
    return Reply(404, (("content-type", "text/html; charset=UTF-8"),), body)
