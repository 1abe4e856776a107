"""Operations that make trouble: services that fail, and queue messages that come again."""

import re
from typing import TYPE_CHECKING, cast, get_args

from emulator.control.faults import Kind, Service, Trouble
from emulator.control.operation import (
    Answer,
    Asked,
    Operation,
    Refused,
    array_of,
    flag,
    number,
    object_of,
    ref,
    text,
    whole,
)
from emulator.control.shapes import fault_of
from emulator.errors import ScenarioError
from emulator.meta.graph.refusals import refusal

if TYPE_CHECKING:
    from emulator.qstash import QStash
    from emulator.serving import Serving

MOST_FAULTS = 1_000
MOST_SECONDS = 86_400.0
MOST_DELAY_S = 600.0

# RFC 9110, sections 5.1 and 5.5: a name is a token, a value has no control characters.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_QUEUE_MESSAGE = {"message_id": "The id that the publish was answered with."}


def _check(body: dict[str, object]) -> None:
    kind = body["kind"]
    if kind == "slow" and body["delay_s"] == 0:
        raise Refused(422, "a slow fault needs delay_s, the seconds that its answers take")
    if kind in ("refused", "slow") and body["accepted"]:
        raise Refused(
            422, f"a {kind} call can not be accepted besides: choose reset, hang or status"
        )
    for name in ("status", "headers", "body", "code", "subcode"):
        if name in body and kind != "status":
            raise Refused(422, f"{name} is for faults of the kind status only, not {kind}")
    if "subcode" in body and "code" not in body:
        raise Refused(422, "a subcode needs the code that it belongs to")
    if "code" in body:
        if body["service"] != "graph":
            raise Refused(
                422, f"code is for faults of the service graph only, not {body['service']}"
            )
        try:
            refusal(int(str(body["code"])), cast("int | None", body.get("subcode")))
        except ScenarioError as error:
            raise Refused(422, f"{error}; docs/meta.md lists them") from error
    if "delay_s" in body and body["delay_s"] and kind != "slow":
        raise Refused(422, f"delay_s is for faults of the kind slow only, not {kind}")


def _headers(given: dict[str, str]) -> tuple[tuple[str, str], ...]:
    for name, value in given.items():
        if not _HEADER_NAME.fullmatch(name):
            raise Refused(422, f"headers: {name[:80]!r} is no name of a header")
        if not _HEADER_VALUE.fullmatch(value):
            raise Refused(422, f"headers.{name[:80]} holds characters that no header may hold")
    return tuple(given.items())


async def _add(serving: "Serving", asked: Asked) -> Answer:
    body = dict(asked.body)
    _check(body)
    served = serving.served
    faults = served.faults
    if len(faults.asked) >= MOST_FAULTS:
        raise Refused(
            409, f"there are {MOST_FAULTS:,} faults already: DELETE /v1/faults takes them back"
        )
    served.running.keep_time()
    now = served.kernel.clock.now
    trouble = Trouble(
        faults.new_id(),
        service=body["service"],
        kind=body["kind"],
        verb=body.get("verb"),
        calls=body.get("calls"),
        until=now + body["seconds"] if "seconds" in body else None,
        after=body["after"],
        accepted=body["accepted"],
        status=body.get("status"),
        code=body.get("code"),
        subcode=body.get("subcode"),
        headers=_headers(body.get("headers", {})),
        body=body["body"].encode() if "body" in body else None,
        delay_s=body["delay_s"],
    )
    faults.add(trouble)
    return Answer(fault_of(trouble, now), status=201)


async def _list(serving: "Serving", asked: Asked) -> Answer:
    served = serving.served
    served.running.keep_time()
    now = served.kernel.clock.now
    return Answer({"faults": [fault_of(one, now) for one in served.faults.asked]})


async def _remove(serving: "Serving", asked: Asked) -> Answer:
    served = serving.served
    trouble = served.faults.remove(asked.path["id"])
    if trouble is None:
        raise Refused(404, f"there is no fault {asked.path['id']}: GET /v1/faults lists them")
    return Answer(fault_of(trouble, served.kernel.clock.now))


async def _clear(serving: "Serving", asked: Asked) -> Answer:
    return Answer({"removed": serving.served.faults.clear()})


def _queue_of(serving: "Serving", message_id: str) -> "QStash":
    """The account that a queue message is of."""
    for queue in serving.served.queues:
        if queue.engine.recall(message_id) is not None:
            return queue
    raise Refused(
        404,
        f"the queue knows no message {message_id[:80]}: the journal's publish entries hold the ids",
    )


async def _redeliver(serving: "Serving", asked: Asked) -> Answer:
    served, message_id = serving.served, asked.path["message_id"]
    queue = _queue_of(serving, message_id)
    served.running.keep_time()
    try:
        name = queue.redeliver(message_id, after_s=asked.body["after_s"])
    except ScenarioError as error:
        raise Refused(409, f"{error}; wait until it is delivered: POST /v1/wait") from error
    served.running.poke()
    return Answer({"delivery": name}, status=202)


async def _lose_answer(serving: "Serving", asked: Asked) -> Answer:
    message_id = asked.path["message_id"]
    try:
        _queue_of(serving, message_id).lose_answer(message_id)
    except ScenarioError as error:
        raise Refused(
            409, f"{error}; publish with a delay, to have time for this before the delivery"
        ) from error
    return Answer({"message_id": message_id}, status=202)


_FAULT_BODY = object_of(
    {
        "service": text("Whose calls are befallen.", enum=list(get_args(Service))),
        "kind": text(
            "`refused` and `reset`: the connection is lost. `hang`: no answer, ever. `slow`: the "
            "answer takes `delay_s`. `status`: an error in the service's own words.",
            enum=list(get_args(Kind)),
        ),
        "accepted": flag(
            "The service does what it is asked all the same, and the bot is not told.",
            default=False,
        ),
        "calls": whole("Only so many calls.", minimum=1, maximum=1_000_000),
        "seconds": number(
            "Only the calls of so many seconds of the world's clock.",
            exclusiveMinimum=0,
            maximum=MOST_SECONDS,
        ),
        "after": whole("Spare so many calls before.", minimum=0, maximum=1_000_000, default=0),
        "verb": text(
            "Only calls that do this, as the journal names it: publish, send, commit, get, ...",
            minLength=1,
            maxLength=40,
        ),
        "status": whole(
            "What is answered by the kind `status`; 503 by default.", minimum=400, maximum=599
        ),
        "code": whole(
            "An error of the Graph API by its code, with the status that it has.", minimum=1
        ),
        "subcode": whole("The subcode of that error.", minimum=1),
        "headers": {
            "type": "object",
            "description": "Headers of that answer, beside the usual ones.",
            "additionalProperties": {"type": "string", "maxLength": 4_000},
        },
        "body": text("Its body, instead of the usual one.", maxLength=100_000),
        "delay_s": number(
            "How long a slow answer takes.", minimum=0, maximum=MOST_DELAY_S, default=0
        ),
    },
    required=("service", "kind"),
)

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/faults",
        id="addFault",
        summary="Have a service fail: for some calls, for a time, or until it is taken back.",
        description=(
            "The first fault that befalls a call counts, in the order in which they were asked "
            "for. `reset`, `hang` and `status` with `accepted` are the answer that gets lost: the "
            "service has done it, and the bot can not know."
        ),
        body=_FAULT_BODY,
        answer=ref("Fault"),
        status=201,
        handler=_add,
        refusals={409: "There are too many faults."},
    ),
    Operation(
        method="GET",
        path="/v1/faults",
        id="listFaults",
        summary="The faults that were asked for, and how many calls met each.",
        answer=object_of({"faults": array_of(ref("Fault"))}),
        handler=_list,
    ),
    Operation(
        method="DELETE",
        path="/v1/faults",
        id="removeFaults",
        summary="Take all faults back.",
        answer=object_of({"removed": whole("How many there were.")}),
        handler=_clear,
    ),
    Operation(
        method="DELETE",
        path="/v1/faults/{id}",
        id="removeFault",
        summary="Take one fault back.",
        path_texts={"id": "What the fault was answered with."},
        answer=ref("Fault"),
        handler=_remove,
        refusals={404: "There is no fault of this id."},
    ),
    Operation(
        method="POST",
        path="/v1/queue/{message_id}/redeliver",
        id="redeliver",
        summary="The queue delivers a message again that was delivered: at least once is not once.",
        path_texts=_QUEUE_MESSAGE,
        body=object_of(
            {"after_s": number("In so many seconds.", minimum=0, maximum=MOST_SECONDS, default=0)},
            required=(),
        ),
        answer=object_of({"delivery": text("The causal name of that delivery.")}),
        status=202,
        handler=_redeliver,
        refusals={404: "The queue knows no such message.", 409: "It was not delivered yet."},
    ),
    Operation(
        method="POST",
        path="/v1/queue/{message_id}/lose-answer",
        id="loseAnswer",
        summary="The bot's answer to one delivery is lost on its way: the queue tries again.",
        path_texts=_QUEUE_MESSAGE,
        body=object_of({}, required=()),
        answer=object_of({"message_id": text("The same id.")}),
        status=202,
        handler=_lose_answer,
        refusals={404: "The queue knows no such message.", 409: "Nothing is left to deliver."},
    ),
)
