"""The command: exit codes, files, the replay of what it printed, and messages that name the way
out.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness._command import thrice

ROOT = Path(__file__).parents[2]
HANDSHAKE = ("--only", "handshake")
# Runs the command with a shorter patience for a bot that hangs.
IMPATIENT = """
import sys
from emulator import Simulation
from harness.cli import main
assert Simulation.__init__.__kwdefaults__["hang_limit_s"] == 10
Simulation.__init__.__kwdefaults__["hang_limit_s"] = 0.5
main(sys.argv[1:])
"""

PRINTS_AND_RAISES = """
from starlette.applications import Starlette
from starlette.routing import Route


async def webhook(request):
    body = await request.body()
    print(len(body), "bytes")
    if body:
        raise LookupError("odd")


app = Starlette(routes=[Route("/api/messenger", webhook, methods=["POST"])])
"""


def started(
    *arguments: str, cwd: Path = ROOT, program: tuple[str, ...] = ("-m", "harness")
) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    env.pop("PYTHONHASHSEED", None)
    return subprocess.run(
        [sys.executable, *program, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=env,
        timeout=60,
        check=False,
    )


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """A folder with the reference bot in it, so that traces are written there."""
    (tmp_path / "reference_bot").symlink_to(ROOT / "reference_bot")
    return tmp_path


def test_certify__of_the_reference_bot_exits_0(reference: Path) -> None:
    app = "reference_bot.app:app"
    run = started("certify", "--app", app, "--only", "late-duplicate", *HANDSHAKE, cwd=reference)
    assert run.returncode == 0, run.stderr
    headline = "certified, 2 of 2 checks (a selection of the checklist)"
    assert run.stdout.splitlines()[-1] == f"{app}: {headline}"
    assert "\x1b[" not in run.stdout
    assert run.stderr == ""
    assert not (reference / ".thrice").exists()


def test_certify__of_a_broken_bot_exits_1_and_its_replay_line_works(reference: Path) -> None:
    app = "reference_bot.broken.incident:app"
    run = thrice("certify", "--app", app, "--only", "no-loop", "--seed", "4", cwd=reference)
    assert run.returncode == 1
    assert "cycle: /api/messenger -> /api/internal/delayed-response -> /api/messenger" in run.stdout
    assert "amplification: one user message caused " in run.stdout
    (line,) = [line for line in run.stdout.splitlines() if "replay: thrice " in line]
    command = line.partition("replay: thrice ")[2].split()
    assert command == ["replay", ".thrice/no-loop-4.json"]
    replayed = thrice(*command, cwd=reference)
    assert replayed.returncode == 1
    assert "FINDING loop /api/messenger -> /api/internal/delayed-response" in replayed.stdout
    assert replayed.stdout.splitlines()[-1] == "no-loop FAILED again, the same run"


def test_replay__shows_the_body_the_exception_and_what_the_bot_printed(tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text(PRINTS_AND_RAISES)
    certify = ("certify", "--app", "bot:app", "--only", "hostile-input")
    run = thrice(*certify, "--json", "c.json", cwd=tmp_path)
    assert run.returncode == 1
    (verdict,) = json.loads((tmp_path / "c.json").read_text())["verdicts"]
    (exhibit,) = verdict["exhibits"]
    assert exhibit["error"].startswith("LookupError: odd at bot.py:10")
    trace = json.loads((tmp_path / verdict["trace"]).read_text())
    assert trace["verdict"]["exhibits"] == [exhibit]
    lines = thrice("replay", verdict["trace"], cwd=tmp_path).stdout.splitlines()
    assert any(line.endswith("RAISED LookupError: odd at bot.py:10") for line in lines)
    assert exhibit["body"] in lines
    assert lines[-2].startswith("  the bot printed: ")
    assert lines[-2].endswith(" bytes")


@pytest.mark.parametrize("stream", [1, 2])
def test_reader_that_leaves__changes_neither_files_nor_the_exit_code(
    reference: Path, stream: int
) -> None:
    command = [sys.executable, "-m", "harness", "certify", "--app", "reference_bot.app:app"]
    command += [*HANDSHAKE, "--json", "certificate.json"]
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run(
        command,
        stdout=writer if stream == 1 else subprocess.PIPE,
        stderr=writer if stream == 2 else subprocess.PIPE,
        cwd=reference,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"},
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert run.returncode == 0
    assert not run.stderr
    assert json.loads((reference / "certificate.json").read_text())["certified"]


def test_replay__of_a_mended_bot_says_that_it_diverged(reference: Path) -> None:
    app = "reference_bot.broken.check_then_set:app"
    thrice("certify", "--app", app, "--only", "ten-rapid", cwd=reference)
    trace = reference / ".thrice" / "ten-rapid-1.json"
    recorded = json.loads(trace.read_text())
    assert recorded["run"] == "at-once"
    recorded["choices"][10] = "u0.w9"
    trace.write_text(json.dumps(recorded))
    run = thrice("replay", str(trace), cwd=reference)
    assert run.returncode == 2
    assert run.stderr.startswith("thrice: diverged at step 11: recorded u0.w9, but pending is ")


def test_json__is_the_same_twice_but_for_what_was_measured(reference: Path) -> None:
    app = "reference_bot.broken.check_then_set:app"
    # One that fails with figures and a trace, and one that draws what it sends.
    only = ("--only", "ten-rapid", "--only", "queue-signature")
    texts = []
    for name in ("one.json", "two.json"):
        run = started("certify", "--app", app, *only, "--json", name, cwd=reference)
        assert run.returncode == 1
        content = json.loads((reference / name).read_text())
        assert set(content.pop("measured")) == {"wall_s"}
        texts.append(json.dumps(content))
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["certify", "--app", "nowhere:app"], "thrice: no module named nowhere below "),
        (["certify", "--app", "nowhere"], 'thrice: --app: "nowhere" is not of the form module:'),
        (["certify"], "thrice: "),
        (["certify", "--app", "x:y", "--only", "ten"], 'thrice: no check is called "ten"; '),
        (["certify", "--app", "x:y", "--profile", "none.toml"], "thrice: "),
        (["replay", "none.json"], "thrice: none.json: No such file or directory; certify first"),
    ],
)
def test_bad_usage__exits_2_and_says_what_to_do(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    run = thrice(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith(message)
    assert "Traceback" not in run.stderr


def test_unknown_profile_key__is_refused_before_the_bot_is_imported(tmp_path: Path) -> None:
    (tmp_path / "thrice.toml").write_text('[bot]\napp = "never_imported:app"\nwebhok = "/x"\n')
    run = thrice("certify", cwd=tmp_path)
    assert run.returncode == 2
    assert "webhok" in run.stderr
    assert "webhook" in run.stderr


def test_spinning_bot__ends_the_command_with_its_stack(tmp_path: Path) -> None:
    (tmp_path / "spin.py").write_text(
        "async def app(scope, receive, send):\n"
        "    if scope['type'] == 'http':\n"
        "        while True:\n"
        "            pass\n"
    )
    certify = ("certify", "--app", "spin:app", *HANDSHAKE)
    run = started(*certify, cwd=tmp_path, program=("-c", IMPATIENT))
    assert run.returncode == 2
    assert "thrice: the bot held i0 for more than 0.5 s of real time" in run.stderr
    assert "spin.py" in run.stderr


def test_help__has_an_example_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from harness.cli import main\n"
        "try:\n"
        "    main(['--help'])\n"
        "except SystemExit:\n"
        "    pass\n"
        "heavy = ('httpx', 'starlette', 'respx', 'freezegun')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert "thrice certify --app mybot.main:app" in run.stdout
    assert run.stdout.splitlines()[-1] == "[]"


def test_version__is_printed() -> None:
    run = started("--version")
    assert run.returncode == 0
    assert run.stdout.startswith("thrice ")
