from harness.report import render_github
from tests.harness._certificates import EVERYTHING, WITH_NOTES, certificate, verdict, waiver

ABSENT = verdict("no-loop", "not applicable")


def test_first_line__is_the_headline() -> None:
    first = render_github(EVERYTHING).splitlines()[0]
    headline = f"mybot.main:app: {EVERYTHING.headline}"
    assert first == f"::error title=thrice%3A NOT certified::{headline}"


def test_level_of_the_headline__says_how_well_it_went() -> None:
    waived = verdict("no-loop", "failed", waiver=waiver("no-loop"))
    first = [
        render_github(certificate(verdict("one-reply"), other)).splitlines()[0].split()[0]
        for other in (verdict("no-loop"), ABSENT, waived, verdict("no-loop", "failed"))
    ]
    assert first == ["::notice", "::notice", "::warning", "::error"]


def test_each_standing__has_its_level() -> None:
    lines = render_github(EVERYTHING).splitlines()[1:]
    assert [line.partition("::")[2].partition("::")[0] for line in lines] == [
        "error title=thrice%3A problem",
        "error title=thrice%3A ten-rapid failed",
        "error title=thrice%3A queue-ledger",
        "error title=thrice%3A no-loop failed",
        "warning title=thrice%3A one-reply waived",
        "warning title=thrice%3A quiet-week note",
        "notice title=thrice%3A dedup-records",
        "notice title=thrice%3A quiet-day",
    ]


def test_evidence__stays_on_its_line() -> None:
    (line,) = [line for line in render_github(EVERYTHING).splitlines() if "ten-rapid" in line]
    assert line.endswith(
        "::10 publishes%0Aexpected 10 publishes%0Au0 | was%0Apublished `3` times"
        "%0Areplay: thrice replay .thrice/x"
    )


def test_text_of_the_bot__can_not_end_its_command() -> None:
    failed = verdict("no-loop", "failed", observed="100%\r\n::set-env name=X::y")
    line = render_github(certificate(failed)).splitlines()[1]
    assert "::100%25%0D%0A::set-env name=X::y%0Aexpected" in line


def test_no_more_annotations_of_a_level_than_github_shows() -> None:
    failures = [verdict(f"check-{number}", "failed") for number in range(15)]
    lines = render_github(certificate(*failures)).splitlines()
    assert len(lines) == 10
    assert lines[-1] == "::error title=thrice::and 7 more, see the log"


def test_notes__are_a_notice() -> None:
    assert render_github(WITH_NOTES).splitlines()[1:] == [
        "::notice title=thrice%3A send-fails::passed%0Anote: answered twice%0Anote: and | thrice"
    ]
