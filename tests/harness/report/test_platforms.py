"""A certificate for several platforms, in every format."""

import json
from dataclasses import replace
from xml.etree.ElementTree import fromstring

from harness.certificate import Certificate
from harness.report import (
    render_certificate,
    render_github,
    render_json,
    render_junit,
    render_markdown,
)
from harness.report.style import Style
from tests.harness._certificates import EVERYTHING, LAST_DAY, certificate, verdict

WAIVER = replace(EVERYTHING.waivers[0], check="one-reply", until=LAST_DAY, platforms=("instagram",))
VERDICTS = (
    replace(verdict("ten-rapid"), platform="instagram"),
    replace(verdict("one-reply", "failed", waiver=WAIVER), platform="instagram"),
    replace(verdict("ten-rapid", "failed", trace=".thrice/x.json"), platform="whatsapp"),
    replace(verdict("one-reply"), platform="whatsapp"),
    verdict("queue-signature"),
)
SEVERAL: Certificate = replace(
    certificate(*VERDICTS, waivers=[WAIVER]),
    platforms=("instagram", "whatsapp"),
    tells_platforms=True,
)
HEADLINE = "NOT certified on instagram and whatsapp, 1 of 5 checks failed (1 waived)"


def test_headline__says_where() -> None:
    assert SEVERAL.headline == HEADLINE
    passed = replace(SEVERAL, verdicts=VERDICTS[:2])
    assert passed.headline == "certified on instagram and whatsapp, 1 of 2 checks (1 waived)"


def test_state_of_a_waiver__is_that_of_where_it_counts() -> None:
    assert SEVERAL.state_of(WAIVER) == "applies"
    elsewhere = replace(WAIVER, platforms=("whatsapp",))
    assert SEVERAL.state_of(elsewhere) == "unused"
    nowhere = replace(WAIVER, platforms=("messenger",))
    assert SEVERAL.state_of(nowhere) == "not judged"


def test_terminal__has_a_heading_for_each_platform() -> None:
    lines = render_certificate(SEVERAL, Style(False)).splitlines()
    assert [line for line in lines[3:-2] if line[2:3] != " "][:10] == [
        "  on instagram",
        "  ten-rapid        passed  10 publishes",
        "  one-reply        waived  10 publishes",
        "",
        "  on whatsapp",
        "  ten-rapid        FAILED  10 publishes",
        "  one-reply        passed  10 publishes",
        "",
        "  whatever the platform",
        "  queue-signature  passed  10 publishes",
    ]


def test_json__tells_the_platform_of_each_verdict() -> None:
    written = json.loads(render_json(SEVERAL))
    assert written["platforms"] == ["instagram", "whatsapp"]
    assert [(one["check"], one["platform"]) for one in written["verdicts"]] == [
        ("ten-rapid", "instagram"),
        ("one-reply", "instagram"),
        ("ten-rapid", "whatsapp"),
        ("one-reply", "whatsapp"),
        ("queue-signature", None),
    ]
    assert written["waivers"][0]["platforms"] == ["instagram"]


def test_json__has_nothing_of_platforms_for_a_bot_on_messenger_alone() -> None:
    written = json.loads(render_json(EVERYTHING))
    assert "platforms" not in written
    assert not any("platform" in one for one in (*written["verdicts"], *written["waivers"]))


def test_junit__names_the_platform_in_each_case() -> None:
    suite = fromstring(render_junit(SEVERAL))
    assert [case.attrib["name"] for case in suite.iter("testcase")] == [
        "ten-rapid on instagram",
        "one-reply on instagram",
        "ten-rapid on whatsapp",
        "one-reply on whatsapp",
        "queue-signature",
    ]
    properties = {each.attrib["name"]: each.attrib["value"] for each in suite.iter("property")}
    assert properties["platforms"] == "instagram, whatsapp"


def test_markdown__names_the_platform_in_each_row_and_section() -> None:
    text = render_markdown(SEVERAL)
    assert "| `ten-rapid` on whatsapp | **FAILED** | 10 publishes |" in text
    assert "| `queue-signature` | passed | 10 publishes |" in text
    assert "<summary><code>ten-rapid</code> on whatsapp failed</summary>" in text


def test_github__names_the_platform_in_each_title() -> None:
    text = render_github(SEVERAL)
    assert "::error title=thrice%3A ten-rapid on whatsapp failed::10 publishes" in text
    assert "::warning title=thrice%3A one-reply on instagram waived::10 publishes" in text
