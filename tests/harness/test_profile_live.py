"""What a profile says of bots that run live: one way to run, its ports, its patience."""

from pathlib import Path
from typing import Any

import pytest

from harness.errors import ProfileError
from harness.profile import DEFAULT_PORTS, Profile, load_profile, with_ports


def profile_of(folder: Path, text: str, **options: Any) -> Profile:
    path = folder / "thrice.toml"
    path.write_text(text)
    return load_profile(path, start=folder, **options)


def test_command__is_the_way_and_the_name(tmp_path: Path) -> None:
    bot = profile_of(tmp_path, "[bot]\ncommand = 'npm start'\nstart_limit_s = 9").bot
    assert (bot.app, bot.command, bot.url) == ("", "npm start", "")
    assert bot.name == "npm start"
    assert (bot.start_limit_s, bot.call_timeout_s) == (9.0, 3.0)


def test_clock__is_made_to_follow_in_node_unless_something_else_is_said(tmp_path: Path) -> None:
    assert profile_of(tmp_path, "[bot]\ncommand = 'npm start'").bot.clock == "node"
    text = "[bot]\ncommand = 'npm start'\nclock = 'libfaketime'"
    assert profile_of(tmp_path, text).bot.clock == "libfaketime"


def test_url__is_an_origin_with_the_usual_ports(tmp_path: Path) -> None:
    bot = profile_of(tmp_path, "[bot]\nurl = 'http://localhost:3000/'").bot
    assert bot.name == bot.url == "http://localhost:3000"
    assert bot.ports == DEFAULT_PORTS == (8080, 8091, 8092, 8093)


@pytest.mark.parametrize("way", ["app", "command", "url"])
def test_option__takes_the_place_of_whatever_the_file_says(tmp_path: Path, way: str) -> None:
    value = {"app": "other:app", "command": "other", "url": "http://127.0.0.1:9"}[way]
    bot = profile_of(tmp_path, "[bot]\napp = 'mybot:app'", **{way: value}).bot
    given = {"app": "", "command": "", "url": ""} | {way: value}
    assert {"app": bot.app, "command": bot.command, "url": bot.url} == given


def test_option__is_enough_without_a_file(tmp_path: Path) -> None:
    assert load_profile(None, command="npm start", start=tmp_path).bot.command == "npm start"


def test_fallback_url__counts_only_when_nothing_says_how_the_bot_runs(tmp_path: Path) -> None:
    fallback = "http://127.0.0.1:3000"
    assert load_profile(None, fallback_url=fallback, start=tmp_path).bot.url == fallback
    assert profile_of(tmp_path, "[bot]", fallback_url=fallback).bot.url == fallback
    assert profile_of(tmp_path, "[bot]\napp = 'a:b'", fallback_url=fallback).bot.url == ""


def test_ports__are_replaced_as_a_whole(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, "[bot]\nurl = 'http://127.0.0.1:1'\nports = [1, 2, 3, 4]")
    assert profile.bot.ports == (1, 2, 3, 4)
    assert with_ports(profile, None) is profile
    assert with_ports(profile, (5, 6, 7, 8)).bot.ports == (5, 6, 7, 8)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("app = 'a:b'\ncommand = 'c'", r"\[bot\] command: can not stand beside app: a bot runs in"),
        (
            "url = 'https://127.0.0.1'",
            r'\[bot\] url: "https://127\.0\.0\.1" has to be http',
        ),
        ("url = 'http://h/x'", r'\[bot\] url: "http://h/x" has to end with the host or port'),
        ("command = ' '", r"\[bot\] command: has to be a command for the shell, without null char"),
        (
            "ports = [1, 2, 3]",
            r"\[bot\] ports: has to be an array of four ports: for the queue",
        ),
        ("ports = [1, 2, 3, 3]", r"\[bot\] ports: has to be four different ports"),
        (
            "ports = [1, 2, 3, 70000]",
            r"\[bot\] ports: 70000 is out of range, it has to be",
        ),
        ("start_limit_s = 0", r"\[bot\] start_limit_s: 0 is out of range"),
    ],
)
def test_mistake__is_named_with_its_key(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        profile_of(tmp_path, f"[bot]\n{line}\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"command": ""}, r'^--command: has to be a command .*\n  for example: --command "uvicorn'),
        ({"url": "x"}, r"^--url: .*\n  for example: --url http://127\.0\.0\.1:3000$"),
    ],
)
def test_wrong_option__is_named_with_an_example(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ProfileError, match=message):
        load_profile(None, start=tmp_path, **options)
