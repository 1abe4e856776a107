"""The stubs of one world as a service: which answers, whose turn it is, and what was asked."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from emulator.call import Access, Call
from emulator.exchange import Failure, Outcome, Reply, Request, Slow
from emulator.findings import note_finding
from emulator.kernel import Kernel
from emulator.stubs import google_tokens
from emulator.stubs.stub import Stub

# Summaries of calls that are kept, the latest; `totals` counts all.
KEEP_CALLS = 1_000
# Declared addresses, and characters of a path, that a refusal shows.
SHOWN_STUBS = 5
SHOWN_PATH = 200

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110, 9.2.1 "Safe Methods"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One call that took effect; `url` is without its query, where secrets are.

    `name` is the causal name of the call (empty: the harness asked), `host` the stub's. `status` is
    the fault's name when there is no response.
    """

    time: float
    name: str
    host: str
    method: str
    url: str
    status: int | str


class StubService:
    """Answers for every declared host. The first stub that fits, in the order given, answers.

    What a declared host does not answer is refused with 501 and the finding `unsupported`. A
    wildcard leaves Google's token addresses to `GoogleTokens`; only their exact names replace them.
    """

    name = "stub"

    def __init__(self, kernel: Kernel, stubs: Sequence[Stub] = ()) -> None:
        self.kernel = kernel
        self.stubs = tuple(stubs)
        self.calls: deque[Recorded] = deque(maxlen=KEEP_CALLS)
        # By declared host, so there are as many as were declared.
        self.totals: Counter[str] = Counter()
        self._turns = [0] * len(self.stubs)

    def claims(self, request: Request) -> bool:
        declared = next(self._at(request), None) is not None
        return declared and request.origin not in self.kernel.origins

    def access(self, request: Request) -> Access:
        """A read is one whose answer is always the same; a refusal touches nothing."""
        host = request.parts.hostname or ""
        number = self._fitting(request)
        if number is None:
            return Access(host)
        stub = self.stubs[number]
        # Stubs of one host are one service; a wildcard's hosts take turns with one another.
        keys = frozenset({f"stub:{host}", f"stub:{stub.host}"})
        if request.method in _SAFE and len(stub.answers) == 1:
            return Access(host, reads=keys)
        return Access(host, writes=keys)

    def answer(self, call: Call) -> Outcome | Slow:
        return self.handle(call.request, call)

    def handle(self, request: Request, call: Call | None = None) -> Outcome | Slow:
        """Answer a request and pass the turn on; without a call it is the harness's own."""
        number = self._fitting(request)
        if number is None:
            return self._refuse(request, call)
        stub, turn = self.stubs[number], self._turns[number]
        self._turns[number] = min(turn + 1, len(stub.answers) - 1)
        outcome = stub.answers[turn].outcome(request)
        self.totals[stub.host] += 1
        self.calls.append(
            Recorded(
                self.kernel.clock.now,
                "" if call is None else call.name,
                stub.host,
                request.method,
                request.url.partition("?")[0],
                _status(outcome),
            )
        )
        return outcome

    # -- inside

    def _at(self, request: Request) -> Iterator[int]:
        """The stubs of the request's host; as many as were declared, however many calls there
        are.
        """
        googles = request.origin in google_tokens.ORIGINS
        return (
            number
            for number, stub in enumerate(self.stubs)
            if stub.is_at(request) and not (googles and stub.is_wildcard)
        )

    def _fitting(self, request: Request) -> int | None:
        at = self._at(request)
        return next((number for number in at if self.stubs[number].answers_to(request)), None)

    def _refuse(self, request: Request, call: Call | None) -> Reply:
        host, path = request.parts.hostname or "", request.raw_path[:SHOWN_PATH]
        declared = [self.stubs[number].shown for number in self._at(request)]
        if len(declared) > SHOWN_STUBS:
            declared[SHOWN_STUBS:] = ["..."]
        what = f"{request.method} {path} (declared: {', '.join(declared)})"
        note_finding(
            self.kernel,
            call,
            "unsupported",
            {"service": host, "method": request.method, "path": path, "what": what},
        )
        body = f"no stub of {host} answers {what}\n"
        return Reply(501, (("content-type", "text/plain; charset=utf-8"),), body.encode())


def _status(outcome: Outcome | Slow) -> int | str:
    ending = outcome.outcome if isinstance(outcome, Slow) else outcome
    if ending is None:
        return "timeout"
    return ending.kind if isinstance(ending, Failure) else ending.status
