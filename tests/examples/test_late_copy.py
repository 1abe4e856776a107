"""What no checklist asks: users, times and situations of one's own."""

import pytest

from emulator import World

BOT = pytest.mark.thrice(app="reference_bot.app:app", profile="reference_bot/thrice.toml", copies=1)


@BOT
def test_a_copy_that_comes_an_hour_later_is_not_published(world: World) -> None:
    message = world.meta.message("hello", sender="ada")
    world.meta.repeat(message, at=3600.0)
    world.run_until_quiet()

    assert world.journal.tally(message.root).publishes == 1
    assert world.journal.tally(message.root).replies == 1


@BOT
def test_an_answer_that_was_lost_does_not_answer_the_user_twice(world: World) -> None:
    world.meta.message("hello", sender="ben", at=0.0)
    while not world.qstash.published:
        world.advance(seconds=0.01)
    (event, *_) = world.qstash.events()
    world.qstash.lose_answer(str(event["messageId"]))
    world.run_until_quiet()

    deliveries = [
        entry for entry in world.journal.entries("delivery") if entry.detail["kind"] == "queue"
    ]
    assert len(deliveries) == 2
    assert [sent.text for sent in world.meta.sent] == ["You said: hello"]


@BOT
def test_what_is_in_the_store_can_be_read(world: World) -> None:
    message = world.meta.message("hello", sender="cleo")
    mark = world.firestore.mark()
    world.run_until_quiet(within_s=60.0)

    records = world.firestore.created_since(mark, "processedMessages")
    assert records == [world.kernel.mids[message.root]]
