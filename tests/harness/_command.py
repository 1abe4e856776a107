"""The command `thrice`, called in this process as its entry point calls it: a process of its own
costs half a second, and is for what only that shows.
"""

import contextlib
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from harness.cli import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run of the command left behind."""

    returncode: int
    stdout: str
    stderr: str


def thrice(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> Run:
    """Run the command in a folder; it is neither on a terminal nor re-executed."""
    out, err = io.StringIO(), io.StringIO()
    with (
        _inside(cwd),
        patch.dict(os.environ, {"NO_COLOR": "1", **(env or {})}),
        patch("sys.stdin", io.StringIO()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
    return Run(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
