"""The part of the HTTP surface for URL groups."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from emulator.qstash.destination import escaped
from emulator.qstash.refusal import Refused
from emulator.qstash.surface import answer, check_name, read_headers, read_object
from emulator.qstash.topics import Endpoint, UrlGroup

if TYPE_CHECKING:
    from emulator.qstash.service import QStash


def upsert_endpoints(fake: "QStash", request: Request, body: bytes) -> Response:
    endpoints = _endpoints(body)
    for endpoint in endpoints:
        if not endpoint.url:
            raise Refused(400, "invalid endpoint: needs a url")
        fake.terms().check_destination(endpoint.url)
    fake.groups.upsert(_name(request), endpoints, fake.engine.now_ms)
    return Response()


def remove_endpoints(fake: "QStash", request: Request, body: bytes) -> Response:
    name = _name(request)
    endpoints = _endpoints(body)
    for endpoint in endpoints:
        if not endpoint.url and not endpoint.name:
            raise Refused(400, "invalid endpoint: needs a url or a name")
    if not fake.groups.remove(name, endpoints, fake.engine.now_ms):
        raise _not_found(name)
    return Response()


def list_groups(fake: "QStash", request: Request, body: bytes) -> Response:
    return answer([_group_object(group) for group in fake.groups.all()])


def get_group(fake: "QStash", request: Request, body: bytes) -> Response:
    name = _name(request)
    group = fake.groups.find(name)
    if group is None:
        raise _not_found(name)
    return answer(_group_object(group))


def delete_group(fake: "QStash", request: Request, body: bytes) -> Response:
    """Deleting what is not there is no error."""
    fake.groups.delete(_name(request))
    return Response()


def set_headers(fake: "QStash", request: Request, body: bytes) -> Response:
    """Default headers for each publish to the group (QStash docs, "Use as webhook receiver")."""
    name = _name(request)
    headers = tuple(read_headers(read_object(body).get("headers"), "headers"))
    if not fake.groups.set_headers(name, headers, fake.engine.now_ms):
        raise _not_found(name)
    return Response()


def _name(request: Request) -> str:
    return check_name("URL group", str(request.path_params["group"]))


def _not_found(name: str) -> Refused:
    return Refused(404, f"URL group {name} not found")


def _endpoints(body: bytes) -> list[Endpoint]:
    asked = read_object(body).get("endpoints")
    if not isinstance(asked, list) or not asked:
        raise Refused(400, "invalid endpoints: must be a list that is not empty")
    found: list[Endpoint] = []
    for one in asked:
        url = one.get("url") or "" if isinstance(one, dict) else None
        name = one.get("name") or "" if isinstance(one, dict) else None
        if not isinstance(url, str) or not isinstance(name, str):
            raise Refused(400, "invalid endpoints: url and name must be strings")
        found.append(Endpoint(escaped(url), name))
    return found


def _group_object(group: UrlGroup) -> dict[str, object]:
    return {
        "name": group.name,
        "createdAt": group.created_ms,
        "updatedAt": group.updated_ms,
        "endpoints": [
            {"url": one.url, "name": one.name} if one.name else {"url": one.url}
            for one in group.endpoints
        ],
    }
