import re
from pathlib import Path

import pytest

from harness.errors import ProfileError
from harness.profile import WAYS, Profile, load_profile
from harness.profile_keys import TABLES
from harness.template import VARIABLES

APP = 'app = "mybot.main:app"'
# Sorted, as they are told.
ALL_VARIABLES = ", ".join(f"{{{name}}}" for name in sorted(VARIABLES))


def profile_of(folder: Path, text: str, app: str | None = None) -> Profile:
    (folder / "thrice.toml").write_text(text, encoding="utf-8")
    return load_profile(None, app=app, start=folder)


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


@pytest.mark.parametrize(
    ("table", "line", "wrong", "example"),
    [
        ("bot", "app = 1", "has to be a string, not a whole number", APP),
        ("bot", 'app = "main.py"', '"main.py" is not of the form module:attribute', APP),
        (
            "bot",
            'webhook = "api/messenger"',
            '"api/messenger" has to begin with "/"',
            'webhook = "/api/messenger"',
        ),
        (
            "bot",
            'consumer = "/work?x=1"',
            '"/work?x=1" has to be a path only, with no host, query, fragment or space',
            'consumer = "/api/process-message"',
        ),
        (
            "bot",
            'consumer = "//host/work"',
            '"//host/work" has to be a path only, with no host, query, fragment or space',
            'consumer = "/api/process-message"',
        ),
        (
            "bot",
            'public_url = "my-bot.example.com"',
            '"my-bot.example.com" has to be an http or https URL with a host',
            'public_url = "https://my-bot.example.com"',
        ),
        (
            "bot",
            'public_url = "https://bot.example.com/api"',
            '"https://bot.example.com/api" has to end with the host or port; '
            "routes have keys of their own",
            'public_url = "https://my-bot.example.com"',
        ),
        (
            "bot",
            'public_url = "https://bot.example.com:http"',
            "is not a URL: Port could not be cast to integer value as 'http'",
            'public_url = "https://my-bot.example.com"',
        ),
        (
            "bot",
            'public_url = "https://me:hunter2@bot.example.com"',
            "must not carry a user name or a password",
            'public_url = "https://my-bot.example.com"',
        ),
        (
            "host",
            'kind = "vercell"',
            '"vercell" is unknown, did you mean "vercel"?\n'
            '  known: "lambda", "vercel", "vercel-fluid", "cloud-run", "always-on"',
            'kind = "lambda"',
        ),
        (
            "host",
            'kind = "heroku"',
            '"heroku" is unknown\n'
            '  known: "lambda", "vercel", "vercel-fluid", "cloud-run", "always-on"',
            'kind = "lambda"',
        ),
        ("host", "kind = []", "has to be a string, not an array", 'kind = "lambda"'),
        (
            "host",
            'instances = "4"',
            "has to be a whole number, not a string",
            "instances = 4",
        ),
        ("host", "instances = true", "has to be a whole number, not a boolean", "instances = 4"),
        ("host", "instances = 4.0", "has to be a whole number, not a number", "instances = 4"),
        (
            "host",
            "instances = 2000",
            "2000 is out of range, it has to be from 1 to 1,000",
            "instances = 4",
        ),
        (
            "host",
            "instances = 200",
            "200 is more than max_instances = 100",
            "max_instances = 200",
        ),
        (
            "host",
            "timeout_s = 0",
            "0 is out of range, it has to be above 0 and at most 3600",
            "timeout_s = 30",
        ),
        (
            "host",
            "timeout_s = nan",
            "nan is out of range, it has to be above 0 and at most 3600",
            "timeout_s = 30",
        ),
        (
            "host",
            "timeout_s = 901",
            '901 is more than "lambda" allows, which is 900',
            "timeout_s = 900",
        ),
        (
            "host",
            'timeout_s = 900\nkind = "vercel-fluid"',
            '900 is more than "vercel-fluid" allows, which is 800',
            "timeout_s = 800",
        ),
        (
            "host",
            "concurrency = 2",
            '2 is more than "lambda" takes at once, which is 1; '
            '"vercel-fluid" or "cloud-run" or "always-on" take more',
            "concurrency = 1",
        ),
        (
            "host",
            'concurrency = 2000\nkind = "cloud-run"',
            '2,000 is more than "cloud-run" takes at once, which is 1,000',
            "concurrency = 1000",
        ),
        (
            "host",
            "timeout_s = 12:00:00",
            "has to be a number of seconds, not a date or time",
            "timeout_s = 30",
        ),
        (
            "store",
            'kind = "mongodb"',
            '"mongodb" is unknown\n  known: "firestore", "upstash", "redis"',
            'kind = "firestore"',
        ),
        (
            "store",
            'dedup = "processed/mid"',
            '"processed/mid" is not the path of a collection',
            'dedup = "processedMessages"',
        ),
        (
            "store",
            "dedup = {}",
            "has to be a string, not a table",
            'dedup = "processedMessages"',
        ),
        (
            "expect",
            "publishes = -1",
            "-1 is out of range, it has to be from 0 to 100",
            "publishes = 1",
        ),
        (
            "limits",
            "messages_per_user_minute = 0",
            "0 is out of range, it has to be from 1 to 10,000",
            "messages_per_user_minute = 10",
        ),
        (
            "limits",
            'excess = "drop"',
            '"drop" is unknown\n  known: "delay", "notice", "drop-with-reply"',
            'excess = "delay"',
        ),
        (
            "limits",
            'notice = " "',
            "has to be a text that is not blank",
            'notice = "too many messages"',
        ),
        (
            "limits",
            "breaker_recovery_s = 3600",
            "3600 is out of range, it has to be above 0 and below 3,600: the platform disables a "
            "webhook that fails for an hour",
            "breaker_recovery_s = 600",
        ),
        (
            "limits",
            "breaker_recovery_s = 0",
            "0 is out of range, it has to be above 0 and below 3,600: the platform disables a "
            "webhook that fails for an hour",
            "breaker_recovery_s = 600",
        ),
        (
            "plan",
            'qstash = "fre"',
            '"fre" is unknown, did you mean "free"?\n'
            '  known: "free", "pay-as-you-go", "fixed-1m", "fixed-10m"',
            'qstash = "free"',
        ),
    ],
)
def test_wrong_value(tmp_path: Path, table: str, line: str, wrong: str, example: str) -> None:
    key = line.partition(" ")[0]
    message = f"thrice.toml: [{table}] {key}: {wrong}\n  for example: {example}"
    with pytest.raises(ProfileError, match=exactly(message)):
        profile_of(tmp_path, f"[{table}]\n{line}\n", app="a:b")


def test_examples_of_the_messages_are_right(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "seed.json").write_text("{}")
    lines = [
        line
        for table, keys in TABLES.items()
        # A bot runs in one way: its app stands for the others.
        for line in (
            f"[{table}]",
            *(
                key.example
                for name, key in keys.items()
                # What is spent of a plan is said of a store that has one, and what SQS is set to
                # of SQS.
                if name not in (*WAYS, "commands_used", "visibility_s", "max_receives")
                or name == "app"
            ),
        )
    ]

    assert profile_of(tmp_path, "\n".join(lines)).bot.app == "mybot.main:app"


@pytest.mark.parametrize(
    ("line", "key", "wrong"),
    [
        (
            'QSTASH_URL = "{qstash.ulr}"',
            "QSTASH_URL",
            f"unknown variable {{qstash.ulr}}, did you mean {{qstash.url}}?\n"
            f"  known: {ALL_VARIABLES}",
        ),
        ('KEY = "hunter2{x}"', "KEY", f"unknown variable {{x}}\n  known: {ALL_VARIABLES}"),
        (
            """KEY = '{"password": "hunter2"}'""",
            "KEY",
            "a stray { at character 1; braces that are no variable are written {{ and }}",
        ),
        ("PORT = 8080", "PORT", "has to be a string, not a whole number"),
        ('KEY = "a\\u0000"', "KEY", "holds a null character, which no environment variable can"),
        (
            '"A=B" = "x"',
            '"A=B"',
            'can not name an environment variable: it is empty or holds "=" or a null character',
        ),
    ],
)
def test_wrong_environment__its_value_is_never_quoted(
    tmp_path: Path, line: str, key: str, wrong: str
) -> None:
    message = f'thrice.toml: [bot.env] {key}: {wrong}\n  for example: QSTASH_URL = "{{qstash.url}}"'
    with pytest.raises(ProfileError, match=exactly(message)):
        profile_of(tmp_path, f"[bot]\n{APP}\n[bot.env]\n{line}\n")
