"""Whatever is asked of whichever call: an answer or an error of the platform, no exception."""

import json
from typing import Any, get_args
from urllib.parse import quote, urlencode

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.exchange import Reply, Request
from emulator.meta.graph.edges import EDGES, Edge
from emulator.meta.platform import PlatformName
from tests.meta.graph_support import FORM, JSON, ORIGIN, Client

PLATFORMS: tuple[PlatformName, ...] = get_args(PlatformName)
# Names that mean something somewhere, so that examples get further than the first question.
NAMES = st.sampled_from(
    [
        *("recipient", "message", "id", "text", "attachment", "attachments", "type", "payload"),
        *("template_type", "elements", "buttons", "quick_replies", "sender_action", "url"),
        *("messaging_product", "to", "interactive", "template", "contacts", "location", "body"),
        *("fields", "batch", "method", "relative_url", "depends_on", "name", "object", "image"),
        *("get_started", "greeting", "ice_breakers", "persistent_menu", "comment_id", "action"),
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["button", "generic", "image", "text", "list", "whatsapp", "page", "me"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
BODIES = st.dictionaries(NAMES, VALUES, max_size=6)


def answer(client: Client, request: Request) -> Reply:
    client.account.access(request)
    client.account.graph.recipient(request)
    reply = client.account.handle(request)
    assert reply.status in (200, 400, 403, 404)
    body = json.loads(reply.body)
    assert (reply.status == 200) is not (isinstance(body, dict) and "error" in body)
    return reply


def path_of(client: Client, edge: Edge) -> str:
    own = {
        "account": client.id,
        "node": client.ada,
        "app": client.own.app_id,
        "business": client.own.business_account_id,
        "comment": "9_1",
    }
    client.account.nodes.comments.wrote("9_1", client.ada, at=client.kernel.clock.now)
    return "/" + edge.path.format(**own)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PLATFORMS), st.sampled_from(EDGES), BODIES, st.data())
def test_hostile__any_call(
    platform: PlatformName, edge: Edge, body: dict[str, Any], data: Any
) -> None:
    client = Client(platform)
    method = data.draw(st.sampled_from(edge.methods))
    token = quote(client.app if edge.path.startswith("{app}") else client.token)
    url = f"{ORIGIN}{path_of(client, edge)}?access_token={token}"
    if data.draw(st.booleans()):
        answer(client, Request(method, url, JSON, json.dumps(body).encode()))
    else:
        form = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in body.items()
        }
        answer(client, Request(method, url, FORM, urlencode(form, errors="replace").encode()))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(PLATFORMS), st.lists(BODIES | VALUES, max_size=5))
def test_hostile__any_batch(platform: PlatformName, items: list[Any]) -> None:
    client = Client(platform)
    for item in items:
        if isinstance(item, dict):
            item.setdefault("method", "POST")
            item.setdefault("relative_url", f"{client.id}/messages")
            if not isinstance(item.get("body", ""), str):
                item["body"] = json.dumps(item["body"])
    url = f"{ORIGIN}/?access_token={client.token}"
    answer(client, Request("POST", url, JSON, json.dumps({"batch": items}).encode()))
