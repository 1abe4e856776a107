"""`thrice incident`: the table at once, the burn after it, and the figures as JSON."""

import json
from pathlib import Path

import pytest

from harness.cli import main
from harness.incident.model import Tally
from harness.incident.rows import ROWS, play_all

LINES = play_all()


@pytest.fixture(autouse=True)
def played_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are simulated once for all of these tests."""
    monkeypatch.setattr("harness.incident.play_all", lambda *, seed: LINES)


def thrice(*arguments: str) -> int:
    return main(["incident", *arguments])


def test_table__is_complete_plain_and_fits(capsys: pytest.CaptureFixture[str]) -> None:
    assert thrice("--no-burn") == 0
    text = capsys.readouterr().out
    for row in ROWS:
        assert row.title in text
        assert row.claim in text
    assert "A would need 6.38, B 4.04" in " ".join(text.split())
    assert "Row 5 again" not in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 106


def test_rows__are_the_same_each_time() -> None:
    assert play_all() == LINES


def test_burn__of_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert thrice("--messages", "1", "--jobs", "1") == 0
    captured = capsys.readouterr()
    assert "1 user message: 1,554 deliveries by the queue, 777 publishes" in captured.out
    assert "2,331 signed requests to the bot, 0 of them refused, in 40.0 virtual seconds" in (
        captured.out
    )
    assert captured.err == ""


def test_json__alone_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert thrice("--messages", "2", "--jobs", "1", "--json", "-") == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert "Row 5 again" in captured.err
    assert found["schema"] == "thrice-incident-1"
    assert [row["row"] for row in found["rows"]] == [row.id for row in ROWS]
    five = next(row for row in found["rows"] if row["row"] == "5")
    assert five["by_generation"] == [6, 36, 216, 1_296]
    assert five["for_300"] == {"deliveries": 466_200, "publishes": 233_100}
    assert found["burn"] == {
        "messages": 2,
        "deliveries": 3_108,
        "publishes": 1_554,
        "requests": 4_662,
        "refused": 0,
        "by_generation": [12, 72, 432, 2_592],
        "virtual_s": 40.038,
    }
    assert set(found["measured"]) == {"wall_s", "jobs"}


def test_json__without_the_burn_goes_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "below" / "a.json"
    assert thrice("--no-burn", "--json", str(file)) == 0
    assert json.loads(file.read_text())["burn"] is None


def test_json__that_can_not_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert thrice("--no-burn", "--json", str(tmp_path)) == 2
    assert capsys.readouterr().err == f"thrice: {tmp_path} can not be written: Is a directory\n"


def test_burn__that_counts_something_else_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("harness.incident.burn", lambda *_, **__: Tally(messages=1))
    assert thrice("--messages", "1", "--jobs", "1") == 3
    assert "this is a fault of thrice, not of your bot: the burn counted Tally(" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_numbers__begin_at_one(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        thrice("--messages", value)
    assert f"argument --messages: {value} is no number from 1 on" in capsys.readouterr().err
