import os
import re
import subprocess
from pathlib import Path

import pytest

import harness.identity
from harness.errors import UsageError
from harness.identity import Identity, identify
from harness.report import render_json
from tests.harness._certificates import EVERYTHING


def write(folder: Path, *names: str, text: str = "x = 1\n") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def committed(folder: Path) -> str:
    """A repository of the folder, all in one commit; its name."""
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")
    return git(folder, "rev-parse", "HEAD")


# -- digest ----------------------------------------------------------------------------------------


def test_digest__same_in_another_folder(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, "bot/main.py", "pyproject.toml")
    assert identify(tmp_path / "one") == identify(tmp_path / "two")
    assert re.fullmatch("[0-9a-f]{64}", identify(tmp_path / "one").digest)


@pytest.mark.parametrize("name", ["bot/new.py", "src/index.ts", "settings.toml", "Dockerfile"])
def test_digest__changes_with_a_file_that_counts(tmp_path: Path, name: str) -> None:
    write(tmp_path, "main.py")
    before = identify(tmp_path)
    write(tmp_path, name)
    after = identify(tmp_path)
    assert after.digest != before.digest
    assert (before.files, after.files) == (1, 2)


def test_digest__changes_with_content_and_with_name(tmp_path: Path) -> None:
    digests = set()
    for folder, name, text in (("a", "x.py", "1"), ("b", "x.py", "2"), ("c", "y.py", "1")):
        write(tmp_path / folder, name, text=text)
        digests.add(identify(tmp_path / folder).digest)
    assert len(digests) == 3


@pytest.mark.parametrize(
    "name",
    [
        ".env.py",
        ".git/config.toml",
        ".thrice/ten-rapid-1.json",
        ".venv/lib/x.py",
        "README.md",
        "bot/__pycache__/main.py",
        "junit.xml",
        "mybot.egg-info/requires.txt",
        "node_modules/qstash/index.js",
        "python/site-packages/httpx/x.py",
    ],
)
def test_digest__ignores_what_is_hidden_cached_or_somebody_elses(tmp_path: Path, name: str) -> None:
    write(tmp_path, "main.py")
    before = identify(tmp_path)
    write(tmp_path, name)
    assert identify(tmp_path) == before


def test_digest__ignores_a_virtual_environment_of_any_name(tmp_path: Path) -> None:
    write(tmp_path, "main.py")
    before = identify(tmp_path)
    write(tmp_path, "env311/pyvenv.cfg", "env311/lib/x.py")
    assert identify(tmp_path) == before


def test_digest__ignores_certificates_and_no_other_json(tmp_path: Path) -> None:
    write(tmp_path, "main.py")
    before = identify(tmp_path)
    write(tmp_path, "certificate.json", text=render_json(EVERYTHING))
    assert identify(tmp_path) == before
    write(tmp_path, "vercel.json", text='{"about": "thrice-certificate-1"}')
    assert identify(tmp_path) != before


def test_link__is_followed_and_not_for_ever(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", "main.py")
    write(tmp_path / "copied", "bot/main.py")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "bot").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "dangling.py").symlink_to(tmp_path / "nowhere.py")
    assert identify(tmp_path / "linked") == identify(tmp_path / "copied")


def test_too_many_files__are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness.identity, "MAX_FILES", 2)
    write(tmp_path, "a.py", "b.py", "c.py")
    with pytest.raises(UsageError, match=r"^there are more than 2 source files below .+ the bot$"):
        identify(tmp_path)


# -- commit ----------------------------------------------------------------------------------------


def test_commit__of_a_clean_tree(tmp_path: Path) -> None:
    write(tmp_path, "main.py")
    commit = committed(tmp_path)
    found = identify(tmp_path)
    assert (found.commit, found.dirty) == (commit, False)


def test_commit__none_outside_of_a_work_tree_and_before_the_first(tmp_path: Path) -> None:
    write(tmp_path, "main.py")
    assert identify(tmp_path).commit is None
    git(tmp_path, "init", "-q")
    assert identify(tmp_path).commit is None


@pytest.mark.parametrize("name", ["main.py", "new file.py", "gr\u00fc\u00dfe.py"])
def test_dirty__when_a_file_that_counts_changed_or_is_new(tmp_path: Path, name: str) -> None:
    write(tmp_path, "main.py")
    committed(tmp_path)
    write(tmp_path, name, text="x = 2\n")
    assert identify(tmp_path).dirty


def test_dirty__when_a_file_that_counts_is_gone(tmp_path: Path) -> None:
    write(tmp_path, "main.py", "other.py")
    committed(tmp_path)
    (tmp_path / "other.py").unlink()
    assert identify(tmp_path).dirty


def test_dirty__not_by_what_does_not_count(tmp_path: Path) -> None:
    write(tmp_path, "main.py", "README.md")
    committed(tmp_path)
    write(tmp_path, "README.md", "venv/pyvenv.cfg", "venv/x.py", text="other")
    write(tmp_path, "certificate.json", text=render_json(EVERYTHING))
    assert not identify(tmp_path).dirty


def test_folder_of_a_repository__is_judged_by_its_own_files(tmp_path: Path) -> None:
    write(tmp_path, "bot/main.py", "other/main.py")
    commit = committed(tmp_path)
    write(tmp_path, "other/main.py", text="x = 2\n")
    found = identify(tmp_path / "bot")
    assert (found.commit, found.dirty, found.files) == (commit, False, 1)
    write(tmp_path, "bot/main.py", text="x = 2\n")
    assert identify(tmp_path / "bot").dirty


def test_variables_of_a_hook__do_not_lead_astray(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "bot", "main.py")
    commit = committed(tmp_path / "bot")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    assert identify(tmp_path / "bot").commit == commit


def test_without_git__there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "main.py")
    committed(tmp_path)
    monkeypatch.setenv("PATH", os.devnull)
    assert identify(tmp_path).commit is None


# -- shown -----------------------------------------------------------------------------------------


def test_shown__for_people() -> None:
    plain = Identity(digest="0f" * 32, files=1)
    full = Identity(digest="0f" * 32, files=1_234, commit="ab" * 20, dirty=True)
    assert plain.shown == "source 0f0f0f0f0f0f (1 file)"
    assert full.shown == "commit abababababab with changes, source 0f0f0f0f0f0f (1,234 files)"
