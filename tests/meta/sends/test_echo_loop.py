"""Bots that answer their own messages, and what ends it."""

import pytest

from emulator.errors import ScenarioError
from emulator.kernel import Limits
from emulator.meta import EchoToSelf
from tests.meta.support import (
    PAGE,
    RECEIPTS,
    answer_conversation,
    answer_sender,
    findings,
    make_world,
    run,
    send_request,
)


def test_loop__is_cut_by_the_kernel() -> None:
    kernel, bot, messenger = make_world(answer_conversation)

    messenger.message("hello")
    run(kernel)

    assert [delivery.generation for delivery in bot.deliveries] == [0, 1, 2, 3, 4]
    assert bot.names[2] == "u0.w0.r0.e0.w0.r0.e0.w0"
    [finding] = kernel.journal.entries("finding")
    assert (finding.name, finding.roots) == ("runaway", ("u0",))
    assert finding.detail == {"limit": "generation 4", "deliveries": 5}


def test_loop__of_the_bot_in_copies_is_stopped_first() -> None:
    kernel, bot, messenger = make_world(answer_conversation, copies=3)

    messenger.message("hello")
    run(kernel)

    # Each copy of the message began a loop of its own; each is told of 20 sends, thrice.
    assert sorted(findings(kernel)) == ["echo-loop"] * 3
    assert len(bot.deliveries) == 3 + 3 * 20 * 3


def test_loop__is_stopped_after_the_limit_and_reported() -> None:
    kernel, bot, messenger = make_world(answer_conversation, limits=Limits(generation=1_000))

    ada = messenger.message("hello")
    run(kernel)

    assert len(bot.deliveries) == 1 + 20
    assert messenger.sent_count == 21
    [finding] = kernel.journal.entries("finding")
    assert (finding.name, finding.roots, finding.generation) == ("echo-loop", ("u0",), 20)
    assert finding.detail == {"first": "u0.w0.r0", "sends": 20, "limit": 20, "to": ada.psid}
    [*_, last] = kernel.journal.entries("reply")
    assert finding.cause == last.seq


def test_loop__that_works_for_nobody_is_stopped_too() -> None:
    kernel, bot, messenger = make_world(
        lambda item: answer_conversation(item) if "is_echo" in item["message"] else None
    )
    ada = messenger.message("hello")
    run(kernel)

    messenger.handle(send_request({"recipient": {"id": ada.psid}, "message": {"text": "me"}}))
    run(kernel)

    assert len(bot.deliveries) == 1 + 20
    assert findings(kernel) == ["echo-loop"]


def test_loop__by_receipts_is_one_as_well() -> None:
    kernel, bot, messenger = make_world(
        answer_conversation, fields=RECEIPTS, echo_limit=3, limits=Limits(generation=1_000)
    )

    messenger.message("hello")
    run(kernel)

    assert bot.names[-1] == "u0.w0.r0.d0.w0.r0.d0.w0.r0.d0.w0"
    assert findings(kernel) == ["echo-loop"]


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_loop__limit(limit: int) -> None:
    kernel, bot, messenger = make_world(
        answer_conversation, echo_limit=limit, limits=Limits(generation=1_000)
    )

    messenger.message("hello")
    run(kernel)

    assert len(bot.deliveries) == 1 + limit


def test_loop__of_one_message_does_not_count_for_the_next() -> None:
    kernel, bot, messenger = make_world(
        answer_conversation, echo_limit=2, limits=Limits(generation=1_000)
    )

    for _ in range(3):
        messenger.message("hello")
        run(kernel)

    assert len(bot.deliveries) == 3 * 3


def test_many_sends__without_a_loop_are_all_echoed() -> None:
    kernel, bot, messenger = make_world(echo_limit=2)

    for _ in range(10):
        messenger.message("hello")
    run(kernel)

    assert len(bot.deliveries) == 20
    assert findings(kernel) == []


def test_send_to_the_page__is_refused() -> None:
    kernel, bot, messenger = make_world(answer_sender)

    messenger.message("hello")
    run(kernel)

    assert bot.statuses == [200, 400]
    assert bot.names == ["u0.w0", "u0.w0.r0.e0.w0"]


def test_send_to_the_page__accepted_is_echoed_to_the_page() -> None:
    kernel, bot, messenger = make_world(
        answer_sender,
        fields=("messages", "message_echoes", "message_deliveries"),
        echo_to_self="accept",
        limits=Limits(generation=1),
    )

    messenger.message("hello")
    run(kernel)

    to_self = messenger.sent[1]
    assert (to_self.to, to_self.roots, to_self.right_user) == (PAGE, ("u0",), False)
    assert not any("delivery" in item and item["sender"]["id"] == PAGE for item in bot.items)


def test_send_to_the_page__accepted_loops_until_it_is_stopped() -> None:
    kernel, bot, messenger = make_world(
        answer_sender, echo_to_self="accept", limits=Limits(generation=1_000)
    )

    messenger.message("hello")
    run(kernel)

    assert set(bot.statuses) == {200}
    assert bot.items[-1]["sender"] == bot.items[-1]["recipient"] == {"id": PAGE}
    assert len(bot.deliveries) == 1 + 20
    assert findings(kernel) == ["echo-loop"]


def test_options__echo_to_self() -> None:
    wrong: EchoToSelf = "ignore"  # type: ignore[assignment]

    with pytest.raises(
        ScenarioError, match=r"^echo_to_self must be one of refuse, accept, not ignore$"
    ):
        make_world(echo_to_self=wrong)


def test_options__echo_limit() -> None:
    with pytest.raises(ScenarioError, match=r"^echo_limit must be at least 1, not 0$"):
        make_world(echo_limit=0)
