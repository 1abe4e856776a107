"""The command's formats, its gate, and the commands beside `certify` and `replay`."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from harness.checks import CATALOGUE
from harness.commands.checks import WIDTH
from harness.profile import load_profile
from tests.harness._command import thrice

ROOT = Path(__file__).parents[2]
BROKEN = "reference_bot.broken.check_then_set:app"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the reference bot in it."""
    (tmp_path / "reference_bot").symlink_to(ROOT / "reference_bot")
    return tmp_path


def profile(folder: Path, *lines: str, app: str = "reference_bot.app:app") -> None:
    bot = ("[bot]", f'app = "{app}"', 'consumer = "/api/process-message"')
    (folder / "thrice.toml").write_text("\n".join([*bot, *lines]) + "\n")


def certified(folder: Path, *arguments: str, only: Sequence[str]) -> tuple[int, str]:
    chosen = [word for check in only for word in ("--only", check)]
    run = thrice("certify", *chosen, *arguments, cwd=folder)
    assert run.stderr == ""
    return run.returncode, run.stdout


def test_every_format__says_in_its_first_line_what_was_not_judged(folder: Path) -> None:
    profile(folder)
    files = ("--json", "c.json", "--junit", "out/j.xml", "--markdown", "m.md")
    code, shown = certified(folder, *files, "--github", only=["dedup-records", "handshake"])
    headline = "certified, 1 of 2 checks (1 not applicable, a selection of the checklist)"
    assert code == 0
    assert shown.splitlines()[0] == f"reference_bot.app:app: {headline}"
    assert f"\n::notice title=thrice%3A certified::reference_bot.app:app: {headline}\n" in shown
    assert json.loads((folder / "c.json").read_text())["headline"] == headline
    junit = (folder / "out" / "j.xml").read_text()
    assert headline in junit.splitlines()[0]
    assert fromstring(junit).attrib["skipped"] == "1"
    assert (folder / "m.md").read_text().startswith(f"### `reference_bot.app:app`: {headline}\n")


def test_standard_output__holds_the_asked_format_and_nothing_else(folder: Path) -> None:
    profile(folder)
    run = thrice("certify", "--only", "handshake", "--json", "-", "--github", cwd=folder)
    assert run.returncode == 0
    assert json.loads(run.stdout)["certified"] is True
    assert "reference_bot.app:app: certified, 1 of 1 checks" in run.stderr
    assert "::notice " in run.stderr


def test_require__fails_a_certificate_in_which_the_check_is_not_applicable(folder: Path) -> None:
    profile(folder)
    only = ["dedup-records", "handshake"]
    code, shown = certified(folder, "--require", "dedup-records", only=only)
    assert code == 1
    assert shown.splitlines()[0] == (
        "reference_bot.app:app: NOT certified, 1 required check not applicable "
        "(a selection of the checklist)"
    )
    profile(folder, "[store]")
    assert certified(folder, "--require", "dedup-records", only=only)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--require", "ten"), 'thrice: no check is called "ten"; the checks are ten-rapid, '),
        (
            ("--require", "no-loop", "--only", "handshake"),
            "thrice: the selection leaves out no-loop, which is required",
        ),
        (("--json", "x", "--junit", "x"), "thrice: --json and --junit both go to x"),
        (("--json", "reference_bot"), "thrice: --json: reference_bot is a folder; name a file"),
    ],
)
def test_impossible_gate__is_refused_before_anything_runs(
    folder: Path, arguments: Sequence[str], message: str
) -> None:
    profile(folder, app="never_imported:app")
    run = thrice("certify", *arguments, cwd=folder)
    assert run.returncode == 2
    assert run.stderr.startswith(message)


@pytest.mark.parametrize(("until", "code"), [("2999-12-31", 0), ("2020-01-31", 1)])
def test_waiver__holds_until_its_last_day(folder: Path, until: str, code: int) -> None:
    waive = f'"ten-rapid" = {{ reason = "known", until = {until} }}'
    profile(folder, "[waive]", waive, app=BROKEN)
    found, shown = certified(folder, only=["ten-rapid", "handshake"])
    assert found == code
    words = "waived until 2999-12-31: known" if code == 0 else "the waiver expired, its last day"
    assert words in shown
    # A waived failure can be looked at all the same.
    assert "replay: thrice replay .thrice/ten-rapid-1.json" in shown


def test_verify__accepts_what_was_just_certified_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text(
        "import os\n"
        "from starlette.applications import Starlette\n"
        "from starlette.responses import PlainTextResponse\n"
        "from starlette.routing import Route\n"
        "async def hook(request):\n"
        "    if request.query_params['hub.verify_token'] != os.environ['VERIFY']:\n"
        "        return PlainTextResponse('no', 403)\n"
        "    return PlainTextResponse(request.query_params['hub.challenge'])\n"
        "app = Starlette(routes=[Route('/hook', hook)])\n"
    )
    assert thrice("init", cwd=tmp_path).returncode == 0
    assert certified(tmp_path, "--json", "c.json", only=["handshake"])[0] == 0

    holds = thrice("verify", "c.json", cwd=tmp_path)
    assert holds.returncode == 0
    assert holds.stdout.startswith("c.json holds: bot:app: certified, 1 of 1 checks (a selection")

    with (tmp_path / "bot.py").open("a") as bot:
        bot.write("# changed\n")
    changed = thrice("verify", "c.json", cwd=tmp_path)
    assert changed.returncode == 1
    assert changed.stdout.startswith("c.json does NOT hold: the source differs: certified source ")
    assert changed.stdout.endswith("  certify again: thrice certify --json c.json\n")


def test_verify__takes_no_path_from_the_certificate(folder: Path) -> None:
    profile(folder)
    assert certified(folder, "--json", "c.json", only=["handshake"])[0] == 0
    content = json.loads((folder / "c.json").read_text())
    paths = [text for text in _strings(content) if "/" in text and "\n" not in text]
    assert [text for text in paths if (folder / text).exists()] == []


def test_verify__of_what_is_no_certificate_exits_2(tmp_path: Path) -> None:
    run = thrice("verify", "none.json", cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith("thrice: none.json: No such file or directory; thrice certify ")


def test_checks__are_listed_in_order(tmp_path: Path) -> None:
    run = thrice("checks", cwd=tmp_path)
    lines = run.stdout.splitlines()
    assert [line.split()[0] for line in lines[: len(CATALOGUE)]] == list(CATALOGUE)
    assert lines[-1] == f"{len(CATALOGUE)} checks; thrice checks ID explains one"


def test_checks__explains_one(tmp_path: Path) -> None:
    run = thrice("checks", "dedup-records", cwd=tmp_path)
    labels = re.findall(r"^  (\w+(?: \w+)?) {2,}", run.stdout, re.M)
    assert run.returncode == 0
    assert labels == ["does", "expected", "needs", "why", "failure", "judged on", "live"]
    assert max(map(len, run.stdout.splitlines())) <= WIDTH


def test_checks__of_an_unknown_id_exits_2(tmp_path: Path) -> None:
    run = thrice("checks", "ten", cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith('thrice: no check is called "ten"; the checks are ten-rapid, ')


def test_init__writes_a_profile_explains_it_and_does_not_do_so_twice(folder: Path) -> None:
    run = thrice("init", cwd=folder)
    assert run.returncode == 0
    assert run.stdout.startswith("thrice.toml is written:\n")
    assert '[bot] consumer = "/api/process-message"' in run.stdout
    assert run.stdout.endswith("\nNow: thrice certify\n")
    assert load_profile(None, start=folder).bot.app == "reference_bot.app:app"

    again = thrice("init", cwd=folder)
    assert again.returncode == 2
    assert again.stderr == (
        "thrice: thrice.toml is here already; --force writes another in its place\n"
    )


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in _strings(one)]
