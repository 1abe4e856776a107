"""What a platform answers by itself, and what its edge adds."""

import pytest

from emulator.chance import Chance
from emulator.exchange import Reply, Request
from emulator.serverless.host import HostProfile
from emulator.serverless.platforms import KINDS, PLATFORMS, HostKind
from harness.profile_keys import HOSTS

REQUEST = Request("POST", "https://bot.test/api", (("Host", "bot.test"),), b"{}")


def forwarded(
    request: Request = REQUEST, kind: HostKind = "vercel", name: str = "u0.w0"
) -> Request:
    return PLATFORMS[kind].forwarded(request, Chance(1), name, 1_790_000_000.25)


def test_vercel__adds_its_request_headers() -> None:
    assert forwarded().headers == (
        ("Host", "bot.test"),
        ("x-forwarded-host", "bot.test"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-for", "203.0.113.7"),
        ("x-real-ip", "203.0.113.7"),
        ("x-vercel-forwarded-for", "203.0.113.7"),
        ("x-vercel-deployment-url", "my-bot-0f1e2d3c4-thrice.vercel.app"),
        ("x-vercel-id", "iad1::iad1::2481d-1790000000250-51a8f2164d8f"),
    )


def test_vercel__takes_no_such_header_from_a_caller() -> None:
    forged = Request(
        "POST", REQUEST.url, (*REQUEST.headers, ("X-Forwarded-For", "1.2.3.4")), REQUEST.body
    )
    assert forwarded(forged) == forwarded()


def test_ids__differ_between_requests() -> None:
    first, again = forwarded(name="u0.w0"), forwarded(name="u0.w0'")
    assert first.header("x-vercel-id") != again.header("x-vercel-id")


@pytest.mark.parametrize("kind", ["lambda", "cloud-run", "always-on"])
def test_other_kinds__hand_the_request_over_as_it_came(kind: HostKind) -> None:
    assert forwarded(kind=kind) is REQUEST
    reply = Reply(200)
    assert PLATFORMS[kind].returned(reply, REQUEST) is reply


def test_vercel__names_its_id_in_responses() -> None:
    request = forwarded()
    ident = request.header("x-vercel-id")
    assert PLATFORMS["vercel"].returned(Reply(200), request) == Reply(
        200, (("x-vercel-id", ident or ""),)
    )


def test_time_out_on_vercel__has_the_code_and_the_id_in_its_text() -> None:
    reply = PLATFORMS["vercel"].answer("timed-out", forwarded())
    assert reply.status == 504
    assert reply.body.decode() == (
        "An error occurred with your deployment\n\n"
        "FUNCTION_INVOCATION_TIMEOUT\n\n"
        "iad1::2481d-1790000000250-51a8f2164d8f\n"
    )
    assert reply.header("x-vercel-id") == "iad1::iad1::2481d-1790000000250-51a8f2164d8f"


@pytest.mark.parametrize(
    ("ending", "status", "code"),
    [
        ("raised", 500, "FUNCTION_INVOCATION_FAILED"),
        ("no-response", 502, "NO_RESPONSE_FROM_FUNCTION"),
        ("throttled", 503, "FUNCTION_THROTTLED"),
        ("too-large", 413, "FUNCTION_PAYLOAD_TOO_LARGE"),
        ("response-too-large", 500, "FUNCTION_RESPONSE_PAYLOAD_TOO_LARGE"),
    ],
)
def test_vercel__has_a_code_for_each_end(ending: str, status: int, code: str) -> None:
    reply = PLATFORMS["vercel-fluid"].answer(ending, forwarded(kind="vercel-fluid"))  # type: ignore[arg-type]
    assert reply.status == status
    assert f"\n\n{code}\n\niad1::" in reply.body.decode()


def test_kinds__are_those_of_the_profile_with_the_same_limits() -> None:
    assert tuple(HOSTS) == KINDS
    for kind in KINDS:
        platform, limits = PLATFORMS[kind], HOSTS[kind]
        assert (platform.concurrency, platform.most_concurrency) == (
            limits.usual,
            limits.concurrency,
        )
        assert platform.freezes is False or platform.timeout_s <= limits.timeout_s


def test_a_kind_with_one_request_each__takes_no_more_whatever_is_asked_for() -> None:
    assert HostProfile(kind="lambda", concurrency=10).at_once == 1
    assert HostProfile(kind="vercel-fluid", concurrency=3).at_once == 3
    assert HostProfile(kind="cloud-run").at_once == 80
