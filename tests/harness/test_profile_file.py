import re
from pathlib import Path

import pytest

from harness.errors import ProfileError
from harness.profile import Profile, load_profile

APP = 'app = "mybot.main:app"'


def profile_of(folder: Path, text: str, app: str | None = None) -> Profile:
    (folder / "thrice.toml").write_text(text, encoding="utf-8")
    return load_profile(None, app=app, start=folder)


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


def test_no_bot_to_run(tmp_path: Path) -> None:
    message = (
        "no bot to run: there is no --app, no thrice.toml, and no [tool.thrice] in pyproject.toml\n"
        "  for example: --app mybot.main:app"
    )
    with pytest.raises(ProfileError, match=exactly(message)):
        load_profile(None, start=tmp_path)


def test_file_missing(tmp_path: Path) -> None:
    message = (
        "bot.toml: can not be read: No such file or directory\n  for example: --profile thrice.toml"
    )
    with pytest.raises(ProfileError, match=exactly(message)):
        load_profile(Path("bot.toml"), start=tmp_path)


def test_pyproject_given_without_the_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    message = "pyproject.toml: there is no table [tool.thrice]\n  for example: [tool.thrice.bot]"
    with pytest.raises(ProfileError, match=exactly(message)):
        load_profile(Path("pyproject.toml"), start=tmp_path)


def test_pyproject_with_a_value_for_a_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\nthrice = true\n")
    message = (
        "pyproject.toml: [tool.thrice]: has to be a table, not a boolean\n"
        "  for example: [tool.thrice.bot]"
    )
    with pytest.raises(ProfileError, match=exactly(message)):
        load_profile(None, start=tmp_path)


def test_table_in_pyproject_is_named_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.thrice.host]\ninstances = 0\n")
    message = (
        "pyproject.toml: [tool.thrice.host] instances: "
        "0 is out of range, it has to be from 1 to 1,000\n"
        "  for example: instances = 4"
    )
    with pytest.raises(ProfileError, match=exactly(message)):
        load_profile(None, app="a:b", start=tmp_path)


def test_toml_syntax_error_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(
        ProfileError,
        match=r"^thrice\.toml: is not valid TOML: .+ \(at line 2, column \d+\)\n"
        r'  for example: app = "mybot\.main:app"$',
    ):
        profile_of(tmp_path, "[bot]\napp\n")


def test_toml_that_ends_too_early_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(
        ProfileError,
        match=r"^thrice\.toml: is not valid TOML: .+ \(at line 2, .+\)\n"
        r'  for example: app = "mybot\.main:app"$',
    ):
        profile_of(tmp_path, '[bot]\napp = """x')


def test_file_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "thrice.toml").write_bytes(b'[bot]\n\napp = "caf\xe9:app"\n')
    message = 'thrice.toml: is not UTF-8 (at line 3)\n  for example: app = "mybot.main:app"'
    with pytest.raises(ProfileError, match=exactly(message)):
        load_profile(None, start=tmp_path)


def test_seed_missing(tmp_path: Path) -> None:
    message = (
        'thrice.toml: [store] seed: "no.json" can not be read: No such file or directory\n'
        '  for example: seed = "tests/seed.json"'
    )
    with pytest.raises(ProfileError, match=exactly(message)):
        profile_of(tmp_path, f'[bot]\n{APP}\n[store]\nseed = "no.json"\n')


def test_seed_is_not_json(tmp_path: Path) -> None:
    (tmp_path / "seed.json").write_text("{")
    with pytest.raises(
        ProfileError,
        match=r'^thrice\.toml: \[store\] seed: "seed\.json" is not JSON: .+\n'
        r'  for example: seed = "tests/seed\.json"$',
    ):
        profile_of(tmp_path, f'[bot]\n{APP}\n[store]\nseed = "seed.json"\n')


ALL_TABLES = (
    "[bot], [bot.env], [host], [store], [queue], [expect], [limits], [plan], [[services]], [waive]"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "[hots]\n",
            f"[hots]: unknown table, did you mean [host]?\n"
            f"  known: {ALL_TABLES}\n  for example: [host]",
            id="table misspelt",
        ),
        pytest.param(
            "[colours]\n",
            f"[colours]: unknown table\n  known: {ALL_TABLES}\n  for example: [bot]",
            id="table of no profile",
        ),
        pytest.param(
            "[[servces]]\n",
            f"[servces]: unknown table, did you mean [[services]]?\n"
            f"  known: {ALL_TABLES}\n  for example: [[services]]",
            id="array of tables misspelt",
        ),
        pytest.param(
            'webhook = "/hook"\n',
            'webhook: unknown key, it belongs in [bot]\n  for example: webhook = "/api/messenger"',
            id="key outside every table",
        ),
        pytest.param(
            'host = "vercel"\n',
            "[host]: has to be a table, not a string\n  for example: [host]",
            id="value for a table",
        ),
        pytest.param(
            "[[store]]\n",
            "[store]: has to be a table, not an array\n  for example: [store]",
            id="array of tables",
        ),
        pytest.param(
            '[bot]\nenv = "QSTASH_URL"\n',
            "[bot.env]: has to be a table, not a string\n  for example: [bot.env]",
            id="value for the environment",
        ),
        pytest.param(
            '[host]\nkidn = "vercel"\n',
            "[host] kidn: unknown key, did you mean kind?\n"
            "  known: kind, instances, max_instances, concurrency, timeout_s, leftovers\n"
            '  for example: kind = "lambda"',
            id="key misspelt",
        ),
        pytest.param(
            "[bot.evn]\n",
            "[bot] evn: unknown key, did you mean env?\n"
            "  known: app, command, url, platforms, webhook, webhooks, consumer, public_url, "
            "start_limit_s, ports, call_timeout_s, clock, env\n"
            "  for example: [bot.env]",
            id="environment misspelt",
        ),
        pytest.param(
            "[host]\nmemory = 1\n",
            "[host] memory: unknown key\n"
            "  known: kind, instances, max_instances, concurrency, timeout_s, leftovers\n"
            '  for example: kind = "lambda"',
            id="key of no profile",
        ),
        pytest.param(
            '[host]\nwebhook = "/hook"\n',
            "[host] webhook: unknown key, it belongs in [bot]\n"
            '  for example: webhook = "/api/messenger"',
            id="key in another table",
        ),
        pytest.param(
            '[bot]\nwebhook = "/hook"\n',
            '[bot] app: is missing, and there is no --app\n  for example: app = "mybot.main:app"',
            id="app missing",
        ),
    ],
)
def test_unknown_or_missing(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ProfileError, match=exactly(f"thrice.toml: {message}")):
        profile_of(tmp_path, text)


def test_app_given_is_wrong(tmp_path: Path) -> None:
    message = (
        '--app: "main.py" is not of the form module:attribute\n  for example: --app mybot.main:app'
    )
    with pytest.raises(ProfileError, match=exactly(message)):
        load_profile(None, app="main.py", start=tmp_path)
