import re
from pathlib import Path

import pytest

from harness.checks import CATALOGUE
from harness.checks.explained import EXPLAINED, live_of, needs_of

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("check", CATALOGUE)
def test_every_check__is_explained(check: str) -> None:
    assert check in EXPLAINED, f"write what {check} does, in harness/checks/explained.py"


@pytest.mark.parametrize("check", EXPLAINED)
def test_explanations__are_sentences(check: str) -> None:
    text = EXPLAINED[check]
    for sentence in (text.does, text.expected, text.why):
        assert sentence.endswith(".")
        assert sentence[0].isupper() or sentence[0].isdigit()


@pytest.mark.parametrize("check", EXPLAINED)
def test_way_out__is_a_page_that_exists(check: str) -> None:
    for page in re.findall(r"docs/[\w-]+\.md", EXPLAINED[check].way_out):
        assert (ROOT / page).exists()


def test_way_out__of_a_claim_in_two_steps_is_shown() -> None:
    assert "docs/claim-once.md" in EXPLAINED["ten-rapid"].way_out


def test_freeze_safe__does_not_say_that_nothing_is_ever_thawed() -> None:
    assert "never thawed" not in EXPLAINED["freeze-safe"].does
    assert "thawed by nothing but its next request" in EXPLAINED["freeze-safe"].does
    assert "[host] kind" in EXPLAINED["freeze-safe"].why


def test_hostile_input__says_why_the_queue_brings_what_the_bot_never_publishes() -> None:
    assert "what the bot never publishes" in EXPLAINED["hostile-input"].why


def test_needs__are_those_of_the_profile() -> None:
    assert needs_of(CATALOGUE["dedup-records"]).startswith("[store] in the profile")
    assert needs_of(CATALOGUE["handshake"]) == ""


def test_live__tells_what_is_left_out() -> None:
    assert live_of(CATALOGUE["ten-rapid"]) == ""
    assert live_of(CATALOGUE["queue-hangs"]).startswith("not judged, it needs a simulated run: ")
    assert live_of(CATALOGUE["store-down"]) == (
        'without "silent": there the bot would wait on its own clock'
    )
