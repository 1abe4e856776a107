"""Operations on messages: people write, and what came of it for each."""

from itertools import islice
from typing import TYPE_CHECKING

from emulator.control.operation import (
    Answer,
    Asked,
    Operation,
    Refused,
    array_of,
    flag,
    object_of,
    ref,
    text,
    whole,
)
from emulator.control.shapes import message_of, reply_of
from emulator.meta import UserMessage

if TYPE_CHECKING:
    from emulator.served import Served
    from emulator.serving import Serving

MOST_TEXTS = 1_000
MOST_CHARACTERS = 2_000  # Send API docs: the limit of a text
MOST_COPIES = 20
PAGE = 1_000

SPACINGS = ["at-once", "staggered", "shuffled"]
ROOT = {"root": "The name of the message: u0, u1, ..."}
COPIES = {
    "copies": whole(
        "How often the platform sends each webhook; as configured by default.",
        minimum=1,
        maximum=MOST_COPIES,
    ),
    "spacing": text("How the copies follow each other; as configured by default.", enum=SPACINGS),
}
_MESSAGES = object_of({"messages": array_of(ref("Message"))})


def find_message(served: "Served", root: str) -> UserMessage:
    """One of the latest messages by its name."""
    message = served.attribution.message(root)
    if message is None:
        latest = next(reversed(served.kernel.mids), None)
        known = f"the latest is {latest}" if latest else "nobody has written since the reset"
        raise Refused(404, f"there is no message {root}: {known}")
    return message


async def _write(serving: "Serving", asked: Asked) -> Answer:
    body = asked.body
    if ("text" in body) == ("texts" in body):
        raise Refused(422, "give either text or texts")
    served = serving.served
    written = served.write(
        body["texts"] if "texts" in body else [body["text"]],
        sender=body["sender"],
        copies=body.get("copies"),
        spacing=body.get("spacing"),
        together=body["together"],
    )
    journal = served.kernel.journal
    return Answer({"messages": [message_of(one, journal) for one in written]}, status=201)


async def _list(serving: "Serving", asked: Asked) -> Answer:
    served = serving.served
    after = asked.query.get("after")
    if after is not None:
        find_message(served, after)
    chosen = iter(served.attribution.latest)
    if after is not None:
        for message in chosen:
            if message.root == after:
                break
    journal = served.kernel.journal
    page = islice(chosen, asked.query["limit"])
    return Answer({"messages": [message_of(one, journal) for one in page]})


async def _get(serving: "Serving", asked: Asked) -> Answer:
    served = serving.served
    return Answer(message_of(find_message(served, asked.path["root"]), served.kernel.journal))


async def _repeat(serving: "Serving", asked: Asked) -> Answer:
    served = serving.served
    message = find_message(served, asked.path["root"])
    served.running.keep_time()
    served.meta.repeat(message, at=served.kernel.clock.now, copies=asked.body["copies"])
    served.running.poke()
    return Answer(message_of(message, served.kernel.journal))


async def _replies(serving: "Serving", asked: Asked) -> Answer:
    served, query = serving.served, asked.query
    sender, root = query.get("sender"), query.get("root")
    if root is not None:
        find_message(served, root)
    replies = []
    for sent in served.meta.sent:
        person = served.meta.contacts.nickname(sent.to) or ""
        if (
            sent.entry > query["after"]
            and (sender is None or person == sender)
            and (root is None or root in sent.roots)
        ):
            replies.append(reply_of(sent, person))
            if len(replies) == query["limit"]:
                break
    return Answer({"replies": replies})


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/messages",
        id="writeMessages",
        summary="A person writes to the page.",
        description=(
            "The bot is told of each text by a signed webhook of its own, in as many copies as "
            "the platform sends; with `together` by one webhook for all."
        ),
        body=object_of(
            {
                "text": text("What is written.", minLength=1, maxLength=MOST_CHARACTERS),
                "texts": array_of(
                    {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS},
                    "Several messages at once, instead of `text`.",
                    minItems=1,
                    maxItems=MOST_TEXTS,
                ),
                "sender": text(
                    "Who writes; the same name is the same person.",
                    minLength=1,
                    maxLength=100,
                    default="ada",
                ),
                **COPIES,
                "together": flag("One webhook for all texts.", default=False),
            },
            required=(),
        ),
        answer=_MESSAGES,
        status=201,
        handler=_write,
    ),
    Operation(
        method="GET",
        path="/v1/messages",
        id="listMessages",
        summary="The latest messages, oldest first, with what happened for each.",
        query={
            "after": text("Only those written after the message of this name."),
            "limit": whole("How many at most.", minimum=1, maximum=PAGE, default=PAGE),
        },
        answer=_MESSAGES,
        handler=_list,
        refusals={404: "There is no message of this name."},
    ),
    Operation(
        method="GET",
        path="/v1/messages/{root}",
        id="getMessage",
        summary="One message, with what happened for it.",
        path_texts=ROOT,
        answer=ref("Message"),
        handler=_get,
        refusals={404: "There is no message of this name."},
    ),
    Operation(
        method="POST",
        path="/v1/messages/{root}/repeat",
        id="repeatWebhook",
        summary="The platform sends the webhook of a message again, however it was answered.",
        path_texts=ROOT,
        body=object_of(
            {"copies": whole("How often.", minimum=1, maximum=MOST_COPIES, default=1)}, required=()
        ),
        answer=ref("Message"),
        handler=_repeat,
        refusals={404: "There is no message of this name."},
    ),
    Operation(
        method="GET",
        path="/v1/replies",
        id="listReplies",
        summary="What people got back, oldest first; the latest 10,000 are kept.",
        query={
            "sender": text("Only what this person got."),
            "root": text("Only what answers this message."),
            "after": whole("Only those with a larger `seq`.", minimum=-1, default=-1),
            "limit": whole("How many at most.", minimum=1, maximum=PAGE, default=PAGE),
        },
        answer=object_of({"replies": array_of(ref("Reply"))}),
        handler=_replies,
        refusals={404: "There is no message of this name."},
    ),
)
