"""A served world whose queue is kept in a file."""

from pathlib import Path

import httpx
import pytest

from emulator.errors import ScenarioError
from tests.control.support import CONSUMER, QUEUE, Api, Bot, serving_for


def publish(api: Api, **headers: str) -> str:
    """Publish a job; returns the message's id."""
    url = f"http://127.0.0.1:{api.serving.ports['queue']}/v2/publish/{CONSUMER}"
    job = {"mid": "m", "psid": "p", "text": "t"}
    answer = httpx.post(url, json=job, headers={**QUEUE, **headers}, trust_env=False)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["messageId"])


def known(api: Api, message_id: str) -> bool:
    url = f"http://127.0.0.1:{api.serving.ports['queue']}/v2/messages/{message_id}"
    return httpx.get(url, headers=QUEUE, trust_env=False).status_code == 200


def test_message__is_delivered_by_the_next_process(tmp_path: Path) -> None:
    data = tmp_path / "queue.db"
    with Bot() as bot:
        bot.status = 204
        with serving_for(bot, data=data) as api:
            message_id = publish(api, **{"Upstash-Delay": "1h"})
        with serving_for(bot, data=data) as api:
            assert known(api, message_id)
            api.post("/v1/clock/advance", {"seconds": 3_601})
            assert api.get("/v1/counts")["deliveries"] == 1
            ahead_s = api.get("/v1/clock")["ahead_s"]
        assert [headers["Upstash-Message-Id"] for headers in bot.headers] == [message_id]
        # Time that was skipped stays skipped, so nothing of it comes again.
        assert ahead_s > 3_600
        with serving_for(bot, data=data) as api:
            assert api.get("/v1/clock")["next"] is None


def test_reset__forgets_what_is_in_the_file(tmp_path: Path) -> None:
    data = tmp_path / "queue.db"
    with Bot() as bot:
        with serving_for(bot, data=data) as api:
            before = publish(api, **{"Upstash-Delay": "1h"})
            api.post("/v1/reset")
            after = publish(api, **{"Upstash-Delay": "1h"})
        with serving_for(bot, data=data) as api:
            assert (known(api, before), known(api, after)) == (False, True)


def test_file_in_use__is_refused_in_a_sentence(tmp_path: Path) -> None:
    data = tmp_path / "queue.db"
    with (
        Bot() as bot,
        serving_for(bot, data=data),
        pytest.raises(ScenarioError) as raised,
        serving_for(bot, data=data),
    ):
        pass
    assert str(raised.value) == (
        f"the queue can not be kept in {data}: another thrice keeps its queue there"
    )
