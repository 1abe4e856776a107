"""A database for these tests, and requests to it."""

import json
from dataclasses import dataclass, field
from typing import Any

from emulator.exchange import Reply, Request
from emulator.kernel import Kernel
from emulator.redis import Keyspace
from emulator.upstash import ORIGIN, TOKEN, Upstash

BEARER = ("Authorization", f"Bearer {TOKEN}")


@dataclass(slots=True)
class Bench:
    """A kernel with one database."""

    kernel: Kernel = field(default_factory=Kernel)
    upstash: Upstash = field(init=False)

    def __post_init__(self) -> None:
        self.upstash = Upstash(self.kernel, Keyspace(self.kernel))

    @property
    def keyspace(self) -> Keyspace:
        return self.upstash.keyspace

    def send(
        self,
        method: str,
        target: str,
        body: Any = b"",
        *headers: tuple[str, str],
        token: bool = True,
    ) -> Reply:
        """The reply to a request; a body that is no bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        own = (BEARER,) if token else ()
        return self.upstash.handle(Request(method, ORIGIN + target, (*own, *headers), content))

    def ask(self, *words: str | int, sync: str = "") -> Any:
        """What one command gives; its error if it fails."""
        reply = self.send("POST", "/", list(words), ("Upstash-Sync-Token", sync))
        answer = json.loads(reply.body)
        return answer.get("result", answer.get("error"))


def json_of(reply: Reply) -> Any:
    assert reply.header("content-type") == "application/json"
    return json.loads(reply.body)
