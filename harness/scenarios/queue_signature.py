"""Requests to the consumer with every kind of token: the queue's own, and those of somebody who
only knows the address.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from emulator import World
from emulator.delivery import Delivery
from emulator.exchange import Request
from emulator.meta import UserMessage
from emulator.qstash.ids import SHORT_ID_LENGTH, draw_id
from emulator.qstash.signing import TOKEN_LIFE_S, sign
from emulator.qstash.wire import DEFAULT_RETRIES
from emulator.schedule import Fifo
from harness.queue_kinds import QueueKind
from harness.scenarios import queue_tokens
from harness.scenarios.probe import Interception, Prober, Sighting, without
from harness.scenarios.scenario import MakeSchedule, Record, Scenario, record_of
from harness.stage import Stage

SIGNATURE = "Upstash-Signature"
ELSEWHERE = "https://another-app.example.com/hook"
# Seconds, long enough for the publishes of a bot that delays them.
CAPTURE_S = 3_600.0
GAP_S = 1.0


@dataclass(frozen=True, slots=True)
class Tokens:
    """What became of each request: `forged` ones are to be refused, `genuine` ones to be accepted.

    Both are empty when the bot published nothing that could be altered.
    """

    name: str
    record: Record
    forged: tuple[Sighting, ...] = ()
    genuine: tuple[Sighting, ...] = ()


@dataclass(frozen=True, slots=True)
class Captured:
    """A queue message of the bot that has not reached it, and the message of the user behind it."""

    world: World
    message: UserMessage
    request: Request

    def token(self, key: str, *, url: str = "", unix: float | None = None) -> str:
        """The queue's token for this request, with another key, address or time if one is given."""
        kernel = self.world.kernel
        return sign(
            key,
            url=url or self.request.url,
            body=self.request.body,
            unix=kernel.clock.unix if unix is None else unix,
            token_id=draw_id(kernel.chance, "jwt_", f"{self.message.root}/token", SHORT_ID_LENGTH),
        )

    def signed(self, token: str, body: bytes | None = None) -> Request:
        """The request with this token, and perhaps with another body."""
        request = self.request
        return Request(
            request.method,
            request.url,
            (*without(request.headers, SIGNATURE), (SIGNATURE, token)),
            request.body if body is None else body,
        )


Alter = Callable[[Captured], Request]


def _unsigned(captured: Captured) -> Request:
    request = captured.request
    headers = without(request.headers, SIGNATURE)
    return Request(request.method, request.url, headers, request.body)


def _forged(captured: Captured) -> Request:
    return captured.signed(captured.token(_strange_key(captured.world, "forged")))


def _without_algorithm(captured: Captured) -> Request:
    """RFC 7519, 6: an unsecured token. One that is read with the algorithm of its own header
    passes.
    """
    claims = captured.token("").split(".")[1]
    header = urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return captured.signed(f"{header}.{claims}.")


def _expired(captured: Captured) -> Request:
    unix = captured.world.kernel.clock.unix - 2 * TOKEN_LIFE_S
    return captured.signed(captured.token(captured.world.qstash.keys.current, unix=unix))


def _foreign(captured: Captured) -> Request:
    return captured.signed(captured.token(captured.world.qstash.keys.current, url=ELSEWHERE))


def _altered(captured: Captured) -> Request:
    """Another text, or another something, under the token of the first."""
    token = captured.token(captured.world.qstash.keys.current)
    body = captured.request.body
    at = body.rfind(captured.message.text.encode())
    at = at if at >= 0 else len(body) // 2
    flipped = b"j" if body[at : at + 1] != b"j" else b"h"
    return captured.signed(token, body[:at] + flipped + body[at + 1 :])


def _retired(captured: Captured) -> Request:
    """The bot was given the two keys that are left after two rotations; this one is from before."""
    return captured.signed(captured.token(_strange_key(captured.world, "retired")))


def _own(captured: Captured) -> Request:
    return captured.signed(captured.token(captured.world.qstash.keys.current))


def _rotated(captured: Captured) -> Request:
    """As the queue signs once its keys were rotated, while the bot still has the two of before."""
    captured.world.qstash.rotate_keys()
    return _own(captured)


FORGED: tuple[tuple[str, Alter], ...] = (
    ("without a token", _unsigned),
    ("signed with a made-up key", _forged),
    ("with a token that says it needs no signature", _without_algorithm),
    ("with an expired token", _expired),
    ("with the token of another address", _foreign),
    ("with one byte of the body altered", _altered),
    ("signed with the key of two rotations ago", _retired),
)
GENUINE: tuple[tuple[str, Alter], ...] = (
    ("rightly signed", _own),
    ("signed with the next key, after a rotation", _rotated),
)


OIDC_FORGED: tuple[tuple[str, Alter], ...] = (
    ("without a token", queue_tokens.without_token),
    ("signed with a made-up key", queue_tokens.made_up_key),
    ("with a token that says it needs no signature", queue_tokens.without_algorithm),
    ("signed with the public key as if it were a secret", queue_tokens.public_key_as_secret),
    ("with an expired token", queue_tokens.expired),
    ("with the token of another address", queue_tokens.foreign_audience),
    ("with the token of another account", queue_tokens.foreign_account),
    ("with the token of another issuer", queue_tokens.foreign_issuer),
)
OIDC_GENUINE: tuple[tuple[str, Alter], ...] = (
    ("rightly signed", queue_tokens.own),
    ("signed with the next key, after a rotation", queue_tokens.rotated),
)
ALTERED: Mapping[QueueKind, tuple[tuple[tuple[str, Alter], ...], ...]] = {
    "qstash": (FORGED, GENUINE),
    "cloudtasks": (OIDC_FORGED, OIDC_GENUINE),
    # Its events carry no signature.
    "sqs": ((), ()),
}


def play_queue_signature(stage: Stage, name: str, schedule: MakeSchedule = Fifo) -> Tokens:
    """For each token a message of its own, whose queue message is kept from the bot, and delivered
    again in an altered form.
    """
    route = stage.profile.bot.consumer or ""
    forged, genuine = ALTERED[stage.profile.queue.kind]
    with stage.world(copies=1, schedule=schedule) as world:
        # A user for each, because a bot may have limits for each user.
        cases = [
            (label, alter, world.meta.message(f"hello {number}", sender=label, at=GAP_S * number))
            for number, (label, alter) in enumerate((*forged, *genuine))
        ]
        with Interception(world) as interception:
            world.run_until(CAPTURE_S)
        prober = Prober(world)
        seen = {
            label: _deliver(world, prober, label, alter, message, caught)
            for label, alter, message in cases
            if (caught := interception.of(message, route)) is not None
        }
        return Tokens(
            name,
            record_of(world),
            tuple(seen[label] for label, _ in forged if label in seen),
            tuple(seen[label] for label, _ in genuine if label in seen),
        )


def _deliver(
    world: World,
    prober: Prober,
    label: str,
    alter: Alter,
    message: UserMessage,
    caught: tuple[Delivery, Request],
) -> Sighting:
    """As the queue does, again after a failure: a bot whose own services fail for once has said
    nothing about the token yet.
    """
    for _ in range(DEFAULT_RETRIES):
        sighting = _send(world, prober, label, alter, message, caught)
        if sighting.accepted or sighting.refused:
            return sighting
    return _send(world, prober, label, alter, message, caught)


def _send(
    world: World,
    prober: Prober,
    label: str,
    alter: Alter,
    message: UserMessage,
    caught: tuple[Delivery, Request],
) -> Sighting:
    delivery, request = caught
    captured = Captured(world, message, request)
    return prober.send(
        label,
        lambda: alter(captured),
        root=message.root,
        kind="queue",
        generation=delivery.generation,
        after_s=GAP_S,
    )


def _strange_key(world: World, name: str) -> str:
    return draw_id(world.kernel.chance, "sig_", name, SHORT_ID_LENGTH)


QUEUE_SIGNATURE = Scenario(
    "queue-signature", "forged queue deliveries", ("forged and genuine",), play_queue_signature
)
