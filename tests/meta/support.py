"""A page whose bot is told of its own sends, and some ways to answer."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from emulator.call import Call
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Outcome, Reply, Request
from emulator.kernel import Kernel, Limits
from emulator.meta import EchoToSelf, Field, Messenger
from emulator.meta.delivery.courier import Spacing

URL = "https://bot.example/api/messenger"
PAGE = "1000000000001"
ECHOES: Sequence[Field] = ("messages", "message_echoes")
RECEIPTS: Sequence[Field] = ("messages", "message_deliveries")
READS: Sequence[Field] = ("messages", "message_reads")


class Bot:
    """Takes every webhook, and sends what `answer` makes of each item, one after the other."""

    def __init__(self, answer: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
        self.answer = answer
        self.messenger: Messenger
        self.deliveries: list[Delivery] = []
        self.requests: list[Request] = []
        self.times: list[float] = []
        self.statuses: list[int] = []
        self.webhook_status = 200

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        self.deliveries.append(delivery)
        self.requests.append(request)
        self.times.append(self.messenger.kernel.clock.now)
        invocation = Invocation(delivery, request, "i0", entry, 0.0)
        for envelope in json.loads(request.body)["entry"]:
            for item in envelope.get("messaging") or envelope["standby"]:
                body = self.answer(item)
                if body is not None:
                    self.send(invocation, body)
        done(Reply(self.webhook_status))

    def send(self, invocation: Invocation, body: dict[str, Any]) -> None:
        request = send_request(body)
        call = Call(
            name=f"{invocation.name}#{invocation.calls}",
            invocation=invocation,
            request=request,
            service=self.messenger.name,
            access=self.messenger.access(request),
            arrived=0.0,
            timeout_s=None,
            deliver_outcome=lambda _outcome: None,
            entry=invocation.entry,
        )
        invocation.calls += 1
        outcome = self.messenger.answer(call)
        assert isinstance(outcome, Reply)
        self.statuses.append(outcome.status)

    @property
    def names(self) -> list[str]:
        return [delivery.name for delivery in self.deliveries]

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(request.body)["entry"][0] for request in self.requests]

    @property
    def items(self) -> list[dict[str, Any]]:
        return [entry["messaging"][0] for entry in self.entries]


def send_request(body: dict[str, Any]) -> Request:
    return Request(
        "POST",
        "https://graph.facebook.com/v23.0/me/messages?access_token=EAAfakepagetoken",
        (("Content-Type", "application/json"),),
        json.dumps(body).encode(),
    )


def answer_people(item: dict[str, Any]) -> dict[str, Any] | None:
    """What a sound bot says: nothing to its own echoes, nothing to receipts."""
    if item.get("message", {}).get("is_echo") or "message" not in item:
        return None
    return {"recipient": item["sender"], "message": {"text": "hi / ä"}}


def answer_conversation(item: dict[str, Any]) -> dict[str, Any] | None:
    """A bot that takes its echoes for messages, and knows which end of them is the person."""
    person = item["recipient"] if item["sender"]["id"] == PAGE else item["sender"]
    return {"recipient": person, "message": {"text": "hi"}}


def answer_sender(item: dict[str, Any]) -> dict[str, Any]:
    """A bot that answers whoever is in `sender`: of an echo, that is the page itself."""
    return {"recipient": item["sender"], "message": {"text": "hi"}}


def make_world(
    answer: Callable[[dict[str, Any]], dict[str, Any] | None] = answer_people,
    *,
    fields: Sequence[Field] = ECHOES,
    copies: int = 1,
    spacing: Spacing = "at-once",
    echo_to_self: EchoToSelf = "refuse",
    echo_limit: int = 20,
    limits: Limits | None = None,
) -> tuple[Kernel, Bot, Messenger]:
    kernel = Kernel(limits=limits)
    bot = Bot(answer)
    kernel.origins["https://bot.example"] = bot
    bot.messenger = messenger = Messenger(
        kernel,
        callback_url=URL,
        page_id=PAGE,
        app_id="555000111",
        copies=copies,
        spacing=spacing,
        fields=fields,
        echo_to_self=echo_to_self,
        echo_limit=echo_limit,
    )
    return kernel, bot, messenger


def run(kernel: Kernel) -> None:
    while kernel.run_step():
        pass


def findings(kernel: Kernel) -> list[str]:
    return [entry.name for entry in kernel.journal.entries("finding")]
