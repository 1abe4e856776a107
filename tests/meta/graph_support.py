"""An account of each platform, and a client of its Graph API."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from emulator.call import Call
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Blocked, Headers, Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.meta import Account, GraphOptions, PlatformName
from emulator.meta.accounts import make_account
from emulator.meta.graph.tokens import app_token

ORIGIN = "https://graph.facebook.com"
CALLBACK = "https://bot.example/hook"
JSON: Headers = (("Content-Type", "application/json"),)
FORM: Headers = (("Content-Type", "application/x-www-form-urlencoded"),)


@dataclass(frozen=True)
class Answer:
    """A reply, read."""

    status: int
    body: Any
    reply: Reply

    @property
    def error(self) -> tuple[int, int | None]:
        """Code and subcode; the envelope has to be complete."""
        error = self.body["error"]
        assert {"message", "type", "code", "fbtrace_id"} <= error.keys()
        assert self.status >= 400
        return error["code"], error.get("error_subcode")

    def header(self, name: str) -> str | None:
        return self.reply.header(name)


class Client:
    """Calls the Graph API of one account, which ada has written to."""

    def __init__(
        self,
        platform: PlatformName = "messenger",
        *,
        options: GraphOptions | None = None,
        fields: tuple[Any, ...] = ("messages",),
    ) -> None:
        self.kernel = Kernel()
        self.account: Account = make_account(
            platform,
            self.kernel,
            callback_url=CALLBACK,
            copies=1,
            fields=fields,
            graph=options or GraphOptions(),
        )
        self.own = self.account.credentials
        self.id = self.own.account(platform)
        self.ada = self.account.message("hello").psid

    @property
    def token(self) -> str:
        return self.own.token(self.account.platform)

    @property
    def app(self) -> str:
        return app_token(self.own)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Headers = JSON,
        call: Call | None = None,
        **query: str,
    ) -> Answer:
        """`token` "" is none at all."""
        named = {"access_token": self.token if token is None else token, **query}
        shown = urlencode({name: value for name, value in named.items() if value})
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body else b""
        request = Request(method, f"{ORIGIN}{path}?{shown}", headers, raw)
        return answer_of(self.account.graph.handle(request, call))

    def get(self, path: str, **more: Any) -> Answer:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: object = None, **more: Any) -> Answer:
        return self.ask("POST", path, body, **more)

    def delete(self, path: str, body: object = None, **more: Any) -> Answer:
        return self.ask("DELETE", path, body, **more)

    def say(self, message: object = None, *, to: object = None, **more: Any) -> Answer:
        """A message to ada; `more` goes beside it."""
        if self.account.platform == "whatsapp":
            content = message or {"type": "text", "text": {"body": "hi"}}
            assert isinstance(content, dict)
            body = {"messaging_product": "whatsapp", "to": to or self.ada, **content, **more}
            return self.post(f"/v23.0/{self.id}/messages", body)
        recipient = to if isinstance(to, dict) else {"id": to or self.ada}
        body = {"recipient": recipient, "message": message or {"text": "hi"}, **more}
        return self.post("/v23.0/me/messages", body)

    def run(self) -> None:
        while self.kernel.run_step():
            pass

    def advance(self, seconds: float) -> None:
        self.kernel.clock.move_to(self.kernel.clock.now + seconds)


def answer_of(reply: Reply) -> Answer:
    return Answer(reply.status, json.loads(reply.body), reply)


def call_of(account: Account, request: Request, *, name: str = "u0.w0") -> Call:
    """A call that the bot makes while it handles a webhook."""
    delivery = Delivery(name, "user", 0.0, lambda: request, lambda _outcome: None, 20.0, ("u0",))
    return Call(
        name=f"{name}#0",
        invocation=Invocation(delivery, request, "i0", -1, 0.0),
        request=request,
        service=account.name,
        access=account.access(request),
        arrived=0.0,
        timeout_s=None,
        deliver_outcome=lambda _outcome: None,
    )


def replied(outcome: Outcome | Blocked) -> Answer:
    assert isinstance(outcome, Reply)
    return answer_of(outcome)
