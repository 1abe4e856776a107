import json
from urllib.parse import urlencode

import pytest

from emulator.exchange import Reply, Request
from emulator.kernel import Kernel
from emulator.stubs import GoogleTokens
from tests.stubs.conftest import Caller, MakeCaller

ENDPOINT = "https://oauth2.googleapis.com/token"
METADATA = (
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"
)
FLAVOR = (("Metadata-Flavor", "Google"),)
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
REFRESH = urlencode(
    {"grant_type": "refresh_token", "client_id": "c", "refresh_token": "r"}
).encode()


def refreshed(bot: Caller) -> dict[str, object]:
    heard = bot.ask(ENDPOINT, "POST", headers=FORM, body=REFRESH)
    bot.run()
    assert isinstance(heard.outcome, Reply)
    assert heard.outcome.status == 200
    content: dict[str, object] = json.loads(heard.outcome.body)
    return content


def metadata(tokens: GoogleTokens, url: str = METADATA) -> dict[str, object]:
    reply = tokens.handle(Request("GET", url, FLAVOR))
    assert (reply.status, reply.header("metadata-flavor")) == (200, "Google")
    content: dict[str, object] = json.loads(reply.body)
    return content


@pytest.mark.parametrize(
    ("url", "claimed"),
    [
        (ENDPOINT, True),
        ("https://oauth2.googleapis.com:443/token", True),
        (METADATA, True),
        ("http://169.254.169.254/computeMetadata/v1/", True),
        ("https://metadata.google.internal/", False),
        ("http://oauth2.googleapis.com/token", False),
        ("https://accounts.google.com/o/oauth2/token", False),
    ],
)
def test_claims(url: str, claimed: bool) -> None:
    assert GoogleTokens(Kernel()).claims(Request("GET", url)) is claimed


def test_endpoint__gives_a_token_for_an_hour(caller: MakeCaller) -> None:
    token = refreshed(caller())

    assert list(token) == ["access_token", "expires_in", "token_type"]
    assert str(token["access_token"]).startswith("ya29.c.")
    assert (token["expires_in"], token["token_type"]) == (3599, "Bearer")


def test_endpoint__tokens_depend_on_their_cause_only(caller: MakeCaller) -> None:
    one, other = caller(), caller()

    first = refreshed(one)
    assert refreshed(one) != first
    assert refreshed(other) == first


def test_endpoint__refusal_is_json(caller: MakeCaller) -> None:
    bot = caller()
    heard = bot.ask(ENDPOINT, "POST", headers=FORM, body=b"grant_type=password")
    bot.run()

    assert isinstance(heard.outcome, Reply)
    assert heard.outcome.status == 400
    assert json.loads(heard.outcome.body) == {
        "error": "unsupported_grant_type",
        "error_description": "Invalid grant_type: password",
    }
    assert bot.findings() == []


@pytest.mark.parametrize(
    ("method", "url", "body", "service", "what"),
    [
        (
            "POST",
            "https://oauth2.googleapis.com/revoke",
            b"",
            "oauth2.googleapis.com",
            "POST /revoke",
        ),
        (
            "POST",
            ENDPOINT,
            b"grant_type=authorization_code",
            "oauth2.googleapis.com",
            "grant_type authorization_code",
        ),
        (
            "GET",
            "http://metadata.google.internal/computeMetadata/v1/project/project-id",
            b"",
            "metadata.google.internal",
            "GET /computeMetadata/v1/project/project-id",
        ),
    ],
)
def test_what_is_not_served__is_501_and_a_finding(
    caller: MakeCaller, method: str, url: str, body: bytes, service: str, what: str
) -> None:
    bot = caller()
    heard = bot.ask(url, method, headers=(*FLAVOR, *FORM), body=body)
    bot.run()

    assert isinstance(heard.outcome, Reply)
    assert heard.outcome.status == 501
    (finding,) = bot.findings()
    assert (finding.name, finding.cause) == ("unsupported", heard.call.entry)
    assert finding.detail == {"service": service, "what": what}


def test_metadata__gives_a_token_at_both_addresses() -> None:
    tokens = GoogleTokens(Kernel(seed=1))

    token = metadata(tokens)

    assert list(token) == ["access_token", "expires_in", "token_type"]
    assert (token["expires_in"], token["token_type"]) == (3599, "Bearer")
    assert metadata(tokens, METADATA.replace("metadata.google.internal", "169.254.169.254")) == (
        token
    )


def test_metadata__gives_the_same_token_until_five_minutes_are_left() -> None:
    kernel = Kernel(seed=1)
    tokens = GoogleTokens(kernel)
    first = metadata(tokens)

    kernel.clock.move_to(3299.0)
    later = metadata(tokens)
    assert (later["access_token"], later["expires_in"]) == (first["access_token"], 300)

    kernel.clock.move_to(3300.0)
    renewed = metadata(tokens)
    assert renewed["access_token"] != first["access_token"]
    assert renewed["expires_in"] == 3599


@pytest.mark.parametrize(
    "headers", [(), (("Metadata-Flavor", "google"),), (*FLAVOR, ("X-Forwarded-For", "1.2.3.4"))]
)
def test_metadata__without_its_header_or_forwarded_is_403(
    headers: tuple[tuple[str, str], ...],
) -> None:
    reply = GoogleTokens(Kernel()).handle(Request("GET", METADATA, headers))

    assert reply.status == 403
    assert reply.body == b"Missing Metadata-Flavor:Google header.\n"
