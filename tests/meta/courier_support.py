"""A courier on a bare kernel, and a bot that answers by a script."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from emulator.delivery import Delivery
from emulator.exchange import Failure, Outcome, Reply, Request
from emulator.kernel import Kernel, Limits
from emulator.meta.delivery.copies import Copy
from emulator.meta.delivery.courier import Courier, Spacing
from emulator.meta.delivery.product import Product
from emulator.meta.delivery.webhook import Part, Webhook
from emulator.step import StepKind

OK = Reply(200)
ERROR = Reply(500)

# What comes after how many seconds; None never comes.
Answer = tuple[float, Outcome] | None


class Attempt(NamedTuple):
    """What the bot saw of one, what it was told of in it, and what it is going to answer."""

    name: str
    at: float
    items: list[str]
    time_ms: int
    answer: Answer


class Bot:
    """`answer` is given the delivery and says what comes after how long."""

    def __init__(self, kernel: Kernel, answer: Callable[[Delivery], Answer]) -> None:
        self.kernel = kernel
        self.answer = answer
        self.deliveries: list[Delivery] = []
        self.bodies: list[bytes] = []
        self.attempts: list[Attempt] = []

    @property
    def seen(self) -> list[tuple[float, str]]:
        return [(attempt.at, attempt.name) for attempt in self.attempts]

    @property
    def items(self) -> list[list[str]]:
        return [attempt.items for attempt in self.attempts]

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        now = self.kernel.clock.now
        answer = self.answer(delivery)
        told = json.loads(request.body)
        self.deliveries.append(delivery)
        self.bodies.append(request.body)
        self.attempts.append(Attempt(delivery.name, now, told["items"], told["time"], answer))
        if answer is not None:
            after_s, outcome = answer
            self.kernel.at(now + after_s, delivery.name + "/answer", lambda: done(outcome))


def world(
    answer: Callable[[Delivery], Answer],
    *,
    seed: int = 0,
    copies: int = 1,
    spacing: Spacing | Sequence[float] = "at-once",
    limits: Limits | None = None,
    **options: Any,
) -> tuple[Kernel, Bot, Courier]:
    """`options` are those of the courier."""
    kernel = Kernel(seed=seed, limits=limits)
    bot = Bot(kernel, answer)
    kernel.origins["https://bot.example"] = bot
    courier = Courier(
        kernel,
        url="https://bot.example/hook",
        app_secret="s",
        copies=copies,
        spacing=spacing,
        **options,
    )
    return kernel, bot, courier


def join(bodies: Sequence[object], time_ms: int) -> bytes:
    return json.dumps({"items": list(bodies), "time": time_ms}).encode()


def webhook(root: str = "u0", *more: str, product: Product | None = None) -> Webhook:
    """A notification of these messages, each of which can travel alone."""
    roots = (root, *more)
    return Webhook(
        root,
        roots,
        -1,
        lambda time_ms: join(roots, time_ms),
        product=product,
        parts=tuple(Part((root,), root) for root in roots),
        join=join,
    )


def run(kernel: Kernel) -> None:
    while kernel.run_step():
        pass


def run_until(kernel: Kernel, until: float) -> None:
    while kernel.run_step(until):
        pass
    kernel.clock.move_to(until)


def ok_at_once(_delivery: Delivery) -> Answer:
    return 0.0, OK


def error_at_once(_delivery: Delivery) -> Answer:
    return 0.0, ERROR


def hang(_delivery: Delivery) -> Answer:
    return None


def cut(_delivery: Delivery) -> Answer:
    return 0.0, Failure("reset")


def findings(kernel: Kernel) -> list[tuple[float, str, tuple[str, ...]]]:
    """All but alerts."""
    return [
        (entry.time, entry.name, entry.roots)
        for entry in kernel.journal.entries("finding")
        if entry.name != "webhook-alert"
    ]


def schedules(kernel: Kernel, courier: Courier) -> list[Copy]:
    """Whatever there is that will make something of a copy, once for each of them."""
    found: list[Copy] = []
    for step in kernel.agenda:
        copy = courier.waiting.get(step.task)
        if copy is None:
            continue
        is_under_way = step.name.endswith(("/timeout", "/hang"))
        if step.kind is StepKind.START or copy.step is step or is_under_way:
            found += [copy, *copy.riders]
    return found + (courier.line.copies() if courier.line is not None else [])
