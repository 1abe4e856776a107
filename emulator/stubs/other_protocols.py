"""Refuses what a live bot tried in a protocol that nothing here speaks, and names the way out."""

from emulator.call import Access, Call
from emulator.exchange import Failure, Request
from emulator.findings import note_finding, note_unsupported
from emulator.kernel import Kernel

# The schemes that a proxy gives to what is no HTTP. Not imported from there: a plain installation
# can not load it.
_DISTRUST, _OTHER = "tls://", "tcp://"


class OtherProtocols:
    """Claims whatever a proxy took in that is no HTTP, and hangs up."""

    name = "other"

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    def claims(self, request: Request) -> bool:
        return request.url.startswith((_DISTRUST, _OTHER))

    def access(self, request: Request) -> Access:
        """Nothing is read or changed."""
        return Access("connect")

    def answer(self, call: Call) -> Failure:
        request = call.request
        host = request.parts.hostname or ""
        if request.url.startswith(_DISTRUST):
            what = (
                "TLS with a client that does not trust the certificates of this run "
                f"({request.raw_path.strip('/')}); have it trust the file that SSL_CERT_FILE "
                "names, or take the address from its environment"
            )
            note_unsupported(self.kernel, call, host, what)
        else:
            note_finding(self.kernel, call, "unknown-host", {"host": request.parts.netloc})
        return Failure("refused", f"{host} is not served in this protocol")
