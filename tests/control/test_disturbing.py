"""A queue that delivers in copies, late, or in another order, as it is told."""

from tests.control.support import Api, Bot
from tests.control.test_troubles import job

PATH = "/v1/queue/disturbance"
USUAL = {"copies": 1, "copy_after_s": 0.0, "late_s": 0.0, "spread_s": 0.0}


def test_copies__reach_the_bot_again(api: Api) -> None:
    assert api.post(PATH, {"copies": 3, "copy_after_s": 60})["copies"] == 3
    api.post("/v1/messages", {"text": "a", "copies": 1})
    api.quiet(skip=True)
    # This bot does not notice.
    assert api.post("/v1/expect")["observed"] == "1 message, 1 publish, 3 replies"


def test_late__comes_later(api: Api, bot: Bot) -> None:
    bot.status = 204
    api.post(PATH, {"late_s": 600})
    bot.publish(job())
    assert 599 < api.quiet(skip=True)["skipped_s"] < 601


def test_empty__ends_it(api: Api) -> None:
    disturbed = api.post(PATH, {"spread_s": 5})
    assert disturbed == {**USUAL, "spread_s": 5}
    assert api.get(PATH) == disturbed
    assert api.post(PATH) == USUAL


def test_reset__ends_it(api: Api) -> None:
    api.post(PATH, {"copies": 2})
    api.post("/v1/reset")
    assert api.get(PATH) == USUAL


def test_wrong__is_refused(api: Api) -> None:
    answer = api.ask("POST", PATH, {"copies": 0})
    assert (answer.status_code, answer.json()) == (
        422,
        {"error": "copies has to be 1 at least, not 0"},
    )
