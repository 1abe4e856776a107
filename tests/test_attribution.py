"""Whose doing a call is, where the bot works on many requests at once."""

from collections.abc import Sequence

import pytest

from emulator.attribution import Attribution
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Request
from emulator.kernel import Kernel
from emulator.meta import PlatformName, UserMessage
from emulator.meta.accounts import make_account
from tests.meta.everywhere import send_request


class Busy:
    """A bot that works on what it is told to."""

    def __init__(self) -> None:
        self.open: list[Invocation] = []


class Scene:
    """A page, a bot that answers nothing by itself, and what it is at."""

    def __init__(self, platform: PlatformName = "messenger") -> None:
        self.kernel = Kernel()
        self.meta = make_account(
            platform, self.kernel, callback_url="https://bot.example/hook", copies=1
        )
        self.bot = Busy()
        self.attribution = Attribution(self.kernel, self.meta, (self.bot,))

    def write(self, text: str, sender: str = "ada") -> UserMessage:
        message = self.meta.message(text, sender=sender)
        self.attribution.wrote(message)
        return message

    def work(self, *roots: str, name: str, generation: int = 0) -> Invocation:
        delivery = Delivery(
            name=name,
            kind="user",
            due=0.0,
            build=lambda: Request("POST", "https://bot.example/hook"),
            on_outcome=lambda outcome: None,
            timeout_s=20.0,
            roots=roots,
            generation=generation,
        )
        self.kernel.note("delivery", name, roots=roots, generation=generation)
        invocation = Invocation(delivery, delivery.build(), "remote", 7, 0.0)
        self.bot.open.append(invocation)
        return invocation

    def reply(self, message: UserMessage, text: str) -> Invocation:
        """Have it reply, and note that the platform took it."""
        found = self.attribution.invocation_for(send(message.psid, text))
        self.kernel.note("reply", "r", roots=found.roots)
        return found


def send(psid: str, text: str) -> Request:
    body = f'{{"recipient": {{"id": "{psid}"}}, "message": {{"text": "{text}"}}}}'
    return Request(
        "POST",
        "https://graph.facebook.com/v23.0/me/messages",
        (("content-type", "application/json"),),
        body.encode(),
    )


def publish(body: str) -> Request:
    url = "https://qstash.upstash.io/v2/publish/https://bot.example/job"
    return Request("POST", url, (), body.encode())


@pytest.fixture
def scene() -> Scene:
    return Scene()


def replied(scene: Scene, messages: Sequence[UserMessage]) -> list[int]:
    return [scene.kernel.journal.tally(message.root).replies for message in messages]


def test_call__belongs_to_the_message_whose_id_it_holds(scene: Scene) -> None:
    first, second = scene.write("a"), scene.write("b")
    scene.work(first.root, name="u0.w0")
    working = scene.work(second.root, name="u1.w0")
    assert scene.attribution.invocation_for(publish(second.mid)) is working


@pytest.mark.parametrize("platform", ["messenger", "instagram", "whatsapp"])
def test_call__belongs_to_its_message_on_every_platform(platform: PlatformName) -> None:
    scene = Scene(platform)
    first, second, third = scene.write("a"), scene.write("b"), scene.write("c", sender="ben")
    works = [
        scene.work(message.root, name=f"{message.root}.w0") for message in (first, second, third)
    ]

    named = scene.attribution.invocation_for(publish(f'{{"mid": "{second.mid}"}}'))
    addressed = scene.attribution.invocation_for(send_request(scene.meta, "hi", third.psid))

    assert (named, addressed) == (works[1], works[2])


def test_publish__is_taken_for_a_webhooks_before_a_consumers(scene: Scene) -> None:
    message = scene.write("a")
    scene.work(message.root, name="u0.w0.q0", generation=1)
    webhook = scene.work(message.root, name="u0.w1")
    assert scene.attribution.invocation_for(publish(message.mid)) is webhook


def test_call__of_work_behind_a_response_still_belongs_to_its_message(scene: Scene) -> None:
    message = scene.write("a")
    scene.work(scene.write("b").root, name="u1.w0")
    found = scene.attribution.invocation_for(publish(message.mid))
    assert (found.roots, found.name) == ((message.root,), "x0")


def test_call_for_one_of_a_batch__is_narrowed_to_it_and_keeps_its_cause(scene: Scene) -> None:
    first, second = scene.write("a"), scene.write("b")
    batch = scene.work(first.root, second.root, name="u0.w0")
    found = scene.attribution.invocation_for(publish(second.mid))
    assert (found.roots, found.entry) == ((second.root,), batch.entry)


def test_only_request_that_is_worked_on__makes_the_calls_that_tell_nothing(scene: Scene) -> None:
    working = scene.work(scene.write("a").root, name="u0.w0")
    assert scene.attribution.invocation_for(publish("{}")) is working
    scene.work(scene.write("b").root, name="u1.w0")
    assert scene.attribution.invocation_for(publish("{}")).roots == ()


def test_reply__belongs_to_the_message_of_its_recipient(scene: Scene) -> None:
    scene.work(scene.write("a", "ada").root, name="u0.w0")
    message = scene.write("b", "bob")
    working = scene.work(message.root, name="u1.w0")
    assert scene.reply(message, "hello") is working


def test_reply_to_somebody_else__is_left_with_its_maker(scene: Scene) -> None:
    stranger = scene.write("a", "bob")
    scene.reply(stranger, "hello")
    working = scene.work(scene.write("b", "ada").root, name="u1.w0")
    assert scene.reply(stranger, "hello") is working


def test_replies__are_told_apart_by_the_texts_that_they_repeat(scene: Scene) -> None:
    messages = [scene.write(f"message {number}") for number in range(12)]
    for message in messages:
        scene.work(message.root, name=f"{message.root}.w0")
    for message in reversed(messages):
        assert scene.reply(message, f"You said: {message.text}").roots == (message.root,)
    assert scene.reply(messages[1], "You said: message 1").roots == ("u1",)


def test_replies_that_tell_nothing__are_spread_evenly_in_any_order(scene: Scene) -> None:
    messages = [scene.write(f"message {number}") for number in range(5)]
    for message in messages:
        scene.work(message.root, name=f"{message.root}.w0.q0", generation=1)
    # The bot ends with one after each reply, and not with the one that the reply was taken for.
    for end in (3, 0, 4, 1, 2):
        scene.reply(messages[0], "Thank you!")
        scene.bot.open = [one for one in scene.bot.open if one.roots != (f"u{end}",)]
    assert replied(scene, messages) == [1] * 5


def test_reply_too_many__is_counted_though_another_message_waits(scene: Scene) -> None:
    first = scene.write("a")
    waiting = scene.write("b")
    scene.work(first.root, name="u0.w0.q0", generation=1)
    scene.reply(first, "Thank you!")
    scene.reply(first, "Thank you!")
    assert replied(scene, [first, waiting]) == [2, 0]


def test_send_that_is_not_applied_yet__counts(scene: Scene) -> None:
    messages = [scene.write("a"), scene.write("b")]
    for message in messages:
        scene.work(message.root, name=f"{message.root}.w0")
    one = scene.attribution.invocation_for(send(messages[0].psid, "Thank you!"))
    one.parked.append(object())  # type: ignore[arg-type]
    other = scene.attribution.invocation_for(send(messages[0].psid, "Thank you!"))
    assert {one.roots, other.roots} == {("u0",), ("u1",)}


def test_memory__is_of_the_latest_messages(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.attribution.KEEP_MESSAGES", 2)
    messages = [scene.write("a"), scene.write("b", "bob"), scene.write("c")]
    assert [one.root for one in scene.attribution.latest] == ["u1", "u2"]
    assert scene.attribution.invocation_for(publish(messages[0].mid)).roots == ()
    assert scene.attribution.invocation_for(send(messages[2].psid, "x")).roots == ("u2",)


def test_reply_behind_a_response__is_not_for_what_asks_for_none(scene: Scene) -> None:
    first = scene.write("hello")
    scene.kernel.note("reply", "r", roots=("u0",))
    scene.attribution.wrote(scene.meta.react(first))
    scene.write("again")

    assert scene.reply(first, "hi").roots == ("u2",)


def test_reply_while_another_is_worked_on__is_not_for_what_asks_for_none(scene: Scene) -> None:
    first = scene.write("hello")
    scene.kernel.note("reply", "r", roots=("u0",))
    scene.attribution.wrote(scene.meta.react(first))
    scene.work("u1", name="u1.w0")
    scene.bot.open.clear()
    scene.write("again")
    scene.work("u2", name="u2.w0")

    assert [scene.reply(first, "hi").roots for _ in range(2)] == [("u2",), ("u2",)]
