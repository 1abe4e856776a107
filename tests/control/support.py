"""A bot on a thread, a served world around it, and the control API as a client of it sees it."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from emulator.control.api import DOCUMENT
from emulator.meta.credentials import FAKE_PAGE_TOKEN
from emulator.queue_users import QUEUE_USERS
from emulator.serving import Serving
from harness.stage import SERVICES

PUBLIC_URL = "https://my-bot.example.com"
WEBHOOK = "/api/messenger"
CONSUMER = PUBLIC_URL + "/api/process-message"
QUEUE = {"Authorization": f"Bearer {QUEUE_USERS[0].token}"}
PAGE = {"Authorization": f"Bearer {FAKE_PAGE_TOKEN}"}
_REGISTRY: Registry[Any] = Registry().with_resource(
    "urn:api", Resource.from_contents(DOCUMENT, default_specification=DRAFT202012)
)


class Bot:
    """Publishes each message once and answers what the queue delivers; `vice` changes that.

    `status` is what its consumer answers; `before` is called at the beginning of each request.
    """

    def __init__(self) -> None:
        self.vice = ""
        self.status = 200
        self.reply = "You said: {text}"
        self.ports: Mapping[str, int] = {}
        self.before: Callable[[str], None] = lambda path: None
        self.headers: list[Mapping[str, str]] = []
        self.raised: list[str] = []
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        bot = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                bot.before(self.path)
                bot.headers.append(dict(self.headers))
                try:
                    status = bot.handle(self.path, json.loads(body))
                except httpx.HTTPError as error:
                    bot.raised.append(type(error).__name__)
                    status = 503
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def __enter__(self) -> "Bot":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._client.close()

    def join(self, ports: Mapping[str, int]) -> None:
        """Tell it where the services are."""
        self.ports = ports
        self._client = httpx.Client(trust_env=False, timeout=5.0)

    def handle(self, path: str, body: Any) -> int:
        if path != WEBHOOK:
            if self.status == 200:
                self.send(body["psid"], self.reply.format(text=body["text"]))
            return self.status
        for entry in body["entry"]:
            for item in entry.get("messaging", ()):
                told = item.get("message") or item.get("postback") or {}
                files = told.get("attachments", ({"type": None},))
                text = told.get("text") or told.get("title") or files[0]["type"]
                mid = told.get("mid")
                if text is None or mid is None or told.get("is_echo"):
                    continue
                with self._lock:
                    fresh = mid not in self._seen
                    self._seen.add(mid)
                if fresh or self.vice == "forgets":
                    job = {
                        "mid": mid,
                        "psid": item["sender"]["id"],
                        "text": text,
                    }
                    self.publish(job)
        return 200

    def publish(
        self,
        job: Mapping[str, object],
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30.0,
    ) -> httpx.Response:
        """Raises httpx.HTTPError when it is not taken."""
        url = f"http://127.0.0.1:{self.ports['queue']}/v2/publish/{CONSUMER}"
        answer = self._client.post(
            url, json=job, headers={**QUEUE, **(headers or {})}, timeout=timeout_s
        )
        return answer.raise_for_status()

    def touch(self, service: str) -> httpx.Response:
        """Any call to a service; `keys` is one to the queue that publishes nothing."""
        at = {name: f"http://127.0.0.1:{port}" for name, port in self.ports.items()}
        match service:
            case "qstash":
                url = f"{at['queue']}/v2/publish/{CONSUMER}"
                return self._client.post(url, json={"psid": "1", "text": "a"}, headers=QUEUE)
            case "keys":
                return self._client.get(f"{at['queue']}/v2/keys", headers=QUEUE)
            case "graph":
                return self._client.get(f"{at['platform']}/v23.0/me", headers=PAGE)
        documents = "/v1/projects/demo-thrice/databases/(default)/documents/a/b"
        return self._client.get(at["store"] + documents)

    def send(self, psid: str, text: str) -> httpx.Response:
        """Raises httpx.HTTPError when it is not taken."""
        url = f"http://127.0.0.1:{self.ports['platform']}/v23.0/me/messages"
        body = {"recipient": {"id": psid}, "message": {"text": text}}
        return self._client.post(url, json=body, headers=PAGE).raise_for_status()


class Api:
    """The control API. Every answer is held to the description before it is handed on."""

    accounts = QUEUE_USERS

    def __init__(self, serving: Serving, url: str) -> None:
        self.serving = serving
        self.url = url
        self.client = httpx.Client(base_url=url, trust_env=False, timeout=120.0)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        params: Any = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        described: str = "",
    ) -> httpx.Response:
        """One request; `described` is the path in the description where it differs."""
        answer = self.client.request(
            method, path, json=body, params=params, headers=headers, content=content
        )
        check_answer(method, described or path, answer)
        return answer

    def get(self, path: str, *, described: str = "", **params: Any) -> Any:
        answer = self.ask("GET", path, params=params, described=described)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: object = None, *, described: str = "") -> Any:
        answer = self.ask("POST", path, {} if body is None else body, described=described)
        assert answer.is_success, answer.text
        return answer.json()

    def quiet(self, **more: object) -> Any:
        """Wait until the world is quiet; fails when it does not come to that."""
        rest = self.post("/v1/wait", {"within_s": 60, **more})
        assert rest["quiet"], rest
        return rest

    def rest(self, **more: object) -> None:
        """Wait as long as that takes."""
        assert self.post("/v1/wait", {"within_s": 60, **more})["reached"]

    def journal(self, **params: Any) -> list[Any]:
        answer = self.ask("GET", "/v1/journal", params=params)
        return [json.loads(line) for line in answer.text.splitlines()]


@contextmanager
def serving_for(bot: Bot, **more: Any) -> Iterator[Api]:
    """A served world around the bot, on free ports."""
    with Serving(
        ports={**dict.fromkeys(SERVICES, 0), PUBLIC_URL: 0},
        public_url=PUBLIC_URL,
        bot_url=bot.url,
        webhook=WEBHOOK,
        control_port=0,
        **more,
    ) as serving:
        bot.join(serving.ports)
        api = Api(serving, f"http://127.0.0.1:{serving.ports['control']}")
        with api.client:
            yield api


def check_answer(method: str, path: str, answer: httpx.Response) -> None:
    """Hold an answer to the description. Raises AssertionError, or what jsonschema raises."""
    operation = DOCUMENT["paths"][path][method.lower()]
    described = operation["responses"][str(answer.status_code)]
    ((kind, content),) = described["content"].items()
    assert answer.headers["content-type"] == kind
    lines = answer.text.splitlines() if kind == "application/x-ndjson" else [answer.text]
    schema = {"$ref": _absolute(content["schema"])} if "$ref" in content["schema"] else None
    for line in lines:
        validator = jsonschema.Draft202012Validator(
            schema or _with_base(content["schema"]), registry=_REGISTRY
        )
        validator.validate(json.loads(line))


def _absolute(schema: Mapping[str, str]) -> str:
    return "urn:api" + schema["$ref"]


def _with_base(schema: Any) -> Any:
    """The schema with its references made absolute."""
    if isinstance(schema, dict):
        return {
            key: "urn:api" + value if key == "$ref" else _with_base(value)
            for key, value in schema.items()
        }
    return [_with_base(one) for one in schema] if isinstance(schema, list) else schema
