"""What a stub is: an address, and the answers that it gives in turn. Plain data, no state."""

from dataclasses import dataclass
from typing import Literal

from emulator.errors import ScenarioError
from emulator.exchange import Failure, Headers, Outcome, Reply, Request, Slow

Fault = Literal["refused", "timeout", "reset"]

ANY_PATH = "/*"
_WILDCARD = "*."


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer.

    It comes `latency_s` seconds after the call took effect. With a `fault` there is no response:
    the connection is refused, or reset after the request was sent, or (`timeout`) nothing ever
    comes and only the caller's own limit ends the wait.
    """

    status: int = 200
    headers: Headers = ()
    body: bytes = b""
    latency_s: float = 0.0
    fault: Fault | None = None

    def outcome(self, request: Request) -> Outcome | Slow:
        """What a caller gets for this request; a HEAD gets no body."""
        if self.fault == "timeout":
            return Slow(None)
        outcome: Outcome
        if self.fault is not None:
            outcome = Failure(self.fault, f"{request.parts.netloc}: {_SAID[self.fault]}")
        else:
            body = b"" if request.method == "HEAD" else self.body
            outcome = Reply(self.status, self.headers, body)
        return Slow(outcome, self.latency_s) if self.latency_s > 0 else outcome


_SAID = {"refused": "connection refused", "reset": "connection reset by peer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stub:
    """Answers for one address; the last of them repeats.

    `host` is exact (`api.openai.com`, any port; `api.openai.com:8443`, that port) or every name
    below a domain (`*.example.com`). `method` None is any. In `path` a `*` stands for any
    characters, slashes too; it is compared as sent, without the query.

    Raises ScenarioError when there is no answer.
    """

    host: str
    method: str | None = None
    path: str = ANY_PATH
    answers: tuple[Answer, ...] = (Answer(),)

    def __post_init__(self) -> None:
        if not self.answers:
            raise ScenarioError(f"the stub for {self.host} has no answer; give it at least one")

    @property
    def is_wildcard(self) -> bool:
        return self.host.startswith(_WILDCARD)

    @property
    def shown(self) -> str:
        """Method and path for people: `POST /v1/*`."""
        return f"{self.method or 'any method'} {self.path}"

    def is_at(self, request: Request) -> bool:
        """Whether this is the stub's host."""
        parts = request.parts
        host, _, port = self.host.lower().partition(":")
        name = parts.hostname or ""
        if port and port != str(parts.port or (443 if parts.scheme == "https" else 80)):
            return False
        return name.endswith(host[1:]) if self.is_wildcard else name == host

    def answers_to(self, request: Request) -> bool:
        """Whether method and path are the stub's, at a host that is."""
        return self.method in (None, request.method) and _fits(self.path, request.raw_path)


def _fits(pattern: str, path: str) -> bool:
    """Whether a path fits a pattern with `*`; linear in the path, whatever the pattern."""
    first, *rest = pattern.split("*")
    if not rest:
        return path == pattern
    last = rest.pop()
    if len(path) < len(first) + len(last) or not path.startswith(first) or not path.endswith(last):
        return False
    at, end = len(first), len(path) - len(last)
    for part in rest:
        found = path.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
