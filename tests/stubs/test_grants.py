import base64
import json
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from emulator.stubs.grants import JWT_BEARER, Denied, NotServedError, check_grant

NOW = 1_790_000_000.0
FORM = "application/x-www-form-urlencoded"
CLAIMS: Mapping[str, object] = {
    "iss": "bot@project.iam.gserviceaccount.com",
    "scope": "https://www.googleapis.com/auth/datastore",
    "aud": "https://oauth2.googleapis.com/token",
    "iat": NOW - 10,
    "exp": NOW + 3590,
}
NOT_SHORT_LIVED = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)


def jwt(claims: Mapping[str, object], header: Mapping[str, object] | None = None) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header or {'alg': 'RS256', 'typ': 'JWT'})}.{part(claims)}.c2lnbmF0dXJl"


def check(fields: Mapping[str, str], content_type: str = FORM) -> Denied | None:
    return check_grant(content_type, urlencode(fields).encode(), NOW)


def check_jwt(assertion: str) -> Denied | None:
    return check({"grant_type": JWT_BEARER, "assertion": assertion})


def test_jwt__right() -> None:
    assert check_jwt(jwt(CLAIMS)) is None


def test_jwt__right_as_json() -> None:
    body = json.dumps({"grant_type": JWT_BEARER, "assertion": jwt(CLAIMS)}).encode()
    assert check_grant("application/json", body, NOW) is None


@pytest.mark.parametrize(
    ("changed", "description"),
    [
        ({"iss": ""}, "Invalid JWT: iss is missing"),
        ({"aud": "https://firestore.googleapis.com/"}, "Invalid JWT: Failed audience check."),
        ({"exp": NOW - 1}, NOT_SHORT_LIVED),
        ({"exp": NOW + 3591}, NOT_SHORT_LIVED),
        ({"iat": NOW + 600}, NOT_SHORT_LIVED),
        ({"exp": "soon"}, NOT_SHORT_LIVED),
        ({"iat": None}, NOT_SHORT_LIVED),
    ],
)
def test_jwt__claims_that_are_wrong(changed: Mapping[str, object], description: str) -> None:
    assert check_jwt(jwt({**CLAIMS, **changed})) == Denied("invalid_grant", description)


def test_jwt__without_a_scope() -> None:
    denied = check_jwt(jwt({**CLAIMS, "scope": ""}))
    description = "Invalid OAuth scope or ID token audience provided."
    assert denied == Denied("invalid_scope", description)


def test_jwt__of_another_algorithm() -> None:
    denied = check_jwt(jwt(CLAIMS, {"alg": "HS256"}))
    assert denied == Denied("invalid_grant", "Invalid JWT: the algorithm has to be RS256")


@pytest.mark.parametrize("assertion", ["", "a.b", "a.b.c", "e30.e30.", "W10.W10.x", "é.é.é"])
def test_jwt__that_is_none(assertion: str) -> None:
    denied = check_jwt(assertion)
    assert denied is not None
    assert denied.error == "invalid_grant"


def test_refresh__right() -> None:
    assert check({"grant_type": "refresh_token", "client_id": "c", "refresh_token": "r"}) is None


@pytest.mark.parametrize(
    ("fields", "description"),
    [
        ({"refresh_token": "r"}, "Could not determine client ID from request."),
        ({"client_id": "c"}, "Missing required parameter: refresh_token"),
    ],
)
def test_refresh__incomplete(fields: Mapping[str, str], description: str) -> None:
    denied = check({"grant_type": "refresh_token", **fields})
    assert denied == Denied("invalid_request", description)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"", FORM), (b"\xff\xfe", FORM), (b"[1]", "application/json"), (b"{", "application/json")],
)
def test_no_grant(body: bytes, content_type: str) -> None:
    denied = check_grant(content_type, body, NOW)
    assert denied == Denied("unsupported_grant_type", "Invalid grant_type: ")


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"grant_type": "authorization_code", "code": "c"}, "grant_type authorization_code"),
        (
            {
                "grant_type": JWT_BEARER,
                "assertion": jwt({**CLAIMS, "target_audience": "https://x.example"}),
            },
            r"an ID token \(target_audience\)",
        ),
    ],
)
def test_real_but_not_served(fields: Mapping[str, str], what: str) -> None:
    with pytest.raises(NotServedError, match=f"^{what}$"):
        check(fields)
