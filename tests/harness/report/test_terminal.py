from harness.report import render_certificate
from harness.report.style import Style
from tests.harness._certificates import EVERYTHING, WITH_NOTES

LINES = render_certificate(EVERYTHING, Style(False)).splitlines()


def test_first_and_last_line__are_the_headline() -> None:
    assert LINES[0] == LINES[-1] == f"mybot.main:app: {EVERYTHING.headline}"


def test_second_line__names_what_was_certified() -> None:
    assert LINES[1] == (
        "thrice 1.2.3, seed 7, host lambda, simulated; "
        "commit abababababab with changes, source 0f0f0f0f0f0f (3 files)"
    )


def test_each_standing__has_its_word() -> None:
    checks = [verdict.check for verdict in EVERYTHING.verdicts]
    rows = [line.split() for line in LINES if line.startswith("  ") and line[2] != " "]
    assert {row[0]: row[1] for row in rows if row[0] in checks} == {
        "ten-rapid": "FAILED",
        "dedup-records": "n/a",
        "queue-ledger": "ABSENT",
        "one-reply": "waived",
        "no-loop": "FAILED",
        "quiet-day": "passed",
        "quiet-week": "note",
        "handshake": "passed",
    }


def test_waivers_and_requirements__are_explained_below_their_checks() -> None:
    pad = " " * 25
    assert pad + "required, so not applicable fails the certificate" in LINES
    assert pad + "waived until 2027-01-31: known, mended soon" in LINES
    assert pad + "the waiver expired, its last day was 2026-01-01: known, mended soon" in LINES
    assert pad + "its waiver (until 2027-01-31) is not needed" in LINES


def test_notes__stand_below_a_check_that_passed() -> None:
    lines = render_certificate(WITH_NOTES, Style(False)).splitlines()
    assert lines[0] == "mybot.main:app: certified, 2 of 2 checks"
    assert lines[3:7] == [
        "  send-fails  passed  10 publishes",
        " " * 22 + "note: answered twice",
        " " * 22 + "note: and | thrice",
        "  handshake   passed  10 publishes",
    ]
