"""What the pytest plugin loads, and a process that can not be rescued."""

import tomllib

import pytest

from tests.harness.plugin._user import PLUGIN, ROOT, WRITES, change, run, write

pytest_plugins = ["pytester"]


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
