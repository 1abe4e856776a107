"""Certificates as files: which format goes where, and standard output as one of the places."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.certificate import Certificate
from harness.errors import UsageError

STDOUT = Path("-")


@dataclass(frozen=True, slots=True)
class Output:
    """One format and its place; `flag` is the option that asked for it."""

    flag: str
    path: Path
    render: Callable[[Certificate], str]


def refuse_impossible(outputs: Sequence[Output]) -> None:
    """Raise UsageError, before anything runs, when two outputs have one place or a place can not be
    a file.
    """
    places: dict[Path, str] = {}
    for output in outputs:
        place = output.path if output.path == STDOUT else output.path.resolve()
        if place in places:
            where = "standard output" if place == STDOUT else str(output.path)
            raise UsageError(f"{places[place]} and {output.flag} both go to {where}")
        places[place] = output.flag
        if place != STDOUT and place.is_dir():
            raise UsageError(f"{output.flag}: {output.path} is a folder; name a file in it")


def write_all(certificate: Certificate, outputs: Sequence[Output]) -> None:
    """Write every output. Raises UsageError when a file can not be written."""
    for output in outputs:
        text = output.render(certificate).rstrip("\n") + "\n"
        if output.path == STDOUT:
            sys.stdout.write(text)
            continue
        try:
            output.path.parent.mkdir(parents=True, exist_ok=True)
            # What a bot says may hold half a surrogate pair; as an escape it can be written.
            output.path.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise UsageError(f"{output.path} can not be written: {error.strerror}") from error
