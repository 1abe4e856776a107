"""Scenes: every partition once, and names that can be read back."""

import pytest

from harness.errors import HarnessError
from harness.explore.faults import Fault
from harness.explore.scene import Scene, apart, partitions, scene_of


@pytest.mark.parametrize(("copies", "bell"), [(1, 1), (2, 2), (3, 5), (4, 15), (5, 52)])
def test_partitions__are_as_many_as_bells_number(copies: int, bell: int) -> None:
    found = partitions(copies)
    assert len(found) == len(set(found)) == bell
    assert found[0] == "a" * copies
    assert found[-1] == apart(copies)


def test_partitions_of_three__are_these() -> None:
    assert partitions(3) == ("aaa", "aab", "aba", "abb", "abc")


@pytest.mark.parametrize(
    "scene",
    [
        Scene("ab"),
        Scene("aba", late="answered"),
        Scene("abc", frozenset({Fault("u0.w0'", 2, "fail-after"), Fault("u0.w1.q0", 0, "killed")})),
    ],
)
def test_name__can_be_read_back(scene: Scene) -> None:
    assert scene_of(scene.name) == scene


def test_name__says_what_happens() -> None:
    scene = Scene("ab", frozenset({Fault("u0.w0", 2, "fail-after")}))
    assert scene.name == "copies on ab, fail-after on call 2 of u0.w0"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("every order", 'no scene is called "every order": "every order" is no partition'),
        ("copies on ba", 'no scene is called "copies on ba": "ba" is no partition'),
        (
            "copies on ab, something else",
            'no scene is called "copies on ab, something else": what is "something else"?',
        ),
    ],
)
def test_other_names__are_refused(name: str, message: str) -> None:
    with pytest.raises(HarnessError) as refused:
        scene_of(name)
    assert str(refused.value) == message
