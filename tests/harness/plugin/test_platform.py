"""The marker chooses one of the bot's platforms."""

import pytest

from tests.harness.plugin._user import change, run

pytest_plugins = ["pytester"]

ASKS = """
    import pytest

    @pytest.mark.thrice(platform="{platform}")
    def test_it(world):
        world.meta.message("hello")
        world.run_until_quiet()
        assert world.meta.platform == "{platform}"
"""


@pytest.fixture
def on_instagram(folder: pytest.Pytester) -> pytest.Pytester:
    """The bot's folder, with a profile for Instagram beside Messenger."""
    change(folder, "thrice.toml", "[bot]\n", '[bot]\nplatforms = ["messenger", "instagram"]\n')
    change(folder, "thrice.toml", "{meta.page_token}", "{instagram.token}")
    return folder


def test_world__is_on_the_platform_of_the_marker(on_instagram: pytest.Pytester) -> None:
    # There each send comes back, and this bot answers whatever has a text.
    result = run(on_instagram, ASKS.format(platform="instagram"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*loop: /work -> /hook -> /work*", "bot:app on instagram, seed 1,*"]
    )


def test_world__is_on_the_first_platform_without_one(on_instagram: pytest.Pytester) -> None:
    text = ASKS.format(platform="messenger").replace('platform="messenger"', "copies=1")
    run(on_instagram, text).assert_outcomes(passed=1)


def test_platform_that_the_profile_does_not_name__is_refused(folder: pytest.Pytester) -> None:
    result = run(folder, ASKS.format(platform="whatsapp"))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "thrice: thrice.toml: [[]bot] platforms: does not name whatsapp, which the marker "
            "thrice does",
            '  for example: platforms = [[]"messenger", "whatsapp"]',
        ]
    )


def test_platform_that_there_is_not__is_refused(folder: pytest.Pytester) -> None:
    result = run(folder, ASKS.format(platform="telegram"))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            'thrice: marker thrice, platform: has to be "messenger" or "instagram" or "whatsapp", '
            "not 'telegram'"
        ]
    )
