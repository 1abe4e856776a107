"""What a live certificate says beside its verdicts, and what it needs to be installed."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from harness.live import environment_of, not_told, ports_of
from harness.profile import Expect, load_profile

ROOT = Path(__file__).parents[2]
PROFILE = load_profile(ROOT / "reference_bot" / "thrice.toml", url="http://127.0.0.1:3000")


def test_environment__holds_the_addresses_on_this_machine() -> None:
    environment = environment_of(PROFILE, ports_of(PROFILE))
    assert environment["QSTASH_URL"] == "http://127.0.0.1:8080"
    assert environment["GRAPH_URL"] == "http://127.0.0.1:8091/v23.0"
    assert environment["FIRESTORE_URL"] == "http://127.0.0.1:8092/v1"
    assert environment["PUBLIC_URL"] == "http://127.0.0.1:8093"


def test_not_told__names_the_addresses_that_the_environment_lacks() -> None:
    assert not_told(PROFILE) == []
    bare = replace(PROFILE, bot=replace(PROFILE.bot, env={"QSTASH_URL": "{qstash.url}"}))
    assert not_told(bare) == ["meta.graph_url", "firestore.url"]


def test_not_told__takes_the_host_of_the_store_for_its_address() -> None:
    env = {"FIRESTORE_EMULATOR_HOST": "{firestore.host}"}
    assert not_told(replace(PROFILE, bot=replace(PROFILE.bot, env=env))) == [
        "qstash.url",
        "meta.graph_url",
    ]


def test_environment__can_name_the_host_of_the_store_alone() -> None:
    env = {"FIRESTORE_EMULATOR_HOST": "{firestore.host}"}
    profile = replace(PROFILE, bot=replace(PROFILE.bot, env=env))
    assert environment_of(profile, ports_of(profile)) == {
        "FIRESTORE_EMULATOR_HOST": "127.0.0.1:8092"
    }


def test_not_told__leaves_out_what_the_bot_does_not_need() -> None:
    bare = replace(
        PROFILE,
        bot=replace(PROFILE.bot, env={}),
        store=None,
        expect=Expect(publishes=0, replies=1),
    )
    assert not_told(bare) == ["meta.graph_url"]


def test_live_run_without_its_extra__names_what_to_install() -> None:
    code = (
        "import sys\n"
        "sys.modules['httptools'] = None\n"
        "from harness.cli import main\n"
        "sys.exit(main(['certify', '--command', 'x']))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert run.returncode == 2
    assert run.stderr == "thrice: a live run needs httptools: pip install 'thrice[live]'\n"
