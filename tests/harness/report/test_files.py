import json
import re
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.report import render_json, render_markdown
from harness.report.files import STDOUT, Output, refuse_impossible, write_all
from tests.harness._certificates import EVERYTHING, certificate, verdict


def test_two_outputs_in_one_place__are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c"
    twice = [Output("--json", path, render_json), Output("--markdown", path, render_markdown)]
    message = f"--json and --markdown both go to {path}"
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        refuse_impossible(twice)


def test_two_outputs_on_standard_output__are_refused() -> None:
    outputs = [Output("--json", STDOUT, render_json), Output("--markdown", STDOUT, render_markdown)]
    with pytest.raises(UsageError, match=r"^--json and --markdown both go to standard output$"):
        refuse_impossible(outputs)


def test_folder_as_a_file__is_refused(tmp_path: Path) -> None:
    message = f"--json: {tmp_path} is a folder; name a file in it"
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        refuse_impossible([Output("--json", tmp_path, render_json)])


def test_file__gets_its_folders_and_ends_with_one_line_end(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.json"
    write_all(EVERYTHING, [Output("--json", path, render_json)])
    text = path.read_text(encoding="utf-8")
    assert json.loads(text)["headline"] == EVERYTHING.headline
    assert text.endswith("}\n")


def test_standard_output__gets_the_format_alone(capsys: pytest.CaptureFixture[str]) -> None:
    write_all(EVERYTHING, [Output("--json", STDOUT, render_json)])
    assert json.loads(capsys.readouterr().out)["seed"] == 7


def test_text_that_utf8_can_not_hold__is_written_as_an_escape(tmp_path: Path) -> None:
    path = tmp_path / "c.md"
    one = certificate(verdict("no-loop", observed="\ud83d"))
    write_all(one, [Output("--markdown", path, render_markdown)])
    assert "\\ud83d" in path.read_text(encoding="utf-8")


def test_file_that_can_not_be_written__is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "c.json"
    with pytest.raises(UsageError, match=f"^{re.escape(str(path))} can not be written: "):
        write_all(EVERYTHING, [Output("--json", path, render_json)])
