"""A bot's output is kept apart from the process's."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response


def test_prints_and_logs_of_a_bot__are_kept_and_not_shown(
    small_world: Callable[..., Any],
    one_route: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def endpoint(request: Request) -> Response:
        print("printed")
        print("to stderr", file=sys.stderr)
        handler = logging.StreamHandler()
        logging.getLogger("bot-output-test").addHandler(handler)
        logging.getLogger("bot-output-test").warning("logged")
        logging.getLogger("bot-output-test").removeHandler(handler)
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    print("the test's own")
    assert list(world.simulation.output.lines) == ["printed", "to stderr", "logged"]
    assert capsys.readouterr().out == "the test's own\n"


def test_streams__are_given_back(
    small_world: Callable[..., Any], one_route: Callable[..., Any]
) -> None:
    from emulator.serverless import Simulation

    before = (sys.stdout, sys.stderr)
    with Simulation(one_route(None)):
        assert sys.stdout is not before[0]
    assert (sys.stdout, sys.stderr) == before
