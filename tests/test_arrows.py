"""Holds the arrows between folders, and keeps clocks, chance and test tools where they belong."""

import ast

import pytest

from tests._arrows import (
    FOLDERS,
    LOOP,
    ONE_FILE,
    RULES,
    Rule,
    Source,
    clock_and_chance_are_the_worlds,
    folders_import_one_way,
    loop_internals_stay_in_their_file,
    one_file_imports,
    platforms_meet_in_the_world_only,
    sources,
    tools_stay_in_their_file,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_holds(rule: Rule) -> None:
    assert [finding for source in sources() for finding in rule(source)] == []


@pytest.mark.parametrize("library", ONE_FILE)
def test_library_that_patches_the_process_is_imported_by_one_file(library: str) -> None:
    assert one_file_imports(library, sources()) == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_is_read(folder: str) -> None:
    assert [source.path for source in sources() if source.path.startswith(f"{folder}/")]


# -- the rules can fail, and know what is allowed --------------------------------------------------


def findings(rule: Rule, path: str, text: str) -> list[str]:
    return list(rule(Source(path, ast.parse(text))))


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("emulator/kernel.py", "import harness", "harness"),
        ("emulator/kernel.py", "from tests import helper", "tests.helper"),
        ("emulator/meta/account.py", "from ...harness import stage", "harness.stage"),
        ("emulator/kernel.py", "def f() -> None:\n import loadtests.burn", "loadtests.burn"),
        ("harness/cli.py", "from reference_bot.app import app", "reference_bot.app.app"),
        ("harness/cli.py", "importlib.import_module('reference_bot.app')", "reference_bot.app"),
        ("harness/checks/load.py", "import loadtests", "loadtests"),
        ("reference_bot/app.py", "import emulator.clock as clock", "emulator.clock"),
        ("reference_bot/broken/loop.py", "from harness import profile", "harness.profile"),
    ],
)
def test_folders__wrong_way(path: str, text: str, name: str) -> None:
    line = text.count("\n") + 1

    assert findings(folders_import_one_way, path, text) == [f"{path}:{line} imports {name}"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("harness/cli.py", "from emulator import World\nimport harness.stage"),
        ("emulator/meta/account.py", "from . import wire\nfrom ..clock import Clock"),
        ("reference_bot/broken/loop.py", "from reference_bot.app import create_app"),
        ("emulator/kernel.py", "import testsuite"),
    ],
)
def test_folders__right_way(path: str, text: str) -> None:
    assert findings(folders_import_one_way, path, text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("from emulator.qstash.message import Message", "emulator.qstash.message.Message"),
        ("from emulator import firestore", "emulator.firestore"),
        ("from ..serverless import host", "emulator.serverless.host"),
        ("import emulator.serverless.host", "emulator.serverless.host"),
    ],
)
def test_platforms__one_imports_another(text: str, name: str) -> None:
    path = "emulator/meta/account.py"

    assert findings(platforms_meet_in_the_world_only, path, text) == [f"{path}:1 imports {name}"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "emulator/meta/account.py",
            "from emulator.meta import wire\nfrom emulator.kernel import K",
        ),
        ("emulator/world.py", "from emulator.meta import Messenger\nimport emulator.qstash"),
        ("emulator/meta/account.py", "from emulator.net import listener"),
    ],
)
def test_platforms__allowed(path: str, text: str) -> None:
    assert findings(platforms_meet_in_the_world_only, path, text) == []


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("harness/checks/limits.py", "import pytest", "pytest"),
        ("harness/pytest_plugin.py", "from locust import HttpUser", "locust.HttpUser"),
        ("emulator/gate.py", "from gevent.monkey import patch_all", "gevent.monkey.patch_all"),
    ],
)
def test_tools__elsewhere(path: str, text: str, name: str) -> None:
    assert findings(tools_stay_in_their_file, path, text) == [f"{path}:1 imports {name}"]


def test_tools__at_home() -> None:
    assert findings(tools_stay_in_their_file, "harness/pytest_plugin.py", "import pytest") == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("loop._ready.popleft()", "uses _ready"),
        ("self.loop._scheduled.clear()", "uses _scheduled"),
        ("from asyncio import events", "imports asyncio.events"),
        ("import asyncio\nasyncio.events.get_event_loop()", "uses asyncio.events"),
        ("from x import events\nevents._set_running_loop(None)", "uses _set_running_loop"),
        ("class Mine(asyncio.BaseEventLoop): pass", "derives Mine from an event loop"),
    ],
)
def test_loop_internals__elsewhere(text: str, what: str) -> None:
    path = "emulator/serverless/asgi.py"
    found = findings(loop_internals_stay_in_their_file, path, text)

    assert any(f"{path}:{text.count(chr(10)) + 1} {what}" in finding for finding in found)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (LOOP, "class Loop(asyncio.BaseEventLoop):\n def f(self): self._ready.clear()"),
        ("emulator/qstash/dedup.py", "class Queue:\n def f(self): self._ready.clear()"),
    ],
)
def test_loop_internals__allowed(path: str, text: str) -> None:
    assert findings(loop_internals_stay_in_their_file, path, text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import time\ntime.time()", "time.time"),
        ("import time as t\nt.sleep(1)", "time.sleep"),
        ("from time import monotonic as now\nf(clock=now)", "time.monotonic"),
        ("import asyncio\nasyncio.sleep(1)", "asyncio.sleep"),
        ("from datetime import datetime\ndatetime.now()", "datetime.datetime.now"),
        ("import datetime as dt\ndt.datetime.utcnow()", "datetime.datetime.utcnow"),
        ("import random\nrandom.choice([1])", "random.choice"),
        ("from random import Random\nRandom()", "random.Random"),
        ("from uuid import uuid4\nfield(default_factory=uuid4)", "uuid.uuid4"),
        ("import secrets\nsecrets.token_hex()", "secrets.token_hex"),
        ("import os\nos.urandom(8)", "os.urandom"),
    ],
)
@pytest.mark.parametrize("path", ["emulator/gate.py", "harness/checks/limits.py"])
def test_clock_and_chance__real(path: str, text: str, name: str) -> None:
    found = findings(clock_and_chance_are_the_worlds, path, text)

    assert found == [f"{path}:2 uses {name}"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("emulator/chance.py", "import random\nx: random.Random = random.Random(7)"),
        ("emulator/chance.py", "import random\nrandom.Random(7).random()"),
        ("emulator/gate.py", "clock.time()\nself.random.choice([1])"),
        ("emulator/gate.py", "from datetime import datetime\ndatetime.fromtimestamp(0)"),
        ("harness/cli.py", "import time\ntime.perf_counter()"),
        ("reference_bot/claims.py", "import time\ntime.time()"),
    ],
)
def test_clock_and_chance__allowed(path: str, text: str) -> None:
    assert findings(clock_and_chance_are_the_worlds, path, text) == []


def test_exemption_is_for_its_names_only() -> None:
    found = findings(
        clock_and_chance_are_the_worlds, "harness/cli.py", "import time\ntime.sleep(1)"
    )

    assert found == ["harness/cli.py:2 uses time.sleep"]


@pytest.mark.parametrize(
    "paths",
    [
        ["emulator/serverless/bot_clock.py", "emulator/serverless/host.py"],
        ["harness/stage.py"],
    ],
)
def test_one_file__more_than_one_or_elsewhere(paths: list[str]) -> None:
    files = [Source(path, ast.parse("from freezegun.api import freeze_time")) for path in paths]

    assert one_file_imports("freezegun", files) == paths


def test_one_file__one_where_it_belongs() -> None:
    file = Source("emulator/serverless/bot_clock.py", ast.parse("import freezegun, respx"))

    assert one_file_imports("freezegun", [file]) == []
