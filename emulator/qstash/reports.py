"""Callbacks: what is told of an attempt, or of a message's end, and its place in the causes."""

import json

from emulator.exchange import Outcome
from emulator.qstash.message import DeadLetter, Message, Origin, Post
from emulator.qstash.objects import callback_object
from emulator.qstash.records import route

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def report_on(
    message: Message,
    outcome: Outcome,
    letter: DeadLetter | None,
    *,
    max_body_bytes: int,
    failed_status: int,
    again: int = 0,
) -> tuple[Post, Origin] | None:
    """The callback that is told of an attempt, or the failure callback of the end in `letter`; None
    when there is none.

    Of the response's body it has `max_body_bytes` at most; without a response the status that it is
    told is `failed_status`. `again` counts how often the end was told before.
    """
    publish = message.publish
    callback = publish.callback if letter is None else publish.failure_callback
    if callback is None:
        return None
    shown = callback_object(
        message,
        outcome,
        letter=letter,
        max_body_bytes=max_body_bytes,
        failed_status=failed_status,
    )
    if letter is not None and message.run is not None:
        shown |= message.run.told()
    name = f"{message.name}.c{message.retried}" if letter is None else f"{message.name}.f{again}"
    origin = Origin(
        take_name=lambda: name,
        call_name=name,
        caller_ip=message.caller_ip,
        roots=message.roots,
        generation=message.generation + 1,
        routes=(*message.routes, route(publish)),
        cause=message.entry,
        counted=False,
        source=message.id,
        reports_on=message if message.queue is not None else None,
    )
    return Post(callback.report(publish), _encode(shown).encode()), origin
