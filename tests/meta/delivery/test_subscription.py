"""The handshake and its verdicts."""

import gzip
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest

from emulator.chance import Chance
from emulator.delivery import Delivery
from emulator.errors import ScenarioError
from emulator.exchange import Failure, Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.meta import Field, Handshake, Messenger, identity
from emulator.meta.platform import check_fields

TEXT = (("content-type", "text/plain"),)
JSON = (("Content-Type", "application/json; charset=utf-8"),)


class Bot:
    """Answers each request at once, as `answer` says."""

    def __init__(self, answer: Callable[[Request], Outcome]) -> None:
        self.answer = answer
        self.seen: list[tuple[Delivery, Request]] = []

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        self.seen.append((delivery, request))
        done(self.answer(request))


def echo(request: Request) -> Reply:
    query = parse_qs(request.raw_query)
    if query["hub.verify_token"] != ["fake-verify-token"]:
        return Reply(403, TEXT, b"Forbidden")
    return Reply(200, TEXT, query["hub.challenge"][0].encode())


def meet(
    answer: Callable[[Request], Outcome], verify_token: str | None = None
) -> tuple[Handshake, Bot]:
    kernel = Kernel(seed=7)
    bot = Bot(answer)
    kernel.origins["https://bot.example"] = bot
    messenger = Messenger(kernel, callback_url="https://bot.example/hook")
    handshake = messenger.subscribe(verify_token)
    while kernel.run_step():
        pass
    return handshake, bot


def test_subscribe__right_token_is_verified() -> None:
    handshake, bot = meet(echo)

    assert handshake.verified is True
    assert handshake.token_right
    assert handshake.echoed
    assert handshake.status == 200
    assert handshake.reason == "the challenge was echoed"
    assert handshake.warning == ""
    [(delivery, request)] = bot.seen
    assert (delivery.name, delivery.kind, delivery.roots) == ("handshake0", "probe", ())
    assert request.method == "GET"


def test_subscribe__is_open_until_the_world_has_run() -> None:
    handshake = Messenger(Kernel(), callback_url="https://bot.example/hook").subscribe()

    assert handshake.verified is None
    assert handshake.reason == "not answered yet"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(403, TEXT, b"Forbidden"), "status 403, expected 200"),
        (Reply(200, TEXT, b"OK"), "the body is not the challenge"),
        (Reply(200, TEXT, b"Error, wrong validation token"), "the body is not the challenge"),
        (Reply(500, TEXT, b"Internal Server Error"), "status 500, expected 200"),
        (Reply(302, TEXT, b""), "status 302, expected 200"),
    ],
)
def test_subscribe__wrong_token_refused(reply: Reply, reason: str) -> None:
    handshake, _ = meet(lambda _request: reply, "wrong")

    assert not handshake.token_right
    assert handshake.verified is False
    assert not handshake.echoed
    assert handshake.status == reply.status
    assert handshake.body == reply.body.decode()
    assert handshake.reason == reason


def test_subscribe__wrong_token_echoed() -> None:
    handshake, _ = meet(
        lambda request: Reply(200, TEXT, parse_qs(request.raw_query)["hub.challenge"][0].encode()),
        "wrong",
    )

    assert not handshake.token_right
    assert handshake.verified is True


def judged(outcome: Outcome) -> Handshake:
    handshake = Handshake(name="handshake0", token_right=True, challenge="123456789")
    handshake.judge(outcome)
    return handshake


@pytest.mark.parametrize(
    ("outcome", "verified", "reason", "warning"),
    [
        (Reply(200, TEXT, b"123456789"), True, "the challenge was echoed", ""),
        (
            Reply(200, TEXT, b" 123456789\r\n"),
            True,
            "the challenge was echoed",
            "white space around the challenge",
        ),
        (
            Reply(200, JSON, b"123456789"),
            True,
            "the challenge was echoed",
            "the challenge was sent as JSON, not as plain text",
        ),
        (
            Reply(200, JSON, b'"123456789"'),
            False,
            "the body is the challenge in quotation marks",
            "",
        ),
        (Reply(200, TEXT, b"1234567890"), False, "the body is not the challenge", ""),
        (Reply(201, TEXT, b"123456789"), False, "status 201, expected 200", ""),
        (Reply(200, TEXT, b"\xff"), False, "the body is not the challenge", ""),
        (Failure("timeout", "no response within 20 s"), False, "no response: timeout", ""),
        (Failure("refused"), False, "no response: refused", ""),
    ],
)
def test_judge(outcome: Outcome, verified: bool, reason: str, warning: str) -> None:
    handshake = judged(outcome)

    assert (handshake.verified, handshake.reason, handshake.warning) == (verified, reason, warning)


def test_judge__a_compressed_answer_is_read_as_it_was_before() -> None:
    handshake = Handshake(name="handshake0", token_right=True, challenge="12345")
    headers = (*TEXT, ("content-encoding", "gzip"))
    handshake.judge(Reply(200, headers, gzip.compress(b"12345")))
    assert (handshake.verified, handshake.body, handshake.warning) == (True, "12345", "")


def test_judge__a_refusal_can_still_echo() -> None:
    handshake = judged(Reply(403, TEXT, b"bad token for 123456789"))

    assert handshake.verified is False
    assert handshake.echoed


def test_subscribe__times_out_after_20_seconds() -> None:
    kernel = Kernel()

    class Silent:
        def accept(self, *_: object) -> None:
            return

    kernel.origins["https://bot.example"] = Silent()
    handshake = Messenger(kernel, callback_url="https://bot.example/hook").subscribe()
    while kernel.run_step():
        pass

    assert handshake.reason == "no response: timeout"
    assert kernel.clock.now == 20.0


def test_subscribe__again_has_another_name_and_challenge() -> None:
    messenger = Messenger(Kernel(seed=1), callback_url="https://bot.example/hook")

    first, second = messenger.subscribe(), messenger.subscribe()

    assert (first.name, second.name) == ("handshake0", "handshake1")
    assert first.challenge == identity.challenge(Chance(1), "handshake0")
    assert first.challenge != second.challenge


def test_fields__default_is_messages_only() -> None:
    assert Messenger(Kernel(), callback_url="https://bot.example/hook").fields == {"messages"}


def test_fields__a_page_does_not_have() -> None:
    wrong: Field = "live_comments"

    with pytest.raises(ScenarioError, match=r"^a page has no field live_comments$"):
        check_fields(["messages", wrong])
