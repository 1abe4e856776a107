"""The pages of `docs/` say what is so: every marked block, every link, every table of names."""

import re
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from emulator.cloudtasks.calls import METHODS
from emulator.qstash import api as qstash_api
from emulator.sqs.actions import ACTIONS
from harness.checks import CATALOGUE
from harness.cli import parser
from harness.plan import OPTIONS
from harness.profile import load_profile
from harness.profile_keys import ANSWER, SERVICE, TABLES
from tests.docs._pages import DOCS, ROOT, Workshop, blocks, pages, settled

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def named(path: Path) -> str:
    return path.stem


def prose_and_unmarked(page: Path) -> str:
    """The page without what its marked blocks hold."""
    text = page.read_text()
    for block in reversed(list(blocks(text))):
        if block.kind != "made":
            start = text.rindex("```", 0, block.start)
            text = text[:start] + text[block.stop + 3 :]
    return text


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def table_under(page: str, heading: str) -> dict[str, str]:
    """Key and second column of the rows under a heading."""
    text = (DOCS / page).read_text()
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.M)
    return {key: default.strip("`") for key, default in rows}


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_marked_block_is_what_it_says(page: Path, tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    for block in blocks(page.read_text()):
        assert settled(block.text) == settled(workshop.wanted(block)), block.source


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_block_is_marked_or_checked_otherwise(page: Path) -> None:
    unmarked = {language for language, _ in FENCE.findall(prose_and_unmarked(page))}
    assert unmarked <= {"sh", "toml"}


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_command_can_be_given(page: Path) -> None:
    for language, body in FENCE.findall(prose_and_unmarked(page)):
        for line in body.splitlines() if language == "sh" else ():
            program, *arguments = shlex.split(line.partition(" > ")[0], comments=True)
            assert program in ("pip", "npm", "thrice")
            if program == "thrice":
                parser().parse_args(arguments)


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_profile_loads(page: Path, tmp_path: Path) -> None:
    for language, body in FENCE.findall(prose_and_unmarked(page)):
        if language == "toml":
            path = tmp_path / "thrice.toml"
            path.write_text(body)
            said = tomllib.loads(body)["bot"]
            bot = load_profile(path).bot
            assert (bot.app, bot.command) == (said.get("app", ""), said.get("command", ""))


@pytest.mark.parametrize("page", [*pages(), ROOT / "README.md"], ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    for link in LINK.findall(text):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text()), link


def test_every_page_is_in_the_index() -> None:
    linked = set(LINK.findall((DOCS / "index.md").read_text()))
    assert {page.name for page in pages()} - {"index.md"} <= linked


@pytest.mark.parametrize("table", TABLES)
def test_profile__names_every_key_with_its_default(table: str, tmp_path: Path) -> None:
    path = tmp_path / "thrice.toml"
    path.write_text(
        '[bot]\napp = "mybot.main:app"\n[store]\n[host]\n[expect]\n[limits]\n'
        "[plan]\nmessages_per_month = 1\n"
    )
    values = getattr(load_profile(path), table)
    shown = table_under("profile.md", f"[{table}]")
    assert set(shown) == set(TABLES[table])
    for field in fields(values):
        if field.name in shown and field.name not in ("app", "command", "url"):
            value = getattr(values, field.name)
            if value in (None, "", {}):
                assert shown[field.name] == "none"
            elif shown[field.name] != "required":
                default = tomllib.loads(f"value = {shown[field.name]}")["value"]
                assert default == (list(value) if isinstance(value, tuple) else value)


def test_profile__names_every_key_of_services_and_waivers() -> None:
    assert set(table_under("profile.md", "[[services]]")) == {*SERVICE, *ANSWER, "answers"}
    assert set(table_under("profile.md", "[waive]")) == {"reason", "until", "platforms"}


def test_pytest__names_every_option_of_the_marker() -> None:
    assert set(table_under("pytest.md", "The marker")) == set(OPTIONS)


def test_pytest__says_that_pytest_has_to_be_installed() -> None:
    assert "\npip install pytest\n" in (DOCS / "pytest.md").read_text()


def test_installing__is_told_alike_everywhere() -> None:
    told = {
        line.partition("#")[0].strip()
        for page in (ROOT / "README.md", DOCS / "certify-your-bot.md", DOCS / "nextjs.md")
        for line in page.read_text().splitlines()
        if line.startswith("pip install")
    }
    assert told == {"pip install path/to/thrice", "pip install 'path/to/thrice[live]'"}


def test_readme__comes_to_the_readers_own_bot_before_the_commands_of_a_checkout() -> None:
    text = (ROOT / "README.md").read_text()
    assert text.index("## Your own Python bot") < text.index("make certify")


def test_kinds_of_host__say_which_adapter_is_which() -> None:
    rows = (DOCS / "profile.md").read_text().splitlines()
    (mangum,) = [row for row in rows if "Mangum" in row]
    (adapter,) = [row for row in rows if "Lambda Web Adapter" in row]
    assert mangum.endswith('| `"vercel"` |')
    assert adapter.endswith('| `"lambda"` |')


def test_checks__has_a_section_for_each() -> None:
    text = (DOCS / "checks.md").read_text()
    assert re.findall(r"^## \d+\. ([\w-]+):", text, re.M) == list(CATALOGUE)


def test_page_of_cloud_tasks__names_every_method() -> None:
    text = (DOCS / "cloudtasks.md").read_text()
    assert [method for method in METHODS if f"| `{method}` |" not in text] == []


def test_page_of_sqs__names_every_action() -> None:
    text = (DOCS / "sqs.md").read_text()
    assert [action for action in ACTIONS if f"| `{action}` |" not in text] == []


def test_page_of_the_queue__names_every_route() -> None:
    text = (DOCS / "qstash.md").read_text()
    routes = {path.replace(":path", "") for _, path, _ in qstash_api.TABLE}
    assert {route for route in routes if f"`{route}`" not in text} == set()
