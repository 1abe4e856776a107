import json
import pickle
import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from harness.errors import ProfileError
from harness.profile import (
    Bot,
    Budget,
    Expect,
    Host,
    Profile,
    RateLimits,
    Store,
    load_profile,
    render_env,
)
from harness.profile_env import DEFAULT_ENV, REFERENCE_ENV
from harness.profile_services import Service, ServiceAnswer
from harness.template import VARIABLES

REPOSITORY = Path(__file__).parents[2]
APP = 'app = "mybot.main:app"'
VALUES = {name: f"value of {name}" for name in VARIABLES}


def profile_of(folder: Path, text: str, app: str | None = None) -> Profile:
    (folder / "thrice.toml").write_text(text, encoding="utf-8")
    return load_profile(None, app=app, start=folder)


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


# -- where it comes from ---------------------------------------------------------------------------


def test_without_a_file_every_value_is_of_the_reference_bot(tmp_path: Path) -> None:
    profile = load_profile(None, app="reference_bot.app:app", start=tmp_path)

    assert profile == Profile(bot=Bot(app="reference_bot.app:app"))
    assert profile.bot == Bot(
        app="reference_bot.app:app",
        webhook="/api/messenger",
        consumer="/api/process-message",
        public_url="https://my-bot.example.com",
        env=DEFAULT_ENV,
    )
    assert profile.host == Host(kind="lambda", instances=4, max_instances=100, timeout_s=None)
    assert profile.store == Store(kind="firestore", dedup="processedMessages", seed=None)
    assert profile.expect == Expect(publishes=1, replies=1)
    assert profile.limits == RateLimits(messages_per_user_minute=None)
    assert profile.plan is None
    assert profile.source is None


def test_profile_of_the_reference_bot_adds_only_promises_to_the_defaults() -> None:
    path = REPOSITORY / "reference_bot" / "thrice.toml"

    profile = load_profile(path)

    env = {**REFERENCE_ENV, "BREAKER_PUBLISHES_PER_HOUR": "60"}
    assert profile == Profile(
        bot=Bot(app="reference_bot.app:app", env=env),
        limits=RateLimits(
            messages_per_user_minute=10, publishes_per_hour=60, breaker_recovery_s=600.0
        ),
        plan=Budget(qstash="free", messages_per_month=300),
    )
    assert profile.source == path


def test_all_keys_are_read(tmp_path: Path) -> None:
    (tmp_path / "seed.json").write_text("{}")

    profile = profile_of(
        tmp_path,
        """
        [bot]
        app = "shop.bot:create.app"
        webhook = "/hook"
        consumer = "/work"
        public_url = "http://127.0.0.1:8080/"
        [bot.env]
        SECRET = "{meta.app_secret}"
        [host]
        kind = "vercel-fluid"
        instances = 2
        max_instances = 5
        concurrency = 6
        timeout_s = 7.5
        [store]
        kind = "firestore"
        dedup = "tenants/a/seen"
        seed = "seed.json"
        [expect]
        publishes = 0
        replies = 2
        [limits]
        messages_per_user_minute = 3
        excess = "notice"
        notice = "slow down"
        publishes_per_hour = 40
        breaker_recovery_s = 90.5

        [plan]
        qstash = "fixed-1m"
        messages_per_month = 2_000
        [[services]]
        host = "api.example.org"
        method = "POST"
        path = "/v1/*"
        status = 201
        body = "made"
        headers = { x-request-id = "1" }
        latency_s = 0.5
        """,
    )

    assert profile == Profile(
        bot=Bot(
            app="shop.bot:create.app",
            webhook="/hook",
            consumer="/work",
            public_url="http://127.0.0.1:8080",
            env={"SECRET": "{meta.app_secret}"},
        ),
        host=Host(kind="vercel-fluid", instances=2, max_instances=5, concurrency=6, timeout_s=7.5),
        store=Store(kind="firestore", dedup="tenants/a/seen", seed=tmp_path / "seed.json"),
        expect=Expect(publishes=0, replies=2),
        limits=RateLimits(
            messages_per_user_minute=3,
            excess="notice",
            notice="slow down",
            publishes_per_hour=40,
            breaker_recovery_s=90.5,
        ),
        plan=Budget(qstash="fixed-1m", messages_per_month=2_000),
        services=(
            Service(
                host="api.example.org",
                method="POST",
                path="/v1/*",
                answers=(
                    ServiceAnswer(
                        status=201,
                        headers=(
                            ("content-type", "text/plain; charset=utf-8"),
                            ("x-request-id", "1"),
                        ),
                        body=b"made",
                        latency_s=0.5,
                    ),
                ),
            ),
        ),
    )


def test_what_a_profile_leaves_out_the_bot_does_not_have(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, f"[bot]\n{APP}\n")

    assert profile.bot.consumer is None
    assert profile.store is None
    assert profile.limits == RateLimits()
    assert profile.plan is None


@pytest.mark.parametrize("excess", ["notice", "drop-with-reply"])
def test_excess_that_sends_something_needs_a_notice(tmp_path: Path, excess: str) -> None:
    message = (
        f'thrice.toml: [limits] notice: is missing: thrice knows by it what "{excess}" sends from '
        'an answer\n  for example: notice = "too many messages"'
    )
    with pytest.raises(ProfileError, match=exactly(message)):
        profile_of(tmp_path, f'[bot]\n{APP}\n[limits]\nexcess = "{excess}"\n')


def test_plan_needs_a_number_of_messages(tmp_path: Path) -> None:
    message = (
        "thrice.toml: [plan] messages_per_month: is missing\n"
        "  for example: messages_per_month = 300"
    )
    with pytest.raises(ProfileError, match=exactly(message)):
        profile_of(tmp_path, f"[bot]\n{APP}\n[plan]\n")


def test_what_a_profile_leaves_out_otherwise_is_the_default(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, f"[bot]\n{APP}\n[store]\n")

    assert profile.bot == Bot(app="mybot.main:app", consumer=None)
    assert profile.store == Store()
    assert profile.host == Host()
    assert profile.expect == Expect()


def test_app_given_overrides_the_profile(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, f"[bot]\n{APP}\n", app="other.bot:app")

    assert profile.bot.app == "other.bot:app"


def test_app_given_is_enough_for_an_empty_profile(tmp_path: Path) -> None:
    assert profile_of(tmp_path, "", app="other.bot:app").bot.app == "other.bot:app"


def test_table_in_pyproject_is_a_profile(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.thrice.bot]\n{APP}\n")

    profile = load_profile(None, start=tmp_path)

    assert profile.bot.app == "mybot.main:app"
    assert profile.source == tmp_path / "pyproject.toml"


def test_thrice_toml_comes_before_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.thrice.bot]\napp = "second:app"\n')

    assert profile_of(tmp_path, '[bot]\napp = "first:app"\n').bot.app == "first:app"


@pytest.mark.parametrize("text", ["", "[tool.ruff]\n", "tool = 1\n"])
def test_pyproject_without_the_table_is_no_profile(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    assert load_profile(None, app="a:b", start=tmp_path) == Profile(bot=Bot(app="a:b"))


def test_relative_path_is_below_start_and_its_seed_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "bots"
    folder.mkdir()
    (folder / "one.toml").write_text(f'[bot]\n{APP}\n[store]\nseed = "data.json"\n')
    (folder / "data.json").write_text("[]")

    profile = load_profile(Path("bots/one.toml"), start=tmp_path)

    assert profile.store == Store(seed=folder / "data.json")


def test_start_is_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "thrice.toml").write_text(f"[bot]\n{APP}\n")
    monkeypatch.chdir(tmp_path)

    assert load_profile(None).bot.app == "mybot.main:app"


def test_profile_is_frozen_and_travels_to_another_process() -> None:
    profile = Profile(bot=Bot(app="a:b"))

    with pytest.raises(FrozenInstanceError):
        profile.bot = Bot(app="c:d")  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(profile)) == profile


# -- environment -----------------------------------------------------------------------------------


def test_environment_given_replaces_the_default_whole(tmp_path: Path) -> None:
    assert profile_of(tmp_path, f"[bot]\n{APP}\n[bot.env]\n").bot.env == {}


def test_render_env__variables_braces_and_plain_text() -> None:
    env = {
        "URL": "{qstash.url}/v2?to={bot.public_url}",
        "JSON": '{{"a": {{}}}}',
        "PLAIN": "x",
        "MIXED": "{{{qstash.token}}}",
    }

    assert render_env(Profile(bot=Bot(app="a:b", env=env)), VALUES) == {
        "URL": "value of qstash.url/v2?to=value of bot.public_url",
        "JSON": '{"a": {}}',
        "PLAIN": "x",
        "MIXED": "{value of qstash.token}",
    }


def test_render_env__a_value_is_not_a_template() -> None:
    profile = Profile(bot=Bot(app="a:b", env={"KEY": "{qstash.token}"}))

    assert render_env(profile, {"qstash.token": "{qstash.url}}}"}) == {"KEY": "{qstash.url}}}"}


def test_render_env__default_needs_only_known_variables() -> None:
    assert set(render_env(Profile(bot=Bot(app="a:b")), VALUES)) == set(DEFAULT_ENV)


def test_render_env__variable_that_this_world_has_not() -> None:
    profile = Profile(bot=Bot(app="a:b", env={"TOKEN": "{firestore.token}"}))
    message = (
        "[bot.env] TOKEN: this world has no {firestore.token}\n"
        "  it has: {meta.app_secret}, {qstash.url}"
    )
    with pytest.raises(ProfileError, match=exactly(message)):
        render_env(profile, {"qstash.url": "u", "meta.app_secret": "s"})


# -- digest ----------------------------------------------------------------------------------------


def test_digest__same_for_the_same_profile_wherever_it_lies(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"{name}.json").write_text(json.dumps({"a": 1}))
        text = f'[bot]\n{APP}\n[store]\nseed = "{name}.json"\n'
        digests.add(profile_of(folder, text).digest())

    assert len(digests) == 1
    assert re.fullmatch("[0-9a-f]{64}", digests.pop())


def test_digest__does_not_depend_on_order_or_on_written_defaults(tmp_path: Path) -> None:
    short = profile_of(tmp_path, f"[bot]\n{APP}\n[host]\n").digest()
    long = profile_of(
        tmp_path, f"[host]\nmax_instances = 100\ninstances = 4\n[bot]\n{APP}\n"
    ).digest()

    assert short == long


@pytest.mark.parametrize(
    "other",
    [
        Profile(bot=Bot(app="a:c")),
        Profile(bot=Bot(app="a:b", env={})),
        Profile(bot=Bot(app="a:b"), store=None),
        Profile(bot=Bot(app="a:b"), host=Host(timeout_s=29)),
        Profile(bot=Bot(app="a:b"), limits=RateLimits(messages_per_user_minute=9)),
        Profile(bot=Bot(app="a:b"), plan=Budget(messages_per_month=300)),
        Profile(bot=Bot(app="a:b"), services=(Service(host="api.example.org"),)),
    ],
)
def test_digest__changes_with_the_profile(other: Profile) -> None:
    assert other.digest() != Profile(bot=Bot(app="a:b")).digest()


def test_digest__changes_with_the_content_of_the_seed(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text("{}")
    profile = profile_of(tmp_path, f'[bot]\n{APP}\n[store]\nseed = "seed.json"\n')
    before = profile.digest()

    seed.write_text('{"a": 1}')

    assert profile.digest() != before


def test_digest__bodies_of_services_count_with_their_content(tmp_path: Path) -> None:
    digests = []
    for name, content in (("one", "hello"), ("two", "hello"), ("three", "good-bye")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"{name}.txt").write_text(content)
        text = f'[bot]\n{APP}\n[[services]]\nhost = "a.example"\nbody = "{name}.txt"\n'
        digests.append(profile_of(folder, text).digest())

    assert digests[0] == digests[1] != digests[2]


def test_digest__seed_gone_since(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    profile = Profile(bot=Bot(app="a:b"), store=Store(seed=seed))
    message = f"the seed file {seed} can not be read: No such file or directory"
    with pytest.raises(ProfileError, match=exactly(message)):
        profile.digest()


@pytest.mark.parametrize(
    ("host", "title"),
    [
        (Host(), "lambda"),
        (Host(kind="vercel"), "vercel"),
        (Host(kind="vercel-fluid"), "vercel-fluid (10 at once)"),
        (Host(kind="cloud-run", concurrency=1), "cloud-run (1 at once)"),
        (Host(kind="always-on", instances=1), "always-on (1 instance)"),
        (Host(kind="always-on"), "always-on (4 instances)"),
    ],
)
def test_title_of_a_host__names_what_the_verdicts_depend_on(host: Host, title: str) -> None:
    assert host.title == title
