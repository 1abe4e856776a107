"""The dead-letter part of the HTTP surface: list, show, delete, send again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulator.qstash import listing
from emulator.qstash.fields import Fields, read_fields
from emulator.qstash.ledger import Place, parse_place
from emulator.qstash.message import DeadLetter
from emulator.qstash.objects import dead_object, log_cursor
from emulator.qstash.refusal import Refused
from emulator.qstash.surface import read_object
from emulator.qstash.wire import read_again

if TYPE_CHECKING:
    from emulator.qstash.service import QStash

DLQ_COUNT = 100  # QStash REST description: default and most for /v2/dlq


@dataclass(frozen=True, slots=True)
class Selection:
    """What a bulk request is about: letters, ids that name none, and where it goes on."""

    letters: tuple[DeadLetter, ...]
    missing: tuple[str, ...]
    more_after: Place | None


def list_dead(fake: "QStash", request: Request, body: bytes) -> Response:
    return listed(fake, request.url.query)


def listed(fake: "QStash", query: str) -> Response:
    """The letters that a query asks for, page by page."""
    asked = _read_listing(query)
    page = asked.page(fake.engine.dead, fake.engine.now_ms)
    return JSONResponse(
        {"messages": [dead_object(dead) for dead in page.records], **log_cursor(page.more_after)}
    )


def get_dead(fake: "QStash", request: Request, body: bytes) -> Response:
    return JSONResponse(dead_object(named(fake, request)))


def delete_dead(fake: "QStash", request: Request, body: bytes) -> Response:
    fake.engine.drop(named(fake, request))
    return Response()


def delete_many(fake: "QStash", request: Request, body: bytes) -> Response:
    """Ids that are gone already are no error."""
    selection = select(fake, request.url.query, body)
    for letter in selection.letters:
        fake.engine.drop(letter)
    return JSONResponse({"deleted": len(selection.letters), **log_cursor(selection.more_after)})


def retry_dead(fake: "QStash", request: Request, body: bytes) -> Response:
    letter = named(fake, request)
    (answer,) = _send_again(fake, request, _fields(request), (letter,))
    return JSONResponse({**answer, "url": letter.message.publish.url}, status_code=201)


def retry_many(fake: "QStash", request: Request, body: bytes) -> Response:
    """All or nothing: one id that names no letter is an error, and nothing is sent."""
    fields = _fields(request)
    selection = select(fake, fields.query, body)
    if selection.missing:
        raise not_found(selection.missing[0])
    # At the end of the pages the cursor is empty here, and absent elsewhere.
    answer = {
        "responses": _send_again(fake, request, fields, selection.letters),
        "cursor": "",
        **log_cursor(selection.more_after),
    }
    return JSONResponse(answer, status_code=201)


def _send_again(
    fake: "QStash", request: Request, fields: Fields, letters: tuple[DeadLetter, ...]
) -> list[dict[str, object]]:
    """Send letters again, none of them when one is refused; returns the answer for each."""
    terms = fake.terms()
    orders = [(letter, read_again(letter.message, fields, terms=terms)) for letter in letters]
    for _, post in orders:
        fake.intake.provide_queue(post.publish)
    answers: list[dict[str, object]] = []
    for letter, post in orders:
        accepted = fake.intake.send_again(letter, post, request.scope["thrice.call"])
        answer: dict[str, object] = {"messageId": accepted.message_id}
        if accepted.deduplicated:
            answer["deduplicated"] = True
        answers.append(answer)
    return answers


def _fields(request: Request) -> Fields:
    return read_fields(request.url.query, request.headers.items())


def _read_listing(query: str) -> listing.Listing:
    return listing.read_listing(
        query,
        filters=listing.DLQ_FILTERS,
        strict=True,
        default_count=DLQ_COUNT,
        max_count=DLQ_COUNT,
        latest_first=False,
    )


def named(fake: "QStash", request: Request) -> DeadLetter:
    """The letter in the request's path; raises Refused (404) when there is none."""
    dlq_id = str(request.path_params["dlq_id"])
    letter = _find(fake, dlq_id)
    if letter is None:
        raise not_found(dlq_id)
    return letter


def _find(fake: "QStash", dlq_id: str) -> DeadLetter | None:
    place = parse_place(dlq_id)
    return fake.engine.dead.get(place, fake.engine.now_ms) if place is not None else None


def not_found(dlq_id: str) -> Refused:
    return Refused(404, f"dlq message {dlq_id} not found")


def select(fake: "QStash", query: str, body: bytes) -> Selection:
    """What the ids name, in the query or the body; without ids, what the filters let through."""
    asked = _read_listing(query)
    ids = _ids(query, body)
    if ids is None:
        page = asked.page(fake.engine.dead, fake.engine.now_ms)
        return Selection(page.records, (), page.more_after)
    found = {dlq_id: _find(fake, dlq_id) for dlq_id in ids}
    return Selection(
        tuple(letter for letter in found.values() if letter is not None),
        tuple(dlq_id for dlq_id, letter in found.items() if letter is None),
        None,
    )


def _ids(query: str, body: bytes) -> list[str] | None:
    """The ids that are asked for; None, which is not the same as none, when none are mentioned."""
    values = [value for key, value in parse_qsl(query, keep_blank_values=True) if key == "dlqIds"]
    ids = [dlq_id for value in values for dlq_id in value.split(",") if dlq_id]
    mentioned = bool(values)
    if body.strip():
        asked = read_object(body)
        for key in asked:
            if key != "dlqIds":
                raise Refused(400, f"unknown field in the body: {key}")
        if "dlqIds" in asked:
            more = asked["dlqIds"] or []
            if not isinstance(more, list) or not all(isinstance(one, str) for one in more):
                raise Refused(400, "invalid dlqIds: must be a list of strings")
            ids += more
            mentioned = True
    return ids if mentioned else None
