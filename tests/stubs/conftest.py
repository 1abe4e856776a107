"""A bot's side of the gate without a bot: one invocation that calls out, and what it hears."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from emulator.call import Call
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Outcome, Request
from emulator.gate import Gate
from emulator.journal import Entry
from emulator.kernel import Kernel
from emulator.stubs import GoogleTokens, Stub, StubService


@dataclass(slots=True)
class Heard:
    """One call of the bot: what came of it and when, in seconds; None until then."""

    call: Call
    outcome: Outcome | None = None
    at: float | None = None


@dataclass(slots=True)
class Caller:
    """`ask` makes a call, `run` lets everything happen."""

    kernel: Kernel
    stubs: StubService
    gate: Gate
    invocation: Invocation
    heard: list[Heard] = field(default_factory=list)

    def ask(
        self,
        url: str,
        method: str = "GET",
        *,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        timeout_s: float | None = None,
    ) -> Heard:
        def deliver(outcome: Outcome) -> None:
            heard.outcome, heard.at = outcome, self.kernel.clock.now

        call = self.gate.arrive(
            self.invocation,
            Request(method, url, headers, body),
            timeout_s=timeout_s,
            deliver_outcome=deliver,
        )
        heard = Heard(call)
        self.heard.append(heard)
        return heard

    def run(self, until: float | None = None) -> None:
        while self.kernel.run_step(until):
            pass

    def findings(self) -> list[Entry]:
        return list(self.kernel.journal.entries("finding"))


MakeCaller = Callable[..., Caller]


@pytest.fixture
def caller() -> MakeCaller:
    """`caller(stub, ...)`: an open invocation `u0.w0` in front of these stubs."""

    def make(*stubs: Stub) -> Caller:
        return caller_of(stubs)

    return make


def caller_of(stubs: Sequence[Stub]) -> Caller:
    kernel = Kernel(seed=1)
    service = StubService(kernel, stubs)
    delivery = Delivery(
        name="u0.w0",
        kind="user",
        due=0.0,
        build=lambda: Request("POST", "https://bot.test/"),
        on_outcome=lambda outcome: None,
        timeout_s=20.0,
        roots=("u0",),
    )
    invocation = Invocation(delivery, delivery.build(), "i0", -1, 0.0)
    return Caller(kernel, service, Gate(kernel, (service, GoogleTokens(kernel))), invocation)
