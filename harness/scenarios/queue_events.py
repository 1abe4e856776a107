"""What a function is invoked with for a message of the bot's queue on SQS."""

import json
import re
from uuid import UUID

from emulator import World
from emulator.exchange import Request
from emulator.sqs.given import FORBIDDEN


def content_of(genuine: Request) -> bytes:
    """The message in an event: what the bot itself has sent."""
    records = json.loads(genuine.body)["Records"]
    return str(records[0]["body"]).encode()


def anew(world: World, genuine: Request, data: bytes, root: str) -> Request:
    """The event of another message with this content, as far as a message can have it: text, and
    only some characters (SQS docs, "SendMessage"). What damages JSON otherwise is two quotes, which
    do so anywhere, too.
    """
    record = json.loads(genuine.body)["Records"][0]
    text = re.sub(FORBIDDEN, '""', data.decode("utf-8", "surrogateescape"))
    drawn = world.kernel.chance.bits(f"sqs/message/{root}", 16)
    record |= {"messageId": str(UUID(bytes=drawn, version=4)), "body": text}
    body = json.dumps({"Records": [record]}, separators=(",", ":")).encode()
    return Request(genuine.method, genuine.url, genuine.headers, body)
