"""The plain way back to a client: its socket."""

import asyncio
import socket
import struct


class SocketWire:
    """What is written goes out as it is; nothing happens once the client is gone."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        connection = self._transport.get_extra_info("socket")
        # With no time to linger, closing sends a reset.
        if connection.fileno() >= 0:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
