"""What the pytest plugin tells of a test that failed, and what fails one by itself."""

from textwrap import dedent

import pytest

from tests.harness.plugin._user import WRITES, change, run, with_telemetry

pytest_plugins = ["pytester"]


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
