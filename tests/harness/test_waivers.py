import re
from datetime import date
from pathlib import Path

import pytest

from harness.errors import ProfileError
from harness.profile import Profile, load_profile
from harness.waivers import Waiver

BOT = '[bot]\napp = "mybot.main:app"\n'
EXAMPLE = '  for example: "{}" = {{ reason = "echoes are not subscribed", until = 2027-01-31 }}'


def profile_of(folder: Path, waive: str) -> Profile:
    (folder / "thrice.toml").write_text(f"{BOT}[waive]\n{waive}\n")
    return load_profile(None, start=folder)


def test_waiver__is_read_with_its_reason_and_day(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, '"no-loop" = { reason = "one\\n  circle", until = 2027-01-31 }')
    assert profile.waivers == (
        Waiver(check="no-loop", reason="one circle", until=date(2027, 1, 31)),
    )


def test_waiver__as_a_table_of_its_own_in_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.thrice.bot]\napp = "a:b"\n'
        '[tool.thrice.waive.no-loop]\nreason = "x"\nuntil = 2027-01-31\n'
    )
    (waiver,) = load_profile(None, start=tmp_path).waivers
    assert waiver == Waiver(check="no-loop", reason="x", until=date(2027, 1, 31))


def test_no_waivers__without_the_table_or_with_an_empty_one(tmp_path: Path) -> None:
    assert profile_of(tmp_path, "").waivers == ()
    (tmp_path / "thrice.toml").write_text(BOT)
    assert load_profile(None, start=tmp_path).waivers == ()


def test_digest__changes_with_each_part_of_a_waiver(tmp_path: Path) -> None:
    texts = (
        "",
        '"no-loop" = { reason = "x", until = 2027-01-31 }',
        '"no-loop" = { reason = "x", until = 2027-02-01 }',
        '"no-loop" = { reason = "y", until = 2027-01-31 }',
        '"one-reply" = { reason = "x", until = 2027-01-31 }',
    )
    assert len({profile_of(tmp_path, text).digest() for text in texts}) == len(texts)


@pytest.mark.parametrize(
    ("waive", "message"),
    [
        pytest.param(
            '"no-lop" = { reason = "x", until = 2027-01-31 }',
            '[waive] "no-lop": no check is called that, did you mean "no-loop"?\n'
            "  known: ten-rapid,",
            id="unknown",
        ),
        pytest.param(
            '"no-loop" = "later"',
            '[waive] "no-loop": has to be a table with a reason and a last day, not a string\n'
            + EXAMPLE.format("no-loop"),
            id="no table",
        ),
        pytest.param(
            '"no-loop" = { reason = "x" }',
            '[waive] "no-loop": until is missing\n' + EXAMPLE.format("no-loop"),
            id="no day",
        ),
        pytest.param(
            '"no-loop" = { until = 2027-01-31 }',
            '[waive] "no-loop": reason is missing\n' + EXAMPLE.format("no-loop"),
            id="no reason",
        ),
        pytest.param(
            '"no-loop" = { reason = "x", untill = 2027-01-31 }',
            '[waive] "no-loop": untill: unknown key, did you mean until?\n'
            "  known: reason, until, platforms\n" + EXAMPLE.format("no-loop"),
            id="unknown key",
        ),
        pytest.param(
            '"no-loop" = { reason = " ", until = 2027-01-31 }',
            '[waive] "no-loop" reason: is empty; say why the failure is acceptable\n'
            '  for example: reason = "echoes are not subscribed"',
            id="empty reason",
        ),
        pytest.param(
            '"no-loop" = { reason = "x", until = "2027-01-31" }',
            '[waive] "no-loop" until: has to be a date without quotes, not a string\n'
            "  for example: until = 2027-01-31",
            id="quoted day",
        ),
        pytest.param(
            '"no-loop" = { reason = "x", until = 2027-01-31T12:00:00Z }',
            '[waive] "no-loop" until: has to be a date without quotes, not a date with a time\n'
            "  for example: until = 2027-01-31",
            id="day with a time",
        ),
    ],
)
def test_mistake__is_refused(tmp_path: Path, waive: str, message: str) -> None:
    with pytest.raises(ProfileError, match=f"^{re.escape('thrice.toml: ' + message)}"):
        profile_of(tmp_path, waive)


def test_waive_that_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "thrice.toml").write_text(f'waive = "all"\n{BOT}')
    message = r"^thrice\.toml: \[waive\]: has to be a table, not a string\n"
    with pytest.raises(ProfileError, match=message):
        load_profile(None, start=tmp_path)
