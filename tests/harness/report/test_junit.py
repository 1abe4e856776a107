from xml.etree.ElementTree import Element, fromstring

from harness.certificate import Certificate
from harness.report import render_junit
from tests.harness._certificates import EVERYTHING, WITH_NOTES, certificate, verdict


def cases(one: Certificate) -> dict[str, Element]:
    return {case.attrib["name"]: case for case in fromstring(render_junit(one)).iter("testcase")}


def child(one: Certificate, check: str, kind: str) -> Element:
    found = cases(one)[check].find(kind)
    assert found is not None
    return found


def test_first_line__begins_with_the_headline() -> None:
    first = render_junit(EVERYTHING).splitlines()[0]
    assert first.startswith(f'<testsuites name="mybot.main:app: {EVERYTHING.headline}" ')


def test_counts__are_those_of_the_cases() -> None:
    (suite,) = fromstring(render_junit(EVERYTHING))
    counts = {name: suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "9", "failures": "3", "errors": "1", "skipped": "2"}
    assert suite.attrib["time"] == "1.250"


def test_failure__has_its_evidence_and_the_way_to_replay_it() -> None:
    failure = child(EVERYTHING, "ten-rapid", "failure")
    assert failure.attrib == {"type": "failed", "message": "10 publishes"}
    assert failure.text == (
        "expected 10 publishes\nobserved 10 publishes\nu0 | was\npublished `3` times\n"
        "replay: thrice replay .thrice/x"
    )


def test_not_applicable_and_waived__are_skipped_with_their_reasons() -> None:
    absent = child(EVERYTHING, "dedup-records", "skipped").attrib["message"]
    waived = child(EVERYTHING, "one-reply", "skipped").attrib["message"]
    assert absent == "not applicable: needs [store] in the profile"
    assert waived == "waived until 2027-01-31: known, mended soon"


def test_required_and_absent__is_a_failure() -> None:
    failure = child(EVERYTHING, "queue-ledger", "failure")
    assert failure.attrib["message"] == (
        "required, but not applicable: needs [store] in the profile"
    )


def test_expired_waiver__is_a_failure_that_says_so() -> None:
    failure = child(EVERYTHING, "no-loop", "failure")
    assert failure.attrib["message"] == (
        "10 publishes; the waiver expired, its last day was 2026-01-01: known, mended soon"
    )


def test_note__is_a_case_that_passed_and_says_more() -> None:
    case = cases(EVERYTHING)["quiet-week"]
    assert [one.tag for one in case] == ["system-out"]
    assert (child(EVERYTHING, "quiet-week", "system-out").text or "").startswith("note\nexpected ")


def test_problem__is_an_error() -> None:
    error = child(EVERYTHING, "problem-1", "error")
    assert error.attrib["message"] == "telemetry.example.net is not part of the world (2 times)"


def test_certificate_of_nothing__is_never_green() -> None:
    one = certificate(verdict("no-loop", "not applicable"))
    assert child(one, "certificate", "error").attrib["message"] == (
        "NOT certified, nothing could be judged (1 not applicable)"
    )


def test_text_that_xml_can_not_hold__is_shown_as_an_escape() -> None:
    one = certificate(
        verdict("one-reply", "failed", observed='<&">\x00\x1b\ud800\ufffe \U0001f642')
    )
    failure = child(one, "one-reply", "failure")
    assert failure.attrib["message"] == '<&">\\x00\\x1b\\ud800\\ufffe \U0001f642'


def test_notes__are_said_by_a_case_that_passed() -> None:
    case = cases(WITH_NOTES)["send-fails"]
    assert [one.tag for one in case] == ["system-out"]
    text = child(WITH_NOTES, "send-fails", "system-out").text
    assert text == "10 publishes\nnote: answered twice\nnote: and | thrice"
