"""Many users with many messages each, delivered in three copies to a minimal bot: what a message
costs at a tenth of them and at all, early and late, and what the process holds.

`python loadtests/users.py 10000 --messages 10 --platform whatsapp` fails when any message is not
acknowledged in all its copies and answered exactly once. CPU time, because machines are shared; a
ratio of at most 1.2 is what flat means here.

Last figures, 10,000 users with 10 messages each on two cores that others kept busy (load 5 to 13),
per message against that of a tenth of the users, and last messages against first: Messenger,
300,000 webhooks in 93 s, 1.04 and 1.07, 72 MB more than the tenth; Instagram, 600,000 in 112 s,
1.00 and 1.29, 76 MB; WhatsApp, 900,000 in 153 s, 1.31 and 1.18, 59 MB.
"""

import argparse
import gc
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any, get_args

from emulator import Simulation, World
from emulator.meta.credentials import Credentials
from emulator.meta.platform import PlatformName

COPIES = 3
# Seconds from one message to the next: below every limit that the platforms name.
BETWEEN_S = 0.02
BLOCKS = 10
# Blocks at either end, of which the cheapest counts: what else the machine does can only add.
EDGE = 3
FLAT = 1.2
OWN = Credentials()
JSON = "application/json"
# Notifications about each reply: an echo, or the statuses sent and delivered.
TOLD_OF_REPLIES = {"messenger": 0, "instagram": 1, "whatsapp": 2}

# The person and the id of a message, as the webhook tells of it.
Told = Iterator[tuple[str, str]]


def page_messages(body: dict[str, Any]) -> Told:
    for entry in body["entry"]:
        for item in entry["messaging"]:
            message = item.get("message", {})
            if message and not message.get("is_echo"):
                yield item["sender"]["id"], message["mid"]


def whatsapp_messages(body: dict[str, Any]) -> Told:
    for entry in body["entry"]:
        for change in entry["changes"]:
            for message in change["value"].get("messages", ()):
                yield message["from"], message["id"]


def page_reply(person: str) -> tuple[str, str, dict[str, object]]:
    return (
        f"https://graph.facebook.com/v23.0/{OWN.page_id}/messages",
        OWN.page_token,
        {"recipient": {"id": person}, "messaging_type": "RESPONSE", "message": {"text": "hi"}},
    )


def instagram_reply(person: str) -> tuple[str, str, dict[str, object]]:
    return (
        f"https://graph.facebook.com/v23.0/{OWN.instagram_id}/messages",
        OWN.instagram_token,
        {"recipient": {"id": person}, "message": {"text": "hi"}},
    )


def whatsapp_reply(person: str) -> tuple[str, str, dict[str, object]]:
    return (
        f"https://graph.facebook.com/v23.0/{OWN.phone_number_id}/messages",
        OWN.whatsapp_token,
        {"messaging_product": "whatsapp", "to": person, "type": "text", "text": {"body": "hi"}},
    )


READ = {
    "messenger": page_messages,
    "instagram": page_messages,
    "whatsapp": whatsapp_messages,
}
WRITE = {
    "messenger": page_reply,
    "instagram": instagram_reply,
    "whatsapp": whatsapp_reply,
}


def make_bot(platform: PlatformName) -> Callable[[Any], Callable[..., Awaitable[None]]]:
    """The least that answers each message once; its instances share their memory of messages."""
    read, write = READ[platform], WRITE[platform]
    known: set[str] = set()

    def make_app(http: Any) -> Callable[..., Awaitable[None]]:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                return
            body = b""
            while True:
                event = await receive()
                body += event.get("body", b"")
                if not event.get("more_body"):
                    break
            for person, mid in read(json.loads(body)):
                if mid in known:
                    continue
                known.add(mid)
                url, token, answer = write(person)
                response = await http.post(
                    url,
                    content=json.dumps(answer).encode(),
                    headers={"authorization": f"Bearer {token}", "content-type": JSON},
                )
                assert response.status_code == 200, response.text
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"EVENT_RECEIVED"})

        return app

    return make_app


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one run: CPU milliseconds for each message, in blocks; memory that it took in MB."""

    blocks: list[float]
    megabytes: float
    is_exact: bool

    @property
    def each_ms(self) -> float:
        return sum(self.blocks) / len(self.blocks)


def memory_mb() -> float:
    """Resident size; Linux only."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def play(platform: PlatformName, users: int, messages: int) -> Figures:
    """All users write in turn, again and again."""
    count = users * messages
    block = max(count // BLOCKS, 1)
    gc.collect()
    before = memory_mb()
    costs = []
    with (
        Simulation(make_bot(platform), direct=True) as simulation,
        World(simulation.connect, platform=platform, copies=COPIES) as world,
    ):
        world.kernel.record_choices = False
        for first in range(0, count, block):
            last = min(first + block, count)
            started = process_time()
            for number in range(first, last):
                world.meta.message("hello", sender=f"u{number % users}", at=BETWEEN_S * number)
                # So that the agenda is as it is when people write one after the other.
                if number % 500 == 499:
                    world.run_until(BETWEEN_S * number)
            world.run_until(BETWEEN_S * (last - 1))
            if last == count:
                world.run_until_quiet()
            costs.append((process_time() - started) / (last - first) * 1e3)
        exact = check(world, count)
        return Figures(costs, memory_mb() - before, exact)


def check(world: World, count: int) -> bool:
    """Whether every message was acknowledged in each copy, and answered once."""
    journal, courier = world.journal, world.meta.courier
    webhooks, sent = journal.counts["delivery"], world.meta.sent_count
    expected = COPIES * count * (1 + TOLD_OF_REPLIES[world.meta.platform])
    answered = sum(tally.replies == 1 for tally in journal.tallies.values())
    failed = journal.counts["finding"] + courier.odd_ack_count + courier.slow_ack_count
    print(
        f"  {count:,} messages, {webhooks:,} webhooks (expected {expected:,}), {sent:,} replies, "
        f"{answered:,} messages with exactly one, {failed} failures"
    )
    # A webhook that was not acknowledged comes again, or is a finding.
    return (webhooks, sent, answered, failed) == (expected, count, count, 0)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("users", type=int, nargs="?", default=1_000)
    options.add_argument("--messages", type=int, default=10)
    options.add_argument("--platform", choices=get_args(PlatformName), default="messenger")
    given = options.parse_args()
    print(f"{given.platform}, {given.messages} messages of each user")
    tenth = play(given.platform, max(given.users // 10, 1), given.messages)
    print(f"a tenth of the users   {tenth.each_ms:8.3f} ms a message {tenth.megabytes:8.1f} MB")
    whole = play(given.platform, given.users, given.messages)
    print(f"all {given.users:>9,} users    {whole.each_ms:8.3f} ms a message ", end="")
    print(f"{whole.megabytes:8.1f} MB")
    total = whole.each_ms * given.users * given.messages / 1e3
    late = min(whole.blocks[-EDGE:]) / min(whole.blocks[:EDGE])
    print(f"all of it              {total:8.1f} s of CPU")
    print(f"all to a tenth         {whole.each_ms / tenth.each_ms:8.2f}")
    print(f"last messages to first {late:8.2f}   flat: at most {FLAT}")
    return 0 if tenth.is_exact and whole.is_exact else 1


if __name__ == "__main__":
    sys.exit(main())
