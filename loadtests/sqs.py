"""The speed of the fake SQS: messages that are sent, received and deleted, and handed to a
function, beside moto, which is called in the same process and without HTTP.

`python -m loadtests.sqs 5000` takes so many messages for each line. Figures are per CPU second, in
turns of 500 of which the best counts: two cores shared with other work, Python 3.11, 2026-11-22.

Sent, received and deleted 11,848/s (all turns 9,825/s), in a FIFO queue 11,071/s (10,805/s), sent
and handed to a function 12,645/s (9,559/s); moto 58/s (54/s), since it scans its queue for each
message. A message among 80,000 that wait costs 0.99 times one among 1,000.
"""

import argparse
import json
import sys
from collections.abc import Callable
from time import process_time

from emulator.delivery import Delivery
from emulator.exchange import Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.sqs import FIFO_URL, ORIGIN, QUEUE_URL, Sqs

BOT = "https://bot.example"
BODY = '{"mid":"m_0123456789","psid":"24601","text":"a text of an ordinary length, it says hello"}'
SIGNED = ("Authorization", "AWS4-HMAC-SHA256 Credential=any")
TURN = 500
DONE = Reply(200, (), b'{"batchItemFailures":[]}')


def asking(action: str, **fields: object) -> Request:
    headers = (SIGNED, ("X-Amz-Target", f"AmazonSQS.{action}"))
    return Request("POST", ORIGIN + "/", headers, json.dumps(fields).encode())


class Bench:
    """A world with a function that is done at once."""

    def __init__(self) -> None:
        self.kernel = Kernel()
        self.kernel.record_choices = False
        self.sqs = Sqs(self.kernel)
        self.kernel.origins[BOT] = self
        self.seen = 0

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        self.seen += len(json.loads(request.body)["Records"])
        done(DONE)

    def ask(self, action: str, **fields: object) -> dict[str, list[dict[str, str]]]:
        reply = self.sqs.handle(asking(action, **fields))
        if not reply.ok:
            raise SystemExit(f"refused: {reply}")
        content: dict[str, list[dict[str, str]]] = json.loads(reply.body)
        return content

    def send(self, number: int, url: str) -> None:
        fields = {"MessageGroupId": f"{number}", "MessageDeduplicationId": f"{number}"}
        own = fields if url == FIFO_URL else {}
        self.ask("SendMessage", QueueUrl=url, MessageBody=BODY, **own)

    def take(self, url: str) -> int:
        """Receive and delete what is there, ten at a time; returns how many."""
        taken = 0
        while found := self.ask("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for one in found:
                self.ask("DeleteMessage", QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
            taken += len(found)
        return taken

    def run(self) -> None:
        while self.kernel.run_step():
            pass


def turns(count: int, turn: Callable[[int, int], int]) -> tuple[float, float]:
    """Messages per CPU second: the best turn, and all of them. A turn is given the number of its
    first message and of the one behind its last, and returns how many came through.
    """
    best, spent = 0.0, 0.0
    for first in range(0, count, TURN):
        last = min(first + TURN, count)
        started = process_time()
        if turn(first, last) != last - first:
            raise SystemExit("messages are missing")
        took = process_time() - started
        spent += took
        best = max(best, (last - first) / took)
    return best, count / spent


def by_hand(url: str) -> Callable[[int, int], int]:
    bench = Bench()

    def turn(first: int, last: int) -> int:
        for number in range(first, last):
            bench.send(number, url)
        return bench.take(url)

    return turn


def by_mapping() -> Callable[[int, int], int]:
    bench = Bench()
    bench.sqs.map("thrice", f"{BOT}/events")

    def turn(first: int, last: int) -> int:
        for number in range(first, last):
            bench.send(number, QUEUE_URL)
        before = bench.seen
        bench.run()
        return bench.seen - before

    return turn


def by_moto() -> Callable[[int, int], int] | None:
    try:
        from moto.sqs.models import SQSBackend
    except ModuleNotFoundError:
        return None
    backend = SQSBackend("us-east-1", "123456789012")
    backend.create_queue("thrice", None)

    def turn(first: int, last: int) -> int:
        for _ in range(first, last):
            backend.send_message("thrice", BODY)
        taken = 0
        while found := backend.receive_message("thrice", 10, 0, 30):
            for one in found:
                backend.delete_message("thrice", str(one.receipt_handle))
            taken += len(found)
        return taken

    return turn


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("count", type=int, nargs="?", default=5_000)
    count = options.parse_args().count
    lines = [
        ("sent, received, deleted", by_hand(QUEUE_URL)),
        ("the same in a FIFO queue", by_hand(FIFO_URL)),
        ("sent and handed to a function", by_mapping()),
        ("moto: sent, received, deleted", by_moto()),
    ]
    for title, turn in lines:
        if turn is None:
            print(f"{title:32} not installed")
            continue
        # Its turns take ten seconds each.
        best, every = turns(min(count, 2 * TURN) if title.startswith("moto") else count, turn)
        print(f"{title:32} {best:9,.0f}/s   all {every:9,.0f}/s", flush=True)
    few, many = cost_among(1_000), cost_among(20 * count)
    print(f"one among {20 * count:,} that wait costs {many / few:.2f} times one among 1,000")
    return 0


def cost_among(waiting: int) -> float:
    """CPU seconds for a message that is sent, received and deleted while others wait."""
    bench = Bench()
    for number in range(waiting):
        bench.send(number, QUEUE_URL)
    times = []
    for _ in range(5):
        started = process_time()
        for number in range(200):
            bench.send(number, QUEUE_URL)
            (one,) = bench.ask("ReceiveMessage", QueueUrl=QUEUE_URL)["Messages"]
            bench.ask("DeleteMessage", QueueUrl=QUEUE_URL, ReceiptHandle=one["ReceiptHandle"])
        times.append(process_time() - started)
    return min(times) / 200


if __name__ == "__main__":
    sys.exit(main())
