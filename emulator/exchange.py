"""HTTP exchanges as plain values: what was asked, and what came of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from urllib.parse import SplitResult, urlsplit

Headers = tuple[tuple[str, str], ...]


def find_header(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """The first value of a header, whatever the case of its name."""
    wanted = name.lower()
    for key, value in headers:
        if key.lower() == wanted:
            return value
    return None


# The same few addresses are asked for again and again, in several steps of each exchange.
@lru_cache(maxsize=1024)
def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    authority = rest.split("/", 1)[0].split("?", 1)[0].split("#", 1)[0]
    return f"{scheme}://{authority}".lower()


@lru_cache(maxsize=1024)
def _target(url: str) -> tuple[str, str, str]:
    """What stands in the request line, and its parts before and behind the question mark."""
    rest = url.partition("://")[2]
    cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    target = rest[cut:].split("#", 1)[0]
    if not target.startswith("/"):
        target = "/" + target
    path, _, query = target.partition("?")
    return target, path, query


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    `url` is absolute and exactly as sent: no decoding, no normalising, no collapsed slashes.
    Header names keep the case they were sent with; look them up with `header`. Its sender would
    speak `http_version` where both ends can agree on it, which takes TLS for "2".
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    http_version: str = "1.1"

    @property
    def parts(self) -> SplitResult:
        return urlsplit(self.url)

    @property
    def origin(self) -> str:
        """Scheme and authority, lower-case: `https://qstash.upstash.io`."""
        return _origin(self.url)

    @property
    def target(self) -> str:
        """Raw path and query, as in the request line."""
        return _target(self.url)[0]

    @property
    def raw_path(self) -> str:
        return _target(self.url)[1]

    @property
    def raw_query(self) -> str:
        return _target(self.url)[2]

    def header(self, name: str) -> str | None:
        return find_header(self.headers, name)


@dataclass(frozen=True, slots=True)
class Reply:
    """One complete HTTP response."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return find_header(self.headers, name)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


FailureKind = Literal["refused", "timeout", "reset", "dns"]


@dataclass(frozen=True, slots=True)
class Failure:
    """An exchange that brought no response."""

    kind: FailureKind
    message: str = ""


Outcome = Reply | Failure


@dataclass(frozen=True, slots=True)
class Slow:
    """What a service says whose effect is done and whose answer is still to come.

    `outcome` follows `latency_s` seconds later. None never comes: the caller's own time limit ends
    the wait, or the function's.
    """

    outcome: Outcome | None
    latency_s: float = 0.0


def _nobody() -> None:
    """Wakes a call that nobody keeps."""


@dataclass(slots=True, eq=False)
class Blocked:
    """What a service says that can not apply a call yet, for example because of a lock. Nothing has
    happened.

    The service calls `wake` once, when the call is worth another try; it is then applied anew, as
    soon as the schedule picks it. Whoever asked the service sets it.
    """

    wake: Callable[[], None] = _nobody
