import pytest

from emulator import World


@pytest.mark.thrice(app="reference_bot.app:app", profile="reference_bot/thrice.toml")
def test_ten_messages_are_published_once_each(world: World) -> None:
    for number in range(10):
        world.meta.message(f"message {number}", at=0.1 * number)
    world.run_until_quiet()

    assert world.journal.counts["publish"] == 10
    assert world.qstash.published == 10
    assert len(world.meta.sent) == 10


@pytest.mark.thrice(app="reference_bot.app:app", profile="reference_bot/thrice.toml")
def test_nothing_happens_in_the_day_after(world: World) -> None:
    world.meta.message("hello")
    world.run_until_quiet()
    world.advance(hours=24)

    assert world.journal.counts["publish"] == 1
