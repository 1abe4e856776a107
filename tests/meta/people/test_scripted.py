"""Scripted people: what they do, when, and what comes of it."""

from collections.abc import Sequence
from typing import get_args

import pytest

from emulator.errors import ScenarioError
from emulator.meta import PlatformName
from emulator.meta.people.conversation import (
    Conversation,
    Doing,
    edits,
    happens,
    reacts,
    reads,
    says,
    sends,
    taps,
    thinks,
    unreacts,
    unsends,
    waits,
)
from emulator.meta.people.scripted import play
from tests.meta.everywhere import Told, answer_questions, make_world, run

PLATFORMS: tuple[PlatformName, ...] = get_args(PlatformName)
AT_ONCE = (0.0, 0.0)


def ada(*acts: Doing, think_s: tuple[float, float] = AT_ONCE) -> Conversation:
    return Conversation("ada", acts, think_s=think_s)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_play__one_after_the_other_on_every_platform(platform: PlatformName) -> None:
    kernel, _, account = make_world(platform, answer_questions)

    played = play(
        account,
        [ada(says("hello"), sends("image"), taps("Yes"), edits("Yes!"), reacts(), reads())],
    )
    run(kernel)

    assert [message.event for message in played.messages] == [
        "text",
        "attachment",
        "postback",
        "edit",
        "reaction",
    ]
    assert account.sent_count == 1


def test_play__waits_exactly_and_thinks_for_a_drawn_time() -> None:
    kernel, _, account = make_world("messenger")

    played = play(
        account,
        [
            Conversation(
                "ada",
                (says("0"), waits(3), says("1"), thinks(1, 5), says("2"), says("3")),
                starts_s=10,
                think_s=(7, 8),
            )
        ],
    )
    run(kernel)

    first, second, third, fourth = (message.at for message in played.messages)
    assert (first, second) == (10.0, 13.0)
    assert 1 <= third - second <= 5
    assert 7 <= fourth - third <= 8


def test_play__several_at_once_and_the_same_in_every_run() -> None:
    def times(seed: int) -> list[tuple[str, str, float]]:
        kernel, _, account = make_world("instagram", seed=seed)
        people = [
            Conversation(name, (says("hello"), says("bye"))) for name in ("ada", "ben", "cleo")
        ]
        played = play(account, people)
        run(kernel)
        return [(message.sender, message.text, message.at) for message in played.messages]

    assert times(1) == times(1) != times(2)
    assert [text for _, text, _ in times(1)] == ["hello"] * 3 + ["bye"] * 3


def test_play__only_the_next_act_of_each_is_on_the_agenda() -> None:
    kernel, _, account = make_world("messenger")

    people = [
        Conversation(f"user{number}", (says("a"), says("b"), says("c"))) for number in range(50)
    ]
    play(account, people)

    assert len(kernel.agenda) == 50


def reactions(told: Sequence[Told]) -> list[str]:
    return [found.item["reaction"]["mid"] for found in told if "reaction" in found.item]


def test_reacts__to_the_answer_or_else_to_the_own_message() -> None:
    kernel, bot, account = make_world("messenger", answer_questions)

    played = play(
        account,
        [
            ada(taps("Start"), reacts(), says("hello"), reacts("wow"), unreacts("wow")),
            Conversation("ben", (waits(1), says("hi"))),
        ],
    )
    run(kernel)

    answer = next(sent for sent in account.sent if sent.to == account.contacts.psid("ada"))
    assert reactions(bot.told) == [played.messages[0].mid, answer.message_id, answer.message_id]


def test_reacts__before_anything_is_there_does_nothing() -> None:
    kernel, bot, account = make_world("messenger")

    played = play(account, [ada(reacts(), unreacts())])
    run(kernel)

    assert (played.messages, bot.bodies) == ([], [])


def test_edits_and_unsends__the_latest_message() -> None:
    kernel, bot, account = make_world("instagram")

    played = play(account, [ada(says("a"), says("b"), edits("c"), unsends())])
    run(kernel)

    _, second, *_ = played.messages
    changes = [found.item for found in bot.told[2:]]
    assert changes[0]["message_edit"]["mid"] == second.mid
    assert changes[1]["message"] == {"mid": second.mid, "is_deleted": True}


def test_reads__once_there_is_something_new() -> None:
    kernel, bot, account = make_world("messenger", answer_questions)

    play(account, [ada(reads(), says("hello"), reads(), reads())])
    run(kernel)

    assert sum("read" in found.item for found in bot.told) == 1


def test_happens__anything_of_the_platform() -> None:
    kernel, bot, account = make_world("messenger")

    play(account, [ada(happens("order", note="soon"))])
    run(kernel)

    assert bot.told[0].item["order"]["note"] == "soon"


def test_played__by_one_of_them() -> None:
    kernel, _, account = make_world("messenger")

    played = play(account, [ada(says("a")), Conversation("ben", (says("b"), says("c")))])
    run(kernel)

    assert [message.text for message in played.by("ben")] == ["b", "c"]


@pytest.mark.parametrize(
    ("platform", "acts", "message"),
    [
        ("messenger", [says("a"), unsends()], "ada unsends: Messenger has no unsend"),
        (
            "whatsapp",
            [sends("story_mention")],
            "ada sends story_mention; on WhatsApp it is one of image, audio, video, document, "
            "sticker, voice, file, location",
        ),
        ("instagram", [happens("order")], "ada happens order: Instagram has no order"),
        (
            "messenger",
            [happens("order", size=5)],
            "ada happens order: order has no size; it takes note",
        ),
        (
            "messenger",
            [happens("template")],
            "ada happens template: an attachment of the kind template needs a payload",
        ),
        (
            "messenger",
            [reacts("rage")],
            "ada reacts with rage; it is one of smile, angry, sad, wow, love, like, dislike, other",
        ),
    ],
)
def test_play__what_there_is_not_on_this_platform(
    platform: PlatformName, acts: Sequence[Doing], message: str
) -> None:
    kernel, _, account = make_world(platform)

    with pytest.raises(ScenarioError) as caught:
        play(account, [ada(*acts)])
    assert str(caught.value) == message
    assert len(kernel.agenda) == 0


def test_play__two_of_one_name() -> None:
    _, _, account = make_world("messenger")

    with pytest.raises(ScenarioError, match=r"^two people are called ada$"):
        play(account, [ada(says("a")), ada(says("b"))])
