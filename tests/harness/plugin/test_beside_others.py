"""The pytest plugin beside respx, freezegun, pytest-asyncio, capturing and pytest-xdist."""

from textwrap import dedent

import pytest

from tests.harness.plugin._user import PLUGIN, WRITES, change, run, with_telemetry, write

pytest_plugins = ["pytester"]


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
