from collections.abc import Callable

import pytest

from emulator.call import Access
from emulator.delivery import Delivery
from emulator.exchange import Failure, Outcome, Reply, Request, Slow
from emulator.kernel import Kernel
from emulator.stubs import Answer, Recorded, Stub, StubService
from emulator.stubs.service import KEEP_CALLS
from tests.stubs.conftest import MakeCaller

API = "api.example.com"
URL = f"https://{API}/v1/chat"


def service_of(*stubs: Stub) -> StubService:
    return StubService(Kernel(seed=1), stubs)


def asked(service: StubService, url: str = URL, method: str = "POST") -> Outcome | Slow:
    return service.handle(Request(method, url))


# -- which stub ------------------------------------------------------------------------------------


def test_first_stub_that_fits_answers() -> None:
    service = service_of(
        Stub(host=API, method="GET", answers=(Answer(status=201),)),
        Stub(host="*.example.com", path="/v1/*", answers=(Answer(status=202),)),
        Stub(host=API, answers=(Answer(status=203),)),
    )

    assert asked(service) == Reply(202)
    assert asked(service, method="GET") == Reply(201)
    assert asked(service, f"https://{API}/v2") == Reply(203)


def test_claims__declared_hosts_only() -> None:
    service = service_of(Stub(host=API))

    assert service.claims(Request("GET", URL))
    assert not service.claims(Request("GET", "https://example.com/v1/chat"))


class Bot:
    """Whoever is at the address of a bot."""

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        done(Reply(200))


def test_claims__never_the_bot_itself() -> None:
    service = service_of(Stub(host="*.example.com"))
    service.kernel.origins["https://my-bot.example.com"] = Bot()

    assert not service.claims(Request("POST", "https://my-bot.example.com/api/again"))


@pytest.mark.parametrize(
    ("host", "claimed"), [("*.googleapis.com", False), ("oauth2.googleapis.com", True)]
)
def test_claims__tokens_of_google_by_their_exact_name_only(host: str, claimed: bool) -> None:
    service = service_of(Stub(host=host))

    assert service.claims(Request("POST", "https://oauth2.googleapis.com/token")) is claimed
    assert service.claims(Request("POST", "https://storage.googleapis.com/x")) is not claimed


# -- in turn ---------------------------------------------------------------------------------------


def test_answers_come_in_turn_and_the_last_repeats() -> None:
    service = service_of(
        Stub(host=API, answers=(Answer(status=500), Answer(fault="reset"), Answer(status=200)))
    )

    outcomes = [asked(service) for _ in range(4)]

    assert outcomes == [
        Reply(500),
        Failure("reset", f"{API}: connection reset by peer"),
        Reply(200),
        Reply(200),
    ]


def test_each_stub_has_turns_of_its_own() -> None:
    twice = (Answer(status=500), Answer(status=200))
    service = service_of(
        Stub(host=API, path="/a", answers=twice), Stub(host=API, path="/b", answers=twice)
    )

    assert asked(service, f"https://{API}/a") == Reply(500)
    assert asked(service, f"https://{API}/b") == Reply(500)
    assert asked(service, f"https://{API}/a") == Reply(200)


# -- access ----------------------------------------------------------------------------------------


def test_access__a_get_with_one_answer_reads() -> None:
    access = service_of(Stub(host=API)).access(Request("GET", URL))
    assert access == Access(API, reads=frozenset({f"stub:{API}"}))


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_access__other_methods_write(method: str) -> None:
    access = service_of(Stub(host=API)).access(Request(method, URL))
    assert access == Access(API, writes=frozenset({f"stub:{API}"}))


def test_access__a_get_that_takes_a_turn_writes() -> None:
    stub = Stub(host=API, answers=(Answer(status=503), Answer()))
    access = service_of(stub).access(Request("GET", URL))
    assert access == Access(API, writes=frozenset({f"stub:{API}"}))


def test_access__hosts_of_a_wildcard_share_its_turns() -> None:
    access = service_of(Stub(host="*.example.com")).access(Request("POST", URL))
    assert access == Access(API, writes=frozenset({f"stub:{API}", "stub:*.example.com"}))


def test_access__a_refusal_touches_nothing() -> None:
    access = service_of(Stub(host=API, path="/other")).access(Request("POST", URL))
    assert access == Access(API)


# -- what is recorded ------------------------------------------------------------------------------


def test_calls__are_recorded_without_their_query(caller: MakeCaller) -> None:
    bot = caller(Stub(host="*.example.com", answers=(Answer(status=201), Answer(fault="timeout"))))
    bot.ask(URL + "?key=secret", "POST")
    bot.run()
    bot.ask(URL, "GET", timeout_s=1.0)
    bot.run()

    first, second = bot.stubs.calls
    assert first == Recorded(first.time, "u0.w0#0", "*.example.com", "POST", URL, 201)
    assert (second.name, second.method, second.status) == ("u0.w0#1", "GET", "timeout")
    assert bot.stubs.totals == {"*.example.com": 2}


def test_calls__are_bounded_and_counted() -> None:
    service = service_of(Stub(host=API))
    for _ in range(KEEP_CALLS + 5):
        asked(service)

    assert len(service.calls) == KEEP_CALLS
    assert service.totals == {API: KEEP_CALLS + 5}


# -- what nobody answers ---------------------------------------------------------------------------


def test_unanswered_path__is_501_and_a_finding(caller: MakeCaller) -> None:
    bot = caller(Stub(host=API, method="POST", path="/v1/chat"), Stub(host=API, path="/files/*"))
    heard = bot.ask(f"https://{API}/v1/models?key=secret")
    bot.run()

    what = "GET /v1/models (declared: POST /v1/chat, any method /files/*)"
    assert isinstance(heard.outcome, Reply)
    assert heard.outcome.status == 501
    assert heard.outcome.body.decode() == f"no stub of {API} answers {what}\n"
    (finding,) = bot.findings()
    assert finding.name == "unsupported"
    assert finding.detail == {
        "service": API,
        "method": "GET",
        "path": "/v1/models",
        "what": what,
    }
    assert finding.roots == ("u0",)
    assert finding.cause == heard.call.entry
    assert bot.stubs.totals == {}


def test_unanswered_path__shows_a_few_of_many_stubs() -> None:
    service = service_of(*(Stub(host=API, path=f"/{number}") for number in range(9)))
    outcome = asked(service)

    assert isinstance(outcome, Reply)
    assert outcome.body.decode().endswith(
        "(declared: any method /0, any method /1, any method /2, any method /3, any method /4, "
        "...)\n"
    )


def test_unanswered_path__of_the_harness_is_a_finding_without_a_cause() -> None:
    service = service_of(Stub(host=API, path="/other"))
    asked(service)

    (finding,) = service.kernel.journal.entries("finding")
    assert (finding.name, finding.cause) == ("unsupported", -1)


def test_undeclared_host__is_still_unknown(caller: MakeCaller) -> None:
    bot = caller(Stub(host=API))
    bot.ask("https://telemetry.example.net/ping")
    bot.run()

    assert [(entry.name, entry.detail) for entry in bot.findings()] == [
        ("unknown-host", {"host": "telemetry.example.net"})
    ]
