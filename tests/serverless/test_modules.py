"""A bot's modules: each instance imports its own, and what can not be imported is named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.clock import VIRTUAL_EPOCH
from emulator.errors import BotImportError

Make = Callable[..., Any]


def test_instances__have_their_own_module_globals(small_world: Make, tmp_path: Path) -> None:
    (tmp_path / "memory_bot.py").write_text(
        "from starlette.applications import Starlette\n"
        "from starlette.responses import PlainTextResponse\n"
        "from starlette.routing import Route\n"
        "from memory_part import seen\n"
        "async def hook(request):\n"
        "    seen.append(1)\n"
        "    return PlainTextResponse(str(len(seen)))\n"
        "app = Starlette(routes=[Route('/', hook, methods=['POST'])])\n"
    )
    (tmp_path / "memory_part.py").write_text("seen = []\n")
    world = small_world("memory_bot:app", root=tmp_path, instances=1)
    world.post("/", "u0.w0")
    world.run()
    world.post("/", "u1.w0")
    world.run()
    assert [world.text("u0.w0"), world.text("u1.w0")] == ["1", "2"]
    world.host.kill("i0")
    world.post("/", "u2.w0")
    world.run()
    assert world.text("u2.w0") == "1"


def test_modules_of_the_bot__are_not_left_in_the_process(small_world: Make, tmp_path: Path) -> None:
    import sys

    (tmp_path / "passing_bot.py").write_text("async def app(scope, receive, send): ...\n")
    world = small_world("passing_bot:app", root=tmp_path)
    world.post("/")
    world.run()
    assert "passing_bot" not in sys.modules
    assert str(tmp_path) not in sys.path


def test_lazy_import_inside_a_handler__belongs_to_the_instance(
    small_world: Make, tmp_path: Path
) -> None:
    (tmp_path / "lazy_bot.py").write_text(
        "from starlette.applications import Starlette\n"
        "from starlette.responses import PlainTextResponse\n"
        "from starlette.routing import Route\n"
        "async def hook(request):\n"
        "    import lazy_part\n"
        "    lazy_part.seen.append(1)\n"
        "    return PlainTextResponse(str(len(lazy_part.seen)))\n"
        "app = Starlette(routes=[Route('/', hook, methods=['POST'])])\n"
    )
    (tmp_path / "lazy_part.py").write_text("seen = []\n")
    world = small_world("lazy_bot:app", root=tmp_path, instances=3)
    for number in range(9):
        world.post("/", f"u{number}.w0", at=float(number))
    world.run()
    counts = sorted(int(world.text(f"u{number}.w0")) for number in range(9))
    assert len(world.host.instances) == 3
    assert counts.count(1) == 3


def test_import__that_works_only_once_is_named(small_world: Make, tmp_path: Path) -> None:
    (tmp_path / "once_bot.py").write_text(
        "import asyncio, json\n"
        "if hasattr(json, 'thrice_registered'):\n"
        "    raise ValueError('Duplicated timeseries')\n"
        "json.thrice_registered = True\n"
        "async def app(scope, receive, send):\n"
        "    await asyncio.sleep(1)\n"
    )
    world = small_world("once_bot:app", root=tmp_path)
    import json

    try:
        world.post("/", "u0.w0")
        world.post("/", "u1.w0")
        with pytest.raises(
            BotImportError,
            match=r"^once_bot\.py can not be imported twice in one process: "
            r"ValueError: Duplicated timeseries \(once_bot\.py, line 3\)",
        ):
            world.run()
    finally:
        del json.thrice_registered  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nowhere_bot:app", r"^no module named nowhere_bot below "),
        (
            "nowhere_bot",
            r'^"nowhere_bot" does not name an app; '
            r"write module:attribute, for example mybot\.main:app$",
        ),
        (
            "broken_bot:app",
            r"^broken_bot:app can not be imported: ZeroDivisionError: "
            r"division by zero \(broken_bot\.py, line 1\)$",
        ),
        (
            "empty_bot:app",
            r"^empty_bot has no attribute app; empty_bot:app should name the ASGI app$",
        ),
        ("number_bot:app", r"^number_bot:app is a int, not an ASGI application$"),
    ],
)
def test_import__is_refused_with_the_reason(
    small_world: Make, tmp_path: Path, spec: str, message: str
) -> None:
    (tmp_path / "broken_bot.py").write_text("1 / 0\n")
    (tmp_path / "empty_bot.py").write_text("")
    (tmp_path / "number_bot.py").write_text("app = 3\n")

    def run() -> None:
        world = small_world(spec, root=tmp_path)
        world.post("/")
        world.run()

    with pytest.raises(BotImportError, match=message):
        run()


def test_library_that_clashes_with_the_frozen_clock__is_loaded_before(
    small_world: Make, tmp_path: Path
) -> None:
    site = tmp_path / "site-packages" / "clashing_library"
    site.mkdir(parents=True)
    (site / "__init__.py").write_text(
        "from datetime import date\n"
        "class Meta(type): ...\n"
        "class Special(date, metaclass=Meta): ...\n"
    )
    (tmp_path / "clash_bot.py").write_text(
        "import sys\n"
        f"sys.path.append({str(site.parent)!r})\n"
        "from clashing_library import Special\n"
        "from starlette.responses import PlainTextResponse\n"
        "app = PlainTextResponse(Special.__name__)\n"
    )
    import sys

    path = list(sys.path)
    try:
        world = small_world("clash_bot:app", root=tmp_path)
        world.post("/")
        world.run()
        assert world.text() == "Special"
        assert world.kernel.clock.unix == VIRTUAL_EPOCH
    finally:
        sys.path[:] = path
        sys.modules.pop("clashing_library", None)


def test_factory_spec__makes_the_app(small_world: Make, tmp_path: Path) -> None:
    (tmp_path / "factory_bot.py").write_text(
        "from starlette.responses import PlainTextResponse\n"
        "def create_app():\n"
        "    return PlainTextResponse('made')\n"
    )
    world = small_world("factory_bot:create_app()", root=tmp_path)
    world.post("/")
    world.run()
    assert world.text() == "made"
