"""What a request to the Graph API would touch, before it is answered: so that it is known which
requests depend on each other, and whom a message is for.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote

from emulator.call import Access
from emulator.exchange import Request
from emulator.meta.graph.addressing import Address, Refusal, read_address
from emulator.meta.graph.batch import read_batch
from emulator.meta.graph.edges import find_edge
from emulator.meta.graph.multipart import Upload
from emulator.meta.graph.parameters import read_parameters
from emulator.meta.graph.site import Site
from emulator.meta.sends.requests import Gesture, Say, read_send
from emulator.meta.sends.whatsapp_requests import read_whatsapp_send

# Whether there is a file with a message makes no difference to whom it is for.
_ANY_FILE = Upload("filedata", "", "application/octet-stream", b"")


def access_of(site: Site, request: Request) -> Access:
    """What a request would read and write."""
    address = read_address(unquote(request.raw_path))
    if not address.segments and request.method == "POST":
        return _access_of_batch(site, request)
    parameters = _parameters(request) if address.edge == "messages" else None
    return _access(site, request.method, address, parameters)


def recipient_of(site: Site, request: Request) -> tuple[str | None, str]:
    """Whom a send or sender action is to, and its text; None for any other request."""
    if request.method != "POST":
        return None, ""
    if read_address(unquote(request.raw_path)).edge != "messages":
        return None, ""
    wanted = _read_send(site, _parameters(request))
    if isinstance(wanted, Refusal) or not wanted.to:
        return None, ""
    to = site.contacts.known(wanted.to) or wanted.to
    return to, wanted.text if isinstance(wanted, Say) else ""


# -- inside


def _parameters(request: Request) -> Mapping[str, object] | None:
    content_type = request.header("content-type") or ""
    return read_parameters(request.raw_query, content_type, request.body)


def _read_send(site: Site, parameters: Mapping[str, object] | None) -> Say | Gesture | Refusal:
    if site.platform == "whatsapp":
        return read_whatsapp_send(parameters)
    return read_send(parameters, _ANY_FILE, platform=site.platform)


def _access(
    site: Site, method: str, address: Address, parameters: Mapping[str, object] | None
) -> Access:
    edge = find_edge(address.segments)
    if edge is None or method not in edge.methods:
        return Access("request")
    if address.edge == "messages":
        wanted = _read_send(site, parameters)
        if isinstance(wanted, Refusal):
            return Access("send")
        to = site.contacts.known(wanted.to) or wanted.to
        verb = "send" if isinstance(wanted, Say) else "typing"
        return Access(verb, writes=frozenset({f"graph:recipient:{to}"}))
    if edge.path == "{node}":
        node = site.account_id if site.is_account(address.node) else address.node
        touched = frozenset({f"graph:profile:{node}"})
    else:
        touched = frozenset({f"graph:{edge.verb}"})
    return Access(edge.verb, touched) if method == "GET" else Access(edge.verb, writes=touched)


def _access_of_batch(site: Site, request: Request) -> Access:
    items = read_batch(_parameters(request) or {})
    if isinstance(items, Refusal):
        return Access("batch")
    reads: set[str] = set()
    writes: set[str] = set()
    for item in items:
        path, _, query = item.relative_url.partition("?")
        parameters = dict(parse_qsl(f"{query}&{item.body}", keep_blank_values=True))
        access = _access(site, item.method, read_address(unquote(path)), parameters)
        reads |= access.reads
        writes |= access.writes
    return Access("batch", frozenset(reads), frozenset(writes))
