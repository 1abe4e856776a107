"""A bot on any of the platforms: it takes every webhook, and says what it is told to say."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from emulator.call import Call
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.meta import Account, Field, PlatformName
from emulator.meta.accounts import make_account
from emulator.meta.platform import FIELDS

URL = "https://bot.example/hook"


class Told(NamedTuple):
    """One item: where it stood, who is named as its sender, its text if it is one."""

    place: str
    sender: str
    text: str | None
    item: dict[str, Any]

    @property
    def is_question(self) -> bool:
        """Whether a sound bot answers it."""
        message = self.item.get("message", {})
        return (
            self.place in ("messaging", "messages")
            and self.text is not None
            and not (message.get("is_echo"))
        )


def items_of(body: dict[str, Any]) -> Iterator[Told]:
    for entry in body["entry"]:
        for place in ("messaging", "standby"):
            for item in entry.get(place, ()):
                text = item.get("message", {}).get("text")
                yield Told(place, item.get("sender", {}).get("id", ""), text, item)
        for change in entry.get("changes", ()):
            value = change["value"]
            for place in ("messages", "statuses", "errors"):
                for item in value.get(place, ()):
                    text = item.get("text", {}).get("body")
                    yield Told(place, item.get("from", ""), text, item)
            if "messaging_product" not in value:
                yield Told("changes", value.get("from", {}).get("id", ""), None, value)


class Bot:
    """Answers 200, and what `answer` says to each item of the platform."""

    def __init__(self, answer: Callable[[Told], str | None]) -> None:
        self.answer = answer
        self.account: Account
        self.names: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.replies: list[dict[str, Any]] = []
        self.webhook_status = 200

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        body = json.loads(request.body)
        self.names.append(delivery.name)
        self.bodies.append(body)
        invocation = Invocation(delivery, request, "i0", entry, 0.0)
        for told in items_of(body):
            text = self.answer(told)
            if text is not None:
                self.say(text, told.sender, invocation)
        done(Reply(self.webhook_status))

    def say(self, text: str, to: str, invocation: Invocation) -> None:
        request = send_request(self.account, text, to)
        call = Call(
            name=f"{invocation.name}#{invocation.calls}",
            invocation=invocation,
            request=request,
            service=self.account.name,
            access=self.account.access(request),
            arrived=0.0,
            timeout_s=None,
            deliver_outcome=lambda _outcome: None,
            entry=invocation.entry,
        )
        invocation.calls += 1
        outcome = self.account.answer(call)
        assert isinstance(outcome, Reply)
        self.replies.append({"status": outcome.status, **json.loads(outcome.body)})

    @property
    def told(self) -> list[Told]:
        return [told for body in self.bodies for told in items_of(body)]


def send_request(account: Account, text: str, to: str) -> Request:
    """A text to somebody, as bots on that platform send it."""
    credentials, platform = account.credentials, account.platform
    body: dict[str, Any] = {"recipient": {"id": to}, "message": {"text": text}}
    if platform == "whatsapp":
        body = {
            "messaging_product": "whatsapp",
            "to": to,
            "type": "text",
            "text": {"body": text},
        }
    return Request(
        "POST",
        f"https://graph.facebook.com/v23.0/{credentials.account(platform)}/messages",
        (
            ("Content-Type", "application/json"),
            ("Authorization", f"Bearer {credentials.token(platform)}"),
        ),
        json.dumps(body).encode(),
    )


def answer_questions(told: Told) -> str | None:
    return f"You said: {told.text}" if told.is_question else None


def make_world(
    platform: PlatformName,
    answer: Callable[[Told], str | None] = lambda told: None,
    *,
    copies: int = 1,
    fields: Sequence[Field] | None = None,
    seed: int = 0,
) -> tuple[Kernel, Bot, Account]:
    kernel = Kernel(seed=seed)
    bot = Bot(answer)
    kernel.origins["https://bot.example"] = bot
    account = bot.account = make_account(
        platform,
        kernel,
        callback_url=URL,
        copies=copies,
        fields=FIELDS[platform] if fields is None else fields,
    )
    return kernel, bot, account


def run(kernel: Kernel) -> None:
    while kernel.run_step():
        pass
