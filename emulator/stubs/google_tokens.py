"""Where Google's clients get access tokens: the OAuth 2.0 token endpoint and the metadata server.

The stores of the world accept any token; this is here so that a bot which asks for one gets one.
"""

import json
from collections.abc import Mapping

from emulator.call import Access, Call
from emulator.exchange import Headers, Reply, Request
from emulator.findings import note_unsupported
from emulator.kernel import Kernel
from emulator.stubs.grants import NotServedError, check_grant

# Google Identity docs, "Using OAuth 2.0 for Server to Server Applications".
ENDPOINT = "https://oauth2.googleapis.com"
ENDPOINT_PATH = "/token"
ENDPOINT_ORIGINS = frozenset({ENDPOINT, ENDPOINT + ":443"})
# Compute Engine docs, "About VM metadata" and "Authenticate workloads": its name and its address.
METADATA = "http://metadata.google.internal"
METADATA_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"
METADATA_ORIGINS = frozenset(
    origin + port for origin in (METADATA, "http://169.254.169.254") for port in ("", ":80")
)
ORIGINS = ENDPOINT_ORIGINS | METADATA_ORIGINS

LIFETIME_S = 3600  # Cloud IAM docs, "Token types": an access token is valid for an hour
EXPIRES_IN = LIFETIME_S - 1  # observed: the endpoint says a second less
# Compute Engine docs: the metadata server gives the same token until 5 minutes before it expires.
METADATA_MARGIN_S = 300

_FLAVOR = ("Metadata-Flavor", "Google")
_JSON: Headers = (("content-type", "application/json; charset=UTF-8"),)
_METADATA_JSON: Headers = (("content-type", "application/json"), _FLAVOR)
_TEXT: Headers = (("content-type", "text/plain; charset=utf-8"),)
_TOKEN_LENGTH = 120


class GoogleTokens:
    """Both sources of tokens. Tokens are drawn by their cause; nothing is kept of them."""

    name = "google"

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._own_requests = 0

    def claims(self, request: Request) -> bool:
        return request.origin in ORIGINS

    def access(self, request: Request) -> Access:
        """A token changes nothing, and depends on nothing but the time."""
        return Access("token")

    def answer(self, call: Call) -> Reply:
        return self.handle(call.request, call)

    def handle(self, request: Request, call: Call | None = None) -> Reply:
        """Answer a request; without a call it is the harness's own."""
        if request.origin in METADATA_ORIGINS:
            if not _asks_metadata(request):
                body = b"Missing Metadata-Flavor:Google header.\n"
                return Reply(403, (*_TEXT, _FLAVOR), body)
            if (request.method, request.raw_path) == ("GET", METADATA_PATH):
                return self._of_metadata()
        elif (request.method, request.raw_path) == ("POST", ENDPOINT_PATH):
            return self._of_endpoint(request, call)
        return self._refuse(request, call, f"{request.method} {request.raw_path}")

    # -- inside

    def _of_endpoint(self, request: Request, call: Call | None) -> Reply:
        content_type = request.header("content-type") or ""
        try:
            denied = check_grant(content_type, request.body, self.kernel.clock.unix)
        except NotServedError as error:
            return self._refuse(request, call, str(error))
        if denied is not None:
            return _reply(400, denied.body, _JSON)
        if call is None:
            self._own_requests += 1
        cause = f"harness/{self._own_requests}" if call is None else call.name
        return _reply(200, self._token(cause, EXPIRES_IN), _JSON)

    def _of_metadata(self) -> Reply:
        """The token of this stretch of time, so that everybody who asks within it gets the same."""
        number, gone_s = divmod(self.kernel.clock.now, LIFETIME_S - METADATA_MARGIN_S)
        token = self._token(f"metadata/{number:.0f}", int(EXPIRES_IN - gone_s))
        return _reply(200, token, _METADATA_JSON)

    def _token(self, cause: str, expires_in: int) -> Mapping[str, object]:
        text = self.kernel.chance.text(f"google/token/{cause}", _TOKEN_LENGTH)
        return {
            "access_token": f"ya29.c.{text}",
            "expires_in": expires_in,
            "token_type": "Bearer",
        }

    def _refuse(self, request: Request, call: Call | None, what: str) -> Reply:
        host = request.parts.hostname or ""
        note_unsupported(self.kernel, call, host, what)
        return Reply(501, _TEXT, f"{host} does not serve this here: {what}\n".encode())


def _asks_metadata(request: Request) -> bool:
    """The header that keeps forged and forwarded requests out."""
    flavor = request.header(_FLAVOR[0])
    return flavor == _FLAVOR[1] and request.header("X-Forwarded-For") is None


def _reply(status: int, body: Mapping[str, object], headers: Headers) -> Reply:
    return Reply(status, headers, json.dumps(body).encode())
