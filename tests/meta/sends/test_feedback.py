"""What comes back to a bot of its own sends: echoes, delivery receipts, read receipts."""

from typing import Any

import pytest

from emulator.errors import ScenarioError
from emulator.exchange import Request
from emulator.kernel import Kernel
from emulator.meta import Messenger
from emulator.meta.delivery.signing import sign_sha256
from tests.meta.support import (
    ECHOES,
    READS,
    RECEIPTS,
    URL,
    answer_conversation,
    answer_people,
    findings,
    make_world,
    run,
    send_request,
)


def test_default__nothing_comes_back() -> None:
    kernel, bot, messenger = make_world(fields=("messages",))

    messenger.message("hello")
    run(kernel)
    messenger.open_thread()
    run(kernel)

    assert bot.names == ["u0.w0"]
    assert messenger.sent_count == 1


def test_echo__byte_for_byte() -> None:
    kernel, bot, messenger = make_world()

    ada = messenger.message("hello")
    run(kernel)

    [sent] = messenger.sent
    body = bot.requests[1].body
    assert body == (
        b'{"object":"page","entry":[{"time":1790000000050,"id":"1000000000001","messaging":'
        b'[{"sender":{"id":"1000000000001"},"recipient":{"id":"%s"},"timestamp":1790000000000,'
        b'"message":{"mid":"%s","text":"hi \\/ \\u00e4","is_echo":true,"app_id":555000111}}]}]}'
        % (ada.psid.encode(), sent.message_id.encode())
    )
    assert bot.requests[1].header("X-Hub-Signature-256") == sign_sha256("fake-app-secret", body)


def test_echo__carries_the_metadata_of_the_send() -> None:
    def answer(item: dict[str, Any]) -> dict[str, Any] | None:
        body = answer_people(item)
        return body and {**body, "message": {"text": "hi", "metadata": "order/7"}}

    kernel, bot, messenger = make_world(answer)

    messenger.message("hello")
    run(kernel)

    assert bot.items[1]["message"]["metadata"] == "order/7"


def test_echo__delivery_stands_in_the_causal_tree() -> None:
    kernel, bot, messenger = make_world(copies=2)

    messenger.message("hello")
    run(kernel)

    first, second = kernel.journal.entries("reply")
    echoes = [delivery for delivery in bot.deliveries if delivery.kind == "echo"]
    assert [delivery.name for delivery in echoes] == [
        "u0.w0.r0.e0.w0",
        "u0.w0.r0.e0.w1",
        "u0.w1.r0.e0.w0",
        "u0.w1.r0.e0.w1",
    ]
    assert {(echo.roots, echo.generation, echo.routes) for echo in echoes} == {
        (("u0",), 1, ("/api/messenger",))
    }
    assert [echo.cause for echo in echoes] == [first.seq, first.seq, second.seq, second.seq]


def test_echo__is_no_finding_of_its_own() -> None:
    kernel, _, messenger = make_world(copies=3)

    messenger.message("hello")
    run(kernel)

    assert findings(kernel) == []


def test_echo__copies_are_spaced_like_all_webhooks() -> None:
    kernel, bot, messenger = make_world(copies=3, spacing="staggered")

    messenger.message("hello")
    run(kernel)

    times = {delivery.name: at for delivery, at in zip(bot.deliveries, bot.times, strict=True)}
    first, second, third = (times[f"u0.w0.r0.e0.w{number}"] for number in range(3))
    assert first == 0.05
    assert 0.05 <= second - first <= 1.0
    assert 0.05 <= third - second <= 1.0


def test_echo__is_redelivered_until_it_is_taken() -> None:
    kernel, bot, messenger = make_world()

    def answer(item: dict[str, Any]) -> dict[str, Any] | None:
        bot.webhook_status = 500 if "is_echo" in item["message"] and len(bot.names) < 3 else 200
        return answer_people(item)

    bot.answer = answer
    messenger.message("hello")
    run(kernel)

    assert bot.names == ["u0.w0", "u0.w0.r0.e0.w0", "u0.w0.r0.e0.w0'"]
    assert [delivery.kind for delivery in bot.deliveries] == ["user", "echo", "redelivery"]
    assert [delivery.generation for delivery in bot.deliveries] == [0, 1, 1]


def test_echo__also_of_what_the_bot_did_not_send() -> None:
    kernel, bot, messenger = make_world(lambda _item: None)
    ada = messenger.message("hello")
    run(kernel)

    messenger.handle(send_request({"recipient": {"id": ada.psid}, "message": {"text": "me"}}))
    run(kernel)

    assert bot.names == ["u0.w0", "direct.r0.e0.w0"]
    assert bot.deliveries[1].roots == ()


@pytest.mark.parametrize("action", ["typing_on", "typing_off", "mark_seen"])
def test_sender_action__brings_nothing_back(action: str) -> None:
    kernel, bot, messenger = make_world(
        lambda item: {"recipient": item["sender"], "sender_action": action},
        fields=("messages", "message_echoes", "message_deliveries", "message_reads"),
    )

    messenger.message("hello")
    run(kernel)

    assert bot.names == ["u0.w0"]
    [kept] = messenger.actions
    assert (kept.name, kept.action, kept.roots) == ("u0.w0.a0", action, ("u0",))
    assert list(kernel.journal.entries("reply")) == []


def test_refused_send__brings_nothing_back() -> None:
    kernel, bot, messenger = make_world(
        lambda _item: {"recipient": {"id": "5"}, "message": {"text": "hi"}}
    )

    messenger.message("hello")
    run(kernel)

    assert bot.statuses == [400]
    assert bot.names == ["u0.w0"]


def test_delivery_receipt__byte_for_byte() -> None:
    kernel, bot, messenger = make_world(fields=RECEIPTS)

    ada = messenger.message("hello")
    run(kernel)

    [sent] = messenger.sent
    assert bot.requests[1].body == (
        b'{"object":"page","entry":[{"time":1790000000150,"id":"1000000000001","messaging":'
        b'[{"sender":{"id":"%s"},"recipient":{"id":"1000000000001"},'
        b'"delivery":{"mids":["%s"],"watermark":1790000000000}}]}]}'
        % (ada.psid.encode(), sent.message_id.encode())
    )


def test_delivery_receipt__follows_the_echo() -> None:
    kernel, bot, messenger = make_world(
        fields=("messages", "message_echoes", "message_deliveries"), copies=3
    )

    messenger.message("hello")
    run(kernel)

    returned = list(zip(bot.times, bot.names, strict=True))[3:]
    assert [at for at, _ in returned] == [0.05] * 9 + [0.15] * 9
    assert [name for _, name in returned if name.startswith("u0.w1.")] == [
        *(f"u0.w1.r0.e0.w{number}" for number in range(3)),
        *(f"u0.w1.r0.d0.w{number}" for number in range(3)),
    ]
    assert {delivery.generation for delivery in bot.deliveries[3:]} == {1}


def test_open_thread__is_a_read_receipt_byte_for_byte() -> None:
    kernel, bot, messenger = make_world(fields=READS)
    ada = messenger.message("hello", at=1.0)
    run(kernel)

    messenger.open_thread("ada", at=3.5)
    run(kernel)

    assert bot.requests[1].body == (
        b'{"object":"page","entry":[{"time":1790000003500,"id":"1000000000001","messaging":'
        b'[{"sender":{"id":"%s"},"recipient":{"id":"1000000000001"},"timestamp":1790000003500,'
        b'"read":{"watermark":1790000001000}}]}]}' % ada.psid.encode()
    )
    receipt = bot.deliveries[1]
    assert (receipt.name, receipt.kind) == ("u0.w0.r0.o0.w0", "echo")
    assert (receipt.roots, receipt.generation) == (("u0",), 1)


def test_open_thread__reads_up_to_the_latest_message() -> None:
    kernel, bot, messenger = make_world(fields=READS)
    messenger.message("a")
    messenger.message("b", at=2.0)
    run(kernel)

    messenger.open_thread("ada")
    run(kernel)

    assert bot.names == ["u0.w0", "u1.w0", "u1.w0.r0.o0.w0"]
    assert bot.items[2]["read"] == {"watermark": 1790000002000}


def test_open_thread__with_nothing_new_is_silent() -> None:
    kernel, bot, messenger = make_world(fields=READS)
    messenger.open_thread("ada")
    messenger.message("hello")
    run(kernel)

    for _ in range(3):
        messenger.open_thread("ada")
        messenger.open_thread("bob")
    run(kernel)

    assert bot.names == ["u0.w0", "u0.w0.r0.o0.w0"]


def test_open_thread__not_in_the_past() -> None:
    kernel, _, messenger = make_world(fields=READS)
    kernel.clock.move_to(5.0)

    with pytest.raises(ScenarioError, match=r"^nobody can read at 4\.0, the clock is at 5\.0$"):
        messenger.open_thread("ada", at=4.0)


def test_options__app_id_of_echoes() -> None:
    with pytest.raises(
        ScenarioError, match=r"^app_id must be digits, echoes carry it as a number: my-app$"
    ):
        Messenger(Kernel(), callback_url=URL, app_id="my-app", fields=ECHOES)


def test_without_messages__the_bot_is_told_of_none() -> None:
    kernel, bot, messenger = make_world(fields=("message_echoes",))
    message = messenger.message("hello")
    messenger.repeat(message, at=1.0)
    run(kernel)

    assert bot.names == []
    assert [entry.name for entry in kernel.journal.entries("message")] == ["u0"]


def test_same_seed__same_run() -> None:
    def requests() -> list[Request]:
        kernel, bot, messenger = make_world(
            answer_conversation,
            fields=("messages", "message_echoes", "message_deliveries"),
            copies=2,
            spacing="shuffled",
        )
        messenger.message("hello")
        run(kernel)
        return bot.requests

    assert requests() == requests()
