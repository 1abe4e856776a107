"""A fake SQS, and a function that answers as it is told."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from emulator.delivery import Delivery
from emulator.exchange import Failure, Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.sqs import ORIGIN, QUEUE_URL, Sqs
from emulator.sqs.actions import url_of
from emulator.sqs.mapping import Mapping

WORKER = "https://worker.example.com"
URL = f"{WORKER}/events"
SIGNED = ("Authorization", "AWS4-HMAC-SHA256 Credential=any")

# What the function returns for an event: a reply, or the ids of the messages that it failed at.
Function = Callable[[list[dict[str, Any]]], Outcome]


def returned(content: object) -> Reply:
    """A function's return value."""
    return Reply(200, (), json.dumps(content).encode())


def failing(*bodies: str) -> Function:
    """A function that fails at the messages with these bodies."""

    def answer(records: list[dict[str, Any]]) -> Outcome:
        failed = [one["messageId"] for one in records if one["body"] in bodies]
        return returned({"batchItemFailures": [{"itemIdentifier": one} for one in failed]})

    return answer


class Bench:
    """A kernel, the service, and a function. `seen` is when it was invoked, and with which
    messages; it takes `takes_s` seconds.
    """

    def __init__(self, function: Function | Outcome | None = None, *, takes_s: float = 0.0) -> None:
        self.kernel = Kernel()
        self.sqs = Sqs(self.kernel)
        self.function = function or Reply(200)
        self.seen: list[tuple[float, list[dict[str, Any]]]] = []
        self.at_once = self.most_at_once = 0
        self.takes_s = takes_s
        self.kernel.origins[WORKER] = self

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        records = json.loads(request.body)["Records"]
        self.seen.append((self.now, records))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        function = self.function
        outcome = function if isinstance(function, Reply | Failure) else function(records)

        def finish() -> None:
            self.at_once -= 1
            done(outcome)

        if self.takes_s:
            self.kernel.at(self.now + self.takes_s, delivery.name + "/worked", finish)
        else:
            finish()

    @property
    def now(self) -> float:
        return self.kernel.clock.now

    @property
    def bodies(self) -> list[list[str]]:
        """What each invocation got."""
        return [[one["body"] for one in records] for _, records in self.seen]

    def mapped(self, queue: str = "thrice", **options: Any) -> Mapping:
        return self.sqs.map(queue, URL, **options)

    def run(self, until: float | None = None) -> None:
        while self.kernel.run_step(until):
            pass
        if until is not None and until > self.now:
            self.kernel.clock.move_to(until)

    def ask(self, action: str, url: str = QUEUE_URL, **fields: Any) -> Any:
        """The answer to a call that succeeds."""
        status, content, _ = self.told(action, url, **fields)
        assert status == 200, content
        return content

    def told(self, action: str, url: str = QUEUE_URL, **fields: Any) -> tuple[int, Any, Reply]:
        """Status, content and reply of a call."""
        reply = self.sqs.handle(asking(action, url, **fields))
        return reply.status, json.loads(reply.body), reply

    def refused(self, action: str, url: str = QUEUE_URL, **fields: Any) -> tuple[str, str]:
        """Code, as clients show it, and text of a refusal."""
        status, content, reply = self.told(action, url, **fields)
        assert 400 <= status < 500, content
        assert content["__type"].startswith("com.amazonaws.sqs#")
        return str(reply.header("x-amzn-query-error")).removesuffix(";Sender"), content["message"]

    def queue(self, name: str, **attributes: str) -> str:
        """A new queue."""
        url = self.ask("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]
        assert isinstance(url, str)
        return url

    def send(self, body: str, url: str = QUEUE_URL, **fields: Any) -> str:
        """The id of a message that was sent."""
        sent = self.ask("SendMessage", url, MessageBody=body, **fields)
        return str(sent["MessageId"])

    def send_at(self, at: float, body: str) -> None:
        """Have a message sent later."""

        def send() -> None:
            self.send(body)

        self.kernel.at(at, f"send {body}", send)

    def receive(self, url: str = QUEUE_URL, most: int = 10, **fields: Any) -> list[Any]:
        """The messages that are there."""
        found = self.ask("ReceiveMessage", url, MaxNumberOfMessages=most, **fields)
        return list(found.get("Messages", []))

    def got(self, url: str = QUEUE_URL, **fields: Any) -> list[str]:
        """The bodies of the messages that are there."""
        return [one["Body"] for one in self.receive(url, **fields)]

    def delete(self, message: Any, url: str = QUEUE_URL) -> None:
        self.ask("DeleteMessage", url, ReceiptHandle=message["ReceiptHandle"])


def asking(action: str, url: str = QUEUE_URL, **fields: Any) -> Request:
    """A call as clients make it."""
    content = {**({"QueueUrl": url} if action != "CreateQueue" else {}), **fields}
    headers = (SIGNED, ("X-Amz-Target", f"AmazonSQS.{action}"))
    return Request("POST", ORIGIN + "/", headers, json.dumps(content).encode())


def fifo(body: str, group: str = "g", dedup: str = "") -> dict[str, Any]:
    """The fields of a message for a FIFO queue."""
    return {"MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": dedup or body}


def dead_url(suffix: str = "") -> str:
    """The queue of the dead letters."""
    return url_of("thrice-dead" + suffix)


def entries(*bodies: str) -> Sequence[dict[str, str]]:
    """Entries of a batch."""
    return [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
