"""The fixture `certify` of the pytest plugin."""

import os
import subprocess
import sys

import pytest

from tests.harness.plugin._user import change, run

pytest_plugins = ["pytester"]


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
