"""A certificate authority of our own, made for one run: a bot that trusts it finds the fakes at the
https addresses that are written into it.
"""

import os
import ssl
import sys

import trustme

# What is spoken inside of TLS (ALPN), first what is taken from a client that speaks both: HTTP/1.1
# costs less, and nothing that a bot can tell differs.
PROTOCOLS = ("http/1.1", "h2")
# Names whose certificates are kept. More come only from a bot that makes names up.
KEEP_NAMES = 256


class Authority:
    """Makes certificates for any name. The keys stay in the memory of this process.

    `pem` is the authority's own certificate, for those who are to trust it; it holds no secret.
    """

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="thrice")
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.pem = self._authority.cert_pem.bytes().decode("ascii")

    def context_for(self, host: str) -> ssl.SSLContext:
        """The server's side of TLS for a host name or an IP address, for PROTOCOLS.

        Raises ValueError for what no certificate can be made for.
        """
        context = self._contexts.pop(host, None)
        if context is None:
            context = self._make(host)
            if len(self._contexts) >= KEEP_NAMES:
                del self._contexts[next(iter(self._contexts))]
        self._contexts[host] = context
        return context

    def _make(self, host: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(PROTOCOLS)
        # A ticket would wake the client up a second time, for a session that nobody resumes.
        context.num_tickets = 0
        certificate = self._authority.issue_cert(host)
        if sys.platform == "linux":
            # OpenSSL reads keys from files only: this one is in memory, and never on a disk.
            file = os.memfd_create("thrice-key", os.MFD_CLOEXEC)
            try:
                os.write(file, certificate.private_key_and_cert_chain_pem.bytes())
                context.load_cert_chain(f"/proc/self/fd/{file}")
            finally:
                os.close(file)
        else:
            # By a temporary file of this user's only, which is removed at once.
            certificate.configure_cert(context)
        return context
