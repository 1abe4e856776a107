"""What the API shows of the world, and the schemas of it. No credentials are among it, and no
queries of URLs, which may hold some.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from emulator.control.faults import Trouble
from emulator.control.operation import (
    Json,
    array_of,
    flag,
    number,
    object_of,
    text,
    whole,
)
from emulator.control.schema import Schema
from emulator.journal import Entry, Journal, Tally
from emulator.meta import Sent, UserMessage

if TYPE_CHECKING:
    from emulator.served import Served

COUNTED = ("publishes", "duplicates", "deliveries", "replies", "calls", "late", "dead", "findings")
# Kinds of journal entries by what they are called where they are counted.
KINDS: Mapping[str, str] = {
    "messages": "message",
    "publishes": "publish",
    "duplicates": "duplicate",
    "deliveries": "delivery",
    "replies": "reply",
    "calls": "call",
    "faults": "fault",
    "dead": "dead",
    "findings": "finding",
}
_COUNT_TEXTS = {
    "messages": "messages of people",
    "publishes": "messages that the queue took as new",
    "duplicates": "publishes that the queue swallowed as duplicates",
    "deliveries": "requests to the bot: webhooks, queue deliveries, handshakes",
    "replies": "messages of the bot that the platform took",
    "calls": "requests of the bot to the services",
    "late": "calls behind a response; always 0 here, where nothing is frozen",
    "faults": "calls that met a fault",
    "dead": "queue messages that went to the dead letters",
    "findings": "what is wrong whatever is expected: a runaway, a loop, an unknown host",
}

SCHEMAS: Mapping[str, Schema] = {
    "Error": object_of(
        {"error": text("What is wrong, and the way out.")}, text="Any answer that is no success."
    ),
    "Counts": object_of(
        {name: whole(_COUNT_TEXTS[name]) for name in COUNTED},
        text="What happened for one message.",
    ),
    "Totals": object_of(
        {name: whole(_COUNT_TEXTS[name]) for name in KINDS}
        | {"open": whole("requests that the bot has not answered yet")},
        text="What happened in all.",
    ),
    "Message": object_of(
        {
            "root": text("The name of the message in the journal and in this API: u0, u1, ..."),
            "mid": text("The message id that the webhook tells the bot."),
            "sender": text("Who wrote it."),
            "psid": text("The id of that person, as the bot sees it."),
            "kind": text("What it is: text, image, reaction, ...; as `GET /v1/items` has it."),
            "text": text("What was written, or what stands for it."),
            "at": number("When, in seconds of the world's clock."),
            "told": flag("Whether the bot is told: not of what its app is not subscribed to."),
            "counts": {"$ref": "#/components/schemas/Counts"},
        },
        text="What a person wrote or did.",
    ),
    "Item": object_of(
        {
            "kind": text("What it is called."),
            "event": text("What sort of thing it is."),
            "asks": flag("Whether a sound bot answers it."),
            "details": {"type": "object", "description": "The schema of what can be said of it."},
        },
        text="A kind of thing that the platform tells of.",
    ),
    "Reply": object_of(
        {
            "seq": whole("Its number in the journal, and the cursor of the list."),
            "name": text("Its causal name: u0.w0.q0.r0 is the first reply made by u0.w0.q0."),
            "sender": text("Whom it was sent to; empty for somebody who never wrote."),
            "psid": text("The id of that person."),
            "text": text("What it says."),
            "message_id": text("The id that the platform gave it."),
            "roots": array_of({"type": "string"}, "The messages that it answers."),
            "right_user": flag("Whether that person wrote one of these messages."),
            "at": number("When, in seconds of the world's clock."),
        },
        text="A message of the bot that the platform took.",
    ),
    "Entry": object_of(
        {
            "seq": whole("Its number, and the cursor of the list."),
            "time": number("When, in seconds of the world's clock."),
            "kind": text("What happened: message, delivery, response, call, answer, ..."),
            "name": text("Its causal name."),
            "cause": whole("The number of the entry that led to it; -1 for none."),
            "roots": array_of({"type": "string"}, "The messages that it was for."),
            "generation": whole("How many publishes, echoes and self-posts lie before it."),
            "instance": text("The instance that did it."),
            "detail": {"type": "object", "description": "What else is known, by kind."},
        },
        text="One thing that crossed the boundary between the bot and its world.",
    ),
    "Clock": object_of(
        {
            "now": number("Seconds since the world began."),
            "unix": number("The world's clock in seconds since 1970."),
            "ahead_s": number("By how much it is ahead of the wall clock: what was skipped."),
            "next": {
                "type": ["object", "null"],
                "description": "What is due next; null when nothing is left to come.",
                "properties": {
                    "name": text("Its causal name."),
                    "in_s": number("In how many seconds."),
                    "roots": array_of({"type": "string"}, "The messages that it is for."),
                },
                "required": ["name", "in_s", "roots"],
                "additionalProperties": False,
            },
            "waiting_for": array_of(
                {"type": "string"}, "Requests that the bot has not answered yet, 20 at most."
            ),
        },
        text="The time of the world.",
    ),
    "Fault": object_of(
        {
            "id": text("What it is taken back by."),
            "service": text("The service in trouble."),
            "kind": text("What befalls its calls."),
            "verb": {"type": ["string", "null"], "description": "Only calls of this kind."},
            "accepted": flag("Whether the service does what it is asked all the same."),
            "met": whole("How many calls have met it."),
            "over": flag("Whether no further call can meet it."),
        },
        text="A fault that was asked for.",
    ),
}

MOST_NAMED = 20


def counts_of(tally: Tally) -> Json:
    return {name: getattr(tally, name) for name in COUNTED}


def totals_of(served: "Served") -> Json:
    counts = served.kernel.journal.counts
    totals = {name: counts[kind] for name, kind in KINDS.items()}
    return {**totals, "open": len(served.pace.owed)}


def message_of(message: UserMessage, journal: Journal) -> Json:
    return {
        "root": message.root,
        "mid": message.mid,
        "sender": message.sender,
        "psid": message.psid,
        "kind": message.kind,
        "text": message.text,
        "at": message.at,
        "told": message.notice.webhook is not None,
        "counts": counts_of(journal.tally(message.root)),
    }


def reply_of(sent: Sent, sender: str) -> Json:
    return {
        "seq": sent.entry,
        "name": sent.name,
        "sender": sender,
        "psid": sent.to,
        "text": sent.text,
        "message_id": sent.message_id,
        "roots": list(sent.roots),
        "right_user": sent.right_user,
        "at": sent.at,
    }


def entry_of(entry: Entry) -> Json:
    return {**entry._asdict(), "roots": list(entry.roots), "detail": _shown(entry.detail)}


def clock_of(served: "Served") -> Json:
    clock = served.kernel.clock
    step = served.pace.upcoming
    due = None
    if step is not None:
        in_s = max(0.0, step.due - clock.now)
        due = {"name": step.name, "in_s": in_s, "roots": list(step.roots)}
    return {
        "now": clock.now,
        "unix": clock.unix,
        "ahead_s": served.running.skipped_s,
        "next": due,
        "waiting_for": served.pace.owed[:MOST_NAMED],
    }


def fault_of(asked: Trouble, now: float) -> Json:
    return {
        "id": asked.id,
        "service": asked.service,
        "kind": asked.kind,
        "verb": asked.verb,
        "accepted": asked.accepted,
        "met": asked.met,
        "over": asked.over(now),
    }


def _shown(detail: Mapping[str, object]) -> Json:
    return {
        name: value.partition("?")[0] if name == "url" and isinstance(value, str) else value
        for name, value in detail.items()
    }
