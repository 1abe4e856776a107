"""The pages about the fakes name the test of each thing they say, and all of these exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from emulator.meta.people.conversation import VERBS
from tests.docs._pages import DOCS, ROOT

# Where the tests of a page are that it names without a folder.
FOLDERS = {
    "cloudtasks.md": "tests/cloudtasks",
    "firestore.md": "tests/firestore",
    "meta.md": "tests/meta",
    "qstash.md": "tests/qstash",
    "redis.md": "tests/redis",
    "sqs.md": "tests/sqs",
}
NAMED = re.compile(r"`(?P<file>[\w/]+\.py)(?:::(?P<test>\w+))?(?:\[[^\]`]*\])?`")


@cache
def defined_in(path: Path) -> frozenset[str]:
    """Functions, and the state machines that are given the name of a test."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(found)


@pytest.mark.parametrize("page", FOLDERS)
def test_every_test_that_is_named_exists(page: str) -> None:
    missing = []
    for name in NAMED.finditer((DOCS / page).read_text()):
        # Below the folder of the page's subject, or from the root.
        path = ROOT / FOLDERS[page] / name["file"]
        path = path if path.exists() else ROOT / name["file"]
        known = defined_in(path) if path.exists() else frozenset()
        if not path.exists() or name["test"] not in (None, *known):
            missing.append(name[0])
    assert missing == []


@pytest.mark.parametrize("section", ["Items", "Delivery", "Graph API", "Checks"])
def test_page_of_the_platform__every_row_names_a_test(section: str) -> None:
    text = (DOCS / "meta.md").read_text().split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    rows: list[str] = []
    has_tests = False
    for line in text.splitlines():
        if not line.startswith("|"):
            has_tests = False
        elif line.rstrip().endswith("| test |"):
            has_tests = True
        elif has_tests and not line.startswith("| ---"):
            rows.append(line)
    assert [row for row in rows if not re.search("::[Tt]est", row)] == []


def test_page_of_the_platform__names_every_verb_of_a_script() -> None:
    text = (DOCS / "meta.md").read_text()
    assert [verb for verb in VERBS if f"`{verb}`" not in text] == []
