"""What a request reads and writes, for the search through orders of calls.

A task with a name touches that name. Listing tasks, and what is done to a whole queue, is not seen
to meet creating them: bots do not decide by it.
"""

import json
from typing import Any

from emulator.call import Access
from emulator.cloudtasks.api import read_fields
from emulator.cloudtasks.errors import RefusedError
from emulator.exchange import Request
from emulator.grpc import GrpcError, is_grpc

_READS = frozenset({"GetTask", "ListTasks", "GetQueue", "ListQueues"})
_CREATES = frozenset({"CreateTask", "BatchCreateTasks"})


def access_of(request: Request, number: int) -> Access:
    """What a request touches. `number` is another one for each request: creating a task without a
    name commutes with everything.
    """
    try:
        if is_grpc(request):
            from emulator.cloudtasks.grpc_surface import read_call

            found = read_call(request)
        else:
            found = read_fields(request)
    except (RefusedError, GrpcError, ModuleNotFoundError):
        return Access("invalid")
    if found is None:
        # Nothing that is written here depends on it, nor on what it does.
        return Access("unknown")
    method, fields = found
    if method in _CREATES:
        return Access("publish", writes=frozenset(_created(fields, number)))
    named = _texts(fields.get("name"), fields.get("names"), fields.get("parent"))
    touched = frozenset(f"cloudtasks:{name}" for name in named)
    verb = method[0].lower() + method[1:]
    return Access("read", reads=touched) if method in _READS else Access(verb, writes=touched)


def _created(fields: dict[str, Any], number: int) -> list[str]:
    requests = fields.get("requests")
    parts = requests if isinstance(requests, list) else [fields]
    keys = []
    for place, part in enumerate(parts):
        task = part.get("task") if isinstance(part, dict) else None
        name = task.get("name") if isinstance(task, dict) else None
        keys.append(f"cloudtasks:{name}" if name else f"cloudtasks:new:{number}.{place}")
    return keys


def _texts(*values: object) -> list[str]:
    found: list[str] = []
    for value in values:
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                found.append(one)
            elif one is not None:
                found.append(json.dumps(one, default=str))
    return found
