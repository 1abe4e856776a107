"""The part of the HTTP surface for flow control."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from emulator.qstash.flow import Lane
from emulator.qstash.grammar import parse_boolean, parse_count, parse_period
from emulator.qstash.refusal import Refused
from emulator.qstash.surface import answer

if TYPE_CHECKING:
    from emulator.qstash.service import QStash

T = TypeVar("T")


def list_keys(fake: "QStash", request: Request, body: bytes) -> Response:
    """All keys, or those with what is searched for in them."""
    search = dict(parse_qsl(request.url.query)).get("search", "")
    lanes = fake.engine.traffic.lanes()
    return answer([_key_object(fake, lane) for lane in lanes if search in lane.key])


def get_key(fake: "QStash", request: Request, body: bytes) -> Response:
    key = request.path_params["key"]
    lane = fake.engine.traffic.find(key)
    if lane is None:
        raise Refused(404, f"flow control key {key} not found")
    return answer(_key_object(fake, lane))


def pause_key(fake: "QStash", request: Request, body: bytes) -> Response:
    return _changed(fake, request, lambda lane: setattr(lane, "paused", True))


def resume_key(fake: "QStash", request: Request, body: bytes) -> Response:
    return _changed(fake, request, lambda lane: setattr(lane, "paused", False))


def reset_rate(fake: "QStash", request: Request, body: bytes) -> Response:
    return _changed(fake, request, lambda lane: lane.reset_rate(fake.kernel.clock.now))


def pin_key(fake: "QStash", request: Request, body: bytes) -> Response:
    asked = dict(parse_qsl(request.url.query))
    parallelism = _value(asked, "parallelism", parse_count)
    rate = _value(asked, "rate", parse_count)
    period_s = _value(asked, "period", parse_period)
    if parallelism is None and rate is None and period_s is None:
        raise Refused(400, "nothing to pin: needs parallelism, rate or period")
    now = fake.kernel.clock.now
    return _changed(
        fake,
        request,
        lambda lane: lane.pin(parallelism=parallelism, rate=rate, period_s=period_s, now=now),
    )


def unpin_key(fake: "QStash", request: Request, body: bytes) -> Response:
    asked = dict(parse_qsl(request.url.query))
    parallelism = _value(asked, "parallelism", parse_boolean) or False
    rate = _value(asked, "rate", parse_boolean) or False
    return _changed(fake, request, lambda lane: lane.unpin(parallelism=parallelism, rate=rate))


def global_parallelism(fake: "QStash", request: Request, body: bytes) -> Response:
    """Without a limit the most is 0."""
    traffic = fake.engine.traffic
    return answer({"parallelismMax": traffic.most or 0, "parallelismCount": traffic.active})


def _changed(fake: "QStash", request: Request, change: Callable[[Lane], None]) -> Response:
    """Change a key, which may be done before anything was published with it."""
    traffic = fake.engine.traffic
    lane = traffic.lane(request.path_params["key"])
    change(lane)
    traffic.changed(lane)
    return Response()


def _value(asked: dict[str, str], name: str, parse: Callable[[str], T]) -> T | None:
    text = asked.get(name)
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise Refused(400, f"invalid {name}: {error}") from error


def _key_object(fake: "QStash", lane: Lane) -> dict[str, object]:
    """A key; where it has no limit the number is 0."""
    clock = fake.kernel.clock
    return {
        "flowControlKey": lane.key,
        "waitListSize": len(lane.waiting),
        "parallelismMax": lane.parallelism or 0,
        "parallelismCount": lane.active,
        "rateMax": lane.rate or 0,
        "rateCount": lane.started,
        "ratePeriod": lane.period_s,
        "ratePeriodStart": math.floor(clock.unix - (clock.now - lane.period_start)),
        "isPaused": lane.paused,
        "isPinnedParallelism": lane.pinned_parallelism,
        "isPinnedRate": lane.pinned_rate,
    }
