"""The server's side of TLS on one connection, as a plain object: bytes in, bytes out. asyncio's own
can not be given what was read before it begins.
"""

import ssl
from collections.abc import Callable
from contextlib import suppress

from emulator.net.connection import Wire

READ_BYTES = 64 * 1024


class TlsWire:
    """Speaks TLS over another wire: a wire itself for what is sent, and `feed` for what comes.

    `on_data` is called with what the client said. `on_distrust` is called once when it breaks the
    handshake off, with the reason.
    """

    def __init__(
        self,
        wire: Wire,
        context: ssl.SSLContext,
        *,
        on_data: Callable[[bytes], None],
        on_distrust: Callable[[str], None],
    ) -> None:
        self._wire = wire
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._on_data = on_data
        self._on_distrust = on_distrust
        self._shaken = False
        self._over = False

    def feed(self, data: bytes) -> None:
        """Take what came from the client."""
        self._incoming.write(data)
        if not self._over:
            try:
                self._advance()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                self._break(error)
        self._flush()

    # -- Wire

    def write(self, data: bytes) -> None:
        if not self._over:
            self._tls.write(data)
            self._flush()

    def close(self) -> None:
        if self._shaken and not self._over:
            self._over = True
            # Says goodbye, and does not wait for the other side to say it.
            with suppress(ssl.SSLError):
                self._tls.unwrap()
            self._flush()
        self._wire.close()

    def abort(self) -> None:
        self._over = True
        self._wire.abort()

    # -- inside

    def _advance(self) -> None:
        """Raises SSLWantReadError when all that came has been handled."""
        if not self._shaken:
            self._tls.do_handshake()
            self._shaken = True
            self._flush()
        while not self._over:
            data = self._tls.read(READ_BYTES)
            if not data:
                self.close()
                return
            self._on_data(data)

    def _break(self, error: ssl.SSLError) -> None:
        self._over = True
        self._flush()
        if self._shaken:
            self._wire.close()
        else:
            self._on_distrust(error.reason or "TLS")

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._wire.write(self._outgoing.read())
