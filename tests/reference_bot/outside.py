"""A small outside for the bot's own tests: a store, a queue and a platform behind one client."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import jwt
from starlette.applications import Starlette

from reference_bot.app import create_app
from reference_bot.settings import Settings
from reference_bot.webhook import sign

SETTINGS = Settings(
    app_secret="app-secret",
    verify_token="verify-me",
    page_token="page-token",
    qstash_token="queue-token",
    current_signing_key="sig_current_0123456789abcdefghijklmnop",
    next_signing_key="sig_next_0123456789abcdefghijklmnopqrst",
    public_url="https://bot.example",
    firestore_project="demo",
    firestore_token="store-token",
    usage_token="usage-token",
)
ROOT = "projects/demo/databases/(default)/documents/"
NOW = 1_800_000_000.0

Answer = httpx.Response | Exception
Fault = Callable[[str], Answer | None]


@dataclass
class Published:
    """One publish that the queue accepted."""

    url: str
    body: dict[str, Any]
    headers: httpx.Headers


@dataclass
class Outside:
    """Answers each call after one turn of the event loop, so that handlers interleave.

    `calls` names every call in order: `read`, `list`, `commit`, `publish`, `send`, `self`. `fault`
    may answer one in our stead; `lost` names the calls that take effect and whose answer is then
    lost.
    """

    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    published: list[Published] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    fault: Fault = lambda _: None
    lost: set[str] = field(default_factory=set)
    posted: list[bytes] = field(default_factory=list)
    versions: int = 0

    def client(self) -> httpx.AsyncClient:
        """What the bot is given to reach us."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def fields(self, path: str) -> dict[str, Any]:
        """A stored document's fields, without their types."""
        return {
            key: next(iter(value.values()))
            for key, value in self.documents[ROOT + path]["fields"].items()
        }

    def ids(self, collection: str) -> list[str]:
        """The ids of a collection's documents, in their order."""
        prefix = f"{ROOT}{collection}/"
        return sorted(
            name.removeprefix(prefix) for name in self.documents if name.startswith(prefix)
        )

    def put(self, path: str, **fields: str | int | float) -> None:
        """Store a document."""
        self._store(ROOT + path, {key: _encoded(value) for key, value in fields.items()})

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        kind = _kind(request)
        self.calls.append(kind)
        await asyncio.sleep(0)
        answer = self.fault(kind)
        if answer is None:
            answer = getattr(self, f"_on_{kind}")(request)
            assert isinstance(answer, httpx.Response)
            if kind in self.lost:
                answer = httpx.ReadTimeout("lost")
        await asyncio.sleep(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _on_read(self, request: httpx.Request) -> httpx.Response:
        names = json.loads(request.content)["documents"]
        # Last first: the real store promises no order either.
        found = [
            {"found": {"name": name, **self.documents[name]}}
            if name in self.documents
            else {"missing": name}
            for name in reversed(names)
        ]
        return httpx.Response(200, json=found)

    def _on_list(self, request: httpx.Request) -> httpx.Response:
        collection = request.url.path.rpartition("/")[2]
        size = int(request.url.params["pageSize"])
        names = [f"{ROOT}{collection}/{each}" for each in self.ids(collection)]
        found = [{"name": name, **self.documents[name]} for name in names[:size]]
        # The real store leaves the member out when there is nothing.
        return httpx.Response(200, json={"documents": found} if found else {})

    def _on_commit(self, request: httpx.Request) -> httpx.Response:
        writes = json.loads(request.content)["writes"]
        for write in writes:
            name = write["delete"] if "delete" in write else write["update"]["name"]
            condition, present = write.get("currentDocument", {}), self.documents.get(name)
            if condition.get("exists") is False and present is not None:
                return _refusal(409, "ALREADY_EXISTS")
            wanted = condition.get("updateTime")
            if wanted is not None and (present is None or present["updateTime"] != wanted):
                return _refusal(400, "FAILED_PRECONDITION")
        results: list[dict[str, Any]] = []
        for write in writes:
            if "delete" in write:
                self.documents.pop(write["delete"], None)
                results.append({})
                continue
            name, fields = write["update"]["name"], write["update"]["fields"]
            if "updateMask" in write and name in self.documents:
                old, masked = self.documents[name]["fields"], write["updateMask"]["fieldPaths"]
                fields = {key: value for key, value in old.items() if key not in masked} | fields
            given = [_increment(fields, each) for each in write.get("updateTransforms", [])]
            result = {"updateTime": self._store(name, fields)}
            results.append({**result, "transformResults": given} if given else result)
        return httpx.Response(200, json={"writeResults": results})

    def _on_publish(self, request: httpx.Request) -> httpx.Response:
        key = request.headers.get("upstash-deduplication-id")
        known = {each.headers.get("upstash-deduplication-id") for each in self.published}
        answer: dict[str, object] = {"messageId": f"msg_{len(self.published)}"}
        if key is not None and key in known:
            return httpx.Response(202, json={**answer, "deduplicated": True})
        url = str(request.url).partition("/v2/publish/")[2]
        body = json.loads(request.content)
        self.published.append(Published(url, body, request.headers))
        return httpx.Response(200, json=answer)

    def _on_send(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(json.loads(request.content))
        return httpx.Response(200, json={"recipient_id": "1", "message_id": "m_reply"})

    def _on_self(self, request: httpx.Request) -> httpx.Response:
        self.posted.append(request.content)
        return httpx.Response(200)

    def _store(self, name: str, fields: dict[str, Any]) -> str:
        self.versions += 1
        version = f"2027-01-15T08:00:00.{self.versions:06d}Z"
        self.documents[name] = {"fields": fields, "updateTime": version}
        return version


def make_app(outside: Outside, *, publishes_per_hour: int = 200) -> Starlette:
    """The reference bot in this outside."""
    settings = replace(SETTINGS, breaker_publishes_per_hour=str(publishes_per_hour))
    return create_app(settings, http=outside.client())


def run(*requests: Coroutine[Any, Any, httpx.Response]) -> list[httpx.Response]:
    """Make these requests at the same time."""

    async def together() -> list[httpx.Response]:
        return list(await asyncio.gather(*requests))

    return asyncio.run(together())


async def request(
    app: Starlette, method: str, path: str, body: bytes = b"", **headers: str
) -> httpx.Response:
    """Make one request to the bot; header names are given with underscores."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=SETTINGS.public_url) as client:
        given = [
            (name.replace("_", "-").encode(), value.encode("latin-1"))
            for name, value in headers.items()
        ]
        return await client.request(method, path, content=body, headers=given)


def text_item(mid: str = "m_1", sender: str = "100", text: str = "hi") -> dict[str, Any]:
    """One messaging item with a user's text."""
    message = {"mid": mid, "text": text}
    return {"sender": {"id": sender}, "recipient": {"id": "7"}, "timestamp": 1, "message": message}


def webhook_body(*items: object) -> bytes:
    """A webhook with each item in an entry of its own, as the platform batches today."""
    entries = [{"time": 2, "id": "7", "messaging": [item]} for item in items]
    return json.dumps({"object": "page", "entry": entries}).encode()


async def deliver(app: Starlette, body: bytes) -> httpx.Response:
    """Deliver a genuine webhook."""
    signature = sign(SETTINGS.app_secret, body)
    return await request(app, "POST", "/api/messenger", body, x_hub_signature_256=signature)


def queue_token(body: bytes, /, *, path: str = "/api/process-message", **claims: object) -> str:
    """What the queue signs a delivery with."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode()
    payload = {
        "iss": "Upstash",
        "sub": SETTINGS.public_url + path,
        "iat": 1_700_000_000,
        "nbf": 0,
        "exp": 4_000_000_000,
        "jti": "jwt_1",
        "body": digest,
        **claims,
    }
    return jwt.encode(payload, SETTINGS.current_signing_key, algorithm="HS256")


async def consume(
    app: Starlette,
    body: bytes,
    *,
    owner: str = "msg_a",
    retried: int = 0,
    path: str = "/api/process-message",
) -> httpx.Response:
    """Deliver a genuine queue message."""
    return await request(
        app,
        "POST",
        path,
        body,
        upstash_signature=queue_token(body, path=path),
        upstash_message_id=owner,
        upstash_retried=str(retried),
    )


def job(mid: str = "m_1", sender: str = "100", text: str = "hi") -> bytes:
    """The body of a queue message."""
    return json.dumps({"mid": mid, "sender": sender, "text": text}).encode()


def _kind(request: httpx.Request) -> str:
    url = str(request.url)
    if url.startswith(SETTINGS.public_url):
        return "self"
    if "/v2/publish/" in url:
        return "publish"
    if url == SETTINGS.graph_url + "/me/messages":
        return "send"
    if request.method == "GET":
        return "list"
    return {"batchGet": "read", "commit": "commit"}[url.rpartition(":")[2]]


def _encoded(value: str | int | float) -> dict[str, Any]:
    if isinstance(value, str):
        return {"stringValue": value}
    return {"integerValue": str(value)} if isinstance(value, int) else {"doubleValue": value}


def _increment(fields: dict[str, Any], transform: dict[str, Any]) -> dict[str, Any]:
    """Add to the field of a document, or of a map in it; returns what it is then."""
    *outer, name = [part.strip("`") for part in transform["fieldPath"].split(".")]
    for part in outer:
        inner = dict(fields.get(part, {"mapValue": {"fields": {}}})["mapValue"]["fields"])
        fields[part] = {"mapValue": {"fields": inner}}
        fields = inner
    before = fields.get(name, {"integerValue": "0"})["integerValue"]
    fields[name] = _encoded(int(before) + int(transform["increment"]["integerValue"]))
    return dict(fields[name])


def _refusal(code: int, status: str) -> httpx.Response:
    error = {"code": code, "message": "whatever the words are", "status": status}
    return httpx.Response(code, json={"error": error})
