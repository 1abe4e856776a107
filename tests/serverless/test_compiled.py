"""Compiled once, run for every instance."""

import builtins
import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.serverless import compiled

Make = Callable[..., Any]

BOT = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
seen = []
async def hook(request):
    seen.append(1)
    return PlainTextResponse(str(len(seen)))
app = Starlette(routes=[Route('/', hook, methods=['POST'])])
"""

DATA_BOT = """
from dataclasses import dataclass
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
@dataclass
class Seen:
    unlike_any_other: int
async def hook(request):
    Seen.unlike_any_other = getattr(Seen, 'unlike_any_other', 0) + 1
    return PlainTextResponse(f'{Seen(7)} {Seen.unlike_any_other}')
app = Starlette(routes=[Route('/', hook, methods=['POST'])])
"""


def test_module__is_compiled_once_and_fresh_for_every_instance(
    small_world: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "compiled_bot.py"
    file.write_text(BOT)
    real, compiled = builtins.compile, []

    def counting(source: Any, name: Any, *args: Any, **options: Any) -> Any:
        compiled.append(str(name))
        return real(source, name, *args, **options)

    monkeypatch.setattr(builtins, "compile", counting)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    world = small_world("compiled_bot:app", root=tmp_path, instances=1)
    for number in range(3):
        world.post("/", f"u{number}.w0", at=float(number))
        world.run()
        world.host.kill(f"i{number}")
    assert [world.text(f"u{number}.w0") for number in range(3)] == ["1", "1", "1"]
    assert compiled.count(str(file)) == 1


def test_finder__is_gone_between_runs(small_world: Make, tmp_path: Path) -> None:
    (tmp_path / "found_bot.py").write_text(BOT)
    before = list(sys.meta_path)
    world = small_world("found_bot:app", root=tmp_path)
    world.post("/")
    world.run()
    assert sys.meta_path == before
    assert "exec" not in vars(dataclasses)


def test_dataclass__is_generated_once_and_made_for_every_instance(
    small_world: Make, tmp_path: Path
) -> None:
    (tmp_path / "data_bot.py").write_text(DATA_BOT)
    world = small_world("data_bot:app", root=tmp_path, instances=1)
    generated = []
    for number in range(3):
        world.post("/", f"u{number}.w0", at=float(number))
        world.run()
        world.host.kill(f"i{number}")
        generated.append(compiled._compiled.cache_info().misses)
    made = [world.text(f"u{number}.w0") for number in range(3)]
    assert made == ["Seen(unlike_any_other=7) 1"] * 3
    assert generated[0] == generated[1] == generated[2]
