"""The fixture `world` of the pytest plugin, and how a test chooses its bot."""

import pytest

from tests.harness.plugin._user import BOT, PLUGIN, change, run, write

pytest_plugins = ["pytester"]


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
