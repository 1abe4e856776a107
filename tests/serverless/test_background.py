"""What a process tells of the work that it has registered to outlive its responses."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.serverless.background import Background


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Background]:
    reader = Background(tmp_path / "told")
    yield reader
    reader.close()


def tell(background: Background, *lines: object, end: str = "\n") -> None:
    with background.path.open("a") as file:
        file.write("\n".join(map(json.dumps, lines)) + end)


def line(what: str, request: str = "a", **more: str) -> dict[str, str]:
    return {"request": request, "what": what, **more}


def test_nothing_told__is_nothing_pending(background: Background) -> None:
    assert background.pending("a") == 0
    assert background.failures("a") == []


def test_pending__counts_what_is_not_settled_of_each_request(background: Background) -> None:
    tell(background, line("registered"), line("registered"), line("registered", "b"))
    assert (background.pending("a"), background.pending("b")) == (2, 1)
    tell(background, line("settled"), line("rejected", error="Error: no", place="bot.js:3"))
    assert (background.pending("a"), background.pending("b")) == (0, 1)


def test_failures__are_told_once_and_without_the_tokens_in_addresses(
    background: Background,
) -> None:
    error = "Error: no answer from https://graph.test/me?access_token=hunter2"
    tell(background, line("registered"), line("rejected", error=error, place="bot.js:3"))
    (failure,) = background.failures("a")
    assert (failure.error, failure.place) == (
        "Error: no answer from https://graph.test/me",
        "bot.js:3",
    )
    assert background.failures("a") == []


def test_half_a_line__waits_for_its_other_half(background: Background) -> None:
    tell(background, line("registered"))
    with background.path.open("a") as file:
        file.write('{"request": "a", "what": "set')
    assert background.pending("a") == 1
    with background.path.open("a") as file:
        file.write('tled"}\n')
    assert background.pending("a") == 0


@pytest.mark.parametrize("wrong", ["nonsense", '["a"]', "{}", "null", '"\\ud800"'])
def test_what_else_a_bot_writes_there__is_left_alone(background: Background, wrong: str) -> None:
    background.path.write_text(wrong + "\n")
    tell(background, line("registered"))
    assert background.pending("a") == 1
