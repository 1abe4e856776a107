"""What is served: readiness, set-up, and beginning anew."""

import threading
import time
from typing import Any

import httpx
import pytest

from emulator.net.ports import free_port
from tests.control.support import PUBLIC_URL, Api, Bot

PATIENCE_S = 60.0


def test_health__is_told(api: Api) -> None:
    assert api.get("/v1/health") == {"status": "ok", "world": 0}


def test_ready__is_when_the_bot_takes_connections(api: Api) -> None:
    assert api.get("/v1/ready") == {"ready": True}


def test_ready__says_where_nothing_listens(api: Api) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    api.ask("PATCH", "/v1/config", {"bot_url": url})
    answer = api.ask("GET", "/v1/ready", params={"within_s": 0.1})
    assert answer.status_code == 503
    assert answer.json()["error"] == (
        f"nothing takes connections at {url} after 0.1 s: start the bot there, or give its address "
        "with PATCH /v1/config"
    )


def test_config__tells_addresses_and_ports(api: Api, bot: Bot) -> None:
    config = api.get("/v1/config")
    assert (config["public_url"], config["bot_url"]) == (PUBLIC_URL, bot.url)
    assert config["ports"] == api.serving.ports
    assert list(config["ports"]) == ["queue", "platform", "store", "bot", "control"]


def test_config__copies_and_spacing_change_the_webhooks_that_follow(api: Api) -> None:
    changed = api.ask("PATCH", "/v1/config", {"copies": 1, "spacing": "staggered"}).json()
    assert (changed["copies"], changed["spacing"], changed["world"]) == (1, "staggered", 0)
    api.post("/v1/messages", {"text": "a"})
    api.quiet()
    assert api.get("/v1/counts")["deliveries"] == 2


def test_config__another_address_is_a_new_world(api: Api, bot: Bot) -> None:
    api.post("/v1/messages", {"text": "a"})
    api.quiet()
    with Bot() as other:
        other.join(bot.ports)
        changed = api.ask("PATCH", "/v1/config", {"bot_url": other.url}).json()
        assert (changed["bot_url"], changed["world"]) == (other.url, 1)
        api.post("/v1/messages", {"text": "b"})
        api.quiet()
        assert api.post("/v1/expect")["observed"] == "1 message, 1 publish, 1 reply"
        assert len(other.headers) == 4


class Listener(Bot):
    """Takes every webhook, and remembers it."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Any] = []

    def handle(self, path: str, body: Any) -> int:
        self.told.append(body)
        return 200


def test_config__another_platform_is_a_new_world_with_its_webhooks(api: Api, bot: Bot) -> None:
    other = Listener()
    with other:
        other.join(bot.ports)
        change = {"bot_url": other.url, "platform": "whatsapp", "copies": 1}
        changed = api.ask("PATCH", "/v1/config", change).json()
        assert (changed["platform"], changed["world"]) == ("whatsapp", 1)
        api.post("/v1/messages", {"text": "a"})
        api.rest()
        (told,) = other.told
    assert told["object"] == "whatsapp_business_account"


def test_config__another_public_address_is_where_the_bots_own_port_leads(api: Api) -> None:
    api.ask("PATCH", "/v1/config", {"public_url": "https://other.example.com"})
    own = f"http://127.0.0.1:{api.serving.ports['bot']}/api/process-message"
    with httpx.Client(trust_env=False) as client:
        assert client.post(own, json={"psid": "1", "text": "a"}).status_code == 503
    (delivery,) = api.journal(kind="delivery")
    assert delivery["detail"]["kind"] == "trigger"


def test_config__what_makes_no_sense_is_refused(api: Api) -> None:
    for body, error in (
        (
            {"bot_url": "https://127.0.0.1:1"},
            "bot_url has to be an address like http://127.0.0.1:3000, not 'https://127.0.0.1:1'",
        ),
        (
            {"bot_url": "http://example.com"},
            "bot_url has to be on this machine, and 'example.com' is not: for a bot elsewhere "
            "start thrice serve with --url",
        ),
        (
            {"public_url": "https://a.example.com/x"},
            "public_url has to be an address like https://my-bot.example.com, not "
            "'https://a.example.com/x'",
        ),
        ({"webhook": "hook"}, "webhook has to be a path that begins with /, not 'hook'"),
        ({"copies": 0}, "copies has to be 1 at least, not 0"),
        ({"bot_uri": "x"}, 'bot_uri is unknown; did you mean "bot_url"?'),
    ):
        answer = api.ask("PATCH", "/v1/config", body)
        assert (answer.status_code, answer.json()["error"]) == (422, error)
    assert api.get("/v1/config")["world"] == 0


def test_reset__leaves_an_empty_world_with_ids_of_its_own(api: Api) -> None:
    (first,) = api.post("/v1/messages", {"text": "a"})["messages"]
    api.quiet()
    api.post("/v1/faults", {"service": "graph", "kind": "reset"})
    api.post("/v1/clock/advance", {"seconds": 3_600})
    before = api.get("/v1/config")["ports"]
    assert api.post("/v1/reset")["world"] == 1
    assert api.get("/v1/config")["ports"] == before
    assert api.get("/v1/messages") == {"messages": []}
    assert api.get("/v1/faults") == {"faults": []}
    assert set(api.get("/v1/counts").values()) == {0}
    assert api.get("/v1/clock")["ahead_s"] == 0
    (second,) = api.post("/v1/messages", {"text": "a"})["messages"]
    # The bot remembers the first one and answers this one all the same.
    api.quiet()
    assert second["root"] == first["root"]
    assert second["mid"] != first["mid"]
    assert api.post("/v1/expect")["passed"]


def test_reset__waits_for_what_the_bot_was_sent_and_keeps_it_out_of_the_new_world(
    api: Api, bot: Bot
) -> None:
    arrived, held = threading.Event(), threading.Event()

    def wait(path: str) -> None:
        arrived.set()
        held.wait(PATIENCE_S)

    bot.before = wait
    api.post("/v1/messages", {"text": "a", "copies": 1})
    assert arrived.wait(PATIENCE_S)

    def release() -> None:
        while not api.serving.changing:
            time.sleep(0.005)
        held.set()

    threading.Thread(target=release, daemon=True).start()
    assert api.post("/v1/reset", {"within_s": 60})["abandoned"] == []
    assert bot.raised == ["ReadError"]
    assert api.get("/v1/counts")["calls"] == 0


def test_reset__abandons_what_takes_too_long(api: Api, bot: Bot) -> None:
    arrived, held = threading.Event(), threading.Event()

    def wait(path: str) -> None:
        arrived.set()
        held.wait(PATIENCE_S)

    bot.before = wait
    api.post("/v1/messages", {"text": "a", "copies": 1})
    assert arrived.wait(PATIENCE_S)
    assert api.post("/v1/reset", {"within_s": 0.1})["abandoned"] == ["u0.w0"]
    held.set()


def test_reset__goes_on_when_whoever_asked_for_it_is_gone(api: Api, bot: Bot) -> None:
    arrived, held = threading.Event(), threading.Event()

    def wait(path: str) -> None:
        arrived.set()
        held.wait(PATIENCE_S)

    bot.before = wait
    api.post("/v1/messages", {"text": "a", "copies": 1})
    assert arrived.wait(PATIENCE_S)
    with pytest.raises(httpx.ReadTimeout):
        api.client.post("/v1/reset", json={"within_s": 60}, timeout=0.2)
    held.set()
    assert api.get("/v1/messages") == {"messages": []}
    bot.before = lambda path: None
    api.post("/v1/messages", {"text": "b"})
    api.quiet()
    assert api.post("/v1/expect")["passed"]


def test_reset__ends_the_waits_of_others(api: Api, bot: Bot) -> None:
    bot.status = 500
    api.post("/v1/messages", {"text": "a"})
    answers: list[httpx.Response] = []
    waiting = threading.Thread(
        target=lambda: answers.append(api.ask("POST", "/v1/wait", {"within_s": 60}))
    )
    waiting.start()
    while not api.serving.served.pace.waited_for:
        time.sleep(0.005)
    api.post("/v1/reset")
    waiting.join(PATIENCE_S)
    (answer,) = answers
    assert answer.status_code == 409
    assert answer.json()["error"] == "the world was reset while this waited: ask again"


def test_client_that_hangs_up__is_no_fault_of_the_api(api: Api, bot: Bot) -> None:
    bot.status = 500
    api.post("/v1/messages", {"text": "a"})
    with pytest.raises(httpx.ReadTimeout):
        api.client.post("/v1/wait", json={"within_s": 60}, timeout=0.2)
    assert api.get("/v1/health")["status"] == "ok"
