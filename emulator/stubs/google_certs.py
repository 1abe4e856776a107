"""Where receivers of Google's identity tokens get the public keys to check them by."""

from emulator.call import Access, Call
from emulator.exchange import Headers, Reply, Request
from emulator.findings import note_unsupported
from emulator.google_signing import PUBLISHED_HEADERS, GoogleKeys, published
from emulator.kernel import Kernel

ORIGIN = "https://www.googleapis.com"
ORIGINS = frozenset({ORIGIN, ORIGIN + ":443"})

_TEXT: Headers = (("content-type", "text/plain; charset=utf-8"),)


class GoogleCerts:
    """The published keys, as certificates and as JSON Web Keys."""

    name = "google-certs"

    def __init__(self, kernel: Kernel, keys: GoogleKeys) -> None:
        self.kernel = kernel
        self._keys = keys

    def claims(self, request: Request) -> bool:
        return request.origin in ORIGINS

    def access(self, request: Request) -> Access:
        """Keys change by nothing that a bot does."""
        return Access("keys")

    def answer(self, call: Call) -> Reply:
        return self.handle(call.request, call)

    def handle(self, request: Request, call: Call | None = None) -> Reply:
        """Answer a request; without a call it is the harness's own."""
        content = published(self._keys, request.raw_path) if request.method == "GET" else None
        if content is not None:
            return Reply(200, PUBLISHED_HEADERS, content)
        host = request.parts.hostname or ""
        what = f"{request.method} {request.raw_path}"
        note_unsupported(self.kernel, call, host, what)
        return Reply(501, _TEXT, f"{host} does not serve this here: {what}\n".encode())
