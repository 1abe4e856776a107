"""How people can react."""

from typing import get_args

import pytest

from emulator.errors import ScenarioError
from emulator.meta.items.reaction import EMOJI, Reaction, ReactionAction, check_reaction


def test_emoji__one_for_each_reaction() -> None:
    assert set(EMOJI) == set(get_args(Reaction))
    assert len(set(EMOJI.values())) == len(EMOJI)


def test_check_reaction__unknown_reaction() -> None:
    wrong: Reaction = "shrug"  # type: ignore[assignment]

    with pytest.raises(
        ScenarioError,
        match=r"^reaction must be one of smile, angry, sad, wow, love, like, dislike, other, "
        r"not shrug$",
    ):
        check_reaction(wrong, "react")


def test_check_reaction__unknown_action() -> None:
    wrong: ReactionAction = "ignore"  # type: ignore[assignment]

    with pytest.raises(ScenarioError, match=r"^action must be one of react, unreact, not ignore$"):
        check_reaction("love", wrong)
