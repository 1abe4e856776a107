import pytest

from harness.checks import CATALOGUE
from harness.checks.explained import EXPLAINED, needs_of


@pytest.mark.parametrize("check", CATALOGUE)
def test_every_check__is_explained(check: str) -> None:
    assert check in EXPLAINED, f"write what {check} does, in harness/checks/explained.py"


@pytest.mark.parametrize("check", EXPLAINED)
def test_explanations__are_sentences(check: str) -> None:
    text = EXPLAINED[check]
    for sentence in (text.does, text.expected, text.why):
        assert sentence.endswith(".")
        assert sentence[0].isupper() or sentence[0].isdigit()


def test_needs__are_those_of_the_profile() -> None:
    assert needs_of(CATALOGUE["dedup-records"]).startswith("[store] in the profile")
    assert needs_of(CATALOGUE["handshake"]) == ""
