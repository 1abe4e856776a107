import json
import re
import shutil
from pathlib import Path

import pytest

from emulator.exchange import Request
from emulator.firestore import Firestore
from emulator.kernel import Kernel
from emulator.meta import Messenger
from emulator.qstash import QStash
from emulator.stubs import GoogleTokens
from harness.certify import certify
from harness.errors import UsageError
from harness.init import ANSWERED, Draft, write_profile
from harness.platforms import PLATFORMS
from harness.profile import load_profile
from harness.profile_env import REFERENCE_ENV

ROOT = Path(__file__).parents[2]
BOTS = ROOT / "tests" / "bots"

# What the owners of these bots wrote into their profiles.
KNOWN = {
    "backoff_bot": ("/webhook", "/answer", "processedMessages"),
    "background_bot": ("/v1/messenger", "/v1/jobs", "processedMessages"),
    "class_bot": ("/webhook", "/jobs", "messages"),
    "executor_bot": ("/webhook", "/handle", "processedMessages"),
    "fastapi_bot": ("/hooks/facebook", "/jobs/answer", "shops/one/seen"),
    "flask_bot": ("/webhook", "/worker", "processed"),
    "globals_bot": ("/api/webhook", "/api/jobs", "inbox"),
    "lifespan_bot": ("/webhook", "/jobs", "seen"),
    "llm_bot": ("/webhook", "/reply", "turns"),
    "raw_asgi_bot": ("/", "/deliver", "bots/raw/mids"),
    "scheduler_bot": ("/webhook", "/internal/answer", "processedMessages"),
    "sync_sdk_bot": ("/facebook", "/queue/incoming", "handled"),
    "threaded_bot": ("/messenger", "/worker", "processedMessages"),
}


def values(draft: Draft) -> dict[str, str]:
    return {f"{line.table}.{line.key}": line.value for line in draft.lines if line.active}


def bot_in(folder: Path, text: str, name: str = "main.py") -> Path:
    (folder / name).write_text(text)
    return folder


SMALL = """
import os
from fastapi import FastAPI
app = FastAPI()
@app.get("/hook")
@app.post("/hook")
def hook(): pass
"""


@pytest.mark.parametrize("bot", KNOWN)
def test_bots_as_people_write_them__are_understood(tmp_path: Path, bot: str) -> None:
    shutil.copy(BOTS / f"{bot}.py", tmp_path)
    write_profile(tmp_path)
    profile = load_profile(None, start=tmp_path)
    assert profile.store is not None
    assert profile.bot.app == f"{bot}:app"
    assert (profile.bot.webhook, profile.bot.consumer, profile.store.dedup) == KNOWN[bot]
    assert profile.expect.publishes == 1


def test_reference_bot__gets_a_profile_with_which_it_is_certified(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "reference_bot", tmp_path / "reference_bot")
    (tmp_path / "reference_bot" / "thrice.toml").unlink()
    write_profile(tmp_path)
    profile = load_profile(None, start=tmp_path)
    assert profile.bot.app == "reference_bot.app:app"
    assert profile.bot.platforms == PLATFORMS
    assert profile.bot.webhook == "/api/messenger"
    assert profile.bot.consumer == "/api/process-message"
    assert REFERENCE_ENV.items() <= profile.bot.env.items()
    found = certify(profile, root=tmp_path, only=["ten-rapid", "dedup-records", "handshake"])
    assert found.certified, found.headline


def test_every_line__has_its_reason(tmp_path: Path) -> None:
    draft = write_profile(bot_in(tmp_path, SMALL))
    assert all(line.reason for line in draft.lines)
    text = (tmp_path / "thrice.toml").read_text()
    assert re.search(r'^webhook = "/hook" +# found in main\.py:5$', text, re.M)


def test_bot_without_queue_and_store__is_told_so(tmp_path: Path) -> None:
    draft = write_profile(bot_in(tmp_path, SMALL))
    profile = load_profile(None, start=tmp_path)
    assert (profile.bot.consumer, profile.store, profile.expect.publishes) == (None, None, 0)
    assert [remark.partition(",")[0] for remark in draft.remarks] == [
        "nothing mentions QStash",
        "no environment variable of a known name was found; name in [bot.env] what the bot reads",
        "nothing mentions Firestore",
    ]


@pytest.mark.parametrize(
    ("names", "env", "kind"),
    [
        (
            ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"],
            ["{upstash.url}", "{upstash.token}"],
            "upstash",
        ),
        (["KV_REST_API_URL", "KV_REST_API_TOKEN"], ["{upstash.url}", "{upstash.token}"], "upstash"),
        (["REDIS_URL"], ["{redis.url}"], "redis"),
    ],
)
def test_store_in_redis__is_known_by_its_variables(
    tmp_path: Path, names: list[str], env: list[str], kind: str
) -> None:
    text = SMALL + "".join(f"{name} = os.environ['{name}']\n" for name in names)
    draft = write_profile(bot_in(tmp_path, text))
    profile = load_profile(None, start=tmp_path)
    assert profile.store is not None
    assert (profile.store.kind, profile.store.dedup) == (kind, "seen:")
    assert profile.bot.env == dict(zip(names, env, strict=True))
    assert "a store in Redis takes an extra: pip install 'thrice[redis]'" in draft.remarks


def test_variable_of_an_unknown_name__is_set_when_it_is_needed_and_named_when_not(
    tmp_path: Path,
) -> None:
    text = SMALL + "a = os.environ['OPENAI_API_KEY']\nb = os.getenv('LOG_LEVEL')\n"
    draft = write_profile(bot_in(tmp_path, text))
    assert load_profile(None, start=tmp_path).bot.env == {"OPENAI_API_KEY": "test"}
    assert "OPENAI_API_KEY is set to a made-up value; correct it" in draft.remarks
    assert '# LOG_LEVEL = ""' in (tmp_path / "thrice.toml").read_text()


@pytest.mark.parametrize(
    "host",
    [
        "https://graph.facebook.com",
        "https://scontent.xx.fbcdn.net",
        "https://firestore.googleapis.com",
        "https://qstash-us-east-1.upstash.io",
        "https://oauth2.googleapis.com",
        "http://metadata.google.internal",
    ],
)
def test_hosts_that_every_world_answers__are_not_named(tmp_path: Path, host: str) -> None:
    draft = write_profile(bot_in(tmp_path, SMALL + f"x = '{host}/v1'\n"))
    assert [remark for remark in draft.remarks if "[[services]]" in remark] == []


def test_hosts_that_every_world_answers__are_those_of_its_services() -> None:
    kernel = Kernel()
    messenger = Messenger(kernel, callback_url="https://my-bot.example.com/api/messenger")
    fakes = (messenger, QStash(kernel), Firestore(kernel), GoogleTokens(kernel))
    for host in ANSWERED:
        requests = [Request("GET", f"{scheme}://{host}/") for scheme in ("http", "https")]
        assert any(fake.claims(request) for fake in fakes for request in requests), host


def test_other_hosts__are_named(tmp_path: Path) -> None:
    draft = write_profile(bot_in(tmp_path, SMALL + "x = 'https://api.openai.com/v1'\n"))
    assert draft.remarks[-1] == (
        "main.py:8 names api.openai.com; if the bot calls it, a [[services]] table says what it "
        "answers"
    )


def test_answers__replace_guesses_and_wrong_ones_are_asked_again(tmp_path: Path) -> None:
    asked = []
    answers = iter(["", "hook", "/other", "https://bot.example.net/x", "https://bot.example.net"])

    def ask(question: str, guess: str) -> str:
        asked.append((question, guess))
        return next(answers)

    draft = write_profile(bot_in(tmp_path, SMALL), ask=ask)
    assert values(draft)["bot.app"] == '"main:app"'
    assert values(draft)["bot.webhook"] == '"/other"'
    assert values(draft)["bot.public_url"] == '"https://bot.example.net"'
    assert asked[0] == ("[bot] app: found in main.py:4", "main:app")
    assert asked[2][0] == (
        '[bot] webhook: "hook" has to begin with "/"; for example: webhook = "/api/messenger"'
    )
    assert [line.reason for line in draft.lines][:2] == ["found in main.py:4", "your answer"]


def test_no_application__is_refused_and_can_be_named(tmp_path: Path) -> None:
    bot_in(tmp_path, "x = 1\n")
    message = (
        r"^no ASGI app \(FastAPI, Starlette\) and no package\.json that says how to start was "
        r"found here; name it: thrice init --app mybot\.main:app\n  for a bot in another language: "
        r'thrice init --command "node server\.js"$'
    )
    with pytest.raises(UsageError, match=message):
        write_profile(tmp_path)
    write_profile(tmp_path, app="bot.main:create_app()")
    assert load_profile(None, start=tmp_path).bot.app == "bot.main:create_app()"


def test_application_of_a_wrong_form__is_refused(tmp_path: Path) -> None:
    message = r'^--app: "main" is not of the form module:attribute\n  for example: app = '
    with pytest.raises(UsageError, match=message):
        write_profile(bot_in(tmp_path, SMALL), app="main")
    assert not (tmp_path / "thrice.toml").exists()


def test_profile_that_is_there__is_kept_unless_forced(tmp_path: Path) -> None:
    bot_in(tmp_path, SMALL)
    target = tmp_path / "thrice.toml"
    target.write_text("mine")
    with pytest.raises(UsageError, match=r"^thrice\.toml is here already; --force writes another"):
        write_profile(tmp_path)
    assert target.read_text() == "mine"
    write_profile(tmp_path, force=True)
    assert load_profile(None, start=tmp_path).bot.app == "main:app"


def test_profile_in_pyproject__is_kept_unless_forced(tmp_path: Path) -> None:
    bot_in(tmp_path, SMALL)
    (tmp_path / "pyproject.toml").write_text('[tool.thrice.bot]\napp = "a:b"\n')
    with pytest.raises(UsageError, match=r"^pyproject\.toml has \[tool\.thrice\] already; --force"):
        write_profile(tmp_path)
    write_profile(tmp_path, force=True)
    assert load_profile(None, start=tmp_path).bot.app == "main:app"


# -- bots in other languages -----------------------------------------------------------------------


@pytest.mark.parametrize(("bot", "host"), [("next", "vercel"), ("node", "lambda")])
def test_bots_for_node__are_understood(tmp_path: Path, bot: str, host: str) -> None:
    left_out = shutil.ignore_patterns("node_modules", ".next", "thrice.toml")
    shutil.copytree(BOTS / bot, tmp_path / bot, ignore=left_out)
    draft = write_profile(tmp_path / bot)
    profile = load_profile(None, start=tmp_path / bot)
    assert (profile.bot.app, profile.bot.command) == ("", "npm start")
    assert profile.bot.webhook == "/api/messenger"
    assert profile.bot.consumer == "/api/process-message"
    assert profile.bot.env == REFERENCE_ENV
    assert (profile.host.kind, profile.expect.publishes) == (host, 1)
    assert profile.store is not None
    assert (profile.store.dedup, draft.remarks) == ("processedMessages", [])
    assert draft.build == ("npm run build" if bot == "next" else "")


def node_bot_in(folder: Path, text: str, **package: object) -> Path:
    (folder / "package.json").write_text(json.dumps({"scripts": {"start": "node ."}, **package}))
    return bot_in(folder, text, "index.js")


@pytest.mark.parametrize(
    ("names", "platforms"),
    [
        (["FB_PAGE_TOKEN"], ("messenger",)),
        (["APP_SECRET"], ("messenger",)),
        (["WHATSAPP_TOKEN", "PHONE_NUMBER_ID"], ("whatsapp",)),
        (["ACCESS_TOKEN", "PHONE_NUMBER_ID"], ("whatsapp",)),
        (["PAGE_ACCESS_TOKEN", "IG_ACCESS_TOKEN"], ("messenger", "instagram")),
        (["PAGE_ID", "INSTAGRAM_TOKEN", "WA_PHONE_NUMBER_ID"], PLATFORMS),
    ],
)
def test_platforms__are_told_by_the_names_of_tokens_and_ids(
    tmp_path: Path, names: list[str], platforms: tuple[str, ...]
) -> None:
    read = "".join(f"x = os.environ['{name}']\n" for name in names)
    write_profile(bot_in(tmp_path, SMALL + read))
    bot = load_profile(None, start=tmp_path).bot
    assert bot.platforms == platforms
    assert "test" not in bot.env.values()


def test_platforms__are_told_by_a_library_and_not_by_a_link(tmp_path: Path) -> None:
    link = "x = 'https://api.whatsapp.com/send'\n"
    assert not any(
        line.key == "platforms" for line in write_profile(bot_in(tmp_path, SMALL + link)).lines
    )
    text = "import pywa\n" + SMALL
    draft = write_profile(bot_in(tmp_path, text), force=True)
    (line,) = [line for line in draft.lines if line.key == "platforms"]
    assert (line.value, line.reason) == ('["whatsapp"]', "the source uses pywa")


def test_application_in_python__comes_before_a_command(tmp_path: Path) -> None:
    draft = write_profile(bot_in(node_bot_in(tmp_path, ""), SMALL))
    assert values(draft)["bot.app"] == '"main:app"'
    assert "bot.command" not in values(draft)


def test_command__can_be_named(tmp_path: Path) -> None:
    draft = write_profile(tmp_path, command="go run . -port {port}")
    assert [line.reason for line in draft.lines][:1] == ["given with --command"]
    assert load_profile(None, start=tmp_path).bot.command == "go run . -port {port}"


def test_address_of_the_deployment__is_that_of_the_bot(tmp_path: Path) -> None:
    text = "const url = `https://${process.env.VERCEL_PROJECT_PRODUCTION_URL}/jobs`;"
    write_profile(node_bot_in(tmp_path, text))
    env = load_profile(None, start=tmp_path).bot.env
    assert env == {"VERCEL_PROJECT_PRODUCTION_URL": "my-bot.example.com"}


def test_variables_that_are_built_in__are_named(tmp_path: Path) -> None:
    draft = write_profile(node_bot_in(tmp_path, "use(process.env.NEXT_PUBLIC_APP_URL)"))
    assert draft.remarks[2] == (
        "NEXT_PUBLIC_APP_URL may be put in when the bot is built, and is then what it was at that "
        "time"
    )


def test_cloud_tasks__is_the_queue_of_the_profile(tmp_path: Path) -> None:
    text = "import { CloudTasksClient } from '@google-cloud/tasks';"
    draft = write_profile(
        node_bot_in(tmp_path, text, dependencies={"@google-cloud/tasks": "6.3.0"})
    )
    assert (
        "the bot uses Cloud Tasks; Google's client library speaks gRPC, which takes an extra: "
        "pip install 'thrice[cloudtasks]'"
    ) in draft.remarks
    profile = load_profile(None, start=tmp_path)
    assert profile.queue.kind == "cloudtasks"
    assert profile.bot.env["GOOGLE_APPLICATION_CREDENTIALS"] == "{google.account_file}"


def test_client_library_that_speaks_grpc__is_named(tmp_path: Path) -> None:
    text = "import { getFirestore } from 'firebase-admin/firestore';"
    draft = write_profile(node_bot_in(tmp_path, text, dependencies={"firebase-admin": "13.0.0"}))
    assert (
        "the bot uses Google's client library, which speaks gRPC; that takes an extra: "
        "pip install 'thrice[firestore]'"
    ) in draft.remarks
    env = load_profile(None, start=tmp_path).bot.env
    assert env == {"FIRESTORE_EMULATOR_HOST": "{firestore.host}"}
