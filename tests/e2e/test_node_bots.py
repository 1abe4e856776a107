"""Bots for Node with the queue's own SDK, in plain Node and in Next.js: the correct one is
certified, and each broken one fails the right check with its lost call named.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests._needs import needs_node, needs_npm
from tests.e2e.node_bots import (
    COMMIT,
    PUBLISH,
    Kind,
    Variant,
    assert_as_expected,
    assert_lost,
    failed,
    judged,
    judged_quickly,
    left_behind,
    root_of,
)
from tests.e2e.support import ROOT
from tests.e2e.test_rapid import CHECKS

LEFT = ("unawaited", "next-tick", "set-immediate", "set-timeout", "unawaited-beside")


@needs_npm
@pytest.mark.parametrize("kind", ["node", "next"])
def test_packages__are_installed(kind: Kind) -> None:
    sdk = root_of(kind) / "node_modules" / "@upstash" / "qstash"
    assert sdk.is_dir(), "make setup installs it"


@needs_npm
def test_next_bot__is_built() -> None:
    assert (root_of("next") / ".next" / "BUILD_ID").is_file(), "make setup builds it"


# -- plain Node ------------------------------------------------------------------------------------


@needs_node
def test_node_bot__is_certified() -> None:
    certificate = judged("node", "lambda", only=CHECKS, instances=4)
    assert certificate.certified, certificate.output
    assert any(note.startswith("deterministic: ") for note in certificate.notes)


@needs_node
@pytest.mark.parametrize("bug", LEFT)
def test_node_bot_that_leaves_its_publish_behind__is_found_out(
    monkeypatch: pytest.MonkeyPatch, bug: str
) -> None:
    monkeypatch.setenv("BUG", bug)
    assert_lost(judged_quickly("node", "lambda"), PUBLISH)


@needs_node
def test_work_that_is_registered__is_waited_for_where_it_can_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BUG", "wait-until")
    assert judged_quickly("node", "vercel").result == "passed"
    assert_lost(judged_quickly("node", "lambda"), COMMIT)


@needs_node
def test_node_bot_that_trusts_its_memory__is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUG", "in-memory-dedup")
    certificate = judged("node", "lambda", only=["cold-instances", "handshake"], instances=2)
    assert_as_expected(Variant(bug="in-memory-dedup", fails="cold-instances"), certificate)


@needs_node
def test_node_bot_that_checks_and_then_sets__is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUG", "check-then-set")
    certificate = judged("node", "vercel-fluid", only=["ten-rapid", "handshake"], instances=2)
    assert_as_expected(Variant(bug="check-then-set", fails="ten-rapid"), certificate)


# -- Next.js ---------------------------------------------------------------------------------------


@needs_npm
def test_next_bot_that_does_not_await_its_publish__is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BUG", "unawaited")
    certificate = judged("next", "vercel-fluid", only=["freeze-safe", "handshake"], instances=1)
    assert failed(certificate) == {"freeze-safe"}
    assert_as_expected(left_behind("unawaited", "vercel-fluid"), certificate)


@needs_npm
def test_work_after_the_response__is_waited_for_where_next_can_be_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BUG", "after")
    assert judged_quickly("next", "vercel").result == "passed"


@needs_npm
def test_the_steps_of_the_readme__certify_a_new_project(tmp_path: Path) -> None:
    bot = tmp_path / "my-bot"
    copy_of_the_next_bot(bot)
    steps = readme_steps()
    assert [step.split()[0] for step in steps] == ["pip", "thrice", "npm"]
    # Installed and built already; some of the checks, on few instances, for the time it takes.
    assert run(steps[1], bot).returncode == 0
    on_few_instances(bot / "thrice.toml")
    build, _, certify = steps[2].partition(" && ")
    assert build == "npm run build"
    done = run(f"{certify} --only freeze-safe --only handshake", bot)
    assert done.stdout.startswith("npm start: certified, 2 of 2 checks"), done.stdout + done.stderr
    assert "host vercel, live" in done.stdout
    assert done.returncode == 0


# -- help ------------------------------------------------------------------------------------------


def copy_of_the_next_bot(folder: Path) -> None:
    """The files of the bot without a profile; what was installed and built for it is shared."""
    source = root_of("next")
    shared = shutil.ignore_patterns("node_modules", ".next", ".thrice", "thrice.toml")
    shutil.copytree(source, folder, ignore=shared)
    shutil.copytree(source / ".next", folder / ".next", ignore=shutil.ignore_patterns("cache"))
    (folder / "node_modules").symlink_to(source / "node_modules")


def on_few_instances(profile: Path) -> None:
    """Add to a profile that was just written that two processes are enough."""
    host, line = "[host]\n", "instances = 1\nmax_instances = 2\n"
    text = profile.read_text(encoding="utf-8")
    assert text.count(host) == 1
    profile.write_text(text.replace(host, host + line), encoding="utf-8")


def readme_steps() -> list[str]:
    """The commands of the README for a bot in Next.js, without their comments."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("## Your own TypeScript bot")[2].partition("\n## ")[0]
    block = section.partition("```sh\n")[2].partition("```")[0]
    return [re.sub(r"\s+#.*", "", line) for line in block.splitlines()]


def run(command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
