"""Webhooks with every kind of signature: the platform's own, and those of somebody who only knows
the address.
"""

from collections.abc import Callable
from dataclasses import dataclass

from emulator import World
from emulator.exchange import Headers, Request
from emulator.meta.delivery.wire import webhook_request
from emulator.schedule import Fifo
from harness.scenarios.genuine import request_with
from harness.scenarios.probe import Prober, Sighting, without
from harness.scenarios.scenario import MakeSchedule, Record, Scenario, record_of
from harness.stage import Stage

SENDER = "ada"
WRONG_SECRET = "not-the-app-secret"
SHA256, SHA1 = "X-Hub-Signature-256", "X-Hub-Signature"
# Outside of ASCII, outside of the first plane, and a slash: the signature covers them as `\u00e9`,
# `\ud83d\ude42` and `\/`, so a body that was parsed and written again has another one.
ESCAPED = "caf\N{LATIN SMALL LETTER E WITH ACUTE} \N{SLIGHTLY SMILING FACE} 1/2"
# Below the ten messages of a user in a minute that a bot may limit itself to.
GAP_S = 10.0

Alter = Callable[[Request], Request]


@dataclass(frozen=True, slots=True)
class Signatures:
    """What became of each request.

    `usual` is a message that the platform itself delivered: what has no effect there can not be
    asked to have one here. `forged` are to be refused, `genuine` to be accepted; `legacy` is
    genuine too, but signed with SHA-1 alone, as the platform once did.
    """

    name: str
    record: Record
    usual: Sighting
    forged: tuple[Sighting, ...]
    genuine: tuple[Sighting, ...]
    legacy: Sighting


def _unsigned(request: Request) -> Request:
    return _with(request, without(request.headers, SHA256, SHA1))


def _wrong(request: Request) -> Request:
    return webhook_request(request.url, request.body, app_secret=WRONG_SECRET)


def _halved(request: Request) -> Request:
    return _resigned(request, lambda value: value[: len(value) // 2])


def _emptied(request: Request) -> Request:
    return _resigned(request, lambda value: value.partition("=")[0] + "=")


def _altered(request: Request) -> Request:
    """Another text under the signature of the first; still a message that a bot could answer."""
    body = request.body.replace(b'"hello', b'"jello')
    return Request(request.method, request.url, request.headers, body)


def _sha1_only(request: Request) -> Request:
    return _with(request, without(request.headers, SHA256))


# A right SHA-1 next to a wrong SHA-256 is not among them: only who has the secret can make it, so a
# bot of either age may think of it what it likes.
FORGED: tuple[tuple[str, Alter], ...] = (
    ("without a signature", _unsigned),
    ("signed with another secret", _wrong),
    ("with half of the signature", _halved),
    ("with an empty signature", _emptied),
    ("with one byte of the body altered", _altered),
    ("with nothing but a wrong SHA-1", lambda request: _sha1_only(_wrong(request))),
)


def play_webhook_signature(stage: Stage, name: str, schedule: MakeSchedule = Fifo) -> Signatures:
    """An ordinary message, the forged ones, and then the genuine ones, one after the other."""
    with stage.world(copies=1, schedule=schedule) as world:
        prober = Prober(world)
        usual = prober.watch(
            "delivered by the platform", world.meta.message("hello", sender=SENDER)
        )
        forged = [
            _send(world, prober, label, f"hello {number}", alter)
            for number, (label, alter) in enumerate(FORGED)
        ]
        genuine = [
            _send(world, prober, "rightly signed", "hello again"),
            _send(world, prober, r"rightly signed, with \u escapes and \/", ESCAPED),
        ]
        legacy = _send(world, prober, "with nothing but a right SHA-1", "hello there", _sha1_only)
        return Signatures(name, record_of(world), usual, tuple(forged), tuple(genuine), legacy)


def _send(
    world: World, prober: Prober, label: str, text: str, alter: Alter = lambda request: request
) -> Sighting:
    """A message with an id of its own, in a webhook altered after it was signed."""
    root, mid = prober.new_message()

    def build() -> Request:
        update = world.meta.update("text", sender=SENDER, name=root, mid=mid, text=text)
        return alter(request_with(world, world.meta.body(update)))

    return prober.send(label, build, root=root, after_s=GAP_S)


def _resigned(request: Request, change: Callable[[str], str]) -> Request:
    signed = (SHA256.lower(), SHA1.lower())
    return _with(
        request,
        tuple(
            (key, change(value) if key.lower() in signed else value)
            for key, value in request.headers
        ),
    )


def _with(request: Request, headers: Headers) -> Request:
    return Request(request.method, request.url, headers, request.body)


WEBHOOK_SIGNATURE = Scenario(
    "webhook-signature", "forged webhooks", ("forged and genuine",), play_webhook_signature
)
