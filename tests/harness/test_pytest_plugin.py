"""The pytest plugin, used as a stranger would: a folder with a bot and a test file, and what pytest
makes of it.
"""

import importlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from textwrap import dedent

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PLUGIN = "harness.pytest_plugin"
# Runs in this process drop what they import; these must stay one and the same.
PRELOADED = [
    importlib.import_module(name)
    for name in (
        "harness.certify",
        "harness.report",
        "harness.report.evidence",
        "harness.plan",
        "pytest_asyncio",
    )
]

BOT = """
import json
import os

import httpx

QUEUE = "https://qstash.upstash.io/v2/publish/https://my-bot.example.com/work"
GRAPH = "https://graph.facebook.com/v23.0/me/messages"


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    async with httpx.AsyncClient() as client:
        if scope["path"] == "/hook":
            await enqueue(client, json.loads(body))
        else:
            await answer(client, json.loads(body))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def enqueue(client, notice):
    for entry in notice["entry"]:
        for item in entry["messaging"]:
            job = {"to": item["sender"]["id"], "text": item["message"]["text"]}
            headers = {"Authorization": "Bearer " + os.environ["QSTASH_TOKEN"]}
            if os.environ["DEDUP"] == "yes":
                headers["Upstash-Deduplication-Id"] = item["message"]["mid"]
            await client.post(QUEUE, json=job, headers=headers)


async def answer(client, job):
    await client.post(
        GRAPH,
        params={"access_token": os.environ["PAGE_TOKEN"]},
        json={"recipient": {"id": job["to"]}, "message": {"text": "re: " + job["text"]}},
    )
"""

PROFILE = """
[bot]
app = "bot:app"
webhook = "/hook"
consumer = "/work"

[bot.env]
QSTASH_TOKEN = "{qstash.token}"
PAGE_TOKEN = "{meta.page_token}"
DEDUP = "yes"
"""


@pytest.fixture
def folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with a bot and its profile; nothing but what a test asks for is plugged in."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makefile(".toml", thrice=PROFILE)
    write(pytester, "bot", BOT)
    return pytester


def write(folder: pytest.Pytester, name: str, text: str) -> None:
    folder.path.joinpath(f"{name}.py").write_text(dedent(text))


def change(folder: pytest.Pytester, file: str, old: str, new: str) -> None:
    path = folder.path / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def run(folder: pytest.Pytester, text: str, *options: str) -> pytest.RunResult:
    """Run a user's test file in this process."""
    write(folder, "test_user", text)
    return folder.runpytest_inprocess("-p", PLUGIN, "--strict-markers", *options)


# -- world -----------------------------------------------------------------------------------------


def test_world__is_driven_and_read_with_plain_calls(folder: pytest.Pytester) -> None:
    result = run(
        folder,
        """
        def test_ten_messages(world):
            for number in range(10):
                world.meta.message(f"message {number}")
            assert world.run_until_quiet()
            assert world.journal.counts["publish"] == world.qstash.published == 10
            assert "re: message 0" in [sent.text for sent in world.meta.sent]
            world.advance(hours=24)
            assert world.now > 86_400
            assert world.qstash.published == 10
        """,
        "-W",
        "error",
    )

    result.assert_outcomes(passed=1)


def test_each_test__has_a_world_of_its_own(folder: pytest.Pytester) -> None:
    result = run(
        folder,
        """
        import pytest

        @pytest.mark.parametrize("attempt", [1, 2])
        def test_fresh(world, attempt):
            assert world.now == 0.0
            assert len(world.journal) == 0
            world.meta.message("hello")
            world.run_until_quiet()
        """,
    )

    result.assert_outcomes(passed=2)


def test_process__is_as_it_was_after_a_world(folder: pytest.Pytester) -> None:
    result = run(
        folder,
        """
        import datetime, os, random, socket, sys, threading, time
        import httpx

        PLACES = [(time, "time"), (time, "sleep"), (datetime, "datetime"), (os, "urandom"),
                  (threading.Thread, "start"), (socket, "create_connection"),
                  (httpx.HTTPTransport, "handle_request")]

        def found():
            return [getattr(owner, name) for owner, name in PLACES], set(os.environ)

        BEFORE = found()

        def test_in_a_world(world):
            world.meta.message("hello")
            world.run_until_quiet()
            assert "QSTASH_TOKEN" in os.environ

        def test_after_it():
            assert found() == BEFORE
            assert not [thread for thread in threading.enumerate() if "bot" in thread.name]
        """,
    )

    result.assert_outcomes(passed=2)


def test_marker__chooses_bot_host_copies_spacing_and_seed(folder: pytest.Pytester) -> None:
    write(folder, "other", BOT.replace("re: ", "other: "))
    result = run(
        folder,
        """
        import pytest

        pytestmark = pytest.mark.thrice(copies=2, host="vercel", seed=7)

        def texts(world):
            message = world.meta.message("hello")
            world.run_until_quiet()
            return message.mid, [sent.text for sent in world.meta.sent]

        MIDS = set()

        @pytest.mark.thrice(app="other:app", spacing="staggered")
        def test_other(world):
            mid, replies = texts(world)
            MIDS.add(mid)
            assert replies == ["other: hello"]
            starts = [entry.time for entry in world.journal.entries("delivery")
                      if entry.detail["kind"] == "user"]
            assert len(starts) == 2 and starts[1] > starts[0]
            assert world.host.profile.kind == "vercel"

        @pytest.mark.thrice(seed=8, copies=1)
        def test_own(world):
            mid, replies = texts(world)
            MIDS.add(mid)
            assert replies == ["re: hello"]
            assert world.journal.counts["delivery"] == 2
            assert len(MIDS) == 2
        """,
    )

    result.assert_outcomes(passed=2)


def test_profile__is_found_in_pyproject_of_the_root_directory(folder: pytest.Pytester) -> None:
    text = folder.path.joinpath("thrice.toml").read_text()
    folder.path.joinpath("thrice.toml").unlink()
    folder.path.joinpath("pyproject.toml").write_text(
        "[tool.pytest.ini_options]\n" + text.replace("[bot", "[tool.thrice.bot")
    )
    (folder.path / "deep").mkdir()
    folder.path.joinpath("deep", "test_deep.py").write_text(
        "def test_it(world):\n"
        "    world.meta.message('hello')\n"
        "    world.run_until_quiet()\n"
        "    assert world.meta.sent_count == 1\n"
    )

    result = folder.runpytest_inprocess("-p", PLUGIN, "deep")

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        (
            "'bot:app'",
            "thrice: the marker thrice takes its options by name only: app, profile, host, *",
        ),
        ("copys=2", "thrice: the marker thrice has no option copys, did you mean copies?"),
        ("copies=0", "thrice: marker thrice, copies: has to be a whole number from 1 on, not 0"),
        ("seed=True", "thrice: marker thrice, seed: has to be a whole number, not True"),
        (
            "host='aws'",
            'thrice: marker thrice, host: has to be "lambda" or "vercel" or "vercel-fluid" or '
            '"cloud-run" or "always-on", not \'aws\'',
        ),
        ("app='bot'", 'thrice: marker thrice, app: "bot" is not of the form module:attribute'),
        ("profile='none.toml'", "thrice: none.toml: can not be read: No such file or directory"),
    ],
)
def test_marker__that_makes_no_sense_says_so(
    folder: pytest.Pytester, marker: str, message: str
) -> None:
    result = run(
        folder,
        f"""
        import pytest

        @pytest.mark.thrice({marker})
        def test_it(world):
            raise AssertionError("not reached")
        """,
    )

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_no_bot__names_the_ways_to_give_one(folder: pytest.Pytester) -> None:
    folder.path.joinpath("thrice.toml").unlink()

    result = run(folder, "def test_it(world): pass")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "thrice: no bot to run: there is no thrice.toml and no [[]tool.thrice] in *",
            '  for example: @pytest.mark.thrice(app="mybot.main:app")',
        ]
    )


def test_bot_that_does_not_import__is_told_in_the_test_without_the_way_through_thrice(
    folder: pytest.Pytester,
) -> None:
    write(folder, "bot", "import nowhere_to_be_found")

    result = run(
        folder,
        """
        def test_it(world):
            world.meta.message("hello")
            world.run_until_quiet()
        """,
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">*world.run_until_quiet()",
            "E*BotImportError: bot:app can not be imported: ModuleNotFoundError: *",
        ]
    )
    result.stdout.no_fnmatch_line("*kernel.py*")


def test_world__is_for_apps_and_a_command_is_certified(folder: pytest.Pytester) -> None:
    change(folder, "thrice.toml", 'app = "bot:app"', 'command = "python bot.py {port}"')

    result = run(folder, "def test_it(world): pass")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["thrice: the fixture `world` runs Python apps, *; use `certify`"])


# -- findings and evidence -------------------------------------------------------------------------


def with_telemetry(folder: pytest.Pytester) -> None:
    change(
        folder,
        "bot.py",
        "async def answer(client, job):\n",
        "async def answer(client, job):\n"
        "    try:\n"
        "        await client.get('https://telemetry.example.net/ping')\n"
        "    except httpx.HTTPError:\n"
        "        pass\n",
    )


WRITES = """
    def test_it(world):
        world.meta.message("hello")
        world.run_until_quiet()
        assert world.meta.sent_count == 1
"""


def test_unknown_host__fails_a_test_that_asserts_nothing_about_it(folder: pytest.Pytester) -> None:
    with_telemetry(folder)

    result = run(folder, WRITES)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "thrice: the bot did what is wrong whatever a test asserts:",
            "  t=*u0: telemetry.example.net is not part of the world",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_unknown_host__passes_when_findings_are_allowed(folder: pytest.Pytester) -> None:
    with_telemetry(folder)

    result = run(
        folder,
        "import pytest\npytestmark = pytest.mark.thrice(allow_findings=True)\n" + dedent(WRITES),
    )

    result.assert_outcomes(passed=1)


def test_finding__made_while_a_fixture_ends_is_an_error(folder: pytest.Pytester) -> None:
    with_telemetry(folder)

    result = run(
        folder,
        """
        import pytest

        @pytest.fixture
        def written(world):
            yield
            world.meta.message("hello")
            world.run_until_quiet()

        def test_it(written):
            pass
        """,
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["  t=*u0: telemetry.example.net is not part of the world"])


def test_loop__fails_the_test_with_its_routes(folder: pytest.Pytester) -> None:
    change(
        folder,
        "bot.py",
        "async def answer(client, job):\n",
        "async def answer(client, job):\n"
        "    headers = {'Authorization': 'Bearer ' + os.environ['QSTASH_TOKEN']}\n"
        "    await client.post(QUEUE, json=job, headers=headers)\n",
    )

    result = run(folder, 'def test_it(world):\n    world.meta.message("hello")\n'
                         "    world.run_until_quiet()\n")  # fmt: skip

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["  t=* u0: loop: /work -> /work*", "  t=* u0: runaway: limit *"])


def test_failed_test__prints_what_happened(folder: pytest.Pytester) -> None:
    change(folder, "thrice.toml", '"yes"', '"no"')

    result = run(
        folder,
        """
        def test_ten_messages(world):
            for number in range(10):
                world.meta.message(f"message {number}")
            world.run_until_quiet()
            assert world.qstash.published == 10
        """,
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E       assert 30 == 10",
            "*- thrice -*",
            "bot:app, seed 1, host lambda, 3 copies at-once",
            "t=*: 10 user messages, 60 deliveries, 30 publishes, 0 duplicates, 30 replies, *",
            'u0 "message 0": 3 publishes, 3 replies, 0 late calls',
            "and 5 more",
            '*u0 *the user writes "message 0"',
            "*u0.w0.q0*PUBLISH to *",
        ]
    )


def test_failed_test__with_findings_tells_of_them_once(folder: pytest.Pytester) -> None:
    with_telemetry(folder)

    result = run(folder, WRITES.replace("== 1", "== 2"))

    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert text.count("telemetry.example.net is not part of the world") == 1


# -- certify ---------------------------------------------------------------------------------------


def test_certify__gives_the_certificate(folder: pytest.Pytester) -> None:
    result = run(
        folder,
        """
        import pytest

        @pytest.mark.thrice(seed=5)
        def test_it(certify):
            certificate = certify(only=["ten-rapid", "one-reply"])
            assert certificate.certified
            assert certificate.seed == 5
            assert [verdict.check for verdict in certificate.verdicts] == ["ten-rapid", "one-reply"]
            assert certify(only="one-reply", seed=6).seed == 6
        """,
    )

    result.assert_outcomes(passed=1)


def test_certify__fails_with_the_text_of_the_command(folder: pytest.Pytester) -> None:
    change(folder, "thrice.toml", '"yes"', '"no"')

    result = run(folder, "def test_it(certify):\n    certify(only=['ten-rapid'], seed=4)\n")

    result.assert_outcomes(failed=1)
    shown = result.stdout.str()
    printed = subprocess.run(
        [sys.executable, "-m", "harness", "certify", "--only", "ten-rapid", "--seed", "4"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    ).stdout
    assert "10 messages, 30 publishes" in shown
    for line in printed.splitlines():
        assert line in shown or "replay: " in line
    # Under CI, pytest's own summary says it once more.
    (replay,) = {line.strip() for line in shown.splitlines() if "replay: thrice replay" in line}
    assert folder.path.joinpath(replay.rpartition(" ")[2]).is_file()


def test_certify__on_another_host_keeps_no_trace_that_could_not_be_replayed(
    folder: pytest.Pytester,
) -> None:
    change(folder, "thrice.toml", '"yes"', '"no"')

    result = run(
        folder,
        """
        import pytest

        @pytest.mark.thrice(host="vercel")
        def test_it(certify):
            certify(only="ten-rapid")
        """,
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["thrice *, seed 1, host vercel, simulated*"])
    result.stdout.no_fnmatch_line("*replay: *")
    assert not folder.path.joinpath(".thrice").exists()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("certify(only=['ten'])", 'thrice: no check is called "ten"; the checks are ten-rapid, *'),
        ("certify(skip='ten')", 'thrice: no check is called "ten"; the checks are ten-rapid, *'),
    ],
)
def test_certify__of_what_does_not_exist_says_what_does(
    folder: pytest.Pytester, call: str, message: str
) -> None:
    result = run(folder, f"def test_it(certify):\n    {call}\n")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([message])


def test_certify__and_world_are_for_two_tests(folder: pytest.Pytester) -> None:
    result = run(folder, "def test_it(world, certify):\n    certify()\n")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*certify* makes worlds of its own, *; use them in two tests"])


# -- beside other plugins --------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["world, respx_mock", "respx_mock, world"])
def test_respx__routes_of_the_test_answer_bot_and_test(folder: pytest.Pytester, order: str) -> None:
    with_telemetry(folder)

    result = run(
        folder,
        f"""
        import httpx

        def test_it({order}):
            route = respx_mock.get("https://telemetry.example.net/ping")
            route.respond(204)
            world.meta.message("hello")
            world.run_until_quiet()
            assert route.call_count == 1
            assert world.meta.sent_count == 1
            assert httpx.get("https://telemetry.example.net/ping").status_code == 204
        """,
        "-p",
        "respx.plugin",
    )

    result.assert_outcomes(passed=1)


CLOCKED = """
    import datetime
    import pytest
    from freezegun import freeze_time

    @pytest.fixture
    def past():
        with freeze_time("2020-02-03 04:05:06") as clock:
            yield clock

    def write(world):
        world.meta.message("hello")
        world.run_until_quiet()
        return world.meta.sent[0].text
"""


def with_clock(folder: pytest.Pytester) -> None:
    change(folder, "bot.py", '"re: " + job["text"]', "str(__import__('datetime').date.today())")


def test_freezegun__that_is_on_already_sets_the_begin_of_the_world(
    folder: pytest.Pytester,
) -> None:
    with_clock(folder)

    result = run(
        folder,
        dedent(CLOCKED)
        + dedent("""
        def test_world(past, world):
            assert datetime.datetime.now() == datetime.datetime(2020, 2, 3, 4, 5, 6)
            assert write(world) == "2020-02-03"
            world.advance(days=2)
            world.meta.message("again")
            world.run_until_quiet()
            assert world.meta.sent[1].text == "2020-02-05"

        def test_own_freeze_goes_on_alone(past):
            past.tick(60)
            assert datetime.datetime.now() == datetime.datetime(2020, 2, 3, 4, 6, 6)

        def test_real_clock_is_back():
            assert datetime.datetime.now().year not in (2020, 2026) or (
                type(datetime.datetime.now()).__module__ == "datetime"
            )
        """),
    )

    result.assert_outcomes(passed=3)


def test_freezegun__around_other_code_of_the_test_is_the_tests_own(folder: pytest.Pytester) -> None:
    with_clock(folder)

    result = run(
        folder,
        dedent(CLOCKED)
        + dedent("""
        def test_world(world):
            with freeze_time("2020-02-03"):
                assert datetime.date.today().year == 2020
            assert write(world) == "2026-09-21"
        """),
    )

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "test",
    [
        "@freeze_time('2020-02-03')\ndef test_it(world):\n    write(world)\n",
        "def test_it(world, past):\n    write(world)\n",
    ],
)
def test_freezegun__that_would_hide_the_clock_from_the_bot_is_refused(
    folder: pytest.Pytester, test: str
) -> None:
    result = run(folder, dedent(CLOCKED) + test)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E*ScenarioError: freezegun was started or stopped while the world has the clock, *"]
    )


def test_durations_of_tests__are_real(folder: pytest.Pytester) -> None:
    result = run(folder, WRITES, "--durations=0", "--durations-min=0.0", "-vv")

    lines = [line.split() for line in result.outlines if line.endswith("test_user.py::test_it")]
    shown = {words[1]: float(words[0].rstrip("s")) for words in lines}
    assert set(shown) == {"setup", "call", "teardown"}
    assert all(0.0 <= seconds < 60.0 for seconds in shown.values())
    assert shown["call"] > 0.0


def test_asyncio__world_is_driven_inside_a_running_loop(folder: pytest.Pytester) -> None:
    result = run(
        folder,
        """
        import asyncio
        import pytest

        @pytest.mark.asyncio
        async def test_it(world):
            ticks = []
            task = asyncio.create_task(asyncio.sleep(0.001, "slept"))
            world.meta.message("hello")
            assert world.run_until_quiet()
            world.advance(hours=24)
            assert world.meta.sent_count == 1
            async with asyncio.timeout(5):
                assert await task == "slept"

        @pytest.mark.asyncio
        async def test_fails(world):
            world.meta.message("hello")
            world.run_until_quiet()
            assert world.meta.sent_count == 2
        """,
        "-p",
        "pytest_asyncio.plugin",
        "-o",
        "asyncio_default_fixture_loop_scope=function",
        "-W",
        "error",
    )

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*- thrice -*", "bot:app, seed 1, *"])


def test_capture__output_of_the_bot_is_shown_with_the_test(folder: pytest.Pytester) -> None:
    change(folder, "bot.py", "async def answer(client, job):\n",
           "async def answer(client, job):\n    print('working on', job['text'])\n")  # fmt: skip

    result = run(
        folder,
        """
        def test_it(world, capsys):
            world.meta.message("hello")
            world.run_until_quiet()
            assert capsys.readouterr().out == "working on hello\\n"

        def test_fails(world):
            world.meta.message("bye")
            world.run_until_quiet()
            assert not world.meta.sent
        """,
    )

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*Captured stdout call*", "working on bye"])


def test_xdist__workers_have_worlds_of_their_own(folder: pytest.Pytester) -> None:
    write(
        folder,
        "test_user",
        """
        import os
        import pytest

        @pytest.mark.parametrize("number", range(4))
        def test_it(world, number):
            for _ in range(3):
                world.meta.message("hello")
            world.run_until_quiet()
            assert world.qstash.published == (3 if number else 4)
        """,
    )

    result = folder.runpytest_subprocess("-p", PLUGIN, "-p", "xdist.plugin", "-n", "2")

    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*- thrice -*", "bot:app, seed 1, *"])


# -- what can not be rescued, and what is not loaded -----------------------------------------------


def test_hung_bot__that_can_not_be_ended_taints_the_process(folder: pytest.Pytester) -> None:
    change(
        folder,
        "bot.py",
        "async def answer(client, job):\n",
        "async def answer(client, job):\n"
        "    import _thread\n"
        "    lock = _thread.allocate_lock()\n"
        "    lock.acquire()\n"
        "    lock.acquire()\n",
    )
    write(
        folder,
        "conftest",
        """
        from emulator import Simulation
        from emulator.serverless import baton

        Simulation.__init__.__kwdefaults__["hang_limit_s"] = 0.3
        baton.RESCUE_S = 0.1
        """,
    )
    write(folder, "test_user", WRITES + "\n    def test_next(world):\n        pass\n")

    result = folder.runpytest_subprocess("-p", PLUGIN)

    result.assert_outcomes(failed=1, errors=2)
    result.stdout.fnmatch_lines(
        [
            "this process is tainted: a thread of the bot could not be ended, so nothing *",
            "E*BotHungError: the bot held i* for more than 0.3 s of real time *",
            "where the bot hangs:",
            '*bot.py", line *, in answer',
        ],
        consecutive=False,
    )
    result.stdout.fnmatch_lines(["*this process can not be trusted with another run*"])


def test_plugin__loads_nothing_heavy_before_a_fixture_is_used(folder: pytest.Pytester) -> None:
    write(
        folder,
        "test_user",
        """
        import sys

        HEAVY = {"emulator", "freezegun", "httpx", "respx", "starlette", "asyncio"}

        def test_nothing_is_loaded():
            assert "harness.pytest_plugin" in sys.modules
            assert HEAVY.isdisjoint(sys.modules)
            assert [name for name in sys.modules if name.startswith("harness.")] == [
                "harness.pytest_plugin"
            ]

        def test_used(world):
            assert HEAVY <= set(sys.modules)
        """,
    )

    result = folder.runpytest_subprocess("-p", PLUGIN)

    result.assert_outcomes(passed=2)


def test_plugin__is_an_entry_point_and_names_its_marker(folder: pytest.Pytester) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"thrice": PLUGIN}

    result = run(folder, "", "--markers")

    result.stdout.fnmatch_lines(["@pytest.mark.thrice(app=..., profile=..., host=..., copies=3, *"])
