"""The part of the HTTP surface for schedules that exist; `publishing` makes them."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from emulator.qstash.message import Message, State
from emulator.qstash.objects import JSONObject, caller_fields, content_fields, setting_fields
from emulator.qstash.refusal import Refused
from emulator.qstash.schedules import Schedule
from emulator.qstash.surface import answer

if TYPE_CHECKING:
    from emulator.qstash.service import QStash

_STATES = {
    State.DELIVERED: "SUCCESS",
    State.FAILED: "FAIL",
    State.CANCELED: "FAIL",
}


def list_schedules(fake: "QStash", request: Request, body: bytes) -> Response:
    return answer([_schedule_object(fake, one) for one in fake.intake.schedules.all()])


def get_schedule(fake: "QStash", request: Request, body: bytes) -> Response:
    return answer(_schedule_object(fake, _named(fake, request)))


def delete_schedule(fake: "QStash", request: Request, body: bytes) -> Response:
    fake.intake.schedules.delete(_named(fake, request).id)
    return Response()


def pause_schedule(fake: "QStash", request: Request, body: bytes) -> Response:
    fake.intake.schedules.pause(_named(fake, request))
    return Response()


def resume_schedule(fake: "QStash", request: Request, body: bytes) -> Response:
    fake.intake.schedules.resume(_named(fake, request))
    return Response()


def _named(fake: "QStash", request: Request) -> Schedule:
    schedule_id = request.path_params["schedule_id"]
    schedule = fake.intake.schedules.find(schedule_id)
    if schedule is None:
        raise Refused(404, f"schedule {schedule_id} not found")
    return schedule


def _schedule_object(fake: "QStash", schedule: Schedule) -> JSONObject:
    """A schedule; what it does not have is absent."""
    asked = schedule.shown
    shown: JSONObject = {
        "scheduleId": schedule.id,
        "destination": asked.url,
        "cron": schedule.cron.text,
        "createdAt": schedule.created_ms,
        "method": asked.method,
        "retries": asked.retries,
        "isPaused": schedule.paused,
        **content_fields(asked, schedule.body),
        **caller_fields(schedule.caller_ip),
        **setting_fields(asked),
    }
    if asked.delay_s:
        shown["delay"] = asked.delay_s
    if asked.timeout_s is not None:
        shown["timeout"] = asked.timeout_s
    if asked.queue:
        shown["queueName"] = asked.queue
    unix = fake.kernel.clock.unix
    next_unix = schedule.cron.next_after(unix) if schedule.paused else schedule.next_unix
    if next_unix is not None:
        shown["nextScheduleTime"] = round(next_unix * 1_000)
    if schedule.last_ms is not None:
        shown["lastScheduleTime"] = schedule.last_ms
        shown["lastScheduleStates"] = {one.id: _state(one) for one in schedule.last}
    if schedule.error:
        shown["error"] = schedule.error
    return shown


def _state(message: Message) -> str:
    return _STATES.get(message.state, "IN_PROGRESS")
