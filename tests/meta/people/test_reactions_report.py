"""The report says of every single thing what the bot made of it."""

from typing import get_args

import pytest

from emulator.journal import Journal
from emulator.kernel import Kernel
from emulator.meta import PlatformName, UserMessage
from emulator.meta.accounts import make_account
from emulator.meta.people.reactions_report import Outcome, Report, report_reactions
from tests.meta.everywhere import URL, Bot, Told, answer_questions, make_world, run

PLATFORMS: tuple[PlatformName, ...] = get_args(PlatformName)


def outcomes(report: Report) -> list[Outcome]:
    return [item.outcome for item in report.items]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_report__of_a_sound_bot_has_nothing_wrong(platform: PlatformName) -> None:
    kernel, _, account = make_world(platform, answer_questions)
    message = account.message("hello")
    run(kernel)
    happened = [
        message,
        account.react(message),
        account.edit(message, "hello!"),
        *account.batch(["a", "b", "c"], mode="mixed"),
    ]
    account.open_thread()
    run(kernel)

    report = report_reactions(kernel.journal, happened, account.dialect)

    assert outcomes(report) == ["answered", "left alone", "left alone", *["answered"] * 3]
    assert report.wrong == ()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_report__lost_second_items_of_a_batch(platform: PlatformName) -> None:
    bot: Bot

    def only_the_first_item(told: Told) -> str | None:
        items = [found.item for found in bot.told]
        is_first = told.item in items[len(items) - 3 : len(items) - 2]
        return "hi" if told.is_question and is_first else None

    kernel, bot, account = make_world(platform, only_the_first_item)
    messages = account.batch(["a", "b", "c"])
    kernel.run_step()

    report = report_reactions(kernel.journal, messages, account.dialect)

    assert sorted(outcomes(report)) == [
        "acknowledged and not answered",
        "acknowledged and not answered",
        "answered",
    ]
    assert len(report.wrong) == 2


@pytest.mark.parametrize("platform", PLATFORMS)
def test_report__replies_to_every_copy(platform: PlatformName) -> None:
    kernel, _, account = make_world(platform, answer_questions, copies=3)
    messages = [account.message("hello")]
    run(kernel)

    [item] = report_reactions(kernel.journal, messages, account.dialect).items

    assert (item.outcome, item.replies, item.told) == ("answered too often", 3, 3)
    assert str(item) == "u0 ada text: answered too often (3 replies)"
    [patient] = report_reactions(kernel.journal, messages, account.dialect, replies_each=3).items
    assert patient.outcome == "answered"


def test_report__replies_in_stand_by() -> None:
    kernel, _, account = make_world("messenger", lambda told: "hi" if told.text else None)
    messages = [account.standby("hello")]
    kernel.run_step()

    [item] = report_reactions(kernel.journal, messages, account.dialect).items

    assert item.outcome == "answered in stand-by"
    assert item.is_wrong


def test_report__replies_to_what_asks_for_none() -> None:
    kernel, _, account = make_world("messenger", lambda told: "hi")
    messages = [account.react("m_1")]
    kernel.run_step()

    assert outcomes(report_reactions(kernel.journal, messages, account.dialect)) == [
        "answered unasked"
    ]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_report__replies_to_echoes_and_statuses(platform: PlatformName) -> None:
    def answer_whatever_comes(told: Told) -> str | None:
        person = told.item.get("recipient_id") or told.sender
        return "hi" if person else None

    kernel, bot, account = make_world(platform, answer_whatever_comes)
    person = account.contacts.psid("ada")
    say = bot.say
    bot.say = lambda text, to, invocation: say(  # type: ignore[method-assign]
        text, person, invocation
    )
    messages = [account.message("hello")]
    run(kernel)

    [item] = report_reactions(kernel.journal, messages, account.dialect).items

    assert (item.outcome, item.replies) == ("answered", 1)
    assert item.to_echoes > 0
    assert item.is_wrong
    assert str(item).endswith(f"and {item.to_echoes} more because of the bot's own messages")


@pytest.mark.parametrize(
    ("platform", "status", "outcome"),
    [
        ("messenger", 202, "acknowledged and not answered"),
        ("messenger", 500, "not acknowledged"),
        ("instagram", 202, "acknowledged and not answered"),
        ("whatsapp", 200, "acknowledged and not answered"),
        ("whatsapp", 202, "not acknowledged"),
    ],
)
def test_report__what_was_not_answered(
    platform: PlatformName, status: int, outcome: Outcome
) -> None:
    kernel, bot, account = make_world(platform)
    bot.webhook_status = status
    messages = [account.message("hello")]
    kernel.run_step()

    assert outcomes(report_reactions(kernel.journal, messages, account.dialect)) == [outcome]


def test_report__what_the_app_is_not_told_of() -> None:
    kernel, _, account = make_world("messenger", fields=["messages"])
    messages = [account.postback("Yes", "YES")]
    run(kernel)

    report = report_reactions(kernel.journal, messages, account.dialect)
    assert outcomes(report) == ["not told"]
    assert report.counts == {"not told": 1}


def test_report__goes_by_the_counts_for_what_the_journal_has_let_go_of() -> None:
    kernel = Kernel(journal=Journal(keep=50))
    bot = Bot(answer_questions)
    kernel.origins["https://bot.example"] = bot
    account = bot.account = make_account("messenger", kernel, callback_url=URL, copies=1)
    messages: list[UserMessage] = []
    for number in range(100):
        messages.append(account.message(str(number)))
        run(kernel)

    report = report_reactions(kernel.journal, messages, account.dialect)

    assert kernel.journal.dropped > 0
    assert report.counts == {"answered": 100}
    assert len(str(report).splitlines()) == 100


def test_report__one_reply_to_a_batch_is_for_what_asks_for_one() -> None:
    kernel, _, account = make_world("messenger", answer_questions)
    acts = [
        account.inbox.act("reaction", {}, sender="ada"),
        account.inbox.act("text", {"text": "hello"}, sender="ada"),
    ]
    messages = account.inbox.happen(acts, at=None)
    run(kernel)

    report = report_reactions(kernel.journal, messages, account.dialect)
    assert outcomes(report) == ["left alone", "answered"]
