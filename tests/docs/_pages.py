"""The pages of `docs/`, and what their marked blocks have to hold: a file, a difference of two
files, the output of a command, or text made from what the harness says of itself.

`python -m tests.docs._pages` writes all of these blocks anew.
"""

import ast
import difflib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.docs._made import MADE

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EXAMPLES = ROOT / "tests" / "examples"

# A marker is a comment: what kind of block follows, attributes, and what it is made of.
_BLOCK = re.compile(
    r"<!-- (?P<kind>file|diff|run)(?P<attributes>( \w+=\S+)*): (?P<source>[^\n]+) -->\n"
    r"(?P<fence>```\w*\n)(?P<body>.*?)(?P<end>^```$)",
    re.M | re.S,
)
_PART = re.compile(
    r"(?P<fence><!-- made: (?P<source>\w+) -->\n)(?P<body>.*?)(?P<end><!-- end -->)", re.S
)
# What is another one each time, or with each release.
_CHANGING = (
    (re.compile(r"thrice \d+\.\d+\.\d+"), "thrice 0.0.0"),
    (re.compile(r'"thrice" value="\d+\.\d+\.\d+"'), '"thrice" value="0.0.0"'),
    # Digests change with every key that a profile learns.
    (re.compile(r"\b[0-9a-f]{64}\b"), "0" * 64),
    (re.compile(r"source [0-9a-f]{12} \(\d+ files\)"), "source 000000000000 (0 files)"),
    (re.compile(r'time="[\d.]+"'), 'time="0.000"'),
    (re.compile(r"\bin \d+\.\d+s"), "in 0.00s"),
)


@dataclass(frozen=True, slots=True)
class Block:
    """One marked block of a page; `start` and `stop` are where its text stands."""

    kind: str
    source: str
    attributes: Mapping[str, str]
    text: str
    start: int
    stop: int


# What commands did that left a fresh copy of a folder as it was: pages may share them.
_done: dict[tuple[str, str], "subprocess.CompletedProcess[str]"] = {}


class Workshop:
    """Runs the commands of one page, in their order, in copies of the example folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def wanted(self, block: Block) -> str:
        """What a block has to hold. Raises AssertionError for another exit code than it says."""
        match block.kind:
            case "made":
                return MADE[block.source]()
            case "file":
                path, _, name = block.source.partition(" ")
                text = (ROOT / path).read_text()
                return _definition(text, name) if name else text
            case "diff":
                old, new = ((ROOT / path).read_text() for path in block.source.split())
                lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=2))
                return "\n".join(line for line in lines[2:] if not line.startswith("@@")) + "\n"
            case _:
                return self._run(block)

    def _run(self, block: Block) -> str:
        name = block.attributes.get("folder", "")
        folder = self._folder / (name or "reference")
        fresh = not folder.exists()
        if fresh:
            if name:
                shutil.copytree(EXAMPLES / name, folder)
            else:
                folder.mkdir()
                (folder / "reference_bot").symlink_to(ROOT / "reference_bot")
                for script in EXAMPLES.glob("*.py"):
                    (folder / script.name).symlink_to(script)
        run = _done.get((name, block.source)) if fresh else None
        if run is None:
            before = _files(folder)
            run = self._start(block.source, folder)
            if fresh and _files(folder) == before:
                _done[name, block.source] = run
        expected = int(block.attributes.get("exit", "0"))
        assert run.returncode == expected, f"{block.source}: {run.returncode}\n{run.stderr}"
        output = run.stderr if block.attributes.get("stream") == "stderr" else run.stdout
        lines = output.rstrip("\n").splitlines()
        if "lines" in block.attributes:
            first, _, last = block.attributes["lines"].partition("-")
            lines = lines[int(first) - 1 : int(last) if last else None]
        text = "\n".join(line.rstrip() for line in lines).strip("\n")
        assert text, f"{block.source}: nothing is printed on these lines"
        return text + "\n"

    def _start(self, command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
        program, *arguments = shlex.split(command)
        module = {"thrice": ["-m", "harness"], "pytest": ["-m", "pytest"], "python": []}[program]
        return subprocess.run(
            [sys.executable, *module, *arguments],
            capture_output=True,
            text=True,
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "PYTHONHASHSEED": "0",
                "PYTHONDONTWRITEBYTECODE": "1",
                "NO_COLOR": "1",
                "COLUMNS": "80",
                # The examples are no part of the repository that a page is tested in.
                "GIT_CEILING_DIRECTORIES": str(self._folder),
            },
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )


def pages() -> list[Path]:
    return sorted(DOCS.glob("*.md"))


def blocks(text: str) -> Iterator[Block]:
    """The marked blocks of a page, in their order."""
    found = [*_BLOCK.finditer(text), *_PART.finditer(text)]
    for match in sorted(found, key=lambda match: match.start()):
        groups = match.groupdict()
        yield Block(
            groups.get("kind") or "made",
            groups["source"],
            dict(pair.split("=", 1) for pair in (groups.get("attributes") or "").split()),
            groups["body"],
            match.start("body"),
            match.end("body"),
        )


def settled(text: str) -> str:
    """The text without what changes from run to run."""
    for pattern, instead in _CHANGING:
        text = pattern.sub(instead, text)
    return text


def _files(folder: Path) -> Mapping[Path, int]:
    """Every file below a folder, with the time of its last change."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def _definition(text: str, name: str) -> str:
    """A function of a file, with its decorators."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            return "\n".join(text.splitlines()[first - 1 : node.end_lineno]) + "\n"
    raise AssertionError(f"no function is called {name}")


def _rewrite(page: Path) -> None:
    text = page.read_text()
    parts, at = [], 0
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder))
        for block in blocks(text):
            wanted = workshop.wanted(block)
            same = settled(wanted) == settled(block.text)
            parts += [text[at : block.start], block.text if same else wanted]
            at = block.stop
    page.write_text("".join([*parts, text[at:]]))


if __name__ == "__main__":
    for chosen in sys.argv[1:] or map(str, pages()):
        _rewrite(Path(chosen))
