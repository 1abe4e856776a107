"""A bare world for these tests: a kernel, a queue, and a destination with a script."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulator.call import Access, Call
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.qstash import Plan, QStash, Switches

HOST = "https://bot.example"
CONSUMER = HOST + "/api/consume"
API = "https://qstash.upstash.io"

OK = Reply(200)
BROKEN = Reply(500, (("content-type", "text/plain"),), b"it broke")


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that reached the destination; `at_ms` counts from the start of the world."""

    at_ms: int
    name: str
    delivery: Delivery
    request: Request


class Consumer:
    """Answers the n-th delivery with the n-th outcome, and all further ones with the last.

    An outcome of None is no answer ever.
    """

    def __init__(self, kernel: Kernel, *script: Outcome | None) -> None:
        self.seen: list[Seen] = []
        self._kernel = kernel
        self._script = script or (OK,)

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        outcome = self._script[min(len(self.seen), len(self._script) - 1)]
        at_ms = round(self._kernel.clock.now * 1_000)
        self.seen.append(Seen(at_ms, delivery.name, delivery, request))
        if outcome is not None:
            done(outcome)


class Breaking(Consumer):
    """Answers 500 where the path begins with `/broken`, and 200 elsewhere."""

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        at_ms = round(self._kernel.clock.now * 1_000)
        self.seen.append(Seen(at_ms, delivery.name, delivery, request))
        done(BROKEN if request.raw_path.startswith("/broken") else OK)


class Busy(Consumer):
    """Answers each delivery with 200 after `seconds`; `most` were in its hands at a time."""

    def __init__(self, kernel: Kernel, seconds: float) -> None:
        super().__init__(kernel)
        self.now = 0
        self.most = 0
        self._seconds = seconds

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        def finish() -> None:
            self.now -= 1
            done(OK)

        at_ms = round(self._kernel.clock.now * 1_000)
        self.seen.append(Seen(at_ms, delivery.name, delivery, request))
        self.now += 1
        self.most = max(self.most, self.now)
        self._kernel.at(self._kernel.clock.now + self._seconds, delivery.name + "/answer", finish)


class Bench:
    """A kernel with a queue and, at `HOST`, a consumer."""

    def __init__(
        self,
        *script: Outcome | None,
        plan: Plan | None = None,
        allow_loopback: bool = True,
        seed: int = 0,
        read_only_token: str | None = None,
        switches: Switches | None = None,
    ) -> None:
        self.kernel = Kernel(seed=seed)
        self.qstash = QStash(
            self.kernel,
            plan=plan,
            allow_loopback=allow_loopback,
            read_only_token=read_only_token,
            switches=switches or Switches(),
        )
        self.consumer: Consumer = Consumer(self.kernel, *script)
        self.kernel.origins[HOST] = self.consumer

    def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        call: Call | None = None,
    ) -> Reply:
        """A request with the right token, unless `headers` has an `Authorization` of its own."""
        sent = {"Authorization": f"Bearer {self.qstash.token}", **(headers or {})}
        return self.qstash.handle(Request(method, API + path, tuple(sent.items()), body), call)

    def publish(
        self,
        headers: dict[str, str] | None = None,
        body: bytes = b"{}",
        url: str = CONSUMER,
        call: Call | None = None,
    ) -> Reply:
        return self.ask("POST", f"/v2/publish/{url}", headers, body, call)

    def publish_id(
        self,
        headers: dict[str, str] | None = None,
        body: bytes = b"{}",
        url: str = CONSUMER,
        call: Call | None = None,
    ) -> str:
        """Publish something that must be accepted as new; returns the message's id."""
        reply = self.publish(headers, body, url, call)
        assert reply.status == 200, reply
        return str(read(reply)["messageId"])

    def send(self, method: str, path: str, value: object = None) -> Reply:
        """A request with a JSON body, or none for None."""
        return self.ask(method, path, body=b"" if value is None else json.dumps(value).encode())

    def get(self, path: str) -> Any:
        """The JSON that a read is answered with."""
        reply = self.ask("GET", path)
        assert reply.status == 200, reply
        return json.loads(reply.body)

    def busy(self, seconds: float) -> Busy:
        """A destination that takes so long, instead of the present one."""
        busy = self.consumer = self.kernel.origins[HOST] = Busy(self.kernel, seconds)
        return busy

    def bodies(self) -> list[str]:
        """What reached the destination, in order."""
        return [seen.request.body.decode() for seen in self.consumer.seen]

    def run(self, until: float | None = None) -> None:
        """Let everything happen; with `until`, what is due by then, and leave the clock there."""
        while self.kernel.run_step(until):
            pass
        if until is not None:
            self.kernel.clock.move_to(until)

    def states(self, message_id: str) -> list[str]:
        """The states that the log shows for a message, earliest first."""
        events = self.qstash.events(messageId=message_id, order="earliestFirst")
        return [str(event["state"]) for event in events]

    def call(self, *, name: str = "u0.w0", roots: tuple[str, ...] = ("u0",)) -> Call:
        """A call from an invocation of the bot's webhook, as the gate would make it."""
        delivery = Delivery(
            name=name,
            kind="user",
            due=0.0,
            build=lambda: Request("POST", HOST + "/api/webhook"),
            on_outcome=lambda outcome: None,
            timeout_s=20.0,
            roots=roots,
        )
        invocation = Invocation(
            delivery,
            Request("POST", HOST + "/api/webhook?x=1"),
            instance="i0",
            entry=-1,
            started=0.0,
        )
        return Call(
            name=f"{name}#0",
            invocation=invocation,
            request=Request("POST", API),
            service="qstash",
            access=Access("publish"),
            arrived=0.0,
            timeout_s=None,
            deliver_outcome=lambda outcome: None,
            entry=self.kernel.note("call", f"{name}#0", roots=roots),
        )


def read(reply: Reply) -> dict[str, Any]:
    """The JSON object in a reply."""
    value = json.loads(reply.body)
    assert isinstance(value, dict)
    return value
