"""The part of the HTTP surface for messages: show one, cancel one or many, actions in bulk."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response

from emulator.qstash import listing
from emulator.qstash.bulk import BulkAction
from emulator.qstash.objects import message_object
from emulator.qstash.refusal import NotOffered, Refused
from emulator.qstash.surface import answer, read_object

if TYPE_CHECKING:
    from emulator.qstash.service import QStash

CANCEL_COUNT = 500  # QStash REST description, "Bulk cancel messages": count is 500 at most


def get_message(fake: "QStash", request: Request, body: bytes) -> Response:
    message_id = request.path_params["message_id"]
    message = fake.engine.find(message_id)
    if message is None:
        raise Refused(404, f"message {message_id} not found")
    return answer(message_object(message))


def cancel_message(fake: "QStash", request: Request, body: bytes) -> Response:
    message_id = request.path_params["message_id"]
    if not fake.engine.cancel(message_id):
        raise Refused(404, f"message {message_id} not found")
    return answer({"cancelled": 1}, status_code=fake.switches.cancel_status)


def cancel_many(fake: "QStash", request: Request, body: bytes) -> Response:
    """Ids come before filters; without either every message is meant."""
    pairs = parse_qsl(request.url.query, keep_blank_values=True) + list(_pairs(body))
    asked = listing.read_listing(
        urlencode(pairs),
        filters=listing.CANCEL_FILTERS,
        strict=False,
        default_count=CANCEL_COUNT,
        max_count=CANCEL_COUNT,
        latest_first=False,
    )
    mentioned = [value for name, value in pairs if name == "messageIds"]
    hosted = fake.switches.bulk_cancel_ignores_count
    if mentioned:
        ids = dict.fromkeys(one for value in mentioned for one in value.split(",") if one)
        cancelled = fake.bulk.cancel_ids(ids)
    else:
        counted = not hosted and any(name == "count" and value for name, value in pairs)
        cancelled = fake.bulk.cancel(asked.matches_message, asked.count if counted else None)
    if hosted and ("async", "true") in pairs:
        filters = {name: sorted(values) for name, values in asked.wanted.items()}
        return answer({"actionId": fake.bulk.record(cancelled, filters).id})
    return answer({"cancelled": cancelled})


def list_actions(fake: "QStash", request: Request, body: bytes) -> Response:
    _check_hosted(fake, request)
    return answer([_action_object(action) for action in fake.bulk.all()])


def get_action(fake: "QStash", request: Request, body: bytes) -> Response:
    _check_hosted(fake, request)
    action_id = request.path_params["action_id"]
    action = fake.bulk.find(action_id)
    if action is None:
        raise Refused(404, f"bulk action {action_id} not found")
    return answer(_action_object(action))


def _check_hosted(fake: "QStash", request: Request) -> None:
    if not fake.switches.bulk_cancel_ignores_count:
        raise NotOffered(404, f"{request.method} {request.url.path}")


def _action_object(action: BulkAction) -> dict[str, object]:
    return {
        "actionId": action.id,
        "kind": "cancel",
        "state": "FINISHED",
        "total": action.total,
        "processed": action.total,
        "createdAt": action.created_ms,
        "completedAt": action.created_ms,
        "filter": action.filters,
    }


def _pairs(body: bytes) -> Iterable[tuple[str, str]]:
    """What a JSON body asks for, as a query would."""
    if not body.strip():
        return
    for name, value in read_object(body).items():
        values = value if isinstance(value, list) else [value]
        if not values and name == "messageIds":
            yield name, ""
        for one in values:
            if one is None:
                continue
            if not isinstance(one, str | int):
                raise Refused(400, f"invalid {name}: must be strings or whole numbers")
            yield name, str(one).lower() if isinstance(one, bool) else str(one)
