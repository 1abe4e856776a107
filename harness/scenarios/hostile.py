"""Bodies that nobody should send, rightly signed, to the webhook and to the consumer; ordinary
messages before and after.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulator import World
from emulator.errors import BotHungError
from emulator.exchange import Request
from emulator.qstash.ids import MESSAGE_ID_LENGTH, SHORT_ID_LENGTH, draw_id
from emulator.qstash.signing import sign
from emulator.schedule import Fifo
from harness.platforms import PlatformName
from harness.scenarios import queue_events, queue_tokens
from harness.scenarios.alteration import alteration
from harness.scenarios.genuine import as_written, new_mid, request_with
from harness.scenarios.probe import Interception, Prober, Sighting, without
from harness.scenarios.scenario import MakeSchedule, Record, Scenario, record_of
from harness.stage import Stage

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from harness.scenarios.hostile_bodies import Body, Jobs
    from harness.scenarios.hostile_webhooks import Webhooks

# One user writes what is ordinary. Another one's name is on the rest: what reaches the queue
# because of it goes no further, so the bot never finishes with them.
SENDER = "ada"
STRANGER = "ben"
TEXT = "hello"
# Where a notification holds what people wrote.
EVENTS: Mapping[PlatformName, tuple[str | int, ...]] = {
    "messenger": ("entry", 0, "messaging"),
    "instagram": ("entry", 0, "messaging"),
    "whatsapp": ("entry", 0, "changes", 0, "value", "messages"),
}
# How many bodies are generated beside the fixed ones, while none fails.
WEBHOOK_BODIES = 40
CONSUMER_BODIES = 20
# Of those with events of every kind; each has about half of the kinds in it.
KIND_BODIES = 12
# Seconds: what a bot delays is over by then.
SETTLE_S = 3_600.0
# Seconds after a body that the bot took for a message: it may limit what a user gets in a minute,
# and what it publishes in an hour.
GAP_S = 20.0
# Bytes of a body that are shown in a line, and that are kept.
SHOWN_BYTES = 120
KEPT_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class Offence:
    """A body that did what no body may: `what` says so, `altered` in which part it differs from a
    genuine one, if that can be said. `shown` is the beginning of it, with `m_` for a message's id,
    `kept` as much as is kept of the `sent_bytes` that were sent. Without a `sighting` the bot never
    came back from it.
    """

    target: str
    label: str
    what: str
    size_bytes: int
    sent_bytes: int
    altered: str
    shown: str
    kept: str
    root: str
    sighting: Sighting | None


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of an ordinary message."""

    publishes: int
    replies: int


@dataclass(frozen=True, slots=True)
class Hostile:
    """What one run left behind.

    `targets` are the routes attacked, `bodies` counts those sent, which depends on what fails and
    has to be shrunk. Of those that were not met as they should be `fixed` has the ones that every
    run sends, `smallest` the smallest generated one of each target.
    `after` is None when the bot could not go on, or leaves work behind its responses: when that is
    done is nobody's promise.
    """

    name: str
    record: Record
    targets: tuple[str, ...]
    bodies: int
    fixed: tuple[Offence, ...]
    smallest: tuple[Offence, ...]
    before: Handled
    after: Handled | None


@dataclass(slots=True)
class Target:
    """A route of the bot under fire.

    `build` makes the signed request for a body and a root. `mid` is what stands for the id of a
    message in the bodies: each gets one of its own, or the bot would know it the second time.
    """

    name: str
    prober: Prober
    build: Callable[[bytes, str], Request]
    mid: str
    from_queue: bool = False
    bodies: int = 0
    genuine: Any = None
    fixed: list[Offence] = field(default_factory=list)
    smallest: Offence | None = None
    _smallest_key: tuple[int, bytes] = (0, b"")
    _wait_s: float = 0.0

    def attack(self, bodies: "Webhooks | Jobs", examples: int) -> None:
        """Send every fixed body and so many generated ones; when one of these fails, ever smaller
        ones.

        Raises BotHungError, after which the world is of no use.
        """
        self.genuine = bodies.genuine
        for body in bodies.fixed():
            offence = self._fire(body)
            if offence is None:
                continue
            singly = [found for part in body.parts if (found := self._fire(part)) is not None]
            self.fixed += singly or [offence]
        self.search(bodies.generated(), self.name, examples)

    def search(self, bodies: "SearchStrategy[Body]", name: str, examples: int) -> None:
        """Send so many of these, and when one of them fails, ever smaller ones."""
        from harness.scenarios.generated import search

        random = self.prober.world.kernel.chance.stream(f"hostile/{name}")
        search(bodies, self._fire_generated, examples=examples, random=random)

    def _fire_generated(self, body: "Body") -> bool:
        offence = self._fire(body)
        if offence is None:
            return False
        key = (len(body.data), body.data)
        if self.smallest is None or key < self._smallest_key:
            self.smallest, self._smallest_key = offence, key
        return True

    def _fire(self, body: "Body") -> Offence | None:
        root, mid = self.prober.new_message()
        data = _renamed(body.data, self.mid, mid)
        self.bodies += 1
        try:
            sighting = self.prober.send(
                body.label,
                lambda: self.build(data, root),
                root=root,
                kind="queue" if self.from_queue else "user",
                generation=1 if self.from_queue else 0,
                after_s=self._wait_s,
            )
        except BotHungError as error:
            self.fixed.append(self._offence(body, root, data, str(error), None))
            raise
        self._wait_s = GAP_S if body.may_act and sighting.effects else 0.0
        what = _objection(sighting, body.may_act)
        # A bot whose threads still wait for what an earlier response left behind may not get to
        # this body at all.
        if not what or (sighting.status is None and _has_leftovers(self.prober.world)):
            return None
        return self._offence(body, root, data, what, sighting)

    def _offence(
        self, body: "Body", root: str, sent: bytes, what: str, sighting: Sighting | None
    ) -> Offence:
        data = _renamed(body.data, self.mid, "m_")
        return Offence(
            target=self.name,
            label=body.label,
            what=what,
            size_bytes=len(data),
            sent_bytes=len(sent),
            altered=alteration(self.genuine, body.data) if self.genuine is not None else "",
            shown=data[:SHOWN_BYTES].decode("utf-8", "backslashreplace"),
            kept=sent[:KEPT_BYTES].decode("utf-8", "backslashreplace"),
            root=root,
            sighting=sighting,
        )


def play_hostile(
    stage: Stage,
    name: str,
    schedule: MakeSchedule = Fifo,
    *,
    webhook_bodies: int = WEBHOOK_BODIES,
    consumer_bodies: int = CONSUMER_BODIES,
) -> Hostile:
    """An ordinary message, the hostile bodies with so many generated ones among them, and an
    ordinary message again.
    """
    with stage.world(copies=1, schedule=schedule) as world:
        before = _ordinary(world, "hello")
        targets: list[Target] = []
        after: Handled | None = None
        try:
            genuine = _attack_webhook(world, stage.profile.bot.consumer, webhook_bodies, targets)
            if genuine is not None:
                _attack_consumer(world, genuine, consumer_bodies, targets)
            world.advance(seconds=SETTLE_S)
            handled = _ordinary(world, "are you still there?")
            after = None if _has_leftovers(world) else handled
        except BotHungError:
            pass  # noted with the body that did it; nothing can be asked of this world any more
        return Hostile(
            name,
            record_of(world),
            tuple(target.name for target in targets),
            sum(target.bodies for target in targets),
            tuple(offence for target in targets for offence in target.fixed),
            tuple(target.smallest for target in targets if target.smallest is not None),
            before,
            after,
        )


def _renamed(data: bytes, mid: str, other: str) -> bytes:
    """The body with another id of its message, however that is written."""
    for form in (as_written, str.encode):
        data = data.replace(form(mid), form(other))
    return data


def _objection(sighting: Sighting, may_act: bool) -> str:
    """What is wrong with how a body was met, or nothing. The store is the bot's own business."""
    if sighting.status is None or sighting.status >= 500:
        return sighting.answer
    acts = [effect for effect in sighting.effects if effect != "store write"]
    if acts and not may_act:
        return f"{sighting.answer}, and caused: {', '.join(acts)}"
    return ""


def _has_leftovers(world: World) -> bool:
    return bool(world.gate.late_calls or world.driver.leftovers())


def _ordinary(world: World, text: str) -> Handled:
    message = world.meta.message(text, sender=SENDER)
    world.run_until(world.now + SETTLE_S)
    tally = world.journal.tally(message.root)
    return Handled(tally.publishes, tally.replies)


def _attack_webhook(
    world: World, route: str | None, examples: int, targets: list[Target]
) -> Request | None:
    """Returns one of the bot's own queue messages, if it has a consumer and publishes any."""
    from harness.scenarios.hostile_webhooks import Webhooks

    meta = world.meta

    def build(data: bytes, root: str) -> Request:
        return request_with(world, data)

    mid = new_mid(world, "hostile")
    target = Target("webhook", Prober(world), build, mid)
    targets.append(target)

    def written(kind: str, **details: object) -> Any:
        update = meta.update(kind, sender=STRANGER, name="hostile", mid=mid, **details)
        return json.loads(meta.body(update))

    bodies = Webhooks(
        written("text", text=TEXT),
        EVENTS[meta.platform],
        text=TEXT,
        ids=(mid, meta.contacts.psid(STRANGER)),
        others={kind: written(kind)["entry"][0] for kind in meta.dialect.items},
    )
    # What the consumer makes of a message is no matter of the webhook.
    with Interception(world) as interception:
        message = world.meta.message(TEXT, sender=STRANGER)
        world.run_until(world.now + SETTLE_S)
        target.attack(bodies, examples)
        target.search(bodies.of_every_kind(), "kinds", KIND_BODIES)
    caught = interception.of(message, route) if route is not None else None
    return caught[1] if caught is not None else None


def _attack_consumer(world: World, genuine: Request, examples: int, targets: list[Target]) -> None:
    from harness.scenarios.hostile_bodies import Jobs

    kernel = world.kernel
    headers = without(genuine.headers, "Upstash-Signature", "Upstash-Message-Id")

    def build(data: bytes, root: str) -> Request:
        if world.queue is world.sqs:
            return queue_events.anew(world, genuine, data, root)
        if world.queue is world.cloudtasks:
            return queue_tokens.anew(world, genuine, data, root)
        signature = sign(
            world.qstash.keys.current,
            url=genuine.url,
            body=data,
            unix=kernel.clock.unix,
            token_id=draw_id(kernel.chance, "jwt_", root, SHORT_ID_LENGTH),
        )
        own = (
            ("Upstash-Message-Id", draw_id(kernel.chance, "msg_", root, MESSAGE_ID_LENGTH)),
            ("Upstash-Signature", signature),
        )
        return Request(genuine.method, genuine.url, (*headers, *own), data)

    content = queue_events.content_of(genuine) if world.queue is world.sqs else genuine.body
    mids = [
        mid for mid in kernel.mids.values() if mid.encode() in content or as_written(mid) in content
    ]
    target = Target(
        "consumer", Prober(world), build, mids[0] if mids else "no mid", from_queue=True
    )
    targets.append(target)
    target.attack(Jobs(content), examples)


HOSTILE = Scenario(
    "hostile", "hostile bodies, rightly signed", ("generated",), play_hostile, effort=2.0
)
