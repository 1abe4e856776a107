from harness.report import render_markdown
from tests.harness._certificates import EVERYTHING, WITH_NOTES, certificate, verdict


def test_first_line__is_the_headline() -> None:
    first = render_markdown(EVERYTHING).splitlines()[0]
    assert first == f"### `mybot.main:app`: {EVERYTHING.headline}"


def test_every_check__has_a_row() -> None:
    rows = [line for line in render_markdown(EVERYTHING).splitlines() if line.startswith("| `")]
    assert rows == [
        "| `ten-rapid` | **FAILED** | 10 publishes |",
        "| `dedup-records` | not applicable | needs &#91;store&#93; in the profile |",
        "| `queue-ledger` | **required, not applicable** | needs &#91;store&#93; in the profile |",
        "| `one-reply` | waived | 10 publishes; waived until 2027-01-31: known, mended soon |",
        "| `no-loop` | **FAILED** | 10 publishes; the waiver expired, its last day was 2026-01-01: "
        "known, mended soon |",
        "| `quiet-day` | passed | 10 publishes; its waiver (until 2027-01-31) is not needed |",
        "| `quiet-week` | note | 10 publishes |",
        "| `handshake` | passed | 10 publishes |",
    ]


def test_evidence__is_fenced_by_more_backticks_than_it_has() -> None:
    evidence = ("```", "<script>", "@everybody")
    text = render_markdown(certificate(verdict("no-loop", "failed", evidence=evidence)))
    lines = text.splitlines()
    start = lines.index("````text")
    assert lines[start + 1 : start + 7] == [
        "expected 10 publishes",
        "observed 10 publishes",
        "```",
        "<script>",
        "@everybody",
        "````",
    ]


def test_what_the_bot_says__is_no_markup() -> None:
    observed = "a|b\n*c* `d` <e> @f #1 [g](h) \\i"
    text = render_markdown(certificate(verdict("no-loop", observed=observed)))
    (row,) = [line for line in text.splitlines() if line.startswith("| `no-loop`")]
    assert row == (
        "| `no-loop` | passed | a&#124;b &#42;c&#42; &#96;d&#96; &#60;e&#62; @&#8203;f #&#8203;1 "
        "&#91;g&#93;(h) &#92;i |"
    )


def test_problem_and_identity__are_named() -> None:
    text = render_markdown(EVERYTHING)
    assert "- **problem**: telemetry.example.net is not part of the world (2 times)" in text
    assert f"commit `{'ab' * 20}` with changes, source `{'0f' * 32}`" in text


def test_command_with_backticks__is_shown_as_text() -> None:
    first = render_markdown(certificate(verdict("no-loop"), app="run `x`")).splitlines()[0]
    assert first == "### run &#96;x&#96;: certified, 1 of 1 checks"


def test_notes__are_counted_in_the_row_and_shown_below() -> None:
    lines = render_markdown(WITH_NOTES).splitlines()
    assert "| `send-fails` | passed | 10 publishes; with 2 notes |" in lines
    start = lines.index("<details><summary><code>send-fails</code> passed</summary>")
    assert lines[start + 3 : start + 7] == [
        "expected 10 publishes",
        "observed 10 publishes",
        "note: answered twice",
        "note: and | thrice",
    ]
