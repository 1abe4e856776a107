"""Certification as a whole: repeatable, selective, honest about what it did not judge, and kind to
bots of another shape.
"""

import json
import shutil
from pathlib import Path

import pytest

from emulator import Simulation
from emulator.errors import BotHungError, BotImportError, BotStartError
from harness.certify import certify, select
from harness.checks import CATALOGUE
from harness.errors import UsageError
from harness.explore.budget import BUDGETS
from harness.profile import load_profile

ROOT = Path(__file__).parents[2]
ALL = len(CATALOGUE)
BOTS = ROOT / "tests" / "bots"


def profile_of(folder: Path, text: str) -> Path:
    path = folder / "thrice.toml"
    path.write_text(text)
    return path


def test_two_runs_with_one_seed__are_byte_identical(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "reference_bot", tmp_path / "reference_bot")
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml")
    # Growth and figures of many runs, tokens that are signed and dated, and plain answers.
    only = ["ten-rapid", "queue-signature", "handshake"]
    first, second = (certify(profile, root=tmp_path, seed=7, only=only).as_dict() for _ in range(2))
    assert json.dumps(first) == json.dumps(second)


def test_another_seed__is_another_run() -> None:
    profile = load_profile(
        ROOT / "reference_bot" / "thrice.toml", app="reference_bot.broken.check_then_set:app"
    )
    one, other = (
        certify(profile, root=ROOT, seed=seed, only=["ten-rapid"]).as_dict() for seed in (1, 2)
    )
    assert one["verdicts"] != other["verdicts"]


def test_fastapi_bot__of_another_shape_passes(tmp_path: Path) -> None:
    shutil.copy(BOTS / "fastapi_bot.py", tmp_path / "fastapi_bot.py")
    profile = load_profile(
        profile_of(
            tmp_path,
            """
            [bot]
            app = "fastapi_bot:app"
            webhook = "/hooks/facebook"
            consumer = "/jobs/answer"
            public_url = "https://shop.example.org"

            [bot.env]
            APP_SECRET = "{meta.app_secret}"
            VERIFY = "{meta.verify_token}"
            PAGE_TOKEN = "{meta.page_token}"
            QSTASH_TOKEN = "{qstash.token}"
            KEY_NOW = "{qstash.current_key}"
            KEY_NEXT = "{qstash.next_key}"

            [host]
            kind = "vercel"

            [store]
            dedup = "shops/one/seen"
            """,
        )
    )
    certificate = certify(profile, root=tmp_path, seed=3, budget=BUDGETS["quick"])
    # The profile promises nothing of limits and plans.
    judged = f"{ALL - 3} of {ALL} checks (3 not applicable)"
    assert certificate.headline == f"certified, {judged}"


def test_missing_needs__are_not_applicable_and_counted_in_the_headline(tmp_path: Path) -> None:
    shutil.copy(BOTS / "fastapi_bot.py", tmp_path / "fastapi_bot.py")
    profile = load_profile(
        profile_of(
            tmp_path,
            """
            [bot]
            app = "fastapi_bot:app"
            webhook = "/hooks/facebook"
            consumer = "/jobs/answer"
            public_url = "https://shop.example.org"

            [bot.env]
            APP_SECRET = "{meta.app_secret}"
            VERIFY = "{meta.verify_token}"
            PAGE_TOKEN = "{meta.page_token}"
            QSTASH_TOKEN = "{qstash.token}"
            KEY_NOW = "{qstash.current_key}"
            KEY_NEXT = "{qstash.next_key}"
            """,
        )
    )
    certificate = certify(profile, root=tmp_path, seed=3, only=["dedup-records", "late-duplicate"])
    assert certificate.headline == (
        "certified, 1 of 2 checks (1 not applicable, a selection of the checklist)"
    )
    (records,) = [v for v in certificate.verdicts if v.check == "dedup-records"]
    assert records.why == "[store] in the profile: where the bot keeps its dedup records"


def test_selection__is_named_in_the_headline() -> None:
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml")
    certificate = certify(profile, root=ROOT, only=["handshake"])
    assert certificate.headline == "certified, 1 of 1 checks (a selection of the checklist)"


def test_selection__of_nothing_or_of_an_unknown_check_is_refused() -> None:
    with pytest.raises(UsageError, match=r'^no check is called "ten"; the checks are ten-rapid, '):
        select(only=["ten"])
    with pytest.raises(UsageError, match=r"^the selection leaves no check to judge$"):
        select(only=["handshake"], skip=["handshake"])


def test_unknown_host__fails_the_certificate(tmp_path: Path) -> None:
    text = (BOTS / "fastapi_bot.py").read_text()
    (tmp_path / "fastapi_bot.py").write_text(
        text.replace(
            "async def verify(request: Request) -> Response:\n",
            "async def verify(request: Request) -> Response:\n"
            "    with contextlib.suppress(httpx.HTTPError):\n"
            '        await client.get("https://telemetry.example.net/ping")\n',
        ).replace("import hmac\n", "import contextlib\nimport hmac\n")
    )
    profile = load_profile(
        profile_of(
            tmp_path,
            """
            [bot]
            app = "fastapi_bot:app"
            webhook = "/hooks/facebook"
            public_url = "https://shop.example.org"

            [bot.env]
            VERIFY = "{meta.verify_token}"
            """,
        )
    )
    certificate = certify(profile, root=tmp_path, only=["handshake"])
    assert certificate.problems == ("telemetry.example.net is not part of the world (2 times)",)
    assert not certificate.certified


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        ("1 / 0", BotImportError, r"^bad_bot:app can not be imported: ZeroDivisionError"),
        (
            "from contextlib import asynccontextmanager\n"
            "from starlette.applications import Starlette\n"
            "@asynccontextmanager\n"
            "async def lifespan(app):\n"
            "    raise RuntimeError('no database')\n"
            "    yield\n"
            "app = Starlette(lifespan=lifespan)",
            BotStartError,
            r"^RuntimeError: no database$",
        ),
    ],
)
def test_bot_that_can_not_run__is_refused(
    tmp_path: Path, code: str, error: type[Exception], message: str
) -> None:
    (tmp_path / "bad_bot.py").write_text(code + "\n")
    profile = load_profile(None, app="bad_bot:app", start=tmp_path)
    with pytest.raises(error, match=message):
        certify(profile, root=tmp_path)


def test_bot_that_waits_for_ever__fails_with_504_and_is_not_a_hang(tmp_path: Path) -> None:
    (tmp_path / "waiting_bot.py").write_text(
        "import asyncio\n"
        "async def app(scope, receive, send):\n"
        "    if scope['type'] == 'http':\n"
        "        await asyncio.Event().wait()\n"
    )
    profile = load_profile(None, app="waiting_bot:app", start=tmp_path)
    certificate = certify(profile, root=tmp_path, only=["ten-rapid", "handshake"])
    assert [verdict.result for verdict in certificate.verdicts] == ["failed", "failed"]
    assert certificate.verdicts[1].evidence[0] == "right token: no response: timeout"


def test_bot_that_spins__is_named_with_its_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = Simulation.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "hang_limit_s", 0.5)
    (tmp_path / "spinning_bot.py").write_text(
        "async def app(scope, receive, send):\n"
        "    if scope['type'] == 'http':\n"
        "        while True:\n"
        "            pass\n"
    )
    profile = load_profile(None, app="spinning_bot:app", start=tmp_path)
    with pytest.raises(BotHungError, match=r"^the bot held i0 for more than 0\.5 s ") as caught:
        certify(profile, root=tmp_path, only=["handshake"])
    assert "spinning_bot.py" in caught.value.stack
