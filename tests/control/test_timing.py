"""Time under serve: the wall's, and ahead of it by what is skipped."""

import base64
import json
import threading
import time
from itertools import pairwise

from tests.control.support import Api, Bot

# Far beyond what these take, also on a busy machine.
PATIENCE_S = 60.0


def test_wait__ends_when_everything_is_done(api: Api) -> None:
    api.post("/v1/messages", {"texts": ["a", "b", "c"]})
    rest = api.post("/v1/wait", {"within_s": PATIENCE_S})
    assert (rest["reached"], rest["quiet"], rest["waiting_for"]) == (True, True, [])
    assert rest["next"] is None
    assert api.get("/v1/counts")["replies"] == 3


def test_wait__is_bounded_and_says_what_it_waits_for(api: Api, bot: Bot) -> None:
    held = threading.Event()
    bot.before = lambda path: (held.wait(PATIENCE_S), None)[1]
    api.post("/v1/messages", {"text": "a", "copies": 1})
    rest = api.post("/v1/wait", {"within_s": 0.3})
    held.set()
    assert (rest["reached"], rest["quiet"], rest["waiting_for"]) == (False, False, ["u0.w0"])
    api.quiet()


def test_wait_until_idle__leaves_what_is_due_later(api: Api, bot: Bot) -> None:
    bot.status = 500
    api.post("/v1/messages", {"text": "a", "copies": 1})
    rest = api.post("/v1/wait", {"until": "idle", "within_s": PATIENCE_S})
    assert (rest["reached"], rest["quiet"]) == (True, False)
    assert rest["next"]["name"] == "u0.w0.q0'/due"
    assert 0 < rest["next"]["in_s"] <= 12.182  # QStash docs, "Retry": e^2.5 seconds


def test_wait_and_skip__takes_the_queue_through_all_its_retries_at_once(api: Api, bot: Bot) -> None:
    bot.status = 500
    api.post("/v1/messages", {"text": "a"})
    started = time.monotonic()
    rest = api.quiet(skip=True)
    # 12 s, 148 s and half an hour of waiting.
    assert 1_900 < rest["skipped_s"] < 2_000
    assert time.monotonic() - started < PATIENCE_S
    assert api.get("/v1/counts")["dead"] == 1


def test_wait_and_skip__goes_no_further_than_it_may(api: Api, bot: Bot) -> None:
    bot.status = 500
    api.post("/v1/messages", {"text": "a", "copies": 1})
    rest = api.post("/v1/wait", {"skip": True, "skip_at_most_s": 100, "within_s": 3})
    assert (rest["reached"], rest["quiet"]) == (False, False)
    assert 10 < rest["skipped_s"] < 100
    assert rest["next"]["name"] == "u0.w0.q0''/due"


def test_wait__sees_work_that_the_bot_left_behind_its_response(api: Api, bot: Bot) -> None:
    class Late(threading.Thread):
        def run(self) -> None:
            time.sleep(0.05)
            bot.publish({"psid": "1", "text": "late"})

    bot.before = lambda path: Late().start() if path == "/api/messenger" else None
    api.post("/v1/messages", {"text": "a", "copies": 1})
    api.post("/v1/wait", {"until": "idle", "still_s": 2, "within_s": PATIENCE_S})
    assert api.get("/v1/counts")["publishes"] == 2


def test_skip_to_next__does_what_is_due(api: Api, bot: Bot) -> None:
    bot.status = 500
    api.post("/v1/messages", {"text": "a", "copies": 1})
    first = api.post("/v1/clock/skip-to-next")
    second = api.post("/v1/clock/skip-to-next")
    assert (first["done"], second["done"]) == ("u0.w0.q0'/due", "u0.w0.q0''/due")
    assert 11 < first["skipped_s"] < 13
    assert 147 < second["skipped_s"] < 149
    assert second["ahead_s"] == first["skipped_s"] + second["skipped_s"]


def test_skip_to_next__with_nothing_to_come(api: Api) -> None:
    answer = api.post("/v1/clock/skip-to-next")
    assert (answer["reached"], answer["done"], answer["skipped_s"]) == (True, None, 0)


def test_advance__lets_the_bot_answer_each_thing_at_its_time(api: Api, bot: Bot) -> None:
    bot.status = 500
    api.post("/v1/messages", {"text": "a"})
    api.post("/v1/wait", {"until": "idle", "within_s": PATIENCE_S})
    clock = api.post("/v1/clock/advance", {"seconds": 3_600})
    assert clock["reached"]
    assert 3_590 < clock["skipped_s"] <= 3_600
    assert clock["next"] is None
    deliveries = [one for one in api.journal(kind="delivery") if one["detail"]["kind"] == "queue"]
    waits = [round(later["time"] - earlier["time"]) for earlier, later in pairwise(deliveries)]
    assert waits == [12, 148, 1_808]


def test_advance_without_waiting__has_time_outs_happen(api: Api, bot: Bot) -> None:
    held = threading.Event()
    bot.before = lambda path: (held.wait(PATIENCE_S), None)[1]
    api.post("/v1/messages", {"text": "a", "copies": 1})
    api.post("/v1/wait", {"within_s": 0.2})
    api.post("/v1/clock/advance", {"seconds": 21, "wait_for_bot": False})
    statuses = [one["detail"]["status"] for one in api.journal(kind="response")]
    held.set()
    assert statuses == ["timeout"]


def test_clock__dates_the_world_and_signatures_stay_with_the_wall(api: Api, bot: Bot) -> None:
    api.post("/v1/clock/advance", {"seconds": 86_400})
    clock = api.get("/v1/clock")
    assert abs(clock["unix"] - time.time() - 86_400) < PATIENCE_S
    api.post("/v1/messages", {"text": "a"})
    api.quiet()
    (signature,) = [one["Upstash-Signature"] for one in bot.headers if "Upstash-Signature" in one]
    payload = signature.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    # A receiver compares these with its own clock.
    assert claims["nbf"] <= time.time() < claims["exp"]
    assert abs(claims["iat"] - time.time()) < PATIENCE_S


def test_deduplication__ends_when_its_time_was_skipped(api: Api, bot: Bot) -> None:
    headers = {"Upstash-Deduplication-Id": "one"}
    assert bot.publish({"psid": "1", "text": "a"}, headers=headers).status_code == 200
    assert bot.publish({"psid": "1", "text": "a"}, headers=headers).status_code == 202
    api.post("/v1/clock/advance", {"seconds": 601})
    assert bot.publish({"psid": "1", "text": "a"}, headers=headers).status_code == 200
