"""Faults at the gate: what the bot sees of each, and what the service did."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from emulator.call import Call
from emulator.exchange import Failure, Reply
from emulator.faults import FailAfter, FailBefore, Fault, Killed, Once, Onset, Outage, Withheld

Make = Callable[..., Any]


def _only(name: str, fault: Fault) -> Callable[[Call], Fault | None]:
    return lambda call: fault if call.name == name else None


async def _two_calls(request: Request) -> Response:
    """Tells how each of two calls ended."""
    ends = []
    async with httpx.AsyncClient(timeout=3.0) as client:
        for path in ("/first", "/second"):
            try:
                ends.append(str((await client.get("https://echo.test" + path)).status_code))
            except httpx.HTTPError as error:
                ends.append(type(error).__name__)
    return PlainTextResponse(" ".join(ends))


@pytest.mark.parametrize(
    ("fault", "seen", "reached"),
    [
        (FailBefore(), "ConnectError 200", ["/second"]),
        (FailBefore(Reply(503)), "503 200", ["/second"]),
        (FailAfter(), "ReadError 200", ["/first", "/second"]),
        (FailAfter(Reply(500)), "500 200", ["/first", "/second"]),
        (Withheld(), "ReadTimeout 200", ["/first", "/second"]),
        (Withheld(effect=False), "ReadTimeout 200", ["/second"]),
    ],
)
def test_fault__is_seen_by_the_bot_and_by_the_service_as_it_says(
    small_world: Make, one_route: Make, fault: Fault, seen: str, reached: list[str]
) -> None:
    world = small_world(one_route(_two_calls))
    world.gate.faults = _only("u0.w0#0", fault)
    world.post("/")
    world.run()
    assert world.text() == seen
    assert world.echo.paths == reached
    noted = [(entry.name, entry.detail["kind"]) for entry in world.entries("fault")]
    assert noted == [("u0.w0#0", fault.kind)]


@pytest.mark.parametrize(("effect", "reached"), [(True, ["/first"]), (False, [])])
def test_killed__ends_the_instance_at_that_call(
    small_world: Make, one_route: Make, effect: bool, reached: list[str]
) -> None:
    world = small_world(one_route(_two_calls))
    world.gate.faults = _only("u0.w0#0", Killed(world.host.kill, effect=effect))
    world.post("/")
    world.post("/", name="u0.w1", at=60.0)
    world.run()
    assert world.status() == 500
    assert world.text("u0.w1") == "200 200"
    assert world.echo.paths == [*reached, "/first", "/second"]
    assert world.host.cold_starts == 2


def test_outage__begins_and_ends(small_world: Make, one_route: Make) -> None:
    world = small_world(one_route(_two_calls))
    refused = FailBefore(Failure("refused", "connection refused"))
    world.gate.faults = Outage(world.kernel.clock, "echo", refused, start_s=100.0, end_s=220.0)
    for number, at in enumerate((0.0, 110.0, 230.0)):
        world.post("/", name=f"u{number}.w0", at=at)
    world.run()
    assert [world.text(f"u{number}.w0") for number in range(3)] == [
        "200 200",
        "ConnectError ConnectError",
        "200 200",
    ]
    assert len(world.echo.paths) == 4


def test_outage__of_another_service_changes_nothing(small_world: Make, one_route: Make) -> None:
    world = small_world(one_route(_two_calls))
    world.gate.faults = Outage(world.kernel.clock, "qstash", FailBefore(), start_s=0.0, end_s=1e9)
    world.post("/")
    world.run()
    assert world.text() == "200 200"
    assert world.entries("fault") == []


def test_outage__may_be_of_some_calls_only(small_world: Make, one_route: Make) -> None:
    world = small_world(one_route(_two_calls))
    clock = world.kernel.clock
    world.gate.faults = Outage(
        clock, "echo", FailBefore(), 0.0, 9.0, only=lambda call: call.name.endswith("#1")
    )
    world.post("/")
    world.run()
    assert world.text() == "200 ConnectError"


def test_onset__begins_right_after_the_trigger_and_lasts_as_long(
    small_world: Make, one_route: Make
) -> None:
    world = small_world(one_route(_two_calls))
    outage = Outage(world.kernel.clock, "echo", FailBefore(), start_s=100.0, end_s=120.0)
    world.gate.faults = Onset(outage, lambda call: call.name == "u0.w0#0")
    for number, at in enumerate((0.0, 19.0, 21.0, 110.0)):
        world.post("/", name=f"u{number}.w0", at=at)
    world.run()
    assert [world.text(f"u{number}.w0") for number in range(4)] == [
        "200 ConnectError",
        "ConnectError ConnectError",
        "200 200",
        "200 200",
    ]


def test_onset__does_not_wait_for_its_trigger_for_ever(small_world: Make, one_route: Make) -> None:
    world = small_world(one_route(_two_calls))
    outage = Outage(world.kernel.clock, "echo", FailBefore(), start_s=10.0, end_s=20.0)
    world.gate.faults = Onset(outage, lambda call: False)
    for number, at in enumerate((0.0, 15.0, 25.0)):
        world.post("/", name=f"u{number}.w0", at=at)
    world.run()
    assert [world.text(f"u{number}.w0") for number in range(3)] == [
        "200 200",
        "ConnectError ConnectError",
        "200 200",
    ]


def test_once__befalls_each_user_message_one_time(small_world: Make, one_route: Make) -> None:
    world = small_world(one_route(_two_calls))
    world.gate.faults = Once(lambda call: FailBefore())
    world.post("/")
    world.post("/", name="u1.w0", at=10.0)
    world.post("/", name="u0.w1", at=20.0)
    world.run()
    assert [world.text(name) for name in ("u0.w0", "u1.w0", "u0.w1")] == [
        "ConnectError 200",
        "ConnectError 200",
        "200 200",
    ]
